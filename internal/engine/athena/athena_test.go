package athena

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/google/go-cmp/cmp"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/athena/athenatest"
)

// client is a real client of a server that plays Athena; it does not wait between its own retries.
func client(s *athenatest.Server) *athena.Client {
	return athena.New(athena.Options{
		Region: "eu-west-1", BaseEndpoint: &s.URL, Credentials: aws.AnonymousCredentials{},
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = 3, time.Nanosecond
		}),
	})
}

var flows = Table{RemoteTable: engine.RemoteTable{Name: "flows", From: `"lake"."flows"`, Columns: engine.Columns(flowlog.VPC)}, Reads: "flows"}

// noWait is a clock that only ends with its context.
func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func openAt(t *testing.T, s *athenatest.Server, cfg Config) *Engine {
	t.Helper()
	cfg.Database = "lake"
	if cfg.Sleep == nil {
		cfg.Sleep = noWait
	}
	e, err := Open(cfg, client(s), []Table{flows})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left := s.Running(); len(left) > 0 {
			t.Errorf("queries were left running: %q", left)
		}
	})
	return e
}

// all reads rows to their end.
func all(r engine.Rows) ([][]any, error) {
	defer r.Close()
	var out [][]any
	for {
		row, err := r.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, append([]any{}, row...))
	}
}

func TestQuery(t *testing.T) {
	answer := athenatest.Select("FROM flows", [][2]string{{"srcaddr", "varchar"}, {"bytes", "bigint"}, {"at", "timestamp with time zone"}},
		[]any{"10.0.0.1", "5", "2026-11-20 08:00:00.000 UTC"}, []any{nil, nil, nil}, []any{"srcaddr", "7", nil})
	answer.Page, answer.Scanned = 2, 12345678
	s := athenatest.New(t, athenatest.Reads("lake.flows"), answer)
	e := openAt(t, s, Config{WorkGroup: "team", Reuse: 90 * time.Second})
	r, err := e.Query(t.Context(), "SELECT srcaddr, bytes, at FROM flows WHERE srcaddr <> ? LIMIT ?", "it's", 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]engine.Column{{Name: "srcaddr", Type: "varchar"}, {Name: "bytes", Type: "bigint"}, {Name: "at", Type: "timestamp with time zone"}}, r.Columns()); diff != "" {
		t.Error(diff)
	}
	got, err := all(r)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{{"10.0.0.1", int64(5), time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)}, {nil, nil, nil}, {"srcaddr", int64(7), nil}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	scanned := r.(engine.Scanned)
	if scanned.BytesScanned() != 12345678 || scanned.QueryID() != "00000000-0000-0000-0000-000000000002" {
		t.Errorf("scanned %d, query %s", scanned.BytesScanned(), scanned.QueryID())
	}

	starts := s.Requests("StartQueryExecution")
	if len(starts) != 2 || len(s.Requests("GetQueryResults")) != 3 || len(s.Requests("GetWorkGroup")) != 1 {
		t.Fatalf("%d starts, %d pages, %d looks at the workgroup", len(starts), len(s.Requests("GetQueryResults")), len(s.Requests("GetWorkGroup")))
	}
	plan, run := starts[0].Body, starts[1].Body
	if text := plan["QueryString"].(string); !strings.HasPrefix(text, "EXPLAIN (TYPE IO, FORMAT JSON)\nWITH \"flows\" AS (") ||
		!strings.HasSuffix(text, "\nSELECT srcaddr, bytes, at FROM flows WHERE srcaddr <> 'it''s' LIMIT 10") || plan["ExecutionParameters"] != nil || plan["ResultReuseConfiguration"] != nil {
		t.Errorf("first wall: %v", plan)
	}
	if text := run["QueryString"].(string); !strings.HasSuffix(text, "WHERE srcaddr <> ? LIMIT 10") {
		t.Errorf("query: %s", text)
	}
	delete(run, "QueryString")
	delete(run, "ClientRequestToken")
	if diff := cmp.Diff(map[string]any{
		"WorkGroup": "team", "ExecutionParameters": []any{"'it''s'"},
		"QueryExecutionContext":    map[string]any{"Catalog": "AwsDataCatalog", "Database": "lake"},
		"ResultReuseConfiguration": map[string]any{"ResultReuseByAgeConfiguration": map[string]any{"Enabled": true, "MaxAgeInMinutes": 2.0}},
	}, run); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReusedCostsNothing(t *testing.T) {
	a := athenatest.Select("SELECT 1", [][2]string{{"_col0", "integer"}}, []any{"1"})
	a.Scanned, a.Reused = 99, true
	r, err := openAt(t, athenatest.New(t, athenatest.Reads(), a), Config{Reuse: time.Hour}).Query(t.Context(), "SELECT 1")
	if err != nil || r.(engine.Scanned).BytesScanned() != 0 {
		t.Errorf("%v, scanned %d", err, r.(engine.Scanned).BytesScanned())
	}
}

