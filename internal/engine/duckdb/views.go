package duckdb

import (
	"fmt"
	"slices"
	"strings"

	"weir/internal/engine"
)

// table is a name that a query may use: a stored table, or another shape of one.
type table struct {
	name    string
	columns []string // names, for hints
	files   []string // of the stored table
	base    string   // the table that it selects from, or ""
	sql     string   // the body of its view
	rows    string   // what makes the table that the view selects from, where it is in no file; else ""
}

// viewsOf are the views of a stored table, as DuckDB makes them. The stored columns are a *: listed, they would be looked
// up one by one.
func viewsOf(t *engine.Table) []*table {
	var out []*table
	for _, v := range engine.ViewsOf(t.Name, t.Columns) {
		e := &table{name: v.Name, columns: v.Names(), files: t.Files}
		from, end := scan(t), engine.DuckDB.Bounds(t.Time, t.Since, t.Until)
		if t.Rows != nil && v.Name == v.Table {
			from = quote(rowsPrefix + t.Name)
			e.rows = values(from, t)
		}
		made := v.Columns
		if v.Name != v.Table {
			e.base, from, end = v.Table, v.Table, ""
		}
		var sel []string
		if stored := len(t.Columns); len(made) >= stored && slices.EqualFunc(made[:stored], t.Columns, isStored) {
			sel, made = []string{"*"}, made[stored:]
			if e.base != "" && len(made) > 0 && made[0].Name == engine.EndTime { // the base has it
				made = made[1:]
			}
		}
		for _, c := range made {
			sel = append(sel, engine.DuckDB.Column(c))
		}
		e.sql = "SELECT " + strings.Join(sel, ", ") + " FROM " + from + end
		out = append(out, e)
	}
	return out
}

func isStored(v engine.ViewColumn, c engine.Column) bool { return v.Name == c.Name && v.Of == c.Name }

// scan is the stored table as a FROM item. The schema is given, so that DuckDB need not open every file to find the
// union of their columns; a file without a column has NULLs there. Names and not field ids, because files that came
// from elsewhere have no ids.
func scan(t *engine.Table) string {
	if len(t.Files) == 0 {
		var cols []string
		for _, c := range t.Columns {
			cols = append(cols, fmt.Sprintf("CAST(NULL AS %s) AS %s", nativeType(c.Type), quote(c.Name)))
		}
		return "(SELECT " + strings.Join(cols, ", ") + " WHERE false)"
	}
	var b strings.Builder
	b.WriteString("read_parquet([")
	for i, f := range t.Files {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(literal(noGlob.Replace(f)))
	}
	b.WriteString("], hive_partitioning = false, schema = MAP {")
	for i, c := range t.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		name := literal(c.Name)
		fmt.Fprintf(&b, "%s: {name: %s, type: %s, default_value: NULL}", name, name, literal(nativeType(c.Type)))
	}
	b.WriteString("})")
	return b.String()
}

// noGlob writes a path so that DuckDB, which expands every name, finds the file of exactly that name.
var noGlob = strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]")

// nativeType is DuckDB's name of a type of the dialect.
func nativeType(t string) string {
	switch t {
	case "varchar", "integer", "bigint", "double", "boolean", "date":
		return strings.ToUpper(t)
	case "timestamp(6) with time zone":
		return "TIMESTAMPTZ"
	case "map(varchar, varchar)":
		return "MAP(VARCHAR, VARCHAR)"
	}
	panic("BUG: no DuckDB type for " + t)
}

// makeViews makes the views that a statement names, once each. They are made late because DuckDB looks into a file of
// each, and most queries name one.
func (e *Engine) makeViews(c *conn, names []string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range names {
		if err := e.makeView(c, e.tables[name]); err != nil {
			return fmt.Errorf("open table %s: %w", name, err)
		}
	}
	return nil
}

func (e *Engine) makeView(c *conn, t *table) error {
	if e.made[t.name] {
		return nil
	}
	if t.base != "" {
		if err := e.makeView(c, e.tables[t.base]); err != nil {
			return err
		}
	}
	if t.rows != "" {
		if err := c.exec(t.rows); err != nil {
			return plainError(err)
		}
	}
	if err := c.exec("CREATE VIEW " + quote(t.name) + " AS " + t.sql); err != nil {
		return plainError(err)
	}
	e.made[t.name] = true
	return nil
}
