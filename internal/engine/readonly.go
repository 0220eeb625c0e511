package engine

import (
	"fmt"
	"slices"
	"strings"
)

// CheckReadOnly is the first wall before a server that others use, too: it refuses what is no single query that reads
// tables by their plain names. It looks at tokens, so it is no proof; the second wall is IOPlan.Check, which asks the
// server what it would read. Errors are *SQLError.
func CheckReadOnly(sql string) error {
	refuse := func(at int, format string, args ...any) error {
		return NewSQLError(sql, at, fmt.Sprintf(format, args...))
	}
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return refuse(i, "a query has no NUL bytes")
	}
	toks := Tokens(sql)
	if at := oddComment(sql, toks); at >= 0 {
		return refuse(at, "a comment may not hold another one, nor a carriage return")
	}
	for len(toks) > 0 && toks[len(toks)-1].Is(";") {
		toks = toks[:len(toks)-1]
	}
	if len(toks) == 0 {
		return refuse(-1, "there is no statement")
	}
	if toks[0].Is("EXPLAIN") {
		if len(toks) == 1 || !toks[1].Is("SELECT") && !toks[1].Is("WITH") && !toks[1].Is("VALUES") {
			return refuse(toks[0].Pos, "EXPLAIN takes a query that reads: SELECT, WITH or VALUES")
		}
		toks = toks[1:]
	}
	first := toks[0]
	if !first.Is("SELECT") && !first.Is("WITH") && !first.Is("VALUES") && !first.Is("(") {
		return refuse(first.Pos, "only queries that read are allowed: SELECT, WITH, VALUES, EXPLAIN")
	}
	for i, t := range toks {
		next := func(n int) Token {
			if i+n < len(toks) {
				return toks[i+n]
			}
			return Token{}
		}
		switch {
		case t.Is(";"):
			return refuse(next(1).Pos, "a query is one statement")
		case t.Is("`"):
			return refuse(t.Pos, `names are quoted with "`)
		case t.Is("WITH") && next(1).Is("FUNCTION") && !next(2).Is("AS") && !next(2).Is("("):
			return refuse(next(1).Pos, "a query cannot define functions")
		case t.Is("WITH") && next(1).Is("SESSION") && !next(2).Is("AS") && !next(2).Is("("):
			return refuse(next(1).Pos, "a query cannot set properties of the session")
		case t.Is("TABLE") && next(1).Is("("):
			return refuse(t.Pos, "table functions are not allowed in FROM")
		}
	}
	if at := qualifiedTable(toks); at >= 0 {
		return refuse(at, "tables are named without their schema: flows")
	}
	return nil
}

// oddComment is the place of a comment that Trino ends elsewhere than Tokens, or -1. Trino's do not nest, and a -- ends at a
// carriage return: what we take for a comment would be SQL there.
func oddComment(sql string, toks []Token) int {
	end := 0
	gaps := append(slices.Clone(toks), Token{Pos: len(sql)})
	for _, t := range gaps {
		for i := end; i < t.Pos; {
			switch {
			case strings.HasPrefix(sql[i:t.Pos], "--"):
				next := min(indexFrom(sql, i, "\n"), t.Pos)
				if strings.Contains(strings.TrimRight(sql[i:next], "\r\n"), "\r") {
					return i
				}
				i = next
			case strings.HasPrefix(sql[i:t.Pos], "/*"):
				next := min(skipComment(sql, i), t.Pos)
				if strings.Contains(sql[i+2:next], "/*") {
					return i
				}
				i = next
			default:
				i++
			}
		}
		end = t.End
	}
	return -1
}

// qualifiedTable is the place of a table's name that has a schema, or -1.
//
// A name of a table comes after FROM, JOIN and TABLE, and after the commas of a FROM clause. The FROM of
// extract(hour FROM t), trim(x FROM y) and IS DISTINCT FROM is another one: its parentheses have no SELECT.
func qualifiedTable(toks []Token) int {
	type level struct{ query, from bool }
	levels := []level{{query: true}}
	for i, t := range toks {
		top := &levels[len(levels)-1]
		table := false
		switch {
		case t.Is("("):
			// A parenthesis in FROM may hold tables, joined.
			inside := top.from && i > 0 && (toks[i-1].Is("FROM") || toks[i-1].Is("JOIN") || toks[i-1].Is(",") || toks[i-1].Is("(") || toks[i-1].Is("LATERAL"))
			levels = append(levels, level{from: inside})
			table = inside
		case t.Is(")"):
			if len(levels) > 1 {
				levels = levels[:len(levels)-1]
			}
		case t.Is("SELECT"):
			*top = level{query: true}
		case t.Is("FROM") && top.query && i > 0 && !toks[i-1].Is("DISTINCT"):
			top.from, table = true, true
		case t.Is("WHERE"), t.Is("GROUP"), t.Is("HAVING"), t.Is("WINDOW"), t.Is("ORDER"), t.Is("LIMIT"), t.Is("OFFSET"), t.Is("FETCH"),
			t.Is("UNION"), t.Is("INTERSECT"), t.Is("EXCEPT"):
			top.from = false
		case t.Is("JOIN"), t.Is("TABLE"):
			table = true
		case t.Is(","):
			table = top.from
		}
		if table && i+2 < len(toks) && isName(toks[i+1]) && toks[i+2].Is(".") {
			return toks[i+1].Pos
		}
	}
	return -1
}

func isName(t Token) bool { return t.Kind == Word || t.Kind == Quoted }
