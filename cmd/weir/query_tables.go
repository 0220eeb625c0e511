package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/lake"
	"weir/internal/source"
)

// queryTables opens what the query asks: files as they lie, or the lake. done gives it back.
func queryTables(ctx context.Context, a *app, f *queryFlags, sql string, window source.Window) (tables []engine.Table, done func() error, err error) {
	if len(f.sources) > 0 {
		cols, all, err := duckdb.ReferencedColumns(sql)
		if err != nil {
			return nil, nil, err
		}
		if all {
			cols = nil
		} else if cols == nil {
			cols = []string{}
		}
		tables, done, err = openSource(ctx, a, f.sources, cols, window)
		if err != nil {
			return nil, nil, err
		}
	} else if tables, done, err = openLakeTables(ctx, a, queryNeeds(a, sql, window)); err != nil {
		// SELECT 1 needs no lake, and what names a file is told so rather than that there is no lake.
		names, bad := duckdb.ReferencedTables(sql)
		table := func(name string) bool { return !strings.ContainsAny(name, "/.*") }
		if bad != nil || errors.Is(err, lake.ErrNoLake) && !slices.ContainsFunc(names, table) {
			return nil, func() error { return nil }, nil
		}
		return nil, nil, err
	}
	for i := range tables {
		tables[i].Since, tables[i].Until = window.Start, window.End
	}
	return tables, done, nil
}

// queryNeeds says what a query reads of the lake, so that no more is looked at, and of one in a bucket no more brought here.
func queryNeeds(a *app, sql string, window source.Window) lakeNeeds {
	n := lakeNeeds{window: window}
	bucket := strings.HasPrefix(a.settings.Lake, "s3://")
	names, err := duckdb.ReferencedTables(sql)
	if err != nil && !bucket {
		return lakeNeeds{}
	}
	if err != nil {
		return n // the engine will say what is wrong
	}
	n.tables = []string{}
	for _, t := range flowlog.Tables {
		for _, v := range engine.ViewsOf(t.Name, engine.Columns(t)) {
			if slices.Contains(names, v.Name) && !slices.Contains(n.tables, t.Name) {
				n.tables = append(n.tables, t.Name)
			}
		}
	}
	for _, d := range derivedTables {
		if slices.Contains(names, d.Name) {
			n.tables = append(n.tables, d.Name)
		}
	}
	if !bucket { // all is at hand
		return lakeNeeds{tables: n.tables}
	}
	columns, all, err := duckdb.ReferencedColumns(sql, derivedEngineTables()...)
	if err != nil || all {
		return n
	}
	n.columns = append([]string{}, columns...)
	for _, bound := range []string{columnar.StartTime, lake.HourColumn} {
		if window != (source.Window{}) && !slices.Contains(n.columns, bound) {
			n.columns = append(n.columns, bound) // the window bounds rows, too
		}
	}
	return n
}
