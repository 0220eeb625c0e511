package queries_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/engine/enginetest"
	"weir/queries"
)

var update = flag.Bool("update", false, "write the golden files")

// now is the moment from which ages count: the end of the day of testdata/flows.txt.
var now = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// interfaces are those of testdata/flows.txt.
var interfaces = map[string]enginetest.Row{
	"web":   {"interface_id": "eni-web", "instance_id": "i-web", "subnet_id": "subnet-a", "az_id": "use1-az1", "instance_tag": "web%20shop"},
	"redis": {"interface_id": "eni-redis", "instance_id": "i-redis", "subnet_id": "subnet-a", "az_id": "use1-az1", "instance_tag": "cache"},
	"app":   {"interface_id": "eni-app", "instance_id": "i-app", "subnet_id": "subnet-b", "az_id": "use1-az2", "instance_tag": "app"},
	"db":    {"interface_id": "eni-db", "instance_id": "i-db", "subnet_id": "subnet-b", "az_id": "use1-az2"},
	"nat":   {"interface_id": "eni-nat", "subnet_id": "subnet-a", "az_id": "use1-az1", "interface_type": "nat_gateway"},
}

// flows reads testdata/flows.txt; its head says how it is written.
func flows(t *testing.T) []enginetest.Row {
	t.Helper()
	text, err := os.ReadFile("testdata/flows.txt")
	if err != nil {
		t.Fatal(err)
	}
	var rows []enginetest.Row
	for n, line := range strings.Split(string(text), "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		day := now.AddDate(0, 0, -1)
		if rest, ok := strings.CutPrefix(f[0], "-1d"); ok {
			day, f[0] = day.AddDate(0, 0, -1), rest
		}
		at, err := time.Parse(time.DateTime, day.Format(time.DateOnly)+" "+f[0])
		if err != nil {
			t.Fatalf("flows.txt:%d: %v", n+1, err)
		}
		var seconds int64
		fmt.Sscan(f[1], &seconds)
		r := enginetest.Row{
			"version": "11", "account_id": "123456789012", "vpc_id": "vpc-1", "region": "us-east-1", "log_status": "OK",
			"start": fmt.Sprint(at.Unix()), "end": fmt.Sprint(at.Unix() + seconds), "source_object": "s3://logs/" + at.Format("2006/01/02/15") + ".log.gz",
		}
		maps.Copy(r, interfaces[f[2]])
		if len(f) == 4 {
			r["log_status"] = strings.ToUpper(f[3])
			rows = append(rows, r)
			continue
		}
		src, dst := f[4], f[5]
		split := func(s string) (string, string) { i := strings.LastIndexByte(s, ':'); return s[:i], s[i+1:] }
		r["srcaddr"], r["srcport"] = split(src)
		r["dstaddr"], r["dstport"] = split(dst)
		r["pkt_srcaddr"], r["pkt_dstaddr"] = r["srcaddr"], r["dstaddr"]
		r["flow_direction"] = map[string]string{"in": "ingress", "out": "egress"}[f[3]]
		r["type"] = "IPv4"
		for i, name := range []string{"protocol", "packets", "bytes", "action", "tcp_flags"} {
			r[name] = f[6+i]
		}
		for _, kv := range f[11:] {
			k, v, _ := strings.Cut(kv, "=")
			r[k] = v
		}
		rows = append(rows, r)
	}
	return rows
}

func tgwFlows(t *testing.T) []enginetest.Row {
	t.Helper()
	text, err := os.ReadFile("testdata/tgw_flows.txt")
	if err != nil {
		t.Fatal(err)
	}
	return enginetest.Records(t, string(text))
}

func tables(t *testing.T) []engine.Table {
	return []engine.Table{enginetest.Write(t, flowlog.VPC, flows(t)...), enginetest.Write(t, flowlog.TransitGateway, tgwFlows(t)...)}
}

// given are arguments with which a query has something to say about the little world, where its defaults are for a
// large one.
var given = map[string]map[string]string{
	"port-scan":    {"ports": "5"},
	"host-scan":    {"targets": "2"},
	"pair-sizes":   {"top": "8"},
	"new-inbound":  {"day": "2026-11-20"},
	"new-edges":    {"day": "2026-11-20"},
	"busy-minutes": {"bytes": "50000"},
}

