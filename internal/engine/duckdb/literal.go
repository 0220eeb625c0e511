package duckdb

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"weir/internal/engine"
)

// rowsPrefix begins the names of the tables that hold Table.Rows. Queries name the views on them: the guard knows no others.
const rowsPrefix = "rows of "

// values makes a table of the rows of t. They are written out: an example has tens of them, and of 10,000 it takes
// DuckDB a tenth of a second.
func values(name string, t *engine.Table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (", name)
	for i, c := range t.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(c.Name) + " " + nativeType(c.Type))
	}
	b.WriteString(");")
	for i, row := range t.Rows {
		if i == 0 {
			fmt.Fprintf(&b, "INSERT INTO %s VALUES ", name)
		} else {
			b.WriteByte(',')
		}
		for j, v := range row {
			b.WriteByte("(,"[min(j, 1)])
			b.WriteString(valueOf(v))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// valueOf is a value as SQL.
func valueOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return literal(v)
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return literal(strconv.FormatFloat(v, 'g', -1, 64)) + "::DOUBLE"
	case time.Time:
		return "TIMESTAMPTZ " + literal(v.UTC().Format("2006-01-02 15:04:05.000000+00"))
	}
	panic(fmt.Sprintf("BUG: no literal for a %T", v))
}
