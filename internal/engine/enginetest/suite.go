package enginetest

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/internal/engine"
)

// Case is a query that two engines must answer alike.
type Case struct {
	Name string
	SQL  string
	Args []any
	// Ordered says that the query orders its rows totally, so that their order is compared, too.
	Ordered bool
	// Tolerance is how far numbers may be apart, as a share of the larger: for approximations only.
	Tolerance float64
	// Empty says that no rows are right. An answer without rows proves nothing.
	Empty bool
}

// Same runs cases on two engines over the same records, each as a test of its own, and fails with the rows that differ. The first
// engine is the one whose answers are known to be right: DuckDB's.
func Same(t *testing.T, a, b engine.Engine, cases []Case) {
	t.Helper()
	t.Run("same", func(t *testing.T) { // ends when all of them have
		for _, c := range cases {
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel() // a server is mostly waited for
				same(t, a, b, c)
			})
		}
	})
}

func same(t *testing.T, a, b engine.Engine, c Case) {
	want, err := Ask(t, a, c)
	if err != nil {
		t.Fatalf("the first engine: %v\n%s", err, c.SQL)
	}
	got, err := Ask(t, b, c)
	if err != nil {
		t.Fatalf("the second engine: %v\n%s", err, c.SQL)
	}
	if len(want.Rows) == 0 && !c.Empty {
		t.Errorf("no rows, which proves nothing\n%s", c.SQL)
	}
	for _, d := range Differences(want, got, c) {
		t.Error(d)
	}
}

// Answer is the result of a query.
type Answer struct {
	Columns []engine.Column
	Rows    [][]any
}

// Ask runs a case on an engine.
func Ask(t testing.TB, e engine.Engine, c Case) (*Answer, error) {
	t.Helper()
	rows, err := e.Query(t.Context(), c.SQL, c.Args...)
	if err != nil {
		return nil, err
	}
	a := &Answer{Columns: slices.Clone(rows.Columns())}
	for {
		row, err := rows.Next()
		if err == io.EOF {
			return a, rows.Close()
		}
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		a.Rows = append(a.Rows, slices.Clone(row))
	}
}

// Differences tells in what two answers are not alike: columns by name and type, rows by value and type.
func Differences(want, got *Answer, c Case) []string {
	var out []string
	if w, g := columns(want.Columns), columns(got.Columns); w != g {
		out = append(out, fmt.Sprintf("columns differ:\n  first   %s\n  second  %s", w, g))
	}
	if len(want.Rows) != len(got.Rows) {
		out = append(out, fmt.Sprintf("the first gives %d rows, the second %d", len(want.Rows), len(got.Rows)))
	}
	a, b := lines(want.Rows), lines(got.Rows)
	if c.Tolerance > 0 {
		for i := range min(len(want.Rows), len(got.Rows)) {
			if !near(want.Rows[i], got.Rows[i], c.Tolerance) {
				out = append(out, fmt.Sprintf("row %d differs by more than %g:\n  first   %s\n  second  %s", i+1, c.Tolerance, a[i], b[i]))
			}
		}
		return out
	}
	if c.Ordered {
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				return append(out, fmt.Sprintf("row %d differs:\n  first   %s\n  second  %s", i+1, a[i], b[i]))
			}
		}
		return out
	}
	count := map[string]int{}
	for _, l := range a {
		count[l]++
	}
	for _, l := range b {
		count[l]--
	}
	only := map[bool][]string{}
	for l, n := range count {
		if n != 0 {
			only[n > 0] = append(only[n > 0], fmt.Sprintf("%d x %s", max(n, -n), l))
		}
	}
	if len(only) > 0 {
		slices.Sort(only[true])
		slices.Sort(only[false])
		show := func(s []string) string { return strings.Join(s[:min(len(s), 5)], "\n    ") }
		out = append(out, fmt.Sprintf("rows that one has and the other has not:\n  first\n    %s\n  second\n    %s", show(only[true]), show(only[false])))
	}
	return out
}

func columns(cols []engine.Column) string {
	var out []string
	for _, c := range cols {
		out = append(out, c.Name+" "+c.Type)
	}
	return strings.Join(out, ", ")
}

func lines(rows [][]any) []string {
	out := make([]string, len(rows))
	for i, row := range rows {
		parts := make([]string, len(row))
		for j, v := range row {
			parts[j] = Text(v)
		}
		out[i] = strings.Join(parts, " | ")
	}
	return out
}

// Text is a value with its type: two values are the same if their texts are. Doubles are compared to 12 digits, since the
// order in which an engine adds them up is its own.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case int64:
		return fmt.Sprintf("%d", v)
	case *big.Int:
		return v.String()
	case float64:
		return fmt.Sprintf("double %.12g", v)
	case string:
		return fmt.Sprintf("%q", v)
	case []byte:
		return fmt.Sprintf("x'%x'", v)
	case engine.Decimal:
		return "decimal " + string(v)
	case time.Time:
		if v.Location() != time.UTC {
			return "NOT UTC " + v.String()
		}
		return v.Format("2006-01-02T15:04:05.000000000")
	case []any:
		return "[" + strings.Join(lines([][]any{v}), "") + "]"
	case map[string]any:
		var parts []string
		for k, x := range v {
			parts = append(parts, fmt.Sprintf("%q: %s", k, Text(x)))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprintf("%T %v", v, v)
}

// near compares rows number by number.
func near(a, b []any, tolerance float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, ok1 := number(a[i])
		y, ok2 := number(b[i])
		switch {
		case ok1 && ok2:
			if math.Abs(x-y) > tolerance*max(math.Abs(x), math.Abs(y)) {
				return false
			}
		case Text(a[i]) != Text(b[i]):
			return false
		}
	}
	return true
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