// TestQueries runs every query on the little world and compares the rows with testdata/NAME.txt.
func TestQueries(t *testing.T) {
	eng, err := duckdb.Open(duckdb.Config{Threads: 2}, tables(t))
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	opts := queries.BindOptions{Now: now, ParseTime: parseTime}
	for _, q := range queries.List() {
		t.Run(q.Name, func(t *testing.T) {
			sql, args, err := q.Bind(given[q.Name], opts)
			if err != nil {
				t.Fatal(err)
			}
			got := run(t, eng, sql, args)
			if strings.Count(got, "\n") < 2 {
				t.Error("no rows")
			}
			if again := run(t, eng, sql, args); again != got {
				t.Errorf("the second time it says something else: the order is not total:\n%s", cmp.Diff(got, again))
			}
			golden(t, filepath.Join("testdata", q.Name+".txt"), got)

			// The common arguments must bound every part of it.
			bounded := map[string]string{"since": "2026-11-25", "until": "2026-11-26"}
			maps.Copy(bounded, given[q.Name])
			sql, args, err = q.Bind(bounded, opts)
			if err != nil {
				t.Fatal(err)
			}
			if got := run(t, eng, sql, args); strings.Count(got, "\n") != 1 {
				t.Errorf("rows of a time without records:\n%s", got)
			}
		})
	}
}

// TestNeeds holds that the fields a query says it needs are columns, and are in its text.
func TestNeeds(t *testing.T) {
	for _, q := range queries.List() {
		table := flowlog.VPC
		if q.Table == "tgw_flows" {
			table = flowlog.TransitGateway
		}
		for _, n := range q.Needs {
			if table.Column(n) == nil && n != "source_object" {
				t.Errorf("%s needs %s, which is no column", q.Name, n)
			} else if !regexp.MustCompile(`\b`+n+`\b`).MatchString(q.SQL) && !(n == "start" && strings.Contains(q.SQL, "start_time")) {
				t.Errorf("%s needs %s and does not name it", q.Name, n)
			}
		}
	}
	if n := len(queries.List()); n < 45 {
		t.Errorf("%d queries", n)
	}
}

// TestDialect holds the texts to what Trino understands as well, as far as that can be told by looking.
func TestDialect(t *testing.T) {
	for _, q := range queries.List() {
		for what, re := range map[string]*regexp.Regexp{
			"end must be quoted":             regexp.MustCompile(`[(,]end[),]|[^"A-Z_]\bend\b[^"]`),
			":: is DuckDB's":                 regexp.MustCompile(`::[a-zA-Z]`),
			"ILIKE is DuckDB's":              regexp.MustCompile(`(?i)\bilike\b`),
			"GROUP BY ALL is DuckDB's":       regexp.MustCompile(`(?i)\bby all\b`),
			"QUALIFY is DuckDB's":            regexp.MustCompile(`(?i)\bqualify\b`),
			"EXCLUDE is DuckDB's":            regexp.MustCompile(`(?i)\bexclude\b`),
			"& is DuckDB's":                  regexp.MustCompile(`[^&]&[^&]`),
			"!= and == are written <> and =": regexp.MustCompile(`==|!=`),
			"a semicolon":                    regexp.MustCompile(`;`),
			"GROUP BY wants ordinals":        regexp.MustCompile(`(?i)group by [a-z]`),
		} {
			if where := re.FindString(q.SQL); where != "" {
				t.Errorf("%s: %s: %q", q.Name, what, where)
			}
		}
		if !strings.Contains(q.SQL, "ORDER BY") {
			t.Errorf("%s has no order", q.Name)
		}
	}
}

