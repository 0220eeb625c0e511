package engine

import (
	"testing"
	"time"
)

func TestWritten(t *testing.T) {
	at := time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)
	check := func(sql, want string, args ...any) {
		t.Helper()
		got, err := Written(Trino, sql, args)
		if err != nil || got != want {
			t.Errorf("%s\n got %s, %v\nwant %s", sql, got, err, want)
		}
	}
	check("SELECT '?' -- ?\n FROM t WHERE a = ? AND b >= ?", "SELECT '?' -- ?\n FROM t WHERE a = 'it''s' AND b >= TIMESTAMP '2026-11-03 09:00:00.000000 UTC'", "it's", at)
	check("SELECT 1 -?", "SELECT 1 - -2", int64(-2))
	check("SELECT 1", "SELECT 1")
	for _, args := range [][]any{{}, {1, 2}, {struct{}{}}} {
		if got, err := Written(Trino, "SELECT ?", args); err == nil {
			t.Errorf("values %v: got %q, want an error", args, got)
		}
	}
}
