package main

import (
	"slices"
	"strings"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/lake"
	"weir/internal/source"
)

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
