package check

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"weir/internal/engine"
	"weir/internal/rule"
)

// row is a row of a derived table, by column. A column that is absent has its default; nil is NULL.
type row map[string]any

// makeTables makes every derived table of an example, those that it does not name without rows, and says in which hour the
// last row is.
func makeTables(ex *rule.Example) (tables []engine.Table, last time.Time, err error) {
	for _, name := range rule.ExampleTables {
		t := engine.Table{Name: name, Columns: columns[name], Rows: [][]any{}}
		rows, err := parseRows(name, ex.Tables[name])
		if err != nil {
			return nil, last, err
		}
		for _, r := range rows {
			if err := complete(name, r); err != nil {
				return nil, last, mistake("%s: %v", name, err)
			}
			if h := r["hour"].(time.Time); h.After(last) {
				last = h
			}
			values := make([]any, len(t.Columns))
			for i, c := range t.Columns {
				values[i] = r[c.Name]
			}
			t.Rows = append(t.Rows, values)
		}
		tables = append(tables, t)
	}
	return tables, last, nil
}

// parseRows reads a table: names of columns, then a row a line, blanks between. - is NULL, ” is an empty text, # begins a
// comment, and braces make a line many rows (see expand).
func parseRows(table, text string) ([]row, error) {
	var names []string
	var out []row
	for i, line := range strings.Split(text, "\n") {
		fail := func(format string, args ...any) error {
			return mistake("%s, line %d: %s", table, i+1, fmt.Sprintf(format, args...))
		}
		line, _, _ = strings.Cut(line, "#")
		cells := strings.Fields(line)
		if len(cells) == 0 {
			continue
		}
		if names == nil {
			names = cells
			for _, n := range names {
				if typeOf(table, n) == "" {
					return nil, fail("there is no column %q", n)
				}
			}
			continue
		}
		if len(cells) != len(names) {
			return nil, fail("it has %d values, the header has %d names", len(cells), len(names))
		}
		lines, err := expand(cells)
		if err != nil {
			return nil, fail("%v", err)
		}
		for _, cells := range lines {
			r := row{}
			for j, c := range cells {
				v, err := parseCell(typeOf(table, names[j]), c)
				if err != nil {
					return nil, fail("%s: %v", names[j], err)
				}
				r[names[j]] = v
			}
			out = append(out, r)
		}
		if len(out) > maxRows {
			return nil, fail("more than %d rows: change a parameter instead", maxRows)
		}
	}
	return out, nil
}

func typeOf(table, column string) string {
	for _, c := range columns[table] {
		if c.Name == column {
			return c.Type
		}
	}
	return ""
}

// exampleDay is the day of times that are written without one: a Tuesday.
const exampleDay = "2026-11-03"

func parseCell(typ, s string) (any, error) {
	switch {
	case s == "-":
		return nil, nil
	case s == "''" && typ == "varchar":
		return "", nil
	}
	switch typ {
	case "varchar":
		return s, nil
	case "integer", "bigint":
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no whole number", s)
		}
		return n, nil
	case "boolean":
		b, err := strconv.ParseBool(s)
		if err != nil {
			return nil, fmt.Errorf("%q is neither true nor false", s)
		}
		return b, nil
	case "double":
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", s)
		}
		return f, nil
	}
	if len(s) < len(exampleDay) {
		s = exampleDay + "T" + s
	}
	t, err := rule.ParseTime(strings.TrimSuffix(s, "Z") + "Z")
	if err != nil {
		return nil, fmt.Errorf("%q is no time such as 2026-11-03T11:05Z or 11:05", s)
	}
	return t, nil
}
