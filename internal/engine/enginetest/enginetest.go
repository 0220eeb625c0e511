// Package enginetest makes tables of records for tests of engines and of what is asked of them.
//
// Start at Write. It leaves to package columnar how the lake's own files are written: these are DuckDB's, with the same
// columns.
package enginetest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"weir/flowlog"
	"weir/internal/engine"
)

// Row is a record: values by column. Numbers and text are both given as text, and "-" is NULL, as in a log. A row
// with start has start_time too.
type Row map[string]string

// Write writes rows to one Parquet file in a temporary folder and returns the table of that file. The file has the
// columns that occur and no others, as the files of old formats have.
func Write(t testing.TB, table *flowlog.Table, rows ...Row) engine.Table {
	t.Helper()
	path := filepath.Join(t.TempDir(), table.Name+".parquet")
	WriteFile(t, path, table, rows...)
	return engine.Table{Name: table.Name, Columns: engine.Columns(table), Files: []string{path}}
}

// WriteFile is Write to a place of the caller's.
func WriteFile(t testing.TB, path string, table *flowlog.Table, rows ...Row) {
	t.Helper()
	used := map[string]bool{}
	for _, r := range rows {
		for name := range r {
			used[name] = true
			if name == "start" {
				used["start_time"] = true
			}
		}
	}
	var columns []engine.Column
	for _, c := range engine.Columns(table) {
		if used[c.Name] {
			columns = append(columns, c)
			delete(used, c.Name)
		}
	}
	if len(used) > 0 {
		t.Fatalf("write table: there are no columns %v in %s", used, table.Name)
	}
	var b strings.Builder
	b.WriteString("COPY (SELECT * FROM (VALUES ")
	for i, r := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for j, c := range columns {
			if j > 0 {
				b.WriteString(", ")
			}
			b.WriteString(value(r, c))
		}
		b.WriteByte(')')
	}
	var names []string
	for _, c := range columns {
		names = append(names, `"`+c.Name+`"`)
	}
	fmt.Fprintf(&b, ") AS t(%s)) TO '%s' (FORMAT parquet)", strings.Join(names, ", "), strings.ReplaceAll(path, "'", "''"))
	Exec(t, b.String())
}

func value(r Row, c engine.Column) string {
	v, ok := r[c.Name]
	if c.Name == "start_time" && !ok && r["start"] != "" && r["start"] != "-" {
		n, err := strconv.ParseInt(r["start"], 10, 64)
		if err != nil {
			panic(err)
		}
		v, ok = time.Unix(n, 0).UTC().Format(time.RFC3339), true
	}
	native := c.Type
	if strings.HasPrefix(native, "timestamp") {
		native = "TIMESTAMPTZ"
	}
	if strings.HasPrefix(native, "map") {
		native = "MAP(VARCHAR, VARCHAR)"
	}
	if !ok || v == "-" {
		return "CAST(NULL AS " + native + ")"
	}
	return "CAST('" + strings.ReplaceAll(v, "'", "''") + "' AS " + native + ")"
}

// Exec runs SQL in a DuckDB of its own, without any of an engine's limits.
func Exec(t testing.TB, statements ...string) {
	t.Helper()
	var db bindings.Database
	var msg string
	var config bindings.Config
	bindings.CreateConfig(&config)
	defer bindings.DestroyConfig(&config)
	if bindings.OpenExt("", &db, config, &msg) == bindings.StateError {
		t.Fatal(msg)
	}
	defer bindings.Close(&db)
	var conn bindings.Connection
	bindings.Connect(db, &conn)
	defer bindings.Disconnect(&conn)
	for _, sql := range statements {
		var res bindings.Result
		if bindings.Query(conn, sql, &res) == bindings.StateError {
			t.Fatalf("%.500s: %s", sql, bindings.ResultError(&res))
		}
		bindings.DestroyResult(&res)
	}
}

// Records reads records in the form of AWS's text: a line of names, then lines of values, all split at blanks. Lines
// that are empty or begin with # are skipped.
func Records(t testing.TB, text string) []Row {
	t.Helper()
	var names []string
	var rows []Row
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if names == nil {
			for _, n := range f {
				names = append(names, strings.ReplaceAll(n, "-", "_"))
			}
			continue
		}
		if len(f) != len(names) {
			t.Fatalf("record has %d values for %d names: %s", len(f), len(names), line)
		}
		r := Row{}
		for i, n := range names {
			r[n] = f[i]
		}
		rows = append(rows, r)
	}
	return slices.Clip(rows)
}
