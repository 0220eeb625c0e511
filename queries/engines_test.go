package queries_test

import (
	"maps"
	"testing"

	"weir/flowlog"
	"weir/internal/engine/duckdb"
	"weir/internal/engine/enginetest"
	"weir/internal/engine/trino"
	"weir/internal/engine/trinotest"
	"weir/internal/lake/laketest"
	"weir/queries"
)

// TestEnginesQueries runs every saved query on DuckDB and on a real Trino over one lake in a folder.
func TestEnginesQueries(t *testing.T) {
	s := trinotest.Start(t)
	dir := t.TempDir()
	sameRows(t, s, enginetest.Folder(dir), s.LakeProperties(dir))
}

// TestEnginesQueriesShared does so over a lake in S3 with its catalog in Postgres.
func TestEnginesQueriesShared(t *testing.T) {
	s := trinotest.Start(t)
	shared := laketest.New(t)
	sameRows(t, s, shared.Open, trinotest.SharedProperties(shared))
}

// sameRows runs every saved query with its defaults, with the arguments with which it has something to say, and with each
// of the common arguments.
func sameRows(t *testing.T, s *trinotest.Server, open enginetest.Opener, catalog map[string]string) {
	enginetest.Lake(t, open, map[*flowlog.Table][]enginetest.Row{flowlog.VPC: flows(t), flowlog.TransitGateway: tgwFlows(t)})
	inside, err := duckdb.Open(duckdb.Config{Threads: 2}, enginetest.LakeTables(t, open))
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	server, err := trino.Open(trino.Config{URL: s.URL, User: "weir", Catalog: s.Catalog(t, catalog)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()

	var cases []enginetest.Case
	add := func(q *queries.Query, name string, args map[string]string, empty bool) {
		sql, values, err := q.Bind(args, queries.BindOptions{Now: now, ParseTime: parseTime})
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, enginetest.Case{Name: q.Name + "/" + name, SQL: sql, Args: values, Ordered: true, Empty: empty})
	}
	for _, q := range queries.List() {
		add(q, "default", nil, given[q.Name] != nil)
		if given[q.Name] != nil {
			add(q, "given", given[q.Name], false)
		}
		bounded := map[string]string{"since": "2026-11-20", "until": "2026-11-21", "account": "123456789012", "region": "us-east-1"}
		if q.Table == "flows" {
			bounded["vpc"], bounded["interface"] = "vpc-1", "eni-redis"
		}
		maps.Copy(bounded, given[q.Name])
		add(q, "bounded", bounded, true)
	}
	enginetest.Same(t, inside, server, cases)
}
