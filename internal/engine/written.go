package engine

import (
	"fmt"
	"strings"
)

// Written is sql with the values of its parameters in the text, as literals of a dialect: what a person can paste. What
// runs by itself passes values beside the text.
func Written(d *Dialect, sql string, args []any) (string, error) {
	var out strings.Builder
	end, n := 0, 0
	for _, t := range Tokens(sql) {
		if t.Kind != Param {
			continue
		}
		if n == len(args) {
			return "", fmt.Errorf("write query: it has more parameters than its %d values", len(args))
		}
		text, err := d.Literal(args[n])
		if err != nil {
			return "", fmt.Errorf("write query: parameter %d: %w", n+1, err)
		}
		out.WriteString(sql[end:t.Pos])
		if strings.HasPrefix(text, "-") {
			out.WriteByte(' ') // two would begin a comment
		}
		out.WriteString(text)
		end, n = t.End, n+1
	}
	if n != len(args) {
		return "", fmt.Errorf("write query: it has %d parameters and was given %d values", n, len(args))
	}
	out.WriteString(sql[end:])
	return out.String(), nil
}
