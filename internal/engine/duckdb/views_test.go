package duckdb

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/enginetest"
)

// records are of 2020-05-04, the date of AWS's example, and of today where a query says current_date.
func records(t testing.TB) engine.Table {
	today := time.Now().Unix()
	return enginetest.Write(t, flowlog.VPC, enginetest.Records(t, strings.ReplaceAll(`
version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status region
2 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1588550400 1588550460 ACCEPT OK us-east-1
2 123456789010 eni-1 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1588550400 1588550460 REJECT OK us-east-1
2 123456789010 eni-2 10.117.1.22 10.0.0.5 40000 443 6 5 500 1588554000 1588554060 ACCEPT OK us-east-1
2 123456789010 eni-1 - - - - - - - 1588550400 1588550460 - NODATA us-east-1
2 123456789010 eni-2 10.0.0.9 10.0.0.5 40001 443 6 7 700 NOW NOW ACCEPT OK us-east-1
2 123456789010 eni-2 10.0.0.9 10.0.0.6 40001 443 6 9 900 NOW NOW ACCEPT OK us-east-1
`, "NOW", fmt.Sprint(today)))...)
}

// TestAthenaPages runs the queries of AWS's Athena pages on vpc_flow_logs, as those pages write them.
func TestAthenaPages(t *testing.T) {
	e := open(t, records(t))
	for _, tt := range []struct {
		sql  string
		want [][]any
	}{
		{ // "Create a table for Amazon VPC flow logs"
			`SELECT interface_id, srcaddr FROM vpc_flow_logs WHERE date = DATE('2020-05-04') ORDER BY 1, 2 LIMIT 100`,
			[][]any{{"eni-1", "172.31.16.139"}, {"eni-1", "172.31.9.69"}, {"eni-1", nil}, {"eni-2", "10.117.1.22"}},
		},
		{
			`SELECT day_of_week(date) AS day, date, interface_id, srcaddr, action, protocol
			FROM vpc_flow_logs WHERE action = 'REJECT' AND protocol = 6 LIMIT 100`,
			[][]any{{int64(1), time.Date(2020, 5, 4, 0, 0, 0, 0, time.UTC), "eni-1", "172.31.9.69", "REJECT", int64(6)}},
		},
		{
			`SELECT SUM(packets) AS packetcount, dstaddr FROM vpc_flow_logs
			WHERE dstport = 443 AND date > current_date - interval '7' day
			GROUP BY dstaddr ORDER BY packetcount DESC LIMIT 10`,
			[][]any{{int64(9), "10.0.0.6"}, {int64(7), "10.0.0.5"}},
		},
		{ // "Create tables using partition projection"
			`SELECT interface_id, day FROM vpc_flow_logs WHERE day >= '2020/05/04' AND day < '2020/05/05'
			ORDER BY day ASC, interface_id LIMIT 1`,
			[][]any{{"eni-1", "2020/05/04"}},
		},
		{
			`SELECT SUM(numpackets) AS packetcount, destinationaddress FROM vpc_appsec_flow_logs
			WHERE destinationport = 443 AND day > '2020/05/05' GROUP BY destinationaddress ORDER BY packetcount DESC LIMIT 10`,
			[][]any{{int64(9), "10.0.0.6"}, {int64(7), "10.0.0.5"}},
		},
		{
			`SELECT srcaddr, to_iso8601(from_unixtime(start)) AS start_time, to_iso8601(from_unixtime("end")) AS end_time
			FROM vpc_flow_logs WHERE date = DATE '2020-05-04' AND dstport = 22`,
			[][]any{{"172.31.16.139", "2020-05-04T00:00:00.000000Z", "2020-05-04T00:01:00.000000Z"}},
		},
		{
			`SELECT srcaddr FROM vpc_flow_logs WHERE split_part(srcaddr, '.', 1) = '10' AND split_part(srcaddr, '.', 2) = '117'`,
			[][]any{{"10.117.1.22"}},
		},
		{
			`SELECT dstaddr, dstport FROM vpc_flow_logs WHERE srcaddr = '10.117.1.22' AND hour = '01' AND accid = '123456789010' AND region = 'us-east-1'`,
			[][]any{{"10.0.0.5", int64(443)}},
		},
		{ // "Query flow logs using Amazon Athena": the predefined queries
			`SELECT ip, sum(bytes) AS total_bytes FROM (
				SELECT dstaddr AS ip, bytes FROM vpc_flow_logs WHERE dstport IN (22, 3389, 1433, 3306, 5432, 1521) AND action = 'ACCEPT'
			) GROUP BY ip ORDER BY total_bytes DESC LIMIT 10`,
			[][]any{{"172.31.16.21", int64(4249)}},
		},
		{
			`SELECT sum(bytes) AS total FROM vpc_flow_logs WHERE srcaddr LIKE '%.%' AND date = DATE '2020-05-04'`,
			[][]any{{int64(8998)}},
		},
		{ // The tutorial's, with its star.
			`SELECT * FROM vpc_appsec_flow_logs WHERE destinationport=3389`,
			[][]any{{int64(2), "123456789010", "eni-1", "172.31.9.69", "172.31.9.12", int64(49761), int64(3389), int64(6), int64(20), int64(4249),
				int64(1588550400), int64(1588550460), "REJECT", "OK", time.Date(2020, 5, 4, 0, 0, 0, 0, time.UTC), "2020/05/04", "00", "123456789010"}},
		},
	} {
		got, err := ask(e, tt.sql)
		if err != nil {
			t.Errorf("%s\n%v", tt.sql, err)
		} else if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s\n%s", tt.sql, diff)
		}
	}
}

