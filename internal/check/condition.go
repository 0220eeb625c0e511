package check

import (
	"strings"

	"weir/internal/engine"
)

// condition is one that must hold for a row of a query: sql[pos:end].
type condition struct {
	text     string // blanks made one
	pos, end int
}

// conditions finds the conditions of each WHERE, HAVING and ON that AND joins, at any depth of sub-queries. Those inside of
// parentheses, and what OR joins, stay whole.
func conditions(sql string) []condition {
	type level struct {
		from    int  // where the condition begins that is being read, or -1
		between bool // the next AND is BETWEEN's
		or      bool // an OR was seen: the clause as a whole is the condition
		clause  int  // where the clause begins
	}
	var out []condition
	toks := engine.Tokens(sql)
	levels := []level{{from: -1}}
	close := func(l *level, end int) {
		from := l.from
		if l.or {
			from = l.clause
		}
		if from < 0 {
			return
		}
		text := strings.TrimRight(sql[from:end], " \t\r\n")
		out = append(out, condition{strings.Join(strings.Fields(text), " "), from, from + len(text)})
		*l = level{from: -1}
	}
	for i, t := range toks {
		if isPlaceholder(toks, i) {
			continue
		}
		l := &levels[len(levels)-1]
		end := t.Pos
		if i > 0 {
			end = toks[i-1].End // comments between are nobody's
		}
		after := func() int {
			if i+1 < len(toks) {
				return toks[i+1].Pos
			}
			return len(sql)
		}
		switch {
		case t.Is("("):
			levels = append(levels, level{from: -1})
		case t.Is("CASE"):
			levels = append(levels, level{from: -1})
		case t.Is(")"), t.Is("END") && len(levels) > 1:
			close(l, end)
			if len(levels) > 1 {
				levels = levels[:len(levels)-1]
			}
		case t.Is("WHERE"), t.Is("HAVING"), t.Is("ON"):
			close(l, end)
			*l = level{from: after(), clause: after()}
		case t.Is("BETWEEN"):
			l.between = true
		case t.Is("OR"):
			if l.from >= 0 {
				// a AND b OR c: what was taken for conditions of this clause was none.
				for len(out) > 0 && out[len(out)-1].pos >= l.clause && out[len(out)-1].end <= t.Pos {
					out = out[:len(out)-1]
				}
				l.or = true
			}
		case t.Is("AND"):
			switch {
			case l.between:
				l.between = false
			case l.from >= 0 && !l.or:
				clause := l.clause
				close(l, end)
				*l = level{from: after(), clause: clause}
			}
		case t.Is("GROUP"), t.Is("ORDER"), t.Is("LIMIT"), t.Is("UNION"), t.Is("EXCEPT"), t.Is("INTERSECT"), t.Is("WINDOW"), t.Is("OFFSET"), t.Is("FETCH"),
			t.Is("JOIN"), t.Is("LEFT") && i+1 < len(toks) && !toks[i+1].Is("("), t.Is("INNER"), t.Is("CROSS"), t.Is("FULL"), t.Is("RIGHT"):
			close(l, end)
		}
	}
	close(&levels[len(levels)-1], len(strings.TrimRight(sql, " \t\r\n")))
	return out
}

// isPlaceholder tells whether the word at i is :word.
func isPlaceholder(toks []engine.Token, i int) bool {
	return i > 0 && toks[i-1].Is(":") && toks[i-1].End == toks[i].Pos
}
