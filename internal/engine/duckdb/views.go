package duckdb

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"weir/internal/engine"
)

// table is a name that a query may use: a stored table, or another shape of one.
type table struct {
	name    string
	columns []string // names, for hints
	files   []string // of the stored table
	base    string   // the table that it selects from, or ""
	sql     string   // the body of its view
}

// viewsOf lists the names under which a stored table can be asked: its own, and for the records of VPCs those of AWS's
// documentation.
func viewsOf(t *engine.Table) []*table {
	base := &table{name: strings.ToLower(t.Name), files: t.Files}
	has := map[string]bool{}
	for _, c := range t.Columns {
		base.columns = append(base.columns, c.Name)
		has[c.Name] = true
	}
	base.sql = "SELECT *"
	if has["end"] && !has["end_time"] {
		base.sql += `, make_timestamptz("end" * 1000000) AS end_time`
		base.columns = append(base.columns, "end_time")
	}
	base.sql += " FROM " + scan(t)
	bound := " WHERE"
	for _, b := range []struct {
		op string
		at time.Time
	}{{">=", t.Since}, {"<", t.Until}} {
		if !b.at.IsZero() {
			base.sql += fmt.Sprintf("%s start_time %s make_timestamptz(%d)", bound, b.op, b.at.UnixMicro())
			bound = " AND"
		}
	}
	out := []*table{base}
	if base.name != "flows" || !has["start_time"] || !has["account_id"] {
		return out
	}

	// The tables of AWS's Athena pages: partitioned by date, by accid and day, or by date and hour, beside AWS's columns.
	// region is a partition column there and a column here.
	athena := &table{
		name: "vpc_flow_logs", base: base.name, files: t.Files,
		columns: append(slices.Clone(base.columns), "date", "day", "hour", "accid"),
		sql: `SELECT *, CAST(start_time AS DATE) AS "date", strftime(CAST(start_time AS TIMESTAMP), '%Y/%m/%d') AS "day",
			strftime(CAST(start_time AS TIMESTAMP), '%H') AS "hour", account_id AS accid FROM flows`,
	}
	// The first table that AWS documented (2015), whose names a generation of tutorials uses.
	tutorial := &table{name: "vpc_appsec_flow_logs", base: base.name, files: t.Files}
	var sel []string
	for _, c := range tutorialColumns {
		if !has[c[1]] {
			return append(out, athena)
		}
		tutorial.columns = append(tutorial.columns, c[0])
		sel = append(sel, quote(c[1])+" AS "+c[0])
	}
	tutorial.columns = append(tutorial.columns, "date", "day", "hour", "accid")
	tutorial.sql = "SELECT " + strings.Join(sel, ", ") + `, "date", "day", "hour", accid FROM vpc_flow_logs`
	tutorial.base = athena.name
	return append(out, athena, tutorial)
}

// tutorialColumns are the names of that table, each with the stored column.
var tutorialColumns = [][2]string{
	{"version", "version"}, {"account", "account_id"}, {"interfaceid", "interface_id"}, {"sourceaddress", "srcaddr"},
	{"destinationaddress", "dstaddr"}, {"sourceport", "srcport"}, {"destinationport", "dstport"}, {"protocol", "protocol"},
	{"numpackets", "packets"}, {"numbytes", "bytes"}, {"starttime", "start"}, {"endtime", "end"}, {"action", "action"},
	{"logstatus", "log_status"},
}

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
	if err := c.exec("CREATE VIEW " + quote(t.name) + " AS " + t.sql); err != nil {
		return plainError(err)
	}
	e.made[t.name] = true
	return nil
}
