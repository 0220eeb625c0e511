package trino

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"weir/internal/engine"
	"weir/internal/engine/enginetest"
	"weir/internal/engine/trinotest"
)

// open is an engine on the real server, without a lake.
func open(t *testing.T, change func(*Config)) (*Engine, *trinotest.Server) {
	t.Helper()
	s := trinotest.Start(t)
	cfg := Config{URL: s.URL, User: "weir", Catalog: "system", Schema: "runtime"}
	if change != nil {
		change(&cfg)
	}
	e, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e, s
}

// TestEnginesErrors has Trino's errors point into what was written, whatever was put in front of it.
func TestEnginesErrors(t *testing.T) {
	_, e := both(t, time.Now(), time.Time{})
	for _, tt := range []struct {
		sql, at, msg string
		args         []any
	}{
		{"SELECT nosuch FROM flows", "nosuch", `there is no column "nosuch"`, nil},
		{"SELECT srcadr FROM flows", "srcadr", "did you mean srcaddr?", nil},
		{"WITH a AS (\n SELECT 'é' || f.nosuch FROM flows f) SELECT * FROM a", "f.nosuch", `there is no column "f.nosuch"`, nil},
		{"SELECT * FROM flows WHERE dstaddr = ? AND nosuch = ?", "nosuch", "no column", []any{"it's\nso", 5}},
		{"SELECT srcaddr FROM flows WHERE bytes > ? AND", "", "mismatched input", []any{5}},
		{"SELECT * FROM flow", "flow", "did you mean flows?", nil},
		{"SELECT * FROM elsewhere", "elsewhere", "the tables are flows", nil},
		{"SELECT nosuch(1)", "nosuch", "there is no function nosuch", nil},
		{"SELECT srcaddr = 5 FROM flows", "= 5", "Cannot apply operator", nil},
		{"SELECT ?", "", "the query has 1 parameters and was given 0 values", nil},
		{"SELECT 1", "", "the query has 0 parameters and was given 1 values", []any{1}},
	} {
		_, err := e.Query(t.Context(), tt.sql, tt.args...)
		var bad *engine.SQLError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), tt.msg) {
			t.Errorf("%s: %v, want %q", tt.sql, err, tt.msg)
			continue
		}
		if bad.SQL != tt.sql {
			t.Errorf("%s: the error is about %q", tt.sql, bad.SQL)
		}
		if want := strings.Index(tt.sql, tt.at); tt.at != "" && bad.Place() != want {
			t.Errorf("%s: points at %d, want %d: %v", tt.sql, bad.Place(), want, err)
		}
	}
	// What goes wrong as it runs has no place.
	rows, err := e.Query(t.Context(), "SELECT 1 / (n - n) FROM UNNEST(sequence(1, 5)) AS t(n)")
	if err == nil {
		_, err = rows.Next()
		rows.Close()
	}
	var bad *engine.SQLError
	if !errors.As(err, &bad) || bad.Msg != "Division by zero" || bad.Line != 0 {
		t.Errorf("division by zero: %v", err)
	}
}

