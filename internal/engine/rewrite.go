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
	lines int    // lines of ours, before the first of the query
}

// WithViews makes a query run on a server that does not have the views: those that it names are put in front of it as
// items of WITH. Views are left out that the query's own WITH hides. A leading EXPLAIN is left out, too: the engine
// adds its own.
//
// The text of the query keeps its places: words that move to our lines are blanked out, so that a place that a server
// reports is one of the query but for the number of lines.
func WithViews(sql string, views []RemoteView) (*Rewritten, error) {
	r := &Rewritten{user: sql}
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
		if t.Is("RECURSIVE") {
			b.WriteString("RECURSIVE ")
		}
	}
	for i, v := range needed {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(QuoteName(v.Name) + " AS (" + v.SQL + ")")
	}
	if len(own) > 0 {
		b.WriteString(",")
	}
	b.WriteString("\n")
	r.lines = strings.Count(b.String(), "\n")
	r.SQL = b.String() + string(text)
	return r, nil
}

// Error is a server's error about the text, with the place that the server reports: line and column from 1, column in
// characters, 0 where it is not known. A place in the views is none of the query's.
func (r *Rewritten) Error(line, column int, msg string) *SQLError {
	e := &SQLError{Msg: msg, SQL: r.user}
	line -= r.lines
	if line < 1 || column < 1 {
		return e
	}
	lines := strings.Split(r.user, "\n")
	if line > len(lines) {
		return e
	}
	e.Line, e.Column = line, min(column, utf8.RuneCountInString(lines[line-1])+1)
	return e
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
