package main

import (
	"context"
	"errors"
	"slices"
	"strings"

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
