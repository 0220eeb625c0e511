package athena

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"weir/internal/engine"
)

// literal is a value as SQL. Athena wants its execution parameters written so: numbers bare, text in single quotes,
// anything else with its type. Athena User Guide, "Use parameterized queries", read 2026-11.
func literal(v any) (string, error) {
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) {
			return "", fmt.Errorf("%q is not UTF-8", v) // JSON would change it on the way
		}
	case time.Time:
		if y := v.UTC().Year(); y < 0 || y > 9999 {
			return "", fmt.Errorf("year %d is beyond what SQL can write", y)
		}
	}
	return engine.Athena.Literal(v)
}

// maxParameter is the longest execution parameter, in characters. Athena API Reference, StartQueryExecution, read 2026-11.
const maxParameter = 1024

// bound is a query whose arguments have found their place: beside it, or in it.
type bound struct {
	sql    string
	params []string
	edits  []edit // in order of place
}

// edit says that the literal at to in the new text, length n, stands for the ? at from of the old.
type edit struct{ from, to, n int }

// bind gives the arguments of a query to Athena. Those in a WHERE clause go beside the text, as execution parameters.
// Athena's manual says that no other place may have a parameter ("SELECT ? FROM table is not supported"; read 2026-11),
// while our saved queries have them in LIMIT, HAVING and CASE: there the literal takes the place of its mark. So do
// NULL, which as a parameter has no type, and what is too long to be a parameter.
func bind(sql string, args []any) (*bound, error) {
	all := marks(sql)
	if len(all) != len(args) {
		return nil, fmt.Errorf("the query has %d parameters and was given %d values", len(all), len(args))
	}
	b := &bound{}
	var out strings.Builder
	end := 0
	for n, m := range all {
		text, err := literal(args[n])
		if err != nil {
			return nil, fmt.Errorf("bind parameter %d: %w", n+1, err)
		}
		if m.where && args[n] != nil && utf8.RuneCountInString(text) <= maxParameter {
			b.params = append(b.params, text)
		} else {
			out.WriteString(sql[end:m.pos])
			if text[0] == '-' {
				out.WriteByte(' ') // two would begin a comment
			}
			b.edits = append(b.edits, edit{m.pos, out.Len(), len(text)})
			out.WriteString(text)
			end = m.pos + 1
		}
	}
	out.WriteString(sql[end:])
	b.sql = out.String()
	return b, nil
}

// original is the place in the text that was bound of a byte offset in the text that Athena got.
func (b *bound) original(offset int) int {
	grown := 0
	for _, e := range b.edits {
		if offset < e.to {
			break
		}
		if offset < e.to+e.n {
			return e.from
		}
		grown = e.to + e.n - (e.from + 1)
	}
	return offset - grown
}

// mark is a ? of a query.
type mark struct {
	pos   int
	where bool // it stands in a WHERE clause
}

// marks finds the parameters of a query. It looks at words only: where it is in doubt a mark is not in a WHERE clause,
// and its value is written into the text.
func marks(sql string) []mark {
	var out []mark
	where := []bool{false} // by depth of parentheses
	toks := engine.Tokens(sql)
	for i, t := range toks {
		top := len(where) - 1
		switch {
		case t.Kind == engine.Param:
			out = append(out, mark{t.Pos, where[top]})
		case t.Is("("):
			// What is inside of a condition belongs to it, until a SELECT begins. FILTER (WHERE …) is none.
			where = append(where, where[top] && (i == 0 || !toks[i-1].Is("FILTER")))
		case t.Is(")"):
			if top > 0 {
				where = where[:top]
			}
		case t.Is("WHERE"):
			where[top] = i < 2 || !toks[i-1].Is("(") || !toks[i-2].Is("FILTER")
		case t.Kind == engine.Word && endsWhere[strings.ToUpper(t.Text)]:
			where[top] = false
		}
	}
	return out
}

var endsWhere = map[string]bool{"SELECT": true, "FROM": true, "WITH": true, "GROUP": true, "HAVING": true, "ORDER": true, "WINDOW": true,
	"LIMIT": true, "OFFSET": true, "FETCH": true, "UNION": true, "EXCEPT": true, "INTERSECT": true, "VALUES": true}
