package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/flowlog"
)

func TestTokens(t *testing.T) {
	for _, tt := range []struct{ sql, want string }{
		{"SELECT a, 1.5e3 FROM t", "SELECT a , 1.5e3 FROM t"},
		{"'it''s' \"a\"\"b\" -- x ' y\n /* a /* b */ ' */ ? <=", `'it''s' "a""b" ? < =`},
		{"'open", "'open"},
		{"/* open", ""},
		{"é日 \x80 €", "é日 \x80 €"},
		{"a-b", "a - b"},
		{"", ""},
	} {
		var got []string
		for _, tok := range Tokens(tt.sql) {
			got = append(got, tok.Text)
			if tt.sql[tok.Pos:tok.End] != tok.Text {
				t.Errorf("%q: token %q is not at %d to %d", tt.sql, tok.Text, tok.Pos, tok.End)
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("Tokens(%q) = %q, want %q", tt.sql, s, tt.want)
		}
	}
	if v := (Token{Kind: String, Text: "'it''s'"}).Value(); v != "it's" {
		t.Errorf("value is %q", v)
	}
}

// FuzzTokens holds that any text ends, that tokens lie in order, and that what an error shows is printable.
func FuzzTokens(f *testing.F) {
	f.Add("SELECT 'a' -- b\n/* c */ \"d\" ? \xff", 3)
	f.Fuzz(func(t *testing.T, sql string, offset int) {
		end := 0
		for _, tok := range Tokens(sql) {
			if tok.Pos < end || tok.End <= tok.Pos {
				t.Fatalf("token %+v after %d", tok, end)
			}
			end = tok.End
		}
		Warnings(sql)
		for _, r := range NewSQLError(sql, offset, sql).Error() {
			if r != '\n' && r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
				t.Fatalf("%q is shown as it is", r)
			}
		}
	})
}

func TestWarnings(t *testing.T) {
	for _, tt := range []struct{ sql, want string }{
		{"SELECT * FROM flows WHERE srcaddr='%172.24%'", "= compares the whole text; use LIKE '%172.24%', or contains('172.24.0.0/16', TRY_CAST(srcaddr AS IPADDRESS))"},
		{"WHERE sourceaddress = '10.%'", "= compares the whole text; use LIKE '10.%', or contains('10.0.0.0/8', TRY_CAST(sourceaddress AS IPADDRESS))"},
		{"WHERE f.srcaddr <> '%10.0.0.1'", "<> compares the whole text; use NOT LIKE '%10.0.0.1', or NOT contains('10.0.0.1/32', TRY_CAST(srcaddr AS IPADDRESS))"},
		{"WHERE srcaddr != '%10.0.0.1%'", "<> compares the whole text; use NOT LIKE '%10.0.0.1%', or NOT contains('10.0.0.1/32', TRY_CAST(srcaddr AS IPADDRESS))"},
		{"WHERE instance_id = 'i-%'", "= compares the whole text; use LIKE 'i-%'"},
		{"WHERE a = '%300.1%'", "= compares the whole text; use LIKE '%300.1%'"},
		{"WHERE a LIKE '%172.24%'", ""},
		{"WHERE a = '50% of it'", ""},
		{"WHERE a >= '%'", ""},
		{"SELECT date_format(a, '%Y')", ""},
		{"SELECT '= ''%x%''' -- a = '%x%'", ""},
		{"WHERE a = '\x1b%'", `= compares the whole text; use LIKE '\x1b%'`},
	} {
		if got := strings.Join(Warnings(tt.sql), "; "); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.sql, got, tt.want)
		}
	}
}

func TestSQLError(t *testing.T) {
	e := NewSQLError("SELECT a,\r\n\tb\u202e FROM t", strings.Index("SELECT a,\r\n\tb\u202e FROM t", "FROM"), "bad \x1b[0m")
	if diff := cmp.Diff("bad \\x1b[0m\n  2 |  b\\u202e FROM t\n    |          ^", e.Error()); diff != "" {
		t.Error(diff)
	}
	if e.Line != 2 || e.Column != 5 {
		t.Errorf("line %d, column %d", e.Line, e.Column)
	}
	if got := NewSQLError("SELECT", -1, "bad").Error(); got != "bad" {
		t.Errorf("without a place: %q", got)
	}
	if got := NewSQLError("SELECT\n", 7, "bad").Error(); got != "bad\n  2 | \n    | ^" {
		t.Errorf("at the end: %q", got)
	}
}

// TestColumns walks all kinds, so that a new one is not forgotten.
func TestColumns(t *testing.T) {
	for _, table := range flowlog.Tables {
		cols := Columns(table)
		if len(cols) != len(table.Fields)+3 {
			t.Errorf("%s has %d columns for %d fields", table.Name, len(cols), len(table.Fields))
		}
	}
	if got := fmt.Sprint(Columns(flowlog.VPC)[8:12]); got != "[{packets bigint} {bytes bigint} {start bigint} {end bigint}]" {
		t.Error(got)
	}
}