func TestViews(t *testing.T) {
	e := open(t, records(t), engine.Table{Name: "tgw_flows", Columns: engine.Columns(flowlog.TransitGateway)})
	for _, tt := range []struct{ sql, want string }{
		{"SELECT count(*) FROM flows", "[[6]]"},
		{"SELECT start_time, end_time FROM flows WHERE dstport = 22", "[[2020-05-04 00:00:00 +0000 UTC 2020-05-04 00:01:00 +0000 UTC]]"},
		{"SELECT count(*) FROM flows WHERE start_time >= TIMESTAMP '2020-05-04 01:00:00 UTC' AND start_time < TIMESTAMP '2020-05-04 02:00:00'", "[[1]]"},
		{"SELECT pkt_srcaddr, tcp_flags, extra, instance_tag FROM flows WHERE dstport = 22", "[[<nil> <nil> <nil> <nil>]]"}, // not in the file
		{"SELECT count(*), sum(bytes), max(tgw_id), max(end_time) FROM tgw_flows", "[[0 <nil> <nil> <nil>]]"},               // no file
		{"SELECT srcaddr, tgw_id, start_time, extra FROM tgw_flows", "[]"},
		{"SHOW TABLES", "[[flows] [tgw_flows] [vpc_appsec_flow_logs] [vpc_flow_logs]]"},
	} {
		got, err := ask(e, tt.sql)
		if s := fmt.Sprint(got); err != nil || s != tt.want {
			t.Errorf("%s = %s, %v; want %s", tt.sql, s, err, tt.want)
		}
	}
	r, err := e.Query(t.Context(), "SELECT * FROM flows")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want := append(engine.Columns(flowlog.VPC), engine.Column{Name: "end_time", Type: "timestamp(6) with time zone"})
	if diff := cmp.Diff(want, r.Columns()); diff != "" {
		t.Errorf("columns of flows:\n%s", diff)
	}
}

func TestBounds(t *testing.T) {
	table := records(t)
	table.Since, table.Until = time.Unix(1588550400, 0), time.Unix(1588554000, 0)
	for _, tt := range []struct {
		since, until int64
		want         string
	}{
		{0, 0, "6"}, {1588550400, 1588554000, "3"}, {1588550401, 1588554001, "1"}, {0, 1588550400, "0"}, {1588554001, 0, "2"},
	} {
		table.Since, table.Until = time.Time{}, time.Time{}
		if tt.since > 0 {
			table.Since = time.Unix(tt.since, 0)
		}
		if tt.until > 0 {
			table.Until = time.Unix(tt.until, 0)
		}
		if got, err := one(open(t, table), "SELECT count(*) FROM vpc_flow_logs"); got != tt.want {
			t.Errorf("since %d until %d: %s records, %v; want %s", tt.since, tt.until, got, err, tt.want)
		}
	}
}

