package check

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"weir/internal/rule"
)

// compare says how rows differ from those wanted, or "". Each wanted row names some columns of one row; the order does
// not matter.
func compare(got, want []map[string]any) string {
	owner := make([]int, len(got)) // the wanted row that a row was given to, or -1
	for i := range owner {
		owner[i] = -1
	}
	// A wanted row takes a free row that fits, or one whose owner can have another.
	var give func(w int, tried []bool) bool
	give = func(w int, tried []bool) bool {
		for i, row := range got {
			if tried[i] || !fits(row, want[w]) {
				continue
			}
			tried[i] = true
			if owner[i] < 0 || give(owner[i], tried) {
				owner[i] = w
				return true
			}
		}
		return false
	}
	for w := range want {
		give(w, make([]bool, len(got)))
	}
	var columns []string // that some wanted row names
	for _, w := range want {
		for name := range w {
			if !slices.Contains(columns, name) {
				columns = append(columns, name)
			}
		}
	}
	var b strings.Builder
	for w, row := range want {
		if !slices.Contains(owner, w) {
			fmt.Fprintf(&b, "wanted, not there: %s\n", show(row, nil))
		}
	}
	for i, row := range got {
		if owner[i] < 0 {
			if len(want) == 0 {
				columns = nil
			}
			fmt.Fprintf(&b, "there, not wanted: %s\n", show(row, columns))
		}
	}
	if b.Len() > 0 && len(got) == 0 {
		b.WriteString("the rule found nothing\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func fits(row, want map[string]any) bool {
	for name, w := range want {
		v, ok := row[name]
		if !ok || !equal(v, w) {
			return false
		}
	}
	return true
}

// equal compares a value of a row with one of the rule's YAML.
func equal(got, want any) bool {
	if t, ok := got.(time.Time); ok {
		switch w := want.(type) {
		case time.Time:
			return t.Equal(w)
		case string:
			v, err := parseCell(timeType, w)
			at, isTime := v.(time.Time)
			return err == nil && isTime && at.Equal(t)
		}
		return false
	}
	if list, ok := got.([]any); ok {
		w, ok := want.([]any)
		return ok && slices.EqualFunc(list, w, equal)
	}
	// Numbers are the same if they are so to a millionth: a rule rounds what it divides, if it is wise.
	g, ok1 := float(got)
	w, ok2 := float(want)
	if ok1 {
		return ok2 && math.Abs(g-w) <= 1e-6*max(1, math.Abs(w))
	}
	if s, ok := got.(string); ok {
		return want != nil && s == fmt.Sprint(want) // account_id: 123456789012 is a number in YAML
	}
	if got == nil || want == nil {
		return got == want
	}
	return fmt.Sprint(got) == fmt.Sprint(want)
}

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int32:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// show writes a row: the columns named first, then the others that there is room for.
func show(row map[string]any, first []string) string {
	var names []string
	for name := range row {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if x, y := slices.Contains(first, a), slices.Contains(first, b); x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range names {
		if b.Len() > 300 && !slices.Contains(first, name) {
			fmt.Fprintf(&b, ", … %d more", len(names)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name + ": " + showValue(row[name]))
	}
	b.WriteByte('}')
	return b.String()
}

func showValue(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	}
	return rule.Format(v, "none")
}