// TestEnginesNoLake tells a lake that is not there from a wrong query.
func TestEnginesNoLake(t *testing.T) {
	s := trinotest.Start(t)
	dir := t.TempDir()
	enginetest.Lake(t, enginetest.Folder(dir), nil)
	catalog := s.Lake(t, dir)
	for _, tt := range []struct {
		cfg  Config
		code string
	}{
		{Config{Catalog: catalog, Schema: "elsewhere"}, "SCHEMA_NOT_FOUND"},
		{Config{Catalog: "elsewhere", Schema: "weir"}, "CATALOG_NOT_FOUND"},
	} {
		tt.cfg.URL, tt.cfg.User = s.URL, "weir"
		e, err := Open(tt.cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Query(t.Context(), "SELECT * FROM flows")
		var server *engine.ServerError
		if !errors.As(err, &server) || server.Code != tt.code || server.QueryID == "" {
			t.Errorf("%v, want Trino's own words", err)
		}
	}
}

// TestEnginesWalls has the second wall stand alone: the first is not asked.
func TestEnginesWalls(t *testing.T) {
	e, s := open(t, func(c *Config) { c.User = "walls" })
	for _, sql := range []string{
		"SELECT * FROM system.runtime.queries",
		"SELECT * FROM queries", // of the session's schema
		"SELECT 1 FROM (VALUES 1) AS v(x) WHERE x IN (SELECT 1 FROM system.metadata.catalogs)",
		"SELECT table_name FROM system.information_schema.tables",
		"WITH flows AS (SELECT * FROM system.runtime.nodes) SELECT * FROM flows",
		"SELECT 1 /* /* */ FROM system.runtime.queries -- */",
		"SELECT 1 -- \r FROM system.runtime.queries",
		"SELECT * FROM queries q, LATERAL (SELECT * FROM system.runtime.tasks t WHERE t.query_id = q.query_id)",
	} {
		q, err := engine.WithViews(sql, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := e.text(t.Context(), q, engine.ExplainIO)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		plan, err := engine.ParseIOPlan(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Check(sql, e.scope); err == nil {
			t.Errorf("%s: let in", sql)
		}
		if _, err := e.Query(t.Context(), sql); err == nil {
			t.Errorf("%s: it ran", sql)
		}
	}
	// Nothing of them ran: only explanations did.
	for _, row := range s.Query(t, "SELECT query FROM system.runtime.queries WHERE \"user\" = 'walls'") {
		if text := row[0].(string); !strings.HasPrefix(text, "EXPLAIN") && strings.Contains(text, "system.") {
			t.Errorf("this ran: %s", text)
		}
	}
}

const slow = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x), UNNEST(sequence(1, 10000)) AS b(y), UNNEST(sequence(1, 10000)) AS c(z) WHERE x * y * z = 7"

// TestEnginesCancel ends queries in every state and finds none on the server.
func TestEnginesCancel(t *testing.T) {
	e, s := open(t, nil)
	gone := func(what string) {
		t.Helper()
		deadline := time.Now().Add(20 * time.Second)
		for len(s.Running(t, "weir")) > 0 {
			if time.Now().After(deadline) {
				t.Fatalf("%s: still running: %v", what, s.Running(t, "weir"))
			}
		}
	}
	// While it computes: wait until the server says that it runs.
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := e.Query(ctx, slow)
		done <- err
	}()
	deadline := time.Now().Add(30 * time.Second)
	for len(s.Query(t, "SELECT 1 FROM system.runtime.queries WHERE source = 'weir' AND state = 'RUNNING' AND query LIKE 'SELECT count(*) FROM UNNEST%'")) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the query does not run")
		}
	}
	cancel()
	if err := <-done; err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	gone("cancelled while it computes")

	// A deadline.
	ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := e.Query(ctx, slow); err != context.DeadlineExceeded {
		t.Errorf("deadline: %v", err)
	}
	gone("after its deadline")

	// Before it starts.
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err := e.Query(ctx, "SELECT 1"); err != context.Canceled {
		t.Errorf("cancelled before: %v", err)
	}

	// While rows are read, by the context and by Close.
	const many = "SELECT x * y AS n, 'some text that fills the pages' AS t FROM UNNEST(sequence(1, 5000)) AS a(x), UNNEST(sequence(1, 5000)) AS b(y)"
	for _, how := range []string{"context", "close"} {
		ctx, cancel = context.WithCancel(t.Context())
		rows, err := e.Query(ctx, many)
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			if _, err := rows.Next(); err != nil {
				t.Fatal(err)
			}
		}
		if how == "context" {
			cancel()
			if _, err := rows.Next(); err != context.Canceled {
				t.Errorf("Next after the end of the context: %v", err)
			}
		}
		if err := rows.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		cancel()
		gone("left while rows were read, by " + how)
	}

	// Another person ends it.
	rows, err := e.Query(t.Context(), many)
	if err != nil {
		t.Fatal(err)
	}
	id := rows.(engine.Scanned).QueryID()
	s.Query(t, "CALL system.runtime.kill_query(query_id => '"+id+"', message => 'not now')")
	for err == nil {
		_, err = rows.Next()
	}
	var server *engine.ServerError
	if !errors.As(err, &server) || server.QueryID != id || !strings.Contains(server.Msg, "not now") {
		t.Errorf("killed: %v", err)
	}
	if err := rows.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// TestEnginesMemory has the server say that a query is too large.
func TestEnginesMemory(t *testing.T) {
	e, s := open(t, func(c *Config) { c.Session = map[string]string{"query_max_memory_per_node": "1MB"} })
	_, err := e.Query(t.Context(), "SELECT count(*) FROM (SELECT DISTINCT x * 10000 + y FROM UNNEST(sequence(1, 1000)) AS a(x), UNNEST(sequence(1, 1000)) AS b(y))")
	var server *engine.ServerError
	if !errors.As(err, &server) || !strings.Contains(server.Code, "MEMORY_LIMIT") || server.QueryID == "" || !strings.Contains(server.Error(), server.QueryID) {
		t.Errorf("%v, want Trino's own words and the query's ID", err)
	}
	if left := s.Running(t, "weir"); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
}

