package check

import (
	"fmt"
	"strings"

	"weir/internal/engine"
)

// ties finds what max_by and min_by leave open: of several rows with the highest y, max_by(x, y) takes the x of any, and each
// engine, and each order of rows, of another. By a ROW with more behind y, such as max_by(x, ROW(y, x)), it is one. That
// what stands behind differs from row to row nobody can tell from the text.
func ties(sql string) (faults []string) {
	toks := engine.Tokens(sql)
	for i, t := range toks {
		if t.Kind != engine.Word || !t.Is("max_by") && !t.Is("min_by") || i+1 == len(toks) || !toks[i+1].Is("(") {
			continue
		}
		args, end := arguments(toks, i+1)
		if len(args) != 2 || !breaksTies(toks[args[1][0]:args[1][1]]) {
			text := strings.Join(strings.Fields(sql[t.Pos:toks[end].End]), " ")
			faults = append(faults, fmt.Sprintf("%s takes any of several rows with the same value: write %s(x, ROW(y, x))", text, strings.ToLower(t.Text)))
		}
	}
	return faults
}

// breaksTies tells whether an expression is a ROW of more than one value, or a CASE that makes some.
func breaksTies(expr []engine.Token) bool {
	rows := 0
	for i, t := range expr {
		if !t.Is("ROW") || i+1 == len(expr) || !expr[i+1].Is("(") {
			continue
		}
		args, end := arguments(expr, i+1)
		if len(args) < 2 {
			return false
		}
		if i == 0 {
			return end == len(expr)-1
		}
		rows++
	}
	return rows > 0 && expr[0].Is("CASE")
}

// arguments are the ranges of tokens between the commas of the parentheses that open at toks[open], and the place of the
// closing one, or of the last token.
func arguments(toks []engine.Token, open int) (args [][2]int, end int) {
	depth, from := 0, open+1
	for i := open; i < len(toks); i++ {
		switch {
		case toks[i].Is("("):
			depth++
		case toks[i].Is(")"):
			if depth--; depth == 0 {
				return append(args, [2]int{from, i}), i
			}
		case toks[i].Is(",") && depth == 1:
			args, from = append(args, [2]int{from, i}), i+1
		}
	}
	return args, len(toks) - 1
}