// SHOW and DDL have no header; a first row of NULLs is none; EXPLAIN has one, whatever its type.
func TestHeader(t *testing.T) {
	for _, c := range []struct {
		statement string
		columns   [][2]string
		first     []any
		want      bool
	}{
		{"DML", [][2]string{{"a", "varchar"}}, []any{"a"}, true},
		{"DML", [][2]string{{"a", "varchar"}}, []any{"b"}, false},
		{"DML", [][2]string{{"a", "varchar"}, {"b", "varchar"}}, []any{"a", nil}, false},
		{"UTILITY", [][2]string{{"tab_name", "string"}}, []any{"tab_name"}, false},
		{"DDL", [][2]string{{"a", "varchar"}}, []any{"a"}, false},
		{"UTILITY", [][2]string{{"Query Plan", "varchar"}}, []any{"Query Plan"}, true},
		{"DML", [][2]string{{"Query Plan", "varchar"}}, []any{"Fragment 0"}, false},
	} {
		a := athenatest.Answer{Statement: c.statement, Columns: c.columns, Rows: [][]any{c.first, c.first}}
		s := athenatest.New(t, a)
		e := openAt(t, s, Config{})
		run, err := e.run(t.Context(), request{sql: "x"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := e.open(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		got, err := all(r)
		if want := 2; err != nil || c.want && len(got) != 1 || !c.want && len(got) != want {
			t.Errorf("%+v: got %d rows, %v", c, len(got), err)
		}
	}
}

func TestErrors(t *testing.T) {
	const sql = "SELECT srcaddr,\n  srcadr FROM flows LIMIT ?"
	line, col := 3, 3 // of what was sent: EXPLAIN, the views, and the query's lines
	for _, c := range []struct {
		name   string
		answer athenatest.Answer
		want   string // the error
		place  [2]int
		starts int
	}{
		{"syntax", athenatest.Answer{States: []string{"FAILED"}, Reason: fmt.Sprintf("COLUMN_NOT_FOUND: line %d:%d: Column 'srcadr' cannot be resolved or requester is not authorized", line+1, col),
			Error: &athenatest.Error{ErrorCategory: 2, ErrorType: 1006}},
			"Column 'srcadr' cannot be resolved or requester is not authorized\n  2 |   srcadr FROM flows LIMIT ?\n    |   ^\n  hint: did you mean srcaddr?\n  query id: 00000000-0000-0000-0000-000000000001", [2]int{2, 3}, 1},
		{"in our lines", athenatest.Answer{States: []string{"FAILED"}, Reason: "line 2:9: Column 'x' cannot be resolved"},
			"Column 'x' cannot be resolved\n  query id: 00000000-0000-0000-0000-000000000001", [2]int{0, 0}, 1},
		{"missing", athenatest.Answer{States: []string{"QUEUED", "FAILED"}, Reason: "HIVE_CURSOR_ERROR: no such bucket", Error: &athenatest.Error{ErrorCategory: 2, ErrorType: 1306}},
			"query 00000000-0000-0000-0000-000000000001 failed in athena: HIVE_CURSOR_ERROR: no such bucket (user error 1306: bucket not found)", [2]int{}, 1},
		{"throttled", athenatest.Answer{States: []string{"RUNNING", "QUEUED", "FAILED"}, Reason: "SlowDown", Error: &athenatest.Error{ErrorCategory: 1, ErrorType: 1403}},
			"query 00000000-0000-0000-0000-000000000004 failed in athena, 4 times: SlowDown (system error 1403: throttled by S3)", [2]int{}, 4},
		{"internal", athenatest.Answer{States: []string{"FAILED"}, Error: &athenatest.Error{ErrorCategory: 1, ErrorType: 9999, Retryable: true, ErrorMessage: "Internal error"}},
			"query 00000000-0000-0000-0000-000000000004 failed in athena, 4 times: Internal error (system error 9999: internal)", [2]int{}, 4},
		{"cutoff", athenatest.Answer{States: []string{"CANCELLED"}, Reason: "Bytes scanned limit was exceeded"},
			"query 00000000-0000-0000-0000-000000000001 was cancelled in athena: Bytes scanned limit was exceeded", [2]int{}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := athenatest.New(t, c.answer)
			_, err := openAt(t, s, Config{}).Query(t.Context(), sql, 5)
			if err == nil || err.Error() != c.want {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
			var bad *engine.SQLError
			var server *engine.ServerError
			if about := errors.As(err, &bad); about == errors.As(err, &server) {
				t.Errorf("about the text %v, and about the server, too", about)
			}
			if c.place[0] > 0 && (!errors.As(err, &bad) || bad.Line != c.place[0] || bad.Column != c.place[1] || bad.SQL != sql) {
				t.Errorf("got %+v", bad)
			}
			if got := len(s.Requests("StartQueryExecution")); got != c.starts {
				t.Errorf("started %d times, want %d", got, c.starts)
			}
		})
	}
}

// A query that fails once for a reason of Athena's own is run again.
func TestRetry(t *testing.T) {
	once := athenatest.Answer{Match: "SELECT 1", States: []string{"FAILED"}, Error: &athenatest.Error{ErrorCategory: 1, ErrorType: 1405}, Times: 1}
	s := athenatest.New(t, athenatest.Reads(), once, athenatest.Select("SELECT 1", [][2]string{{"_col0", "integer"}}, []any{"1"}))
	s.Fail(athenatest.Fault{Op: "StartQueryExecution", Status: 400, Code: "TooManyRequestsException", Text: "You have exceeded the limit for the number of queries", Times: 2})
	s.Fail(athenatest.Fault{Op: "GetQueryExecution", Status: 400, Code: "ThrottlingException", Text: "Rate exceeded", Times: 2})
	s.Fail(athenatest.Fault{Op: "GetQueryResults", Status: 500, Code: "InternalServerException", Text: "oh", Times: 2})
	r, err := openAt(t, s, Config{}).Query(t.Context(), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := all(r); err != nil || len(got) != 1 {
		t.Errorf("%v %v", got, err)
	}
	tokens := map[any]bool{}
	for _, r := range s.Requests("StartQueryExecution") {
		tokens[r.Body["ClientRequestToken"]] = true
	}
	if len(tokens) != 3 { // EXPLAIN, the failure, the success: what is only throttled keeps its token
		t.Errorf("%d tokens", len(tokens))
	}
}

func TestCallErrors(t *testing.T) {
	s := athenatest.New(t)
	s.Fail(athenatest.Fault{Op: "StartQueryExecution", Status: 400, Code: "AccessDeniedException", Text: "You are not authorized to perform: athena:StartQueryExecution", Times: 1})
	_, err := openAt(t, s, Config{}).Query(t.Context(), "SELECT 1")
	if want := "start query in athena: AccessDeniedException: You are not authorized to perform: athena:StartQueryExecution"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	s.Fail(athenatest.Fault{Op: "StartQueryExecution", Status: 400, Code: "InvalidRequestException", Text: "line 2:8: mismatched input 'FROM'", Times: 1})
	_, err = openAt(t, s, Config{}).Query(t.Context(), "SELECT FROM x")
	var bad *engine.SQLError
	if !errors.As(err, &bad) || bad.Line != 1 || bad.Column != 8 {
		t.Errorf("got %v", err)
	}
}

// Whenever a context ends, nothing is left running.
func TestCancel(t *testing.T) {
	for _, c := range []struct {
		name string
		when func(athenatest.Request, int) bool // of requests that have come
	}{
		{"before it is started", func(r athenatest.Request, _ int) bool { return r.Op == "GetWorkGroup" }},
		{"while it is started", func(r athenatest.Request, _ int) bool { return r.Op == "StartQueryExecution" }},
		{"while it runs", func(r athenatest.Request, n int) bool { return r.Op == "GetQueryExecution" && n > 4 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := athenatest.New(t, athenatest.Answer{States: []string{"QUEUED", "RUNNING"}})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			var once sync.Once
			s.OnCall = func(r athenatest.Request) {
				if n++; c.when(r, n) {
					once.Do(cancel)
				}
			}
			_, err := openAt(t, s, Config{}).Query(ctx, "SELECT * FROM flows")
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if started, stopped := len(s.Requests("StartQueryExecution")), len(s.Requests("StopQueryExecution")); (started > 0) != (stopped > 0) {
				t.Errorf("%d starts, %d stops", started, stopped)
			}
		})
	}
}

func TestStopFails(t *testing.T) {
	s := athenatest.New(t, athenatest.Answer{States: []string{"RUNNING"}})
	s.Fail(athenatest.Fault{Op: "StopQueryExecution", Status: 400, Code: "AccessDeniedException", Text: "no", Times: 1})
	ctx, cancel := context.WithCancel(t.Context())
	s.OnCall = func(r athenatest.Request) {
		if r.Op == "GetQueryExecution" {
			cancel()
		}
	}
	e, err := Open(Config{Database: "lake", Sleep: noWait}, client(s), []Table{flows})
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Query(ctx, "SELECT 1")
	if want := "which may still run: AccessDeniedException: no"; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

func TestLimits(t *testing.T) {
	answer := athenatest.Select("FROM flows", [][2]string{{"a", "varchar"}}, []any{"12345"}, []any{"123456"}, []any{"1"})
	query := func(cfg Config) ([][]any, error) {
		r, err := openAt(t, athenatest.New(t, athenatest.Reads("lake.flows"), answer), cfg).Query(t.Context(), "SELECT a FROM flows")
		if err != nil {
			t.Fatal(err)
		}
		return all(r)
	}
	if got, err := query(Config{MaxRows: 3, MaxValue: 6}); err != nil || len(got) != 3 {
		t.Errorf("%v %v", got, err)
	}
	if got, err := query(Config{MaxRows: 2}); err == nil || len(got) != 2 || !strings.Contains(err.Error(), "more than 2 rows") {
		t.Errorf("%v %v", got, err)
	}
	if got, err := query(Config{MaxValue: 5}); err == nil || len(got) != 1 || !strings.Contains(err.Error(), "row 2, column a has 6 bytes") {
		t.Errorf("%v %v", got, err)
	}
}

// The walls: what is no query is refused before Athena hears of it, and so is what Athena says it would read elsewhere.
func TestWalls(t *testing.T) {
	for _, sql := range []string{"DROP TABLE flows", "SELECT 1; SELECT 2", "SELECT * FROM other.flows", "UNLOAD (SELECT 1) TO 's3://x/'", ""} {
		s := athenatest.New(t)
		if _, err := openAt(t, s, Config{}).Query(t.Context(), sql); err == nil || len(s.Requests("")) > 0 {
			t.Errorf("%s: %v, %d requests", sql, err, len(s.Requests("")))
		}
	}
	s := athenatest.New(t, athenatest.Reads("lake.flows", "hr.salaries"))
	_, err := openAt(t, s, Config{}).Query(t.Context(), "SELECT * FROM flows, salaries")
	if err == nil || !strings.Contains(err.Error(), "hr.salaries") || len(s.Requests("StartQueryExecution")) != 1 {
		t.Errorf("got %v", err)
	}
}

func TestWorkGroup(t *testing.T) {
	check := func(group map[string]any, cfg Config, wantErr, wantOutput string) {
		t.Helper()
		s := athenatest.New(t, athenatest.Reads(), athenatest.Select("", [][2]string{{"_col0", "integer"}}, []any{"1"}))
		s.WorkGroup = group
		_, err := openAt(t, s, cfg).Query(t.Context(), "SELECT 1")
		if wantErr != "" {
			if err == nil || err.Error() != wantErr || len(s.Requests("StartQueryExecution")) > 0 {
				t.Errorf("got %v", err)
			}
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		sent := ""
		if c, ok := s.Requests("StartQueryExecution")[1].Body["ResultConfiguration"].(map[string]any); ok {
			sent = c["OutputLocation"].(string)
		}
		if sent != wantOutput {
			t.Errorf("sent output %q, want %q", sent, wantOutput)
		}
	}
	none := map[string]any{}
	check(none, Config{}, "athena workgroup primary has no place for results, and athena.output is not set", "")
	check(none, Config{OutputLocation: "s3://mine/"}, "", "s3://mine/")
	own := map[string]any{"ResultConfiguration": map[string]any{"OutputLocation": "s3://theirs/"}}
	check(own, Config{OutputLocation: "s3://mine/"}, "", "s3://mine/")
	check(own, Config{}, "", "")
	enforced := map[string]any{"ResultConfiguration": map[string]any{"OutputLocation": "s3://theirs/"}, "EnforceWorkGroupConfiguration": true}
	check(enforced, Config{OutputLocation: "s3://mine/"}, "", "")
	check(map[string]any{"ManagedQueryResultsConfiguration": map[string]any{"Enabled": true}}, Config{OutputLocation: "s3://mine/"}, "", "")

	s := athenatest.New(t)
	s.State = "DISABLED"
	if _, err := openAt(t, s, Config{WorkGroup: "old"}).Query(t.Context(), "SELECT 1"); err == nil || err.Error() != "athena workgroup old is disabled" {
		t.Errorf("got %v", err)
	}
	// Who may not look may still ask.
	s = athenatest.New(t, athenatest.Reads(), athenatest.Select("", [][2]string{{"_col0", "integer"}}, []any{"1"}))
	s.Fail(athenatest.Fault{Op: "GetWorkGroup", Status: 400, Code: "AccessDeniedException", Text: "no", Times: 9})
	if _, err := openAt(t, s, Config{}).Query(t.Context(), "SELECT 1"); err != nil {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{{}, {Database: "x", OutputLocation: "mine"}, {Database: "x", Reuse: -1}, {Database: "x", Reuse: 8 * 24 * time.Hour}} {
		if _, err := Open(c, nil, nil); err == nil {
			t.Errorf("%+v: want an error", c)
		}
	}
}

func TestExplain(t *testing.T) {
	const text = "Fragment 1\n    TableScan[table = awsdatacatalog:lake:flows]"
	s := athenatest.New(t, athenatest.Reads("lake.flows"), athenatest.Plan(text), athenatest.PlanJSON("lake.flows", "lake.flows"))
	var read []engine.Reading
	table := flows
	table.Estimate = func(_ context.Context, r engine.Reading) (engine.Scan, error) {
		read = append(read, r)
		return engine.Scan{Files: 2, Bytes: 1000}, nil
	}
	e, err := Open(Config{Database: "lake", Sleep: noWait}, client(s), []Table{table})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := e.Explain(t.Context(), "SELECT * FROM flows WHERE dstport = ?", 22)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]engine.Scan{{Table: "flows", Files: 2, Bytes: 1000}, {Table: "flows", Files: 2, Bytes: 1000}}, plan.Tables); diff != "" || plan.Text != text+"\n" || !slices.Equal(plan.IO.Tables[0].Reads, []string{"bytes"}) {
		t.Errorf("%+v (-want +got):\n%s", plan, diff)
	}
	if diff := cmp.Diff([]engine.Reading{{Table: "flows", Columns: []string{"bytes"}}, {Table: "flows", Columns: []string{"bytes"}}}, read); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// EXPLAIN as a statement gives the plan as rows.
	r, err := e.Query(t.Context(), "EXPLAIN SELECT * FROM flows")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := all(r); err != nil || len(got) != 2 || got[0][0] != "Fragment 1" {
		t.Errorf("%v %v", got, err)
	}

	// Without an estimate nobody knows.
	table.Estimate = nil
	if e, err = Open(Config{Database: "lake", Sleep: noWait}, client(s), []Table{table}); err != nil {
		t.Fatal(err)
	}
	if scans, err := e.Estimate(t.Context(), "SELECT * FROM flows"); err != nil || len(scans) != 2 || !scans[0].Unknown() {
		t.Errorf("%+v %v", scans, err)
	}
}

// What an estimate has asked for just now is not asked for again, once and for this query only.
func TestEstimateAdmits(t *testing.T) {
	s := athenatest.New(t, athenatest.Reads("lake.flows"), athenatest.PlanJSON("lake.flows"), athenatest.Select("", [][2]string{{"a", "varchar"}}))
	e := openAt(t, s, Config{})
	walls := func(do func() error) (n int) {
		t.Helper()
		before := len(s.Requests("StartQueryExecution"))
		if err := do(); err != nil {
			t.Fatal(err)
		}
		for _, r := range s.Requests("StartQueryExecution")[before:] {
			if strings.HasPrefix(r.Body["QueryString"].(string), engine.ExplainIO) {
				n++
			}
		}
		return n
	}
	query := func(v int) func() error {
		return func() error { _, err := e.Query(t.Context(), "SELECT a FROM flows WHERE dstport = ?", v); return err }
	}
	estimate := func() error {
		_, err := e.Estimate(t.Context(), "SELECT a FROM flows WHERE dstport = ?", 22)
		return err
	}
	if got := []int{walls(estimate), walls(query(22)), walls(query(22)), walls(estimate), walls(query(23)), walls(query(22))}; !slices.Equal(got, []int{1, 0, 1, 1, 1, 1}) {
		t.Errorf("asked %v times", got)
	}
}
