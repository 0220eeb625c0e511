package main

import (
	"os/exec"
	"testing"
	"time"
)

// The evidence of a finding is shown as a command: arguments are literals where the query has places for them, and the
// shell hands all of it over as it is.
func TestEvidenceLiterals(t *testing.T) {
	at := time.Date(2026, 11, 3, 10, 0, 0, 5000, time.FixedZone("", 3600))
	for _, c := range []struct {
		sql  string
		args []any
		want string
	}{
		{"SELECT ?, ?, ?, ?, ?", []any{int64(-7), 1.5, nil, true, at}, "SELECT -7, 1.5e+00, NULL, true, TIMESTAMP '2026-11-03 09:00:00.000005 UTC'"},
		{`SELECT '?', "?", 'it''s ?', ? -- ?` + "\n, ? /* ? */, ?", []any{"a'b", "?", "x"}, `SELECT '?', "?", 'it''s ?', 'a''b' -- ?` + "\n, '?' /* ? */, 'x'"},
		{"SELECT 'open ?", nil, "SELECT 'open ?"}, {"-- ?", nil, "-- ?"}, {"/* ?", nil, "/* ?"}, {`"`, nil, `"`}, {"", nil, ""},
	} {
		got, ok := withLiterals(c.sql, c.args)
		if !ok || got != c.want {
			t.Errorf("%q with %v:\n got %q\nwant %q", c.sql, c.args, got, c.want)
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+shellQuote(got)).Output()
		if err != nil || string(out) != got {
			t.Errorf("the shell makes %q of %q: %v", out, got, err)
		}
	}
	for sql, args := range map[string][]any{"?": nil, "1": {int64(1)}, "? ?": {int64(1)}} {
		if got, ok := withLiterals(sql, args); ok || got != sql {
			t.Errorf("%q with %v: %q", sql, args, got)
		}
	}
}

func TestWrapText(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a": "a", "one two three\n\n- four": "one two\nthree\n\n- four", "averylongword x": "averylongword\nx", "éééé ééé": "éééé ééé",
	} {
		if got := wrapText(in, 8); got != want {
			t.Errorf("wrapText(%q) = %q, want %q", in, got, want)
		}
	}
}
