package athena

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/internal/engine"
)

func TestLiteral(t *testing.T) {
	check := func(in any, want string) {
		t.Helper()
		got, err := literal(in)
		if err != nil || got != want {
			t.Errorf("%#v: got %s %v, want %s", in, got, err, want)
		}
	}
	check(nil, "NULL")
	check(true, "true")
	check(6379, "6379")
	check(int64(-5), "-5")
	check(int64(math.MinInt64), "-9223372036854775808")
	check(1.5, "1.5e+00")
	check(math.NaN(), "nan()")
	check(math.Inf(-1), "-infinity()")
	check("eni-1", "'eni-1'")
	check("", "''")
	check("it's", "'it''s'")
	check(`\'; DROP TABLE flows; --`, `'\''; DROP TABLE flows; --'`)
	check("a'); DROP VIEW flows; --", "'a''); DROP VIEW flows; --'")
	check("''", "''''''")
	check("ü\n?", "'ü\n?'")
	check(time.Date(2026, 11, 20, 9, 0, 0, 1500, time.FixedZone("", 3600)), "TIMESTAMP '2026-11-20 08:00:00.000001 UTC'")
	for _, bad := range []any{"\xff", "a\x00b", []int{1}, time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if got, err := literal(bad); err == nil {
			t.Errorf("%#v: got %s, want an error", bad, got)
		}
	}
}

// Whatever a text holds, as a literal it is one token with that value.
func FuzzLiteral(f *testing.F) {
	f.Add("it's")
	f.Add(`'\''--/*`)
	f.Fuzz(func(t *testing.T, s string) {
		lit, err := literal(s)
		if err != nil {
			t.Skip()
		}
		toks := engine.Tokens("SELECT " + lit + " x")
		if len(toks) != 3 || toks[1].Value() != s {
			t.Errorf("%q became %s", s, lit)
		}
	})
}

func TestBind(t *testing.T) {
	long := strings.Repeat("x", 1023)
	for _, c := range []struct {
		sql    string
		args   []any
		want   string
		params []string
	}{
		{"SELECT 1", nil, "SELECT 1", nil},
		{"SELECT a FROM t WHERE b = ? AND (c = ? OR d IN (?))", []any{1, "x'y", "z"}, "SELECT a FROM t WHERE b = ? AND (c = ? OR d IN (?))", []string{"1", "'x''y'", "'z'"}},
		{"SELECT a FROM t WHERE b = ? LIMIT ?", []any{"x", 10}, "SELECT a FROM t WHERE b = ? LIMIT 10", []string{"'x'"}},
		{"SELECT CASE WHEN a = ? THEN 1 END FROM t WHERE a = ? GROUP BY 1 HAVING count(*) > ?", []any{"p?", "q", 3},
			"SELECT CASE WHEN a = 'p?' THEN 1 END FROM t WHERE a = ? GROUP BY 1 HAVING count(*) > 3", []string{"'q'"}},
		{"WITH a AS (SELECT * FROM t WHERE x = ?) SELECT ? FROM a WHERE y IN (SELECT ? FROM b WHERE z = ?)", []any{1, 2, 3, 4},
			"WITH a AS (SELECT * FROM t WHERE x = ?) SELECT 2 FROM a WHERE y IN (SELECT 3 FROM b WHERE z = ?)", []string{"1", "4"}},
		{"SELECT 1 -? FROM t", []any{-5}, "SELECT 1 - -5 FROM t", nil},
		{"SELECT count(*) FILTER (WHERE a = ?) FROM t", []any{1}, "SELECT count(*) FILTER (WHERE a = 1) FROM t", nil},
		{"SELECT '?', \"?\", a FROM t -- ?\nWHERE a = ?", []any{nil}, "SELECT '?', \"?\", a FROM t -- ?\nWHERE a = NULL", nil},
		{"SELECT a FROM t WHERE a = ?", []any{long}, "SELECT a FROM t WHERE a = '" + long + "'", nil}, // with its quotes it is too long
	} {
		b, err := bind(c.sql, c.args)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if b.sql != c.want || !cmp.Equal(b.params, c.params) {
			t.Errorf("%s\n got  %s %q\n want %s %q", c.sql, b.sql, b.params, c.want, c.params)
		}
	}
	for _, args := range [][]any{nil, {1}, {1, 2, 3}} {
		if _, err := bind("SELECT a FROM t WHERE b = ? LIMIT ?", args); err == nil {
			t.Errorf("%d values for two parameters: want an error", len(args))
		}
	}
}

func TestBindPlaces(t *testing.T) {
	sql := "SELECT ?, -?, bad FROM t WHERE x = ? LIMIT ? worse"
	b, err := bind(sql, []any{"hello", -1, 1, 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"SELECT", "bad", "WHERE", "worse"} {
		if got, want := b.original(strings.Index(b.sql, word)), strings.Index(sql, word); got != want {
			t.Errorf("%s: got place %d, want %d", word, got, want)
		}
	}
	if got := b.original(strings.Index(b.sql, "1000") + 2); got != strings.LastIndex(sql, "?") {
		t.Errorf("inside of a literal: got %d", got)
	}
}
