package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/internal/finding"
	"weir/internal/rule"
)

// cover makes an hour with nothing but rows of coverage.
func (f *fakeLake) cover(hour time.Time, rows ...string) {
	f.write("exposures", hour, nil)
	f.write("coverage", hour, rows)
	f.seq++
	f.made[hour] = f.seq
}

func TestCoverage(t *testing.T) {
	f := newFakeLake(t)
	f.cover(at(-30), coverageOf(at(-30), "eni-gone", "tcp_flags", 60))
	for h := range 24 {
		rows := []string{coverageOf(at(h), "eni-1", "tcp_flags,vpc_id", 60)}
		if h < 5 || h > 7 {
			rows = append(rows, coverageOf(at(h), "eni-gap", "tcp_flags,vpc_id", 60))
		}
		switch {
		case h == 3: // its format was without flags once
			rows = append(rows, coverageOf(at(h), "eni-old", "vpc_id", 600))
		default:
			rows = append(rows, coverageOf(at(h), "eni-old", "tcp_flags,traffic_path,vpc_id", 600))
		}
		// Nothing but NODATA: no field has a value, and nobody is blind.
		rows = append(rows, strings.Replace(coverageOf(at(h), "eni-idle", "", 60), "100, 0, 0, 90, 10", "100, 100, 0, 0, 0", 1))
		f.cover(at(h), rows...)
	}
	flags := parse(t, "flags", "needs: {fields: [tcp_flags]}"+seenSQL)
	quick := parse(t, "quick", "needs: {interval: 60}"+seenSQL)
	path := parse(t, "path", "needs: {fields: [traffic_path]}"+seenSQL)
	reason := parse(t, "reason", "needs: {fields: [reject_reason]}"+seenSQL)
	c, err := ReadCoverage(t.Context(), CoverageConfig{Tables: f, Engine: openDuck, Rules: []*rule.Rule{flags, quick, path, reason, parse(t, "all", seenSQL)}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Hours != 24 || c.Made != 24 || c.Logged() != 4 || len(c.Interfaces) != 5 || c.LoggedHours() != 3*24+21 || !c.Since.Equal(at(0)) {
		t.Errorf("got %d hours, %d made, %d of %d interfaces, %d interface hours since %v", c.Hours, c.Made, c.Logged(), len(c.Interfaces), c.LoggedHours(), c.Since)
	}
	var got []string
	for _, i := range c.Interfaces {
		got = append(got, fmt.Sprint(i.InterfaceID, i.Hours, len(i.Gaps), i.Missing, i.Blind, i.Interval))
	}
	want := []string{
		"eni-1 24 0 [reject_reason] [reason] 60",
		"eni-gap 21 1 [reject_reason] [reason] 60",
		"eni-gone 0 0 [] [] 0",
		"eni-idle 24 0 [] [] 60",
		"eni-old 24 0 [reject_reason tcp_flags] [flags quick reason] 600",
	}
	for i := range want {
		want[i] = strings.Replace(want[i], " ", "", 1) // Sprint puts no blank between texts and numbers
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	got = nil
	for _, b := range c.Blind {
		got = append(got, fmt.Sprintf("%s %d %d %v", b.Rule.ID, b.Interfaces, b.Hours, b.Reasons))
	}
	want = []string{"flags 1 1 [tcp_flags not logged]", "quick 1 24 [logged every 600 s, needs 60]", "reason 3 69 [reject_reason not logged]"}
	if !slices.Equal(got, want) {
		t.Errorf("blind: got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A finding is resolved when it was not seen while it could have been.
func TestResolve(t *testing.T) {
	state := func(s finding.Store, id string) *finding.Finding {
		t.Helper()
		list, err := s.List(t.Context(), finding.Filter{InterfaceID: id})
		if err != nil || len(list) != 1 {
			t.Fatalf("findings of %s: %v, %v", id, list, err)
		}
		return list[0]
	}
	f, s := newFakeLake(t), openStore(t)
	r := parse(t, "seen", "needs: {fields: [tcp_flags]}\nresolve: 6h"+seenSQL)
	f.put(at(0), exposure{"eni-1", "192.0.2.1", 22, 1}, exposure{"eni-dark", "192.0.2.1", 22, 1}, exposure{"eni-blind", "192.0.2.1", 22, 1})
	for h := 1; h < 6; h++ {
		f.put(at(h)) // eni-1 is logged in each hour, the others are not
	}
	sum := detect(t, f.config(s, r))
	if got := state(s, "eni-1"); got.State != finding.StateOpen {
		t.Errorf("after 5 hours: %s", got.State)
	}
	if len(sum.Resolved) != 0 {
		t.Errorf("after 5 hours: %+v", sum.Resolved)
	}
	f.cover(at(6), coverageOf(at(6), "eni-1", "tcp_flags", 60), coverageOf(at(6), "eni-blind", "vpc_id", 60))
	f.cover(at(7), coverageOf(at(7), "eni-1", "tcp_flags", 60), coverageOf(at(7), "eni-blind", "vpc_id", 60))
	sum = detect(t, f.config(s, r))
	why := map[string]string{}
	for _, x := range sum.Resolved {
		why[x.ID] = x.Why
	}
	for id, want := range map[string][2]string{
		"eni-1":     {finding.StateResolved, "not seen for 7h, 7 hours logged"},
		"eni-dark":  {finding.StateOpen, "cannot tell: not logged since 2026-11-03 01:00"},
		"eni-blind": {finding.StateOpen, "cannot tell: not seen for 7h, but the rule is blind there"},
	} {
		if got := state(s, id); got.State != want[0] || why[got.ID] != want[1] {
			t.Errorf("%s: %s, %q, want %q", id, got.State, why[got.ID], want)
		}
	}
	// Seen again, it is back.
	f.put(at(8), exposure{"eni-1", "192.0.2.1", 22, 1})
	detect(t, f.config(s, r))
	if got := state(s, "eni-1"); got.State != finding.StateRegressed {
		t.Errorf("seen again: %s", got.State)
	}
}
