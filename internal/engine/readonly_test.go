package engine

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckReadOnly(t *testing.T) {
	for _, sql := range []string{
		"SELECT * FROM flows;", "(SELECT 1) UNION (SELECT 2)", "VALUES (1)", "with a as (select 1) select * from a", "EXPLAIN SELECT 1",
		"SELECT f.a, f.b FROM flows f WHERE f.c IS DISTINCT FROM f.d", "SELECT extract(hour FROM f.start_time) FROM flows f, tgw_flows g",
		"SELECT trim('x' FROM f.a), (SELECT max(g.b) FROM tgw_flows g) FROM flows f JOIN tgw_flows t ON (f.a = t.a) WHERE f.b IN (1, 2)",
		"SELECT 'a.b; DROP TABLE x' -- ; DELETE", "SELECT '/* /* */' -- /* a\r\n, 1 /* -- b */ FROM flows", "WITH session AS (SELECT 1) SELECT * FROM session", "SELECT a FROM flows ORDER BY flows.a, flows.b", `SELECT * FROM "flows" CROSS JOIN UNNEST(flows.a, flows.b)`,
		"WITH function AS (SELECT 1) SELECT * FROM function", "SELECT x FROM (VALUES (1)) AS t(x) GROUP BY t.x, t.y",
	} {
		if err := CheckReadOnly(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, tt := range []struct{ sql, at string }{ // at: where the error points
		{"DELETE FROM flows", "DELETE"},
		{"/* SELECT */ INSERT INTO flows SELECT 1", "INSERT"},
		{"CREATE TABLE x AS SELECT 1", "CREATE"},
		{"SELECT 1; DROP TABLE flows", "DROP"},
		{"SELECT 1;; SELECT 2", "; SELECT"},
		{"EXPLAIN ANALYZE DELETE FROM flows", "EXPLAIN"},
		{"EXPLAIN (TYPE IO) SELECT 1", "EXPLAIN"},
		{"EXPLAIN DELETE FROM flows", "EXPLAIN"},
		{"CALL system.runtime.kill_query('x')", "CALL"},
		{"SET SESSION a = 1", "SET"}, {"USE other.schema", "USE"}, {"SHOW CATALOGS", "SHOW"}, {"EXECUTE x", "EXECUTE"},
		{"USING EXTERNAL FUNCTION f(x int) RETURNS int LAMBDA 'f' SELECT f(1)", "USING"},
		{"WITH FUNCTION f() RETURNS bigint RETURN 1 SELECT f()", "FUNCTION"},
		{"SELECT * FROM TABLE(system.query(query => 'x'))", "TABLE"},
		{"SELECT * FROM flows, TABLE (sequence(1, 5))", "TABLE"},
		{"SELECT * FROM system.runtime.queries", "system"},
		{"SELECT * FROM flows, system.runtime.queries", "system"},
		{"SELECT * FROM flows f JOIN \"other\".\"t\" ON true", `"other"`},
		{"SELECT * FROM (flows f CROSS JOIN other.t)", "other"},
		{"SELECT * FROM ((other.t))", "other"},
		{"SELECT * FROM /* x */ other /* y */ . t", "other"},
		{"SELECT 1 WHERE EXISTS (SELECT 1 FROM other.t)", "other"},
		{"WITH a AS (SELECT * FROM other.t) SELECT * FROM a", "other"},
		{"SELECT extract(hour FROM (SELECT max(x) FROM other.t))", "other"},
		{"TABLE other.t", "TABLE"}, {"SELECT 1 UNION TABLE other.t", "other"},
		{"SELECT * FROM information_schema.tables", "information_schema"},
		{"SELECT * FROM `a`.`b`", "`"},
		{"SELECT 1\x00", "\x00"},
		{"WITH SESSION query_max_run_time = '1h' SELECT 1", "SESSION"},
		{"SELECT 1 /* /* */ FROM other.t -- */", "/*"},
		{"SELECT 1 -- \rFROM other.t", "--"},
		{"SELECT 1 FROM flows /* /* */", "/*"},
		{"", ""}, {";", ""}, {"-- only", ""},
	} {
		var bad *SQLError
		if err := CheckReadOnly(tt.sql); !errors.As(err, &bad) {
			t.Errorf("%s: let in", tt.sql)
		} else if want := strings.Index(tt.sql, tt.at); tt.at != "" && bad.Place() != want {
			t.Errorf("%s: points at %d, want %d: %v", tt.sql, bad.Place(), want, bad)
		}
	}
}

const ioPlan = `{"inputTableColumnInfos":[{"table":{"catalog":"lake","schemaTable":{"schema":"weir","table":"flows"}},
"constraint":{"none":false,"columnConstraints":[{"columnName":"start_time","type":"timestamp(6) with time zone","domain":{"nullsAllowed":false,
"ranges":[{"low":{"value":"2026-11-20 00:00:00.000000 UTC","bound":"EXACTLY"},"high":{"bound":"BELOW"}}]}}]},
"estimate":{"outputRowCount":13348.0,"outputSizeInBytes":"NaN"}}],"estimate":{}%s}`

func TestIOPlan(t *testing.T) {
	plan, err := ParseIOPlan(strings.Replace(ioPlan, "%s", "", 1))
	if err != nil {
		t.Fatal(err)
	}
	got := plan.Tables[0]
	if got.Rows != 13348 || got.Columns[0].Name != "start_time" || got.Columns[0].Ranges[0] != (IORange{Low: "2026-11-20 00:00:00.000000 UTC", LowBound: "EXACTLY"}) {
		t.Errorf("got %+v", got)
	}
	for _, s := range []Scope{{"lake", "weir", nil}, {"LAKE", "weir", []string{"tgw_flows", "flows"}}} {
		if err := plan.Check("x", s); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
	for _, s := range []Scope{{"lake", "other", nil}, {"hive", "weir", nil}, {"lake", "weir", []string{"tgw_flows"}}, {"lake", "weir", []string{}}} {
		if err := plan.Check("x", s); err == nil {
			t.Errorf("%+v: let in", s)
		}
	}
	plan, err = ParseIOPlan(strings.Replace(ioPlan, "%s", `,"outputTable":{"catalog":"lake","schemaTable":{"schema":"weir","table":"flows"}}`, 1))
	if err != nil || plan.Output != "lake.weir.flows" {
		t.Fatal(plan, err)
	}
	if err := plan.Check("x", Scope{"lake", "weir", nil}); err == nil {
		t.Error("a plan that writes is let in")
	}
	if _, err := ParseIOPlan("{"); err == nil {
		t.Error("half a plan is read")
	}
}
