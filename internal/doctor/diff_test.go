package doctor_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"weir/internal/doctor"
)

// apply is a slow, strict patch: of one hunk, whose unchanged and removed lines must be there.
func apply(t *testing.T, text, diff string) string {
	t.Helper()
	old := strings.Split(text, "\n")
	var at, oldLen, newAt, newLen int
	lines := strings.Split(strings.TrimSuffix(diff, "\n"), "\n")
	if _, err := fmt.Sscanf(lines[2], "@@ -%d,%d +%d,%d @@", &at, &oldLen, &newAt, &newLen); err != nil {
		t.Fatalf("%v in\n%s", err, diff)
	}
	at--
	if oldLen == 0 {
		at++
	}
	out, added := slices.Clone(old[:at]), 0
	for _, l := range lines[3:] {
		switch l[0] {
		case ' ', '-':
			if old[at] != l[1:] {
				t.Fatalf("line %d is %q, the diff says %q", at+1, old[at], l[1:])
			}
			if l[0] == ' ' {
				out, added = append(out, old[at]), added+1
			}
			at, oldLen = at+1, oldLen-1
		case '+':
			out, added = append(out, l[1:]), added+1
		}
	}
	if oldLen != 0 || added != newLen {
		t.Fatalf("the counts of lines are wrong in\n%s", diff)
	}
	return strings.Join(append(out, old[at:]...), "\n")
}

// TestDiffs: a change that is proposed can be applied, and is the end of its finding.
func TestDiffs(t *testing.T) {
	with := map[string]bool{}
	for _, c := range slices.Concat(flowLogCases, tableCases, bucketCases, otherCases) {
		before := only(findings(t, c.bad), c.id)
		for _, f := range before {
			if f.Diff == "" {
				continue
			}
			with[c.id] = true
			after := apply(t, c.bad, f.Diff)
			if left := only(findings(t, after), c.id); len(left) >= len(before) {
				t.Errorf("%s is still found after\n%s", c.id, f.Diff)
			}
		}
	}
	if len(with) < 20 {
		t.Errorf("only %d checks propose a change", len(with))
	}
}

func only(list []doctor.Finding, id string) []doctor.Finding {
	return slices.DeleteFunc(list, func(f doctor.Finding) bool { return f.Check.ID != id })
}
