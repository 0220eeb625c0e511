package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// View is a name under which the records of a stored table can be asked, the table's own included. Every engine offers
// the same views, with the same columns in the same order; only how their expressions are written may differ.
type View struct {
	Name    string
	Table   string // the stored table
	Columns []ViewColumn
}

// ViewColumn is a column of a view, made of a stored one.
type ViewColumn struct {
	Column
	Of   string // the stored column
	Made Making
}

// ViewsVersion counts the changes to what ViewsOf says of a table's views, not those to AWS's fields. Views that are kept on
// a server carry it in their comment, by which a later weir knows that it may replace them.
const ViewsVersion = 1

// viewsComment is what the comment of a view that is kept on a server begins with.
const viewsComment = "weir views "

// ViewComment is the comment of a view that is kept on a server.
func ViewComment() string { return fmt.Sprintf("%s%d", viewsComment, ViewsVersion) }

// CheckReplace tells whether a view with a comment may be replaced.
func CheckReplace(name, comment string) error {
	n, ours := strings.CutPrefix(comment, viewsComment)
	version, err := strconv.Atoi(n)
	switch {
	case !ours || err != nil:
		return fmt.Errorf("publish view %s: there is one that weir did not make", name)
	case version > ViewsVersion:
		return fmt.Errorf("publish view %s: it was made by a newer weir (views %d, here %d)", name, version, ViewsVersion)
	}
	return nil
}

// Making says how a column of a view is made of a stored one.
type Making uint8

const (
	Stored   Making = iota // as it is, perhaps under another name
	Epoch                  // seconds since 1970 as a time
	Date                   // a time's date
	DayText                // a time's date as '2026/11/20'
	HourText               // a time's hour as '08'
)

// EndTime is the column that every view of records has beside the stored ones.
const EndTime = "end_time"

// partitions are the columns by which the tables of AWS's Athena pages are partitioned: by date, by accid and day, or
// by date and hour. region is one there and a stored column here.
var partitions = []ViewColumn{
	{Column{"date", "date"}, "start_time", Date},
	{Column{"day", "varchar"}, "start_time", DayText},
	{Column{"hour", "varchar"}, "start_time", HourText},
	{Column{"accid", "varchar"}, "account_id", Stored},
}

// tutorial are the columns of the first table that AWS documented (2015), whose names a generation of tutorials uses,
// each with the stored column.
var tutorial = [][2]string{
	{"version", "version"}, {"account", "account_id"}, {"interfaceid", "interface_id"}, {"sourceaddress", "srcaddr"},
	{"destinationaddress", "dstaddr"}, {"sourceport", "srcport"}, {"destinationport", "dstport"}, {"protocol", "protocol"},
	{"numpackets", "packets"}, {"numbytes", "bytes"}, {"starttime", "start"}, {"endtime", "end"}, {"action", "action"},
	{"logstatus", "log_status"},
}

// ViewsOf lists the views of a stored table: itself with end_time, and for the records of VPCs the tables of AWS's
// documentation.
func ViewsOf(table string, columns []Column) []View {
	table = strings.ToLower(table)
	at := map[string]Column{}
	own := View{Name: table, Table: table}
	for _, c := range columns {
		at[c.Name] = c
		own.Columns = append(own.Columns, ViewColumn{Column: c, Of: c.Name})
	}
	has := func(name string) bool { _, ok := at[name]; return ok }
	if has("end") && !has(EndTime) {
		own.Columns = append(own.Columns, ViewColumn{Column{EndTime, "timestamp(6) with time zone"}, "end", Epoch})
	}
	views := []View{own}
	if table != "flows" || !has("start_time") || !has("account_id") {
		return views
	}
	views = append(views, View{"vpc_flow_logs", table, append(slices.Clone(own.Columns), partitions...)})
	old := View{Name: "vpc_appsec_flow_logs", Table: table}
	for _, c := range tutorial {
		if !has(c[1]) {
			return views
		}
		old.Columns = append(old.Columns, ViewColumn{Column: Column{c[0], at[c[1]].Type}, Of: c[1]})
	}
	old.Columns = append(old.Columns, partitions...)
	return append(views, old)
}

// Names are the names of the view's columns.
func (v *View) Names() []string {
	names := make([]string, len(v.Columns))
	for i, c := range v.Columns {
		names[i] = c.Name
	}
	return names
}

// RemoteTable is a table of records on a server, for RemoteViews.
type RemoteTable struct {
	Name    string   // the stored table that it stands for: "flows"
	From    string   // what follows FROM, in the server's SQL: a qualified name, or a sub-select in parentheses
	Columns []Column // the stored columns that From has

	// Since, Until and Time bound the rows, as those of Table do.
	Since, Until time.Time
	Time         string

	Derived bool // weir made it of records
}

// RemoteView is a view as a server has it, or is sent it: see WithViews.
type RemoteView struct {
	Name    string
	Columns []Column
	SQL     string // a SELECT, on one line if From is
	Derived bool   // of a derived table, which on the server is as good as its view
}

// RemoteViews writes out the views of tables in the SQL of a server.
func RemoteViews(d *Dialect, tables []RemoteTable) []RemoteView {
	var out []RemoteView
	for _, t := range tables {
		for _, v := range ViewsOf(t.Name, t.Columns) {
			r := RemoteView{Name: v.Name, Derived: t.Derived}
			var b strings.Builder
			for i, c := range v.Columns {
				r.Columns = append(r.Columns, c.Column)
				if i > 0 {
					b.WriteString(", ")
				}
				b.WriteString(d.Column(c))
			}
			r.SQL = "SELECT " + b.String() + " FROM " + t.From + d.Bounds(t.Time, t.Since, t.Until)
			out = append(out, r)
		}
	}
	return out
}

// Published are the views that are worth making on a server: those of records.
func Published(views []RemoteView) []RemoteView {
	return slices.DeleteFunc(slices.Clone(views), func(v RemoteView) bool { return v.Derived })
}

// Bounds is the WHERE clause of a view's bounds by a column, "" for start_time, with a blank before it, or "".
func (d *Dialect) Bounds(column string, since, until time.Time) string {
	if column == "" {
		column = "start_time"
	}
	var b strings.Builder
	word := " WHERE"
	for _, bound := range []struct {
		op string
		at time.Time
	}{{">=", since}, {"<", until}} {
		if !bound.at.IsZero() {
			fmt.Fprintf(&b, "%s %s %s %s", word, column, bound.op, d.Instant(bound.at))
			word = " AND"
		}
	}
	return b.String()
}
