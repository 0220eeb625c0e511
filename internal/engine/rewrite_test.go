package engine

import (
	"errors"
	"strings"
	"testing"
)

var twoViews = []RemoteView{
	{Name: "flows", Columns: []Column{{"a", "varchar"}, {"b", "varchar"}}, SQL: "F"},
	{Name: "tgw_flows", Columns: []Column{{"c", "varchar"}}, SQL: "T"},
}

func TestWithViews(t *testing.T) {
	for _, tt := range []struct{ sql, want string }{
		{"SELECT 1", "SELECT 1"},
		{"SELECT 1;\n", "SELECT 1 \n"},
		{"SELECT * FROM flows", "WITH \"flows\" AS (F)\nSELECT * FROM flows"},
		{"SELECT * FROM \"FLOWS\" f, tgw_flows", "WITH \"flows\" AS (F), \"tgw_flows\" AS (T)\nSELECT * FROM \"FLOWS\" f, tgw_flows"},
		{"SELECT flows.a FROM x AS flows -- FROM flows", "SELECT flows.a FROM x AS flows -- FROM flows"},
		{"SELECT 'FROM flows' FROM s.flows", "SELECT 'FROM flows' FROM s.flows"},
		{"WITH a AS (SELECT * FROM flows) SELECT * FROM a", "WITH \"flows\" AS (F),\n     a AS (SELECT * FROM flows) SELECT * FROM a"},
		{"with RECURSIVE a(n) AS (SELECT 1 FROM flows)\nTABLE a", "WITH RECURSIVE \"flows\" (\"a\", \"b\") AS (F),\n               a(n) AS (SELECT 1 FROM flows)\nTABLE a"},
		{"EXPLAIN SELECT * FROM flows", "WITH \"flows\" AS (F)\n        SELECT * FROM flows"},
		// The query's own item of that name, which reads something else.
		{"WITH flows AS (VALUES (1)) SELECT * FROM flows", "WITH flows AS (VALUES (1)) SELECT * FROM flows"},
		{"WITH a AS (VALUES (1)), Flows AS (SELECT * FROM a) SELECT * FROM flows", "WITH a AS (VALUES (1)), Flows AS (SELECT * FROM a) SELECT * FROM flows"},
		{"WITH RECURSIVE flows(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM flows WHERE n < 3) SELECT * FROM flows",
			"WITH RECURSIVE flows(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM flows WHERE n < 3) SELECT * FROM flows"},
		{"WITH flows AS (VALUES (1)) SELECT * FROM flows, tgw_flows", "WITH \"tgw_flows\" AS (T),\n     flows AS (VALUES (1)) SELECT * FROM flows, tgw_flows"},
		// One that hides it further in.
		{"SELECT * FROM (WITH flows AS (VALUES (1)) SELECT * FROM flows)", "WITH \"flows\" AS (F)\nSELECT * FROM (WITH flows AS (VALUES (1)) SELECT * FROM flows)"},
		{"WITH flows AS (SELECT * FROM flows) SELECT * FROM flows", "error"},
		{"WITH a AS (SELECT * FROM flows), flows AS (SELECT * FROM a) SELECT * FROM flows", "error"},
		{"WITH", "WITH"}, {"WITH a", "WITH a"}, {"WITH a(", "WITH a("}, {"", ""},
	} {
		r, err := WithViews(tt.sql, twoViews)
		var got string
		if err != nil {
			got = "error"
			var bad *SQLError
			if !errors.As(err, &bad) || bad.Line == 0 || bad.Hint == "" {
				t.Errorf("%s: %v", tt.sql, err)
			}
		} else {
			got = r.SQL
		}
		if got != tt.want {
			t.Errorf("%s\n got %q\nwant %q", tt.sql, got, tt.want)
		}
	}
}

