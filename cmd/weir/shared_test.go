package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/engine/enginetest"
	"weir/internal/ingest"
	"weir/internal/lake"
	"weir/internal/lake/laketest"
	"weir/internal/source"
	"weir/internal/source/dir"
	"weir/internal/traffic"
	"weir/queries"
)

// TestEnginesColumnsBrought asks every saved query of a shared lake, for which only the columns that the parser found in
// its text are brought, each time into an empty cache: the rest of the files is a hole. The rows are those of the same
// records in a folder.
func TestEnginesColumnsBrought(t *testing.T) {
	s := laketest.New(t)
	logs, folder := t.TempDir(), t.TempDir()
	if _, err := traffic.WriteDir(t.Context(), traffic.DemoConfig(1), logs); err != nil {
		t.Fatal(err)
	}
	for _, open := range []enginetest.Opener{enginetest.Folder(folder), s.Open} {
		src, err := dir.New(logs + "/AWSLogs")
		if err != nil {
			t.Fatal(err)
		}
		l, err := open(t.Context(), lake.Options{Write: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ingest.Run(t.Context(), ingest.Config{Lake: l, Sources: []source.Source{src}, Workers: 2}); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	at := func(lake, catalog, cache string) *app {
		a := &app{stdout: io.Discard, stderr: io.Discard, quiet: true}
		a.settings = settings{Lake: lake, Catalog: catalog, CacheDir: cache}
		return a
	}
	ask := func(a *app, c enginetest.Case) *enginetest.Answer {
		t.Helper()
		tables, done, err := openLakeTables(t.Context(), a, queryNeeds(a, c.SQL, source.Window{}))
		if err != nil {
			t.Fatal(err)
		}
		defer done()
		e, err := duckdb.Open(duckdb.Config{Threads: 2}, tables)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		answer, err := enginetest.Ask(t, e, c)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		return answer
	}
	var cases []enginetest.Case
	for _, q := range queries.List() {
		sql, values, err := q.Bind(nil, queries.BindOptions{Now: time.Now(), ParseTime: parseTime})
		if err != nil {
			t.Fatal(err)
		}
		c := enginetest.Case{Name: q.Name, SQL: sql, Args: values, Ordered: true}
		if strings.Contains(sql, "approx_percentile") { // the order in which files are read counts
			c.Tolerance = 0.1
		}
		cases = append(cases, c)
	}
	cases = append(cases,
		enginetest.Case{Name: "star", SQL: "SELECT * FROM flows WHERE dstport = 6379"},
		enginetest.Case{Name: "row", SQL: "SELECT f FROM flows f WHERE dstport = 6379 AND bytes > 1000"},
		enginetest.Case{Name: "count", SQL: "SELECT count(*) FROM flows"},
		enginetest.Case{Name: "tutorial", SQL: "SELECT sourceaddress, sum(numbytes) FROM vpc_appsec_flow_logs WHERE destinationport = 6379 GROUP BY 1"},
		enginetest.Case{Name: "partition", SQL: `SELECT "date", hour, count(*) FROM vpc_flow_logs GROUP BY 1, 2`},
		enginetest.Case{Name: "extra", SQL: "SELECT cardinality(extra), count(*) FROM flows GROUP BY 1"},
		enginetest.Case{Name: "inner", SQL: "WITH f AS (SELECT * FROM flows) SELECT max(packets) FROM (SELECT packets, bytes FROM f) WHERE bytes > 100"},
		enginetest.Case{Name: "end", SQL: "SELECT max(end_time) FROM flows"},
	)
	full := at(folder, "", "")
	for _, c := range cases {
		partial := at(s.URI, s.Catalog, t.TempDir())
		if d := enginetest.Differences(ask(full, c), ask(partial, c), c); len(d) > 0 {
			t.Errorf("%s: %v", c.Name, d)
		}
	}

	// What the engine did not say it needs is a hole, and reading it is an error, not zeros.
	partial := at(s.URI, s.Catalog, t.TempDir())
	tables, done, err := openLakeTables(t.Context(), partial, lakeNeeds{tables: []string{"flows"}, columns: []string{"dstport"}})
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	e, err := duckdb.Open(duckdb.Config{Threads: 1}, tables)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := drain(t.Context(), e, "SELECT count(DISTINCT dstport) FROM flows"); err != nil {
		t.Error(err)
	}
	if err := drain(t.Context(), e, "SELECT count(DISTINCT srcaddr) FROM flows"); err == nil {
		t.Error("a column that was not brought was read")
	}
}

func drain(ctx context.Context, e engine.Engine, sql string) error {
	rows, err := e.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	for err == nil {
		_, err = rows.Next()
	}
	if err == io.EOF {
		return nil
	}
	return err
}
