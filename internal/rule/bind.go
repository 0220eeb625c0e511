package rule

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Ports writes the test whether an expression is one of a set of ports. *network.Ports does.
type Ports interface {
	Condition(set, expr string) (string, error)
}

// Span is what a step reads: [Start, End), and for :history what lies before Start from History on.
type Span struct{ History, Start, End time.Time }

// Span is that of the step that ends at end.
func (r *Rule) Span(end time.Time) Span {
	h, _ := r.HistoryOf(end)
	s, e := r.WindowOf(end)
	return Span{h, s, e}
}

// Bind returns the SQL of the step with the window [start, end), with a ? for each value, and the values: int64,
// float64, string or time.Time. Parameters that are not given have their defaults.
func (r *Rule) Bind(start, end, now time.Time, params map[string]string, ports Ports) (string, []any, error) {
	return r.BindSpan(Span{start.Add(-r.Needs.History), start, end}, now, params, ports)
}

// BindSpan is Bind for a reach that need not be the rule's own.
func (r *Rule) BindSpan(s Span, now time.Time, params map[string]string, ports Ports) (string, []any, error) {
	values := map[string]any{}
	for name := range params {
		if !slices.ContainsFunc(r.Params, func(p Param) bool { return p.Name == name }) {
			return "", nil, fmt.Errorf("bind rule %s: there is no parameter %q", r.ID, name)
		}
	}
	for _, p := range r.Params {
		text, ok := params[p.Name]
		if !ok {
			text = p.Default
		}
		v, err := p.Parse(text)
		if err != nil {
			return "", nil, fmt.Errorf("bind rule %s: parameter %s=%q: %w", r.ID, p.Name, text, err)
		}
		values[p.Name] = v
	}
	var b strings.Builder
	var args []any
	between := func(table string, from, to time.Time) {
		col := "hour"
		if table != "" {
			col = table + ".hour"
		}
		fmt.Fprintf(&b, "%s >= ? AND %s < ?", col, col)
		args = append(args, from.UTC(), to.UTC())
	}
	value := func(v any) {
		b.WriteByte('?')
		args = append(args, v)
	}
	done := 0
	for _, m := range r.marks {
		b.WriteString(r.SQL[done:m.pos])
		done = m.end
		switch m.name {
		case "window":
			between(m.arg, s.Start, s.End)
		case "history":
			between(m.arg, s.History, s.Start)
		case "reach":
			between(m.arg, s.History, s.End)
		case "start":
			value(s.Start.UTC())
		case "end":
			value(s.End.UTC())
		case "now":
			value(now.UTC())
		case "ports":
			set, expr, _ := strings.Cut(m.arg, ",")
			c, err := ports.Condition(strings.TrimSpace(set), strings.TrimSpace(expr))
			if err != nil {
				return "", nil, fmt.Errorf("bind rule %s: %w", r.ID, err)
			}
			b.WriteString("(" + c + ")")
		default:
			value(values[m.name])
		}
	}
	b.WriteString(r.SQL[done:])
	return b.String(), args, nil
}

// WithSQL is the rule with another text. It is how tests change a rule to see whether its examples notice.
func (r *Rule) WithSQL(sql string) (*Rule, error) {
	marks, err := findMarks(sql)
	if err != nil {
		return nil, err
	}
	c := *r
	c.SQL, c.marks = sql, marks
	return &c, nil
}

// mark is a placeholder: SQL[pos:end].
type mark struct {
	name     string
	arg      string // in parentheses, if any
	call     bool   // there are parentheses
	pos, end int
}

// builtin are the placeholders that are no parameters, and whether they may, must or cannot have something in parentheses.
var builtin = map[string]string{"window": "may", "history": "may", "reach": "may", "start": "", "end": "", "now": "", "ports": "must"}

// findMarks finds the placeholders of a text, outside of quotes and comments.
func findMarks(sql string) ([]mark, error) {
	var out []mark
	fail := func(at int, format string, args ...any) ([]mark, error) {
		return nil, &sqlError{line: strings.Count(sql[:at], "\n"), msg: fmt.Sprintf(format, args...)}
	}
	for i := 0; i < len(sql); i++ {
		switch c := sql[i]; {
		case c == '\'' || c == '"':
			j := strings.IndexByte(sql[i+1:], c)
			if j < 0 {
				return fail(i, "a quote is not closed")
			}
			i += j + 1
		case strings.HasPrefix(sql[i:], "--"):
			j := strings.IndexByte(sql[i:], '\n')
			if j < 0 {
				return out, nil
			}
			i += j
		case strings.HasPrefix(sql[i:], "/*"):
			j := strings.Index(sql[i+2:], "*/")
			if j < 0 {
				return fail(i, "a comment is not closed")
			}
			i += j + 3
		case c == '?':
			return fail(i, "? is not for rules: name a parameter, :some_name")
		case c == ';':
			return fail(i, "a rule is one query, without ;")
		case strings.HasPrefix(sql[i:], "::"):
			return fail(i, ":: is DuckDB's own: write CAST(x AS type)")
		case c == ':':
			m := mark{pos: i, end: i + 1}
			for m.end < len(sql) && isWord(sql[m.end]) {
				m.end++
			}
			m.name = sql[i+1 : m.end]
			if m.name == "" {
				return fail(i, "a : without a name")
			}
			if how := builtin[m.name]; how != "" && m.end < len(sql) && sql[m.end] == '(' {
				n := closing(sql[m.end:])
				if n < 0 {
					return fail(i, ":%s( is not closed", m.name)
				}
				m.arg, m.call = strings.TrimSpace(sql[m.end+1:m.end+n]), true
				m.end += n + 1
			}
			if err := m.check(); err != "" {
				return fail(i, "%s", err)
			}
			out = append(out, m)
			i = m.end - 1
		}
	}
	return out, nil
}

// check tells what is wrong with the parentheses of a placeholder.
func (m *mark) check() string {
	switch builtin[m.name] {
	case "may":
		if m.call && strings.TrimFunc(m.arg, func(r rune) bool { return r < 0x80 && isWord(byte(r)) }) != "" || m.call && m.arg == "" {
			return fmt.Sprintf(":%s takes the name or alias of a table: :%s(c)", m.name, m.name)
		}
	case "must":
		set, expr, ok := strings.Cut(m.arg, ",")
		if !ok || strings.TrimSpace(set) == "" || strings.TrimSpace(expr) == "" {
			return fmt.Sprintf(":%s takes a set and an expression: :%s(DB, port)", m.name, m.name)
		}
		if strings.ContainsAny(expr, ":?") {
			return fmt.Sprintf(":%s cannot hold another placeholder", m.name)
		}
	}
	return ""
}

// closing is the place of the parenthesis that closes the one at s[0], or -1.
func closing(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// sqlError is something wrong in the text of a rule, in a line of it, from 0.
type sqlError struct {
	line int
	msg  string
}

func (e *sqlError) Error() string { return e.msg }