// TestPushdown holds that filters and the choice of columns reach the files through the views.
func TestPushdown(t *testing.T) {
	e := open(t, records(t))
	for _, tt := range []struct{ sql, want string }{
		{"SELECT srcaddr FROM flows WHERE dstport = 6379", "dstport=6379"},
		{"SELECT srcaddr FROM vpc_flow_logs WHERE dstport = 6379", "dstport=6379"},
		{"SELECT sourceaddress FROM vpc_appsec_flow_logs WHERE destinationport = 6379", "dstport=6379"},
		{"SELECT srcaddr FROM flows WHERE start_time >= TIMESTAMP '2026-11-20 00:00:00 UTC'", "start_time>='2026-11-20 00:00:00+00'::TIMESTAMP WITH TIME ZONE"},
	} {
		plan, err := e.Explain(t.Context(), tt.sql)
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		_, scan, _ := strings.Cut(plan.Text, "READ_PARQUET ")
		scan = strings.NewReplacer("│", "", " ", "", "\n", "").Replace(scan)
		if want := strings.ReplaceAll(tt.want, " ", ""); !strings.Contains(scan, want) {
			t.Errorf("%s: the scan has no %s:\n%s", tt.sql, tt.want, plan.Text)
		}
		if strings.Contains(scan, "account_id") {
			t.Errorf("%s: the scan reads columns that are not asked for:\n%s", tt.sql, plan.Text)
		}
		if len(plan.Tables) != 1 || plan.Tables[0].Table != "flows" || plan.Tables[0].Files != 1 || plan.Tables[0].Bytes < 1000 {
			t.Errorf("%s: tables %+v", tt.sql, plan.Tables)
		}
	}
	if _, err := e.Explain(t.Context(), "SELECT nocolumn FROM flows"); err == nil || !strings.Contains(err.Error(), "    |        ^") {
		t.Errorf("Explain of a bad query points elsewhere: %v", err)
	}
}

