package enginetest

import (
	"math/big"
	"testing"
	"time"

	"weir/internal/engine"
)

// TestDifferences makes sure that the suite can fail.
func TestDifferences(t *testing.T) {
	utc := time.Date(2026, 11, 20, 0, 0, 0, 1000, time.UTC)
	answer := func(typ string, values ...any) *Answer {
		a := &Answer{Columns: []engine.Column{{Name: "a", Type: typ}}}
		for _, v := range values {
			a.Rows = append(a.Rows, []any{v})
		}
		return a
	}
	for _, tt := range []struct {
		a, b *Answer
		c    Case
		same bool
	}{
		{answer("x", int64(1), int64(2)), answer("x", int64(2), int64(1)), Case{}, true},
		{answer("x", int64(1), int64(2)), answer("x", int64(2), int64(1)), Case{Ordered: true}, false},
		{answer("x", int64(1)), answer("y", int64(1)), Case{}, false},
		{answer("x", int64(1), int64(1)), answer("x", int64(1)), Case{}, false},
		{answer("x", int64(1), int64(1), int64(2)), answer("x", int64(1), int64(2), int64(2)), Case{}, false},
		{answer("x", int64(1)), answer("x", "1"), Case{}, false},
		{answer("x", int64(1)), answer("x", 1.0), Case{}, false},
		{answer("x", int64(1)), answer("x", big.NewInt(1)), Case{}, true},
		{answer("x", nil), answer("x", ""), Case{}, false},
		{answer("x", nil), answer("x", "NULL"), Case{}, false},
		{answer("x", engine.Decimal("1.0")), answer("x", engine.Decimal("1.00")), Case{}, false},
		{answer("x", utc), answer("x", utc.In(time.FixedZone("", 3600))), Case{}, false},
		{answer("x", utc), answer("x", utc.Add(time.Microsecond)), Case{}, false},
		{answer("x", 0.1+0.2), answer("x", 0.3), Case{}, true},
		{answer("x", 0.3), answer("x", 0.3001), Case{}, false},
		{answer("x", 100.0), answer("x", 102.0), Case{Tolerance: 0.02}, true},
		{answer("x", int64(100)), answer("x", int64(103)), Case{Tolerance: 0.02}, false},
		{answer("x", "a"), answer("x", "b"), Case{Tolerance: 0.02}, false},
		{answer("x", []any{"a", nil}), answer("x", []any{"a", nil}), Case{}, true},
		{answer("x", []any{"a", nil}), answer("x", []any{nil, "a"}), Case{}, false},
		{answer("x", map[string]any{"a": "1", "b": nil}), answer("x", map[string]any{"b": nil, "a": "1"}), Case{}, true},
		{answer("x", map[string]any{"a": "1"}), answer("x", map[string]any{"a": int64(1)}), Case{}, false},
	} {
		if d := Differences(tt.a, tt.b, tt.c); (len(d) == 0) != tt.same {
			t.Errorf("%s and %s (%+v): %v", lines(tt.a.Rows), lines(tt.b.Rows), tt.c, d)
		}
	}
}
