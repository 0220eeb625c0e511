package engine

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Rewritten is a query with views before it, as a server is sent it.
type Rewritten struct {
	SQL string

	user  string // the query as it was given
	edits []edit // in order
}

// edit says that from a byte of the SQL on it is the query's text from a byte of that on, or ours if that is negative.
type edit struct{ out, user int }

// WithViews makes a query run on a server that does not have the views: those that it names are put in front of it as
// items of WITH. Views are left out that the query's own WITH hides. A leading EXPLAIN is left out, too: the engine
// adds its own.
//
// The text of the query keeps its places: words that move to our lines are blanked out, so that a place that a server
// reports is one of the query but for the number of lines.
func WithViews(sql string, views []RemoteView) (*Rewritten, error) {
	r := &Rewritten{user: sql, edits: []edit{{0, 0}}}
	text := []byte(sql)
	toks := Tokens(sql)
	for len(toks) > 0 && toks[len(toks)-1].Is(";") { // over HTTP it is an error
		blank(text, toks[len(toks)-1])
		toks = toks[:len(toks)-1]
	}
	if len(toks) > 0 && toks[0].Is("EXPLAIN") {
		blank(text, toks[0])
		toks = toks[1:]
	}
	own, after := withItems(toks)
	var needed []RemoteView
	for _, v := range views {
		item := slices.IndexFunc(own, func(w withItem) bool { return strings.EqualFold(w.name, v.Name) })
		reach, what := toks, -1
		if item >= 0 {
			// Behind its definition the name is the query's own. Before, and within, it is the view: one WITH cannot
			// have both.
			reach = toks[:own[item].end]
			what = own[item].at
		}
		use := slices.IndexFunc(reach, func(t Token) bool { return t.Pos != what && isTableName(toks, t, v.Name) })
		switch {
		case use < 0:
		case item >= 0 && own[item].recursive && use > own[item].start:
			// It names itself.
		case item >= 0:
			e := NewSQLError(sql, what, fmt.Sprintf("the WITH item %s has the name of a table that it reads", own[item].name))
			e.Hint = "give the WITH item another name"
			return nil, e
		default:
			needed = append(needed, v)
		}
	}
	if len(needed) == 0 {
		r.SQL = string(text)
		return r, nil
	}
	var b strings.Builder
	b.WriteString("WITH ")
	for _, t := range toks[:after] { // WITH [RECURSIVE]
		blank(text, t)
	}
	recursive := after == 2
	if recursive {
		b.WriteString("RECURSIVE ")
	}
	for i, v := range needed {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(QuoteName(v.Name))
		if recursive { // where every item has to name its columns
			var names []string
			for _, c := range v.Columns {
				names = append(names, QuoteName(c.Name))
			}
			b.WriteString(" (" + strings.Join(names, ", ") + ")")
		}
		b.WriteString(" AS (" + v.SQL + ")")
	}
	if len(own) > 0 {
		b.WriteString(",")
	}
	b.WriteString("\n")
	r.edits = []edit{{0, -1}, {b.Len(), 0}}
	r.SQL = b.String() + string(text)
	return r, nil
}

// Inline writes the values of parameters into the text, for statements that take none: EXPLAIN.
func (r *Rewritten) Inline(d *Dialect, args []any) (*Rewritten, error) {
	out := &Rewritten{user: r.user}
	var b strings.Builder
	end, n := 0, 0
	copyTo := func(to int) {
		for i, e := range r.edits {
			if e.out < to && (i+1 == len(r.edits) || r.edits[i+1].out > end) {
				from := max(e.out, end)
				user := e.user
				if user >= 0 {
					user += from - e.out
				}
				out.edits = append(out.edits, edit{b.Len() + from - end, user})
			}
		}
		b.WriteString(r.SQL[end:to])
		end = to
	}
	for _, t := range Tokens(r.SQL) {
		if t.Kind != Param {
			continue
		}
		if n < len(args) {
			text, err := d.Literal(args[n])
			if err != nil {
				return nil, err
			}
			copyTo(t.Pos)
			out.edits = append(out.edits, edit{b.Len(), r.place(t.Pos)})
			if text[0] == '-' {
				b.WriteByte(' ') // two would begin a comment
			}
			b.WriteString(text)
			end = t.End
		}
		n++
	}
	if n != len(args) {
		return nil, &SQLError{Msg: fmt.Sprintf("the query has %d parameters and was given %d values", n, len(args)), SQL: r.user}
	}
	copyTo(len(r.SQL))
	out.SQL = b.String()
	return out, nil
}