// TestPlaces opens files whose names mean something to DuckDB or to SQL.
func TestPlaces(t *testing.T) {
	for _, name := range []string{"a b", "it's", "x[1]", "st*r", "wh?t", "start_day=2026-11-20", `back\slash`, "semi;colon", "ünï", "{a,b}", "%41", "#x", `qu"ote`} {
		dir := filepath.Join(t.TempDir(), name)
		mkdir(t, dir)
		path := filepath.Join(dir, name+".parquet")
		plain := records(t).Files[0]
		copyFile(t, plain, path)
		table := engine.Table{Name: "flows", Columns: engine.Columns(flowlog.VPC), Files: []string{path}}
		if got, err := one(open(t, table), "SELECT count(*) FROM flows"); got != "6" {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	missing := engine.Table{Name: "flows", Columns: engine.Columns(flowlog.VPC), Files: []string{"/nowhere/x.parquet"}}
	if _, err := ask(open(t, missing), "SELECT 1 FROM flows"); err == nil || !strings.Contains(err.Error(), "/nowhere/x.parquet") {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Open(Config{}, []engine.Table{{Name: "flows", Columns: engine.Columns(flowlog.VPC), Files: []string{"x.parquet"}}}); err == nil {
		t.Error("a relative path was taken")
	}
}

// TestManyFiles has more files than are allowed one by one, of two formats: one lacks columns.
func TestManyFiles(t *testing.T) {
	old := enginetest.Write(t, flowlog.VPC, enginetest.Row{"version": "2", "dstport": "22", "start": "1795132800"})
	newer := enginetest.Write(t, flowlog.VPC, enginetest.Row{"version": "5", "dstport": "22", "start": "1795132800", "flow_direction": "egress", "bytes": "7"})
	table := engine.Table{Name: "flows", Columns: engine.Columns(flowlog.VPC)}
	dir := t.TempDir()
	for i := range maxPaths + 50 {
		path := filepath.Join(dir, fmt.Sprintf("%d.parquet", i))
		src := old.Files[0]
		if i%2 == 1 {
			src = newer.Files[0]
		}
		copyFile(t, src, path)
		table.Files = append(table.Files, path)
	}
	e := open(t, table)
	if got, err := ask(e, "SELECT count(*), count(flow_direction), sum(bytes), min(version), max(version) FROM flows WHERE dstport = 22"); err != nil ||
		fmt.Sprint(got) != "[[550 275 1925 2 5]]" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReferencedColumns(t *testing.T) {
	for _, tt := range []struct {
		sql  string
		cols string
		all  bool
	}{
		{"SELECT srcaddr, sum(bytes) FROM flows WHERE dstport = 22 GROUP BY 1", "[bytes dstport srcaddr]", false},
		{"SELECT count(*) FROM flows", "[]", false},
		{"SELECT * FROM flows", "[]", true},
		{"SELECT f.* FROM flows f", "[]", true},
		{"SELECT f FROM flows f", "[]", true},
		{"SELECT flows FROM flows", "[]", true},
		{"SELECT COLUMNS('src.*') FROM flows", "[]", true},
		{"SELECT f.srcaddr FROM flows f ORDER BY f.start", "[srcaddr start]", false},
		{"SELECT flows.srcaddr FROM flows", "[srcaddr]", false},
		{`SELECT "end" FROM flows WHERE end_time > now()`, "[end]", false},
		{"SELECT sourceaddress FROM vpc_appsec_flow_logs WHERE destinationport = 1 AND starttime > 0 AND protocol = 6", "[dstport protocol srcaddr start]", false},
		{"SELECT date, accid FROM vpc_flow_logs WHERE hour = '01'", "[account_id start_time]", false},
		{"SELECT a.srcaddr FROM flows a JOIN flows b USING (dstaddr)", "[dstaddr srcaddr]", false},
		{"SELECT 1 FROM flows a NATURAL JOIN flows b", "[]", true},
		{"WITH x AS (SELECT srcaddr AS s, bytes FROM flows) SELECT s FROM x", "[bytes srcaddr]", false},
		{"WITH x AS (SELECT * FROM flows) SELECT srcaddr FROM x", "[]", true},
		{"SELECT extra['pkt-x'] FROM flows", "[extra]", false},
		{"SELECT SRCADDR FROM flows HAVING max(Bytes) > 1", "[bytes srcaddr]", false},
		{"SELECT sum(bytes) OVER (PARTITION BY srcaddr ORDER BY start) FROM flows", "[bytes srcaddr start]", false},
		{"SELECT max(bytes) FILTER (WHERE tcp_flags = 2) FROM flows", "[bytes tcp_flags]", false},
		{"SELECT (SELECT max(tgw_id) FROM tgw_flows WHERE tgw_flows.srcaddr = flows.dstaddr) FROM flows", "[dstaddr srcaddr tgw_id]", false},
		{"DESCRIBE flows", "[]", true},
		{"SELECT #1 FROM flows", "[]", true},
		{"FROM flows", "[]", true},
		{"EXPLAIN SELECT srcaddr FROM flows", "[srcaddr]", false},
		{"SELECT nothing FROM flows", "[]", false},
	} {
		cols, all, err := ReferencedColumns(tt.sql)
		if got := fmt.Sprint(cols); err != nil || got != tt.cols || all != tt.all {
			t.Errorf("%s: %s, %v, %v; want %s, %v", tt.sql, got, all, err, tt.cols, tt.all)
		}
	}
	cols, all, err := ReferencedColumns("SELECT client, nothing FROM conversations WHERE hour = ?",
		engine.Table{Name: "conversations", Columns: []engine.Column{{Name: "hour"}, {Name: "client"}, {Name: "server"}}})
	if got := fmt.Sprint(cols); err != nil || all || got != "[client hour start_time]" {
		t.Errorf("columns of a derived table: %s, %v, %v", got, all, err)
	}
	if _, _, err := ReferencedColumns("SELEC"); err == nil {
		t.Error("no error for what is no SQL")
	}
}

func TestWriteParquet(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.parquet")
	e, err := Open(Config{Threads: 2, Output: out}, []engine.Table{records(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	n, err := e.WriteParquet(t.Context(), "SELECT srcaddr, sum(bytes) AS b, sum(bytes), max(bytes) AS b FROM flows WHERE dstport = ? GROUP BY 1 ORDER BY 1 -- all", 443)
	if err != nil || n != 2 {
		t.Fatalf("%d rows, %v; want 2", n, err)
	}
	enginetest.Exec(t, fmt.Sprintf(`SELECT CASE WHEN (SELECT string_agg(name || ' ' || coalesce(type, ''), ', ') FROM parquet_schema('%[1]s') WHERE type IS NOT NULL)
		= 'srcaddr BYTE_ARRAY, b INT64, sum(bytes) INT64, b_2 INT64' AND (SELECT sum(b) FROM '%[1]s') = 2100 THEN 1
		ELSE error((SELECT string_agg(name || ' ' || coalesce(type, ''), ', ') FROM parquet_schema('%[1]s'))) END`, out))
	e, err = Open(Config{Threads: 2, Output: out, Outputs: []string{out}}, []engine.Table{records(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ids := engine.Output{Path: out, IDs: map[string]int{"it's": 7, "n": 3}}
	if _, err := e.Store(t.Context(), ids, `SELECT count(*) AS n, 'a' AS "it's" FROM flows`); err != nil {
		t.Fatal(err)
	}
	enginetest.Exec(t, fmt.Sprintf(`SELECT CASE WHEN (SELECT string_agg(name || ' ' || field_id, ', ') FROM parquet_schema('%s') WHERE type IS NOT NULL)
		= 'n 3, it''s 7' THEN 1 ELSE error('other field ids') END`, out))
	for _, sql := range []string{"SELECT 1) TO '/tmp/x'; DROP VIEW flows; --", "DROP VIEW flows", "SELECT * FROM read_text('/etc/passwd')", "EXPLAIN SELECT 1", "SELECT nocolumn FROM flows"} {
		if _, err := e.WriteParquet(t.Context(), sql); err == nil {
			t.Errorf("%s was written", sql)
		}
	}
}
