package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/internal/engine/athena/athenatest"
)

// atAthena has weir find servers that play Athena and Glue, and S3 with one object of 20 GB in each folder that is asked for.
func atAthena(t *testing.T, answers ...athenatest.Answer) *athenatest.Server {
	s := athenatest.New(t, answers...)
	bucket := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<ListBucketResult><Contents><Key>%sx.log.gz</Key><Size>20000000000</Size></Contents></ListBucketResult>`, r.URL.Query().Get("prefix"))
	}))
	t.Cleanup(bucket.Close)
	home := t.TempDir()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_ATHENA": s.URL, "AWS_ENDPOINT_URL_GLUE": s.URL, "AWS_ENDPOINT_URL_S3": bucket.URL, "AWS_REGION": "eu-west-1",
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "HOME": home, "XDG_STATE_HOME": filepath.Join(home, "state"), "WEIR_ENGINE": "athena",
	} {
		t.Setenv(name, value)
	}
	t.Chdir(home)
	return s
}

func weir(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

func TestQueryAthena(t *testing.T) {
	answer := athenatest.Select("LIMIT", [][2]string{{"srcaddr", "varchar"}, {"bytes", "bigint"}}, []any{"10.0.0.1", "5"}, []any{nil, "7"})
	answer.Scanned = 1200000000
	s := atAthena(t, athenatest.Reads("weir.flows"), answer)
	status, out, errs := weir("query", "-o", "csv", "SELECT srcaddr, bytes FROM flows LIMIT 2")
	if status != 0 || out != "srcaddr,bytes\n10.0.0.1,5\n,7\n" || errs != "athena read 1.2 GB for $0.0060 (query 00000000-0000-0000-0000-000000000002)\n" {
		t.Errorf("%d\n%s\n%s", status, out, errs)
	}
	if got := s.Requests("StartQueryExecution")[1].Body; !strings.Contains(got["QueryString"].(string), ` FROM "weir"."flows")`) || got["WorkGroup"] != "primary" {
		t.Errorf("sent %v", got)
	}

	// Settings lead there, too; and so does a saved query, whose text goes beside it.
	t.Setenv("AWS_ENDPOINT_URL_ATHENA", "http://127.0.0.1:1")
	status, _, errs = weir("query", "--quiet", "--athena-endpoint", s.URL, "--athena-workgroup", "team", "--athena-reuse", "1h", "@from-address", "ip=10.0.0.1", "top=5")
	starts := s.Requests("StartQueryExecution")
	last := starts[len(starts)-1].Body
	if status != 0 || errs != "" || last["WorkGroup"] != "team" || last["ResultReuseConfiguration"] == nil || fmt.Sprint(last["ExecutionParameters"]) != "['10.0.0.1' '10.0.0.1']" {
		t.Errorf("%d %s\n%v", status, errs, last)
	}
}

func rawTable(s *athenatest.Server) {
	s.Tables["logs.vpc"] = map[string]any{"Name": "vpc", "TableType": "EXTERNAL_TABLE",
		"Parameters": map[string]string{"skip.header.line.count": "1", "projection.enabled": "true", "projection.day.type": "date", "projection.day.range": "2024/01/01,NOW",
			"projection.day.format": "yyyy/MM/dd", "storage.location.template": "s3://bucket/AWSLogs/1/vpcflowlogs/eu-west-1/${day}"},
		"PartitionKeys": []any{map[string]any{"Name": "day", "Type": "string"}},
		"StorageDescriptor": map[string]any{"Location": "s3://bucket/AWSLogs/1/vpcflowlogs/eu-west-1/", "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
			"Columns": []any{map[string]any{"Name": "srcaddr", "Type": "string"}, map[string]any{"Name": "bytes", "Type": "bigint"}, map[string]any{"Name": "start", "Type": "bigint"}, map[string]any{"Name": "weight", "Type": "int"}}}}
}

// Over a table that weir did not make, a day reads two folders: that is what is estimated, priced, and held against limits.
func TestQueryRawTable(t *testing.T) {
	answer := athenatest.Select("sum(bytes)", [][2]string{{"_col0", "bigint"}}, []any{"42"})
	answer.Scanned = 30e9
	s := atAthena(t, athenatest.Reads("logs.vpc"), athenatest.Plan("TableScan[table = awsdatacatalog:logs:vpc]"), athenatest.PlanJSON("logs.vpc"), answer)
	rawTable(s)
	query := []string{"query", "--athena-table", "logs.vpc", "--since", "2026-11-20", "--until", "2026-11-21", "-o", "csv", "SELECT sum(bytes) FROM flows"}

	status, out, errs := weir(query...)
	const warning = "warning: columns of logs.vpc that are none of a flow log's, and cannot be asked: weight\n"
	if status != 0 || out != "_col0\n42\n" || !strings.HasPrefix(errs, warning+"athena read 30 GB for $0.15 (query ") {
		t.Errorf("%d\n%s\n%s", status, out, errs)
	}
	starts := s.Requests("StartQueryExecution")
	if text := starts[len(starts)-1].Body["QueryString"].(string); !strings.Contains(text, `FROM "logs"."vpc" WHERE "day" BETWEEN '2026/11/20' AND '2026/11/21')`) {
		t.Errorf("sent %s", text)
	}

	// The bounds of a saved query do the same.
	status, _, errs = weir("query", "--athena-table", "logs.vpc", "@daily", "since=2026-11-20", "until=2026-11-21")
	starts = s.Requests("StartQueryExecution")
	if text := starts[len(starts)-1].Body["QueryString"].(string); status != 0 || !strings.Contains(text, `WHERE "day" BETWEEN '2026/11/20' AND '2026/11/21')`) {
		t.Errorf("%d %s, sent %s", status, errs, text)
	}

	status, out, _ = weir(append(query[:len(query)-3:len(query)-3], "--explain", "-o", "table", query[len(query)-1])...)
	if want := "TableScan[table = awsdatacatalog:logs:vpc]\nflows: 2 files, at most 40 GB to read\nvpc: reads bytes\nprice: at most $0.20\n"; status != 0 || out != want {
		t.Errorf("%d\n%s\nwant\n%s", status, out, want)
	}

	before := len(s.Requests("StartQueryExecution"))
	status, out, errs = weir(append(query, "--max-bytes", "39GB")...)
	if want := warning + "weir: query would scan 40 GB (about $0.20), more than max_bytes 39 GB\nhint: --since and --until read less; --max-bytes allows more\n"; status != exitTrouble || out != "" || errs != want {
		t.Errorf("%d\n%s\n%s\nwant\n%s", status, out, errs, want)
	}
	for _, r := range s.Requests("StartQueryExecution")[before:] {
		if !strings.HasPrefix(r.Body["QueryString"].(string), "EXPLAIN") {
			t.Errorf("ran %v", r.Body)
		}
	}

	// The budget of the day: 30 GB are scanned, then 40 are too much of 60.
	if status, _, errs = weir(append(query, "--daily-bytes", "60GB")...); status != 0 {
		t.Errorf("%d %s", status, errs)
	}
	status, _, errs = weir(append(query, "--daily-bytes", "60GB")...)
	if want := "weir: query would scan 40 GB (about $0.20); with the 30 GB of today that is more than daily_bytes 60 GB\n"; status != exitTrouble || !strings.Contains(errs, want) {
		t.Errorf("%d %s", status, errs)
	}
	if err := os.WriteFile(filepath.Join(os.Getenv("XDG_STATE_HOME"), "weir", "budget.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, errs = weir(append(query, "--daily-bytes", "60GB")...); status != exitTrouble || !strings.Contains(errs, "budget.json is damaged") {
		t.Errorf("%d %s", status, errs)
	}
}

// Of the lake's own tables nobody says yet what they take: the workgroup's limit stands in.
func TestQueryUnknownCost(t *testing.T) {
	s := atAthena(t, athenatest.Reads("weir.flows"), athenatest.Plan("x"), athenatest.PlanJSON("weir.flows"), athenatest.Select("FROM flows", [][2]string{{"_col0", "bigint"}}, []any{"1"}))
	query := []string{"query", "--max-bytes", "1GB", "SELECT count(*) FROM flows"}
	status, _, errs := weir(query...)
	if want := "weir: nobody knows how much the query would scan of flows; max_bytes is 1 GB, and the engine has no limit of its own\nhint: give the workgroup"; status != exitTrouble || !strings.HasPrefix(errs, want) {
		t.Errorf("%d %s", status, errs)
	}
	s.WorkGroup["BytesScannedCutoffPerQuery"] = 1000000000
	if status, _, errs := weir(query...); status != 0 {
		t.Errorf("%d %s", status, errs)
	}
	status, out, _ := weir("query", "--explain", "-o", "csv", "SELECT count(*) FROM flows")
	if status != 0 || out != "table,files,bytes\nflows,,\n" {
		t.Errorf("%d %s", status, out)
	}
}

func TestQueryAthenaErrors(t *testing.T) {
	s := atAthena(t, athenatest.Answer{States: []string{"FAILED"}, Reason: "TABLE_NOT_FOUND: line 2:15: Table 'x' does not exist"})
	check := func(want string, args ...string) {
		t.Helper()
		status, _, errs := weir(append([]string{"query"}, args...)...)
		if status != exitTrouble || !strings.Contains(errs, want) {
			t.Errorf("%v: %d, %s\nwant %s", args, status, errs, want)
		}
	}
	check("weir: Table 'x' does not exist\n  1 | SELECT * FROM x\n    |               ^\n  query id: 00000000-0000-0000-0000-000000000001\n", "SELECT * FROM x")
	check("Table none not found.\nhint: athena.database and athena.table name the table", "--athena-table", "none", "SELECT 1")
	check("engine athena: it reads the lake, not --source", "--source", "x", "SELECT 1")
	check(`athena.output "here" is not s3://bucket/prefix/`, "--athena-output", "here", "SELECT 1")
	check(`must be from 1m to 168h`, "--athena-reuse", "8d", "SELECT 1")
	s.WorkGroup = map[string]any{}
	check("has no place for results, and athena.output is not set\nhint: set athena.output", "SELECT 1")
	s.Fail(athenatest.Fault{Op: "GetWorkGroup", Status: 400, Code: "ExpiredTokenException", Text: "expired", Times: 1})
	check("hint: the session's credentials have run out", "SELECT 1")
	s.WorkGroup = map[string]any{"ResultConfiguration": map[string]any{"OutputLocation": "s3://r/"}}
	s.Fail(athenatest.Fault{Op: "StartQueryExecution", Status: 400, Code: "AccessDeniedException", Text: "no", Times: 1})
	check("hint: the role or user lacks athena:StartQueryExecution on the workgroup", "SELECT 1")
}

// Ctrl-C stops the query in Athena, and weir says that it was interrupted.
func TestQueryAthenaInterrupted(t *testing.T) {
	s := atAthena(t, athenatest.Answer{States: []string{"RUNNING"}})
	ctx, cancel := context.WithCancel(t.Context())
	s.OnCall = func(r athenatest.Request) {
		if r.Op == "GetQueryExecution" {
			cancel()
		}
	}
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs}
	root := newRoot(a)
	root.SetArgs([]string{"query", "SELECT 1"})
	if status := a.exit(ctx, root.ExecuteContext(ctx)); status != exitInterrupted || errs.String() != "weir: interrupted\n" {
		t.Errorf("%d %s", status, errs.String())
	}
	if len(s.Requests("StopQueryExecution")) != 1 || len(s.Running()) > 0 {
		t.Errorf("stopped %d, running %v", len(s.Requests("StopQueryExecution")), s.Running())
	}
}