func run(t *testing.T, eng engine.Engine, sql string, args []any) string {
	t.Helper()
	rows, err := eng.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%v\n%s\n%v", err, sql, args)
	}
	defer rows.Close()
	var b strings.Builder
	for i, c := range rows.Columns() {
		if i > 0 {
			b.WriteString(" | ")
		}
		b.WriteString(c.Name + " " + c.Type)
	}
	b.WriteByte('\n')
	for {
		row, err := rows.Next()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range row {
			if i > 0 {
				b.WriteString(" | ")
			}
			switch v := v.(type) {
			case nil:
				b.WriteString("NULL")
			case time.Time:
				if rows.Columns()[i].Type == "date" {
					b.WriteString(v.Format(time.DateOnly))
				} else {
					b.WriteString(v.Format(time.DateTime))
				}
			default:
				fmt.Fprint(&b, v)
			}
		}
		b.WriteByte('\n')
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func parseTime(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	return time.Parse(time.DateOnly, s)
}

func TestBind(t *testing.T) {
	q, err := queries.Parse("x", `-- title: t
-- group: Traffic
-- needs: srcaddr
-- arg: port integer 22 "p"
-- arg: name text x "n"
-- arg: net cidr 10.0.0.0/8 "c"
-- arg: ip ip 10.0.0.1 "i"
-- arg: day timestamp 24h "d"
-- arg: gap duration 1h "g"
SELECT ':port', -- :port
 ":ip" FROM flows WHERE :scope AND a = :port AND b = :name AND contains(:net, x) AND c = :ip AND d > :day AND e = :gap AND f = :port`)
	if err != nil {
		t.Fatal(err)
	}
	opts := queries.BindOptions{Now: now, ParseTime: parseTime}
	sql, args, err := q.Bind(map[string]string{"port": "6379", "name": "a'); DROP VIEW flows; --", "vpc": "vpc-1' OR ''='", "since": "1h", "gap": "2d"}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if want := `SELECT ':port', -- :port
 ":ip" FROM flows WHERE start_time >= ? AND vpc_id = ? AND a = ? AND b = ? AND contains(?, x) AND c = ? AND d > ? AND e = ? AND f = ?`; sql != want {
		t.Errorf("got  %s\nwant %s", sql, want)
	}
	if diff := cmp.Diff([]any{now.Add(-time.Hour), "vpc-1' OR ''='", int64(6379), "a'); DROP VIEW flows; --", "10.0.0.0/8", "10.0.0.1",
		now.Add(-24 * time.Hour), int64(172800), int64(6379)}, args); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []map[string]string{
		{"port": "x"}, {"port": "1; DROP VIEW flows"}, {"port": ""}, {"net": "10.0.0.1/8"}, {"net": "10.0.0.0"}, {"ip": "10.0.0.01"}, {"ip": "fe80::1%eth0"},
		{"day": "yesterday"}, {"gap": "1"}, {"gap": "-1h"}, {"gap": "99999999999d"}, {"name": ""}, {"vpc": ""}, {"nosuch": "1"}, {"scope": "true"},
		{"since": "1h", "until": "2h"},
	} {
		if sql, args, err := q.Bind(bad, opts); err == nil {
			t.Errorf("%v: %s %v", bad, sql, args)
		}
	}
	var unknown *queries.UnknownArgError
	if _, _, err := q.Bind(map[string]string{"prot": "1"}, opts); !errors.As(err, &unknown) || !slices.Contains(unknown.Known, "port") {
		t.Errorf("unknown argument: %v", err)
	}
}

func TestParse(t *testing.T) {
	const head = "-- title: t\n-- group: Traffic\n-- needs: srcaddr\n"
	for _, bad := range []struct{ name, text string }{
		{"Bad_Name", head + "SELECT 1 FROM flows WHERE :scope"},
		{"x", "SELECT 1 FROM flows WHERE :scope"},
		{"x", head},
		{"x", head + "SELECT 1 FROM flows"},
		{"x", head + "SELECT 1 FROM flows WHERE :scope;"},
		{"x", head + "SELECT 1 FROM flows WHERE :scope AND a = :b"},
		{"x", head + "-- arg: b integer 1 \"b\"\nSELECT 1 FROM flows WHERE :scope"},
		{"x", head + "-- arg: b number 1 \"b\"\nSELECT 1 FROM flows WHERE :scope AND a = :b"},
		{"x", head + "-- arg: since timestamp 1h \"b\"\nSELECT 1 FROM flows WHERE :scope AND a = :since"},
		{"x", head + "-- group: Nothing\nSELECT 1 FROM flows WHERE :scope"},
		{"x", head + "-- table: nothing\nSELECT 1 FROM flows WHERE :scope"},
		{"x", head + "-- other: x\nSELECT 1 FROM flows WHERE :scope"},
		{"x", head + "--title: x\nSELECT 1 FROM flows WHERE :scope"},
		{"x", head + "SELECT 1 FROM flows WHERE :scope AND :private(srcaddr"},
	} {
		if q, err := queries.Parse(bad.name, bad.text); err == nil {
			t.Errorf("%s was read: %+v", bad.text, q)
		}
	}
}