func TestEnginesLimits(t *testing.T) {
	e, s := open(t, func(c *Config) { c.MaxRows, c.MaxValue = 3, 1000 })
	read := func(sql string) (n int, err error) {
		rows, err := e.Query(t.Context(), sql)
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		for {
			if _, err := rows.Next(); err != nil {
				return n, err
			}
			n++
		}
	}
	if n, err := read("SELECT * FROM UNNEST(sequence(1, 3))"); n != 3 || err != io.EOF {
		t.Errorf("3 rows: %d, %v", n, err)
	}
	var limit *engine.LimitError
	if n, err := read("SELECT * FROM UNNEST(sequence(1, 4))"); n != 3 || !errors.As(err, &limit) {
		t.Errorf("4 rows: %d, %v", n, err)
	}
	if _, err := read("SELECT lpad('', 1000, 'x')"); err != io.EOF {
		t.Errorf("1000 bytes: %v", err)
	}
	for _, sql := range []string{"SELECT lpad('', 1001, 'x')", "SELECT ARRAY[lpad('', 600, 'x'), lpad('', 600, 'x')]", "SELECT to_utf8(lpad('', 1001, 'x'))"} {
		if _, err := read(sql); !errors.As(err, &limit) {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if left := s.Running(t, "weir"); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
}

// TestEnginesParameters binds values of every type, hostile ones too.
func TestEnginesParameters(t *testing.T) {
	e, _ := open(t, nil)
	at := time.Date(2026, 11, 20, 1, 2, 3, 4000, time.FixedZone("", 3600))
	in := []any{5, int64(-1) << 62, "it's '; DROP -- \n\\' ü ?", at, true, -1.5e-300, nil}
	rows, err := e.Query(t.Context(), "SELECT ?, ?, ?, ?, ?, 1 -?, CAST(? AS varchar)", in...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	row, err := rows.Next()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []any{int64(5), int64(-1) << 62, in[2], at.UTC(), true, 1.0, nil} {
		if row[i] != want {
			t.Errorf("value %d is %v (%T), want %v", i+1, row[i], row[i], want)
		}
	}
	for _, bad := range []any{"a\x00", []int{1}, struct{}{}} {
		if _, err := e.Query(t.Context(), "SELECT ?", bad); err == nil {
			t.Errorf("%v was bound", bad)
		}
	}
}

// TestEnginesExplain finds the columns that a scan reads, and the ranges that prune it.
func TestEnginesExplain(t *testing.T) {
	_, e := both(t, time.Time{}, time.Time{})
	plan, err := e.Explain(t.Context(), "SELECT srcaddr, sum(bytes) FROM vpc_flow_logs WHERE dstport = ? AND start_time >= ? GROUP BY 1", 443, time.Date(2020, 5, 4, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Tables) != 1 || plan.Tables[0] != (engine.Scan{Table: "flows", Files: -1, Bytes: -1}) || !strings.Contains(plan.Text, "ScanFilter") {
		t.Errorf("plan %+v", plan)
	}
	reads := plan.IO.Tables[0]
	if got := strings.Join(reads.Reads, " "); got != "bytes dstport srcaddr" {
		t.Errorf("reads %q: a bound at midnight is the partition's, and needs no column", got)
	}
	ranges := map[string]engine.IORange{}
	for _, c := range reads.Columns {
		ranges[c.Name] = c.Ranges[0]
	}
	if ranges["dstport"] != (engine.IORange{Low: "443", High: "443", LowBound: "EXACTLY", HighBound: "EXACTLY"}) || ranges["start_time"].Low != "2020-05-04 00:00:00.000000 UTC" {
		t.Errorf("ranges %+v", ranges)
	}
	rows, err := e.Query(t.Context(), "EXPLAIN SELECT * FROM flows")
	if err != nil {
		t.Fatal(err)
	}
	if row, err := rows.Next(); err != nil || !strings.Contains(row[0].(string), "flows$data") {
		t.Errorf("EXPLAIN: %v, %v", row, err)
	}
	// What a query read is known once it has.
	rows, err = e.Query(t.Context(), "SELECT sum(bytes) FROM tgw_flows")
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = rows.Next()
	}
	if s := rows.(engine.Scanned); err != io.EOF || s.BytesScanned() < 100 || s.QueryID() == "" {
		t.Errorf("scanned %d bytes in %q, %v", s.BytesScanned(), s.QueryID(), err)
	}
}