// TestPlaces finds an unknown name where the server reports it, in the text as it was written.
func TestPlaces(t *testing.T) {
	for _, sql := range []string{
		"SELECT nosuch FROM flows",
		"SELECT 'é日', nosuch FROM flows",
		"SELECT 1,\n  nosuch\nFROM flows",
		"WITH a AS (SELECT nosuch FROM flows) SELECT * FROM a",
		"EXPLAIN WITH\n a AS (SELECT\n\n 'ü' || nosuch FROM flows) SELECT * FROM a;",
		"SELECT nosuch",
	} {
		r, err := WithViews(sql, []RemoteView{{Name: "flows", SQL: "SELECT *\nFROM x"}})
		if err != nil {
			t.Fatal(err)
		}
		server := NewSQLError(r.SQL, strings.Index(r.SQL, "nosuch"), "") // counts as servers do
		e := r.Error(server.Line, server.Column, "no such column")
		if want := strings.Index(sql, "nosuch"); e.Place() != want || e.SQL != sql {
			t.Errorf("%s: at byte %d, want %d: %v", sql, e.Place(), want, e)
		}
	}
	for _, tt := range []struct{ sql, want string }{
		{"SELECT ? || nosuch", "SELECT 'it''s\nso' || nosuch"},
		{"SELECT nosuch FROM flows WHERE a = ?", "WITH \"flows\" AS (F)\nSELECT nosuch FROM flows WHERE a = 'it''s\nso'"},
		{"WITH x AS (SELECT\n? AS c FROM flows), y AS (SELECT\n\n 'ü', nosuch) SELECT 1", "WITH \"flows\" AS (F),\n     x AS (SELECT\n'it''s\nso' AS c FROM flows), y AS (SELECT\n\n 'ü', nosuch) SELECT 1"},
		{"SELECT '?', \"?\" -- ?\n, ?, nosuch", "SELECT '?', \"?\" -- ?\n, 'it''s\nso', nosuch"},
	} {
		r, err := WithViews(tt.sql, twoViews)
		if err != nil {
			t.Fatal(err)
		}
		in, err := r.Inline(Trino, []any{"it's\nso"})
		if err != nil || in.SQL != tt.want {
			t.Errorf("%s\n got %q, %v\nwant %q", tt.sql, in.SQL, err, tt.want)
			continue
		}
		for what, place := range map[string]string{"nosuch": "nosuch", "s\nso": "?"} {
			server := NewSQLError(in.SQL, strings.Index(in.SQL, what), "")
			want := strings.Index(tt.sql, place)
			if place == "?" {
				want = strings.LastIndex(tt.sql, "?")
			}
			if e := in.Error(server.Line, server.Column, ""); e.Place() != want {
				t.Errorf("%s: %q is at %d, want %d", tt.sql, what, e.Place(), want)
			}
		}
	}
	if r, err := WithViews("SELECT 1 -?", nil); err != nil {
		t.Fatal(err)
	} else if in, err := r.Inline(Trino, []any{-5}); err != nil || in.SQL != "SELECT 1 - -5" {
		t.Errorf("%v, %v", in, err)
	}
	for _, args := range [][]any{{}, {1, 2}, {[]int{1}}} {
		r, err := WithViews("SELECT ?", nil)
		if err != nil {
			t.Fatal(err)
		}
		if in, err := r.Inline(Trino, args); err == nil {
			t.Errorf("%v became %s", args, in.SQL)
		}
	}
	r, err := WithViews("SELECT * FROM flows", twoViews)
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range [][2]int{{1, 9}, {0, 0}, {5, 1}, {2, 0}, {1, 0}, {-1, -1}} { // 1 is a line of ours
		if e := r.Error(place[0], place[1], "bad"); e.Line != 0 || e.Place() != -1 {
			t.Errorf("place %v is %v", place, e)
		}
	}
}

func FuzzWithViews(f *testing.F) {
	f.Add("WITH flows AS (SELECT 'é' FROM tgw_flows) SELECT * FROM flows;", 2, 5)
	f.Fuzz(func(t *testing.T, sql string, line, column int) {
		CheckReadOnly(sql)
		r, err := WithViews(sql, twoViews)
		if err != nil {
			return
		}
		if !strings.HasPrefix(r.SQL, "WITH ") && len(r.SQL) != len(sql) || len(r.SQL) < len(sql) {
			t.Fatalf("%q became %q", sql, r.SQL)
		}
		e := r.Error(line, column, "")
		if p := e.Place(); p > len(sql) || p < -1 {
			t.Fatalf("place %d of %q", p, sql)
		}
		_ = e.Error()
		if in, err := r.Inline(Trino, []any{"a\n'b"}); err == nil {
			if e := in.Error(line, column, ""); e.Place() > len(sql) {
				t.Fatalf("place %d of %q", e.Place(), sql)
			}
		}
	})
}