// Below is the query under a line of ours, which a statement about the query begins with: EXPLAIN and the like.
func (r *Rewritten) Below(line string) *Rewritten {
	out := &Rewritten{SQL: line + "\n" + r.SQL, user: r.user, edits: []edit{{0, -1}}}
	for _, e := range r.edits {
		out.edits = append(out.edits, edit{e.out + len(line) + 1, e.user})
	}
	return out
}

// place is the byte of the query behind one of the SQL, or -1.
func (r *Rewritten) place(out int) int {
	for i := len(r.edits) - 1; i >= 0; i-- {
		e := r.edits[i]
		switch {
		case e.out > out:
			continue
		case e.user < 0:
			return -1
		}
		at := e.user + out - e.out
		if i+1 < len(r.edits) && r.edits[i+1].user >= 0 { // within a value
			at = min(at, max(e.user, r.edits[i+1].user-1))
		}
		return min(at, len(r.user))
	}
	return -1
}

// Error is a server's error about the text, with the place that the server reports: line and column from 1, column in
// characters, 0 where it is not known. A place in the views is none of the query's.
func (r *Rewritten) Error(line, column int, msg string) *SQLError {
	at := -1
	if line > 0 && column > 0 && line <= strings.Count(r.SQL, "\n")+1 {
		at = r.place((&SQLError{SQL: r.SQL, Line: line, Column: column}).Place())
	}
	return NewSQLError(r.user, at, msg)
}

// Place is the byte of the query that a SQLError's line and column mean, or -1.
func (e *SQLError) Place() int {
	if e.Line < 1 {
		return -1
	}
	at := 0
	for range e.Line - 1 {
		at += strings.IndexByte(e.SQL[at:], '\n') + 1
	}
	for range e.Column - 1 {
		if at == len(e.SQL) || e.SQL[at] == '\n' {
			break
		}
		_, n := utf8.DecodeRuneInString(e.SQL[at:])
		at += n
	}
	return at
}

func blank(text []byte, t Token) {
	for i := t.Pos; i < t.End; i++ {
		text[i] = ' '
	}
}

// withItem is an item of a query's own WITH.
type withItem struct {
	name      string
	at        int // byte of its name
	start     int // token of its name
	end       int // token behind its body
	recursive bool
}

// withItems are the items of the WITH that a query begins with. after is the number of tokens before the first.
func withItems(toks []Token) (items []withItem, after int) {
	if len(toks) == 0 || !toks[0].Is("WITH") {
		return nil, 0
	}
	after = 1
	recursive := len(toks) > 1 && toks[1].Is("RECURSIVE")
	if recursive {
		after = 2
	}
	for i := after; i < len(toks); {
		item := withItem{name: toks[i].Value(), at: toks[i].Pos, start: i, recursive: recursive}
		i++
		for i < len(toks) && toks[i].Is("(") { // columns
			i = closing(toks, i)
		}
		for i < len(toks) && !toks[i].Is("(") { // AS
			i++
		}
		if i < len(toks) {
			i = closing(toks, i)
		}
		item.end = i
		items = append(items, item)
		if i >= len(toks) || !toks[i].Is(",") {
			break
		}
		i++
	}
	return items, after
}

// closing is the token behind the parenthesis that belongs to the one at i.
func closing(toks []Token, i int) int {
	depth := 0
	for ; i < len(toks); i++ {
		switch {
		case toks[i].Is("("):
			depth++
		case toks[i].Is(")"):
			depth--
			if depth == 0 {
				return i + 1
			}
		}
	}
	return i
}

// isTableName tells whether a token may be the name of a table, and of that one. It may say so of a column: a view too
// many in front of a query does no harm.
func isTableName(toks []Token, t Token, name string) bool {
	if t.Kind != Word && t.Kind != Quoted || !strings.EqualFold(t.Value(), name) {
		return false
	}
	i, _ := slices.BinarySearchFunc(toks, t.Pos, func(t Token, pos int) int { return t.Pos - pos })
	if i+1 < len(toks) && (toks[i+1].Is(".") || toks[i+1].Is("(")) || i == 0 {
		return false
	}
	before := toks[i-1]
	return before.Is("FROM") || before.Is("JOIN") || before.Is(",") || before.Is("(") || before.Is("TABLE")
}
