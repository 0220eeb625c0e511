package duckdb

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/enginetest"
)

// TestAttacks holds what a query must not be able to do. Each must be an error, of the guard's or DuckDB's, and leave
// nothing behind.
func TestAttacks(t *testing.T) {
	table := enginetest.Write(t, flowlog.VPC, enginetest.Row{"version": "2", "srcaddr": "10.0.0.1", "start": "1795132800"})
	dir := filepath.Dir(table.Files[0])
	secret := filepath.Join(dir, "secret.csv")
	if err := os.WriteFile(secret, []byte("a,b\n1,TOPSECRET\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	enginetest.WriteFile(t, filepath.Join(dir, "other.parquet"), flowlog.VPC, enginetest.Row{"srcaddr": "TOPSECRET"})
	t.Setenv("WEIR_TEST_SECRET", "TOPSECRET")
	before := listing(t, dir)
	e := open(t, table)
	for _, sql := range []string{
		// Other statements.
		"DELETE FROM flows", "UPDATE flows SET srcaddr = ''", "INSERT INTO flows VALUES (1)", "TRUNCATE flows",
		"DROP VIEW flows", "DROP TABLE flows", "CREATE TABLE x (a int)", "CREATE TABLE x AS SELECT 1", "CREATE VIEW x AS SELECT 1",
		"CREATE OR REPLACE VIEW flows AS SELECT 1", "CREATE MACRO f() AS 1", "CREATE SECRET (TYPE s3)", "ALTER VIEW flows RENAME TO x",
		"CREATE TEMP TABLE x AS SELECT 1", "CREATE SEQUENCE s", "CREATE SCHEMA s", "CREATE TYPE t AS VARCHAR",
		"COPY flows TO 'DIR/out.csv'", "COPY (SELECT 1) TO 'DIR/out.parquet' (FORMAT parquet)", "COPY flows FROM 'DIR/secret.csv'",
		"EXPORT DATABASE 'DIR/out'", "IMPORT DATABASE 'DIR'", "ATTACH 'DIR/x.db'", "DETACH memory", "USE memory",
		"INSTALL httpfs", "LOAD httpfs", "FORCE INSTALL httpfs", "UPDATE EXTENSIONS",
		"SET memory_limit = '1TB'", "SET enable_external_access = true", "SET GLOBAL lock_configuration = false", "RESET ALL",
		"SET VARIABLE x = 1", "PRAGMA database_list", "PRAGMA version", "PRAGMA enable_profiling", "CALL pragma_version()", "CHECKPOINT", "VACUUM",
		"BEGIN", "COMMIT", "PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE p", "ANALYZE",
		"EXPLAIN DELETE FROM flows", "EXPLAIN ANALYZE COPY flows TO 'DIR/out.csv'", "EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1",
		"EXPLAIN ANALYZE (DELETE FROM flows)", "EXPLAIN EXPLAIN ANALYZE DROP VIEW flows", "/* x */ EXPLAIN /* y */ ANALYZE -- z\nDROP VIEW flows",

		// More than one.
		"SELECT 1; DROP VIEW flows", "SELECT 1; SELECT 2", "SELECT 1;; COPY flows TO 'DIR/out.csv'", "EXPLAIN SELECT 1; DROP VIEW flows",
		"SELECT 1\x00; DROP VIEW flows", "SELECT ';' ; DROP VIEW flows",

		// Files.
		"SELECT * FROM 'DIR/secret.csv'", `SELECT * FROM "DIR/secret.csv"`, "FROM 'DIR/other.parquet'", "SELECT * FROM 'DIR/*.parquet'",
		"SELECT * FROM '/etc/passwd'", "SELECT * FROM read_csv('DIR/secret.csv')", "SELECT * FROM read_csv_auto('DIR/secret.csv')",
		"SELECT * FROM read_parquet('DIR/other.parquet')", "SELECT * FROM parquet_scan('DIR/other.parquet')",
		"SELECT * FROM parquet_metadata('DIR/other.parquet')", "SELECT * FROM parquet_schema('DIR/other.parquet')",
		"SELECT * FROM parquet_file_metadata('DIR/other.parquet')", "SELECT * FROM parquet_kv_metadata('DIR/other.parquet')",
		"SELECT * FROM read_text('DIR/secret.csv')", "SELECT * FROM read_blob('DIR/secret.csv')", "SELECT * FROM read_json('DIR/secret.csv')",
		"SELECT * FROM read_ndjson_objects('DIR/secret.csv')", "SELECT * FROM glob('DIR/*')", "SELECT * FROM sniff_csv('DIR/secret.csv')",
		"SELECT * FROM read_duckdb('DIR/x.db')", "SELECT * FROM arrow_scan(1, 2, 3)", "SELECT * FROM sqlite_scan('DIR/x', 't')",
		"SELECT * FROM main.read_text('DIR/secret.csv')", "SELECT * FROM system.main.read_text('DIR/secret.csv')",
		"SELECT * FROM (SELECT * FROM read_text('DIR/secret.csv'))", "WITH x AS (SELECT * FROM read_text('DIR/secret.csv')) SELECT * FROM x",
		"SELECT (SELECT content FROM read_text('DIR/secret.csv'))", "SELECT * FROM flows WHERE srcaddr IN (SELECT content FROM read_text('DIR/secret.csv'))",
		"SELECT * FROM flows, LATERAL (SELECT * FROM read_text(srcaddr))", "SELECT 1 UNION ALL SELECT content FROM read_text('DIR/secret.csv')",
		"DESCRIBE SELECT * FROM 'DIR/secret.csv'", "SUMMARIZE 'DIR/secret.csv'", "DESCRIBE 'DIR/secret.csv'",
		`WITH "DIR/secret.csv" AS (SELECT 1) SELECT * FROM "DIR/secret.csv"`,
		`SELECT * FROM (WITH "DIR/secret.csv" AS (SELECT 1) SELECT 1), "DIR/secret.csv"`,
		"SELECT * FROM 's3://bucket/key.parquet'", "SELECT * FROM 'https://example.com/x.csv'", "SELECT * FROM '/proc/self/environ'",

		// SQL inside of SQL.
		"SELECT * FROM query('DROP VIEW flows')", "SELECT * FROM query_table('DIR/secret.csv')", "SELECT json_execute_serialized_sql('{}')",
		"SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))", "PRAGMA json_execute_serialized_sql('{}')",
		"SELECT json_deserialize_sql('{}')", "SELECT * FROM sql_auto_complete('SEL')",

		// Environment, settings, what the engine knows about itself.
		"SELECT getenv('WEIR_TEST_SECRET')", "SELECT current_setting('allowed_paths')", "SELECT getvariable('x')",
		"SELECT * FROM duckdb_settings()", "SELECT * FROM duckdb_secrets()", "SELECT * FROM which_secret('x', 's3')", "SELECT * FROM duckdb_views()",
		"SELECT * FROM duckdb_extensions()", "SELECT * FROM duckdb_functions()", "SELECT * FROM duckdb_logs()", "SELECT * FROM pragma_database_list()",
		"SELECT * FROM pg_catalog.pg_views", "SELECT * FROM information_schema.views", "SELECT * FROM sqlite_master", "SELECT * FROM duckdb_views",
		"SELECT pg_catalog.pg_get_viewdef(1)", "SHOW ALL TABLES", "SHOW DATABASES", "SHOW VARIABLES", "SHOW SCHEMAS", "SHOW CREATE TABLE flows",
		"SELECT write_log('x')", "SELECT nextval('s')", "SELECT txid_current()", "SELECT version()", "SELECT current_database()", "SELECT weir_date_format(now(), 'x')",
		"SELECT * FROM checkpoint()", "SELECT * FROM force_checkpoint()", "SELECT * FROM duckdb_temporary_files()", "SELECT * FROM test_all_types()",
		"SELECT * FROM enable_logging()", "SELECT * FROM enable_profiling()", "SELECT * FROM seq_scan('flows')", "SELECT sleep_ms(1)",

		// Not SQL.
		"", ";", "-- nothing", "EXPLAIN", "EXPLAIN ANALYZE", strings.Repeat("(", 10000),
	} {
		sql = strings.ReplaceAll(sql, "DIR", dir)
		rows, err := ask(e, sql)
		var bad *engine.SQLError
		switch {
		case err == nil:
			t.Errorf("%.200q was answered: %v", sql, rows)
		case strings.Contains(err.Error(), "TOPSECRET"):
			t.Errorf("%.200q: the error tells what was hidden: %v", sql, err)
		case !errors.As(err, &bad):
			t.Errorf("%.200q: %T %v", sql, err, err)
		case len(bad.Msg) < 10:
			t.Errorf("%.200q: the error says nothing: %v", sql, err)
		}
	}
	if after := listing(t, dir); after != before {
		t.Errorf("the folder was %s and is %s", before, after)
	}
	if got, err := one(e, "SELECT srcaddr FROM flows"); got != "10.0.0.1" {
		t.Errorf("afterwards flows has %s, %v", got, err)
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// TestSecondWall runs what the guard refuses past the guard: DuckDB itself must refuse it too.
func TestSecondWall(t *testing.T) {
	table := enginetest.Write(t, flowlog.VPC, enginetest.Row{"version": "2", "start": "1795132800"})
	dir := filepath.Dir(table.Files[0])
	if err := os.WriteFile(dir+"/secret.csv", []byte("a\n1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	e := open(t, table)
	c, err := e.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, sql := range []string{
		"SELECT * FROM read_csv('DIR/secret.csv')", "SELECT * FROM 'DIR/secret.csv'", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM glob('/etc/*')",
		"COPY (SELECT 1) TO 'DIR/out.csv'", "ATTACH 'DIR/x.db'", "INSTALL httpfs", "LOAD httpfs", "SET memory_limit = '1TB'",
		"SET enable_external_access = true", "SET lock_configuration = false", "EXPORT DATABASE 'DIR/out'", "SELECT getenv('HOME')",
	} {
		if err := c.exec(strings.ReplaceAll(sql, "DIR", dir)); err == nil {
			t.Errorf("%s was run", sql)
		}
	}
}

// TestAdmitted holds what must get past the guard.
func TestAdmitted(t *testing.T) {
	table := enginetest.Write(t, flowlog.VPC, enginetest.Row{"version": "2", "srcaddr": "10.0.0.1", "start": "1795132800", "action": "ACCEPT"})
	e := open(t, table)
	for _, sql := range []string{
		"SELECT 1", "SELECT 1;", " ;; SELECT 1"[3:], "VALUES (1), (2)", "WITH x AS (SELECT 1 AS a) SELECT a FROM x", "FROM flows", "TABLE flows",
		"EXPLAIN SELECT * FROM flows", "EXPLAIN ANALYZE SELECT count(*) FROM flows", "DESCRIBE flows", "SHOW TABLES", "SUMMARIZE flows",
		"DESCRIBE SELECT srcaddr FROM flows", "SELECT * FROM FLOWS", `SELECT * FROM "flows"`, "SELECT * FROM main.flows",
		"SELECT * FROM flows a JOIN flows b USING (srcaddr)", "SELECT * FROM flows NATURAL JOIN flows b",
		"SELECT * FROM flows WHERE srcaddr IN (SELECT srcaddr FROM flows)", "SELECT * FROM UNNEST(ARRAY[1, 2]) AS t(x)",
		"SELECT * FROM UNNEST(ARRAY['a']) WITH ORDINALITY AS t(x, i)",
		"SELECT * FROM range(3)", "SELECT 'COPY; DROP' AS x", "SELECT 1 -- ; DROP VIEW flows", "SELECT 1 /* ; */", "(SELECT 1)",
		"SELECT table_name FROM information_schema.tables", "SELECT column_name FROM information_schema.columns",
		"SELECT rank() OVER (ORDER BY srcaddr) FROM flows", "SELECT sum(bytes) OVER (PARTITION BY srcaddr ORDER BY start ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM flows",
		"SELECT lag(bytes) OVER w FROM flows WINDOW w AS (ORDER BY start)",
		"WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r",
		"SELECT CASE WHEN action = 'ACCEPT' THEN 1 ELSE 0 END FROM flows", `SELECT "end", "start" FROM flows`, "SELECT extra['x'] FROM flows",
		"SELECT a.srcaddr FROM flows AS a, flows AS b WHERE a.srcaddr = b.srcaddr", "SELECT count(DISTINCT srcaddr) FILTER (WHERE bytes > 1) FROM flows",
		"SELECT 1 UNION SELECT 2 EXCEPT SELECT 3 INTERSECT SELECT 4", "SELECT * FROM flows GROUP BY ALL", "SELECT date, day, hour, accid FROM vpc_flow_logs",
		"SELECT action, count(*) FROM flows GROUP BY GROUPING SETS ((action), ())", "SELECT EXISTS (SELECT 1 FROM flows)",
		"SELECT transform FROM (SELECT list_transform([1, 2], lambda x: x + 1) AS transform)",
	} {
		if _, err := ask(e, sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestErrors(t *testing.T) {
	table := enginetest.Write(t, flowlog.VPC, enginetest.Row{"version": "2", "srcaddr": "-", "start": "1795132800"})
	e := open(t, table)
	for _, tt := range []struct{ sql, want string }{
		{"SELECT dstprt\nFROM flows", "there is no column \"dstprt\"\n  1 | SELECT dstprt\n    |        ^\n  hint: did you mean dstport?"},
		{"SELECT *\nFROM flows\nWHERE pkt-srcaddr = '10.0.0.1'", "there is no column \"pkt\"\n  3 | WHERE pkt-srcaddr = '10.0.0.1'\n    |       ^\n  hint: pkt-srcaddr is AWS's name of the field; the column is pkt_srcaddr"},
		{`SELECT f."log-status" FROM flows f`, "there is no column \"log-status\"\n  1 | SELECT f.\"log-status\" FROM flows f\n    |        ^\n  hint: log-status is AWS's name of the field; the column is log_status"},
		{"SELECT start, end FROM flows", "end is a word of SQL\n  1 | SELECT start, end FROM flows\n    |               ^\n  hint: write the column as \"end\""},
		{"SELECT CASE WHEN 1=1 THEN 2 END FROM flows WHERE end > 5", "end is a word of SQL\n  1 | SELECT CASE WHEN 1=1 THEN 2 END FROM flows WHERE end > 5\n    |                                                  ^\n  hint: write the column as \"end\""},
		{"SELECT * FROM flow", "there is no table \"flow\"\n  1 | SELECT * FROM flow\n    |               ^\n  hint: did you mean flows?"},
		{"SELECT * FROM nothing_like_it", "there is no table \"nothing_like_it\"\n  1 | SELECT * FROM nothing_like_it\n    |               ^\n  hint: the tables are flows, vpc_appsec_flow_logs, vpc_flow_logs"},
		{`SELECT * FROM flows WHERE action = "REJECT"`, "there is no column \"REJECT\"\n  1 | SELECT * FROM flows WHERE action = \"REJECT\"\n    |                                    ^\n  hint: \"double quotes\" are for names; write text as 'REJECT'"},
		{"SELECT aprox_distinct(srcaddr) FROM flows", "there is no function aprox_distinct, or it is not allowed in a query\n  1 | SELECT aprox_distinct(srcaddr) FROM flows\n    |        ^\n  hint: did you mean approx_distinct?"},
		{"SELECT contains('10.0.0.0/99', IPADDRESS '10.0.0.1')", "Invalid CIDR: \"10.0.0.0/99\""},
		{"SELECT * FROM 'x.csv'", "there is no table \"x.csv\"\n  1 | SELECT * FROM 'x.csv'\n    |               ^\n  hint: a query reads tables, not files; weir query --source FILE asks a file"},
		{"SELECT CAST('x' AS integer)", "Could not convert string 'x' to INT32\n  1 | SELECT CAST('x' AS integer)\n    |        ^"},
		{"SELEC 1", "syntax error at or near \"SELEC\"\n  1 | SELEC 1\n    | ^"},
		{"SELECT \x1b[31mx FROM flows", "syntax error at or near \"\\x1b\"\n  1 | SELECT \\x1b[31mx FROM flows\n    |        ^"},
		{"SELECT 1 +", "syntax error at end of input\n  1 | SELECT 1 +\n    |           ^"},
		{"SELECT '" + strings.Repeat("é", 90) + "', nocolumn, '" + strings.Repeat("y", 90) + "' FROM flows",
			"there is no column \"nocolumn\"\n  1 | …" + strings.Repeat("é", 33) + "', nocolumn, '" + strings.Repeat("y", 25) + "…\n    | " + strings.Repeat(" ", 37) + "^"},
	} {
		_, err := ask(e, tt.sql)
		if err == nil {
			t.Errorf("%s: no error", tt.sql)
			continue
		}
		got := err.Error()
		if got != tt.want && !(strings.HasPrefix(tt.want, "Invalid CIDR") && strings.Contains(got, tt.want)) && !strings.HasPrefix(got, tt.want+"\n  hint: DESCRIBE") {
			t.Errorf("%q:\n%s\nwant\n%s", tt.sql, got, tt.want)
		}
	}
}
