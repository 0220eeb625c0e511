package duckdb

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"weir/flowlog"
	"weir/internal/engine"
)

// Explain tells DuckDB's plan and the files behind the tables that sql names. See engine.Engine.
func (e *Engine) Explain(ctx context.Context, sql string, args ...any) (*engine.Plan, error) {
	c, err := e.connect()
	if err != nil {
		return nil, fmt.Errorf("explain query: %w", err)
	}
	defer c.close()
	s, err := e.admit(c, strings.TrimRight(sql, "; \t\r\n"))
	if err != nil {
		return nil, err
	}
	plan := &engine.Plan{}
	seen := map[string]bool{}
	for _, name := range s.tables {
		t := e.tables[name]
		for t.base != "" {
			t = e.tables[t.base]
		}
		if seen[t.name] {
			continue
		}
		seen[t.name] = true
		scan := engine.Scan{Table: t.name, Files: len(t.files)}
		for _, f := range t.files {
			info, err := os.Stat(f)
			if err != nil {
				return nil, fmt.Errorf("explain query: %w", err)
			}
			scan.Bytes += info.Size()
		}
		plan.Tables = append(plan.Tables, scan)
	}
	text := s.sql
	if !isExplain(text) {
		// The text is moved to the right, and so is the place that an error names: see below.
		text = "EXPLAIN " + text
	}
	rows, err := e.Query(ctx, text, args...)
	if err != nil {
		if bad, ok := err.(*engine.SQLError); ok && text != s.sql {
			if bad.Line == 1 {
				bad.Column -= len("EXPLAIN ")
			}
			bad.SQL = s.sql
		}
		return nil, err
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if err == io.EOF {
			return plan, nil
		}
		if err != nil {
			return nil, err
		}
		if text, ok := row[len(row)-1].(string); ok {
			plan.Text += text
		}
	}
}

func isExplain(sql string) bool {
	toks := engine.Tokens(sql)
	return len(toks) > 0 && toks[0].Is("EXPLAIN")
}

// parser is an engine without tables, for looking at queries.
var parser = sync.OnceValues(func() (*Engine, error) { return Open(Config{Threads: 1}, nil) })

// ReferencedColumns tells which stored columns of flow records, and of tables made of them, a query can touch, so that no
// others need be made ready for it; all is true when it can touch any. The names may be more than are needed, never fewer. Errors are those that
// a query has before its tables are known.
func ReferencedColumns(sql string, derived ...engine.Table) (cols []string, all bool, err error) {
	e, err := parser()
	if err != nil {
		return nil, false, err
	}
	c, err := e.connect()
	if err != nil {
		return nil, false, err
	}
	defer c.close()
	t, err := c.parse(strings.TrimRight(sql, "; \t\r\n"))
	if err != nil {
		return nil, false, err
	}
	if t.star || t.showAll || t.refused != nil {
		return nil, true, nil
	}
	for _, name := range t.columns {
		if t.aliases[name] { // a whole row: SELECT f FROM flows f
			return nil, true, nil
		}
		stored := storedColumns(name)
		for _, t := range derived {
			if slices.ContainsFunc(t.Columns, func(c engine.Column) bool { return c.Name == name }) {
				stored = append(slices.Clip(stored), name)
			}
		}
		for _, stored := range stored {
			if !slices.Contains(cols, stored) {
				cols = append(cols, stored)
			}
		}
	}
	slices.Sort(cols)
	return cols, false, nil
}

// storedColumns are the columns behind a name of any view: none if no view has it.
func storedColumns(name string) []string { return columnsBehind()[name] }

var columnsBehind = sync.OnceValue(func() map[string][]string {
	behind := map[string][]string{}
	for _, t := range flowlog.Tables {
		for _, v := range engine.ViewsOf(t.Name, engine.Columns(t)) {
			for _, c := range v.Columns {
				if !slices.Contains(behind[c.Name], c.Of) {
					behind[c.Name] = append(behind[c.Name], c.Of)
				}
			}
		}
	}
	return behind
})

// ReferencedTables tells which tables of ours a query names, without looking at whether they are there.
func ReferencedTables(sql string) ([]string, error) {
	e, err := parser()
	if err != nil {
		return nil, err
	}
	c, err := e.connect()
	if err != nil {
		return nil, err
	}
	defer c.close()
	t, err := c.parse(strings.TrimRight(sql, "; \t\r\n"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range t.tables {
		if !t.ctes[r.name] && !slices.Contains(names, r.name) {
			names = append(names, r.name)
		}
	}
	return names, nil
}
