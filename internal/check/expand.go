package check

import (
	"fmt"
	"strconv"
	"strings"
)

// maxRows is the most rows that an example may have: whoever needs more wants a smaller parameter.
const maxRows = 20_000

// expand writes out the braces of a line: {1..60} are numbers, {08..23} keeps its zeros, {0..600..10} has a step, {a,b} are
// words, and {12*60} is 12 sixty times. All the braces of a line go on together, from row to row; those with fewer values
// begin again.
func expand(cells []string) ([][]string, error) {
	type hole struct {
		before string
		values []string
	}
	rows := 1
	var parts [][]hole // by cell
	rest := make([]string, len(cells))
	for i, c := range cells {
		var holes []hole
		for {
			open := strings.IndexByte(c, '{')
			if open < 0 {
				break
			}
			end := strings.IndexByte(c[open:], '}')
			if end < 0 {
				return nil, fmt.Errorf("%q: the { is not closed", cells[i])
			}
			values, err := braces(c[open+1 : open+end])
			if err != nil {
				return nil, fmt.Errorf("%q: %w", cells[i], err)
			}
			rows = max(rows, len(values))
			holes = append(holes, hole{c[:open], values})
			c = c[open+end+1:]
		}
		parts, rest[i] = append(parts, holes), c
	}
	out := make([][]string, rows)
	for n := range out {
		out[n] = make([]string, len(cells))
		for i, holes := range parts {
			var b strings.Builder
			for _, h := range holes {
				b.WriteString(h.before)
				b.WriteString(h.values[n%len(h.values)])
			}
			out[n][i] = b.String() + rest[i]
		}
	}
	return out, nil
}

// braces are the values of what stands between { and }.
func braces(s string) ([]string, error) {
	if word, times, ok := strings.Cut(s, "*"); ok {
		n, err := strconv.Atoi(times)
		if err != nil || n < 1 || n > maxRows {
			return nil, fmt.Errorf("{%s}: %q is no number of times", s, times)
		}
		out := make([]string, n)
		for i := range out {
			out[i] = word
		}
		return out, nil
	}
	bounds := strings.Split(s, "..")
	if len(bounds) == 1 {
		return strings.Split(s, ","), nil
	}
	var n [3]int
	n[2] = 1
	for i, b := range bounds {
		var err error
		if i > 2 {
			return nil, fmt.Errorf("{%s}: want {first..last} or {first..last..step}", s)
		}
		if n[i], err = strconv.Atoi(b); err != nil {
			return nil, fmt.Errorf("{%s}: %q is no whole number", s, b)
		}
	}
	if n[2] < 1 || n[1] < n[0] || (n[1]-n[0])/n[2] >= maxRows {
		return nil, fmt.Errorf("{%s}: want {first..last} or {first..last..step}, with at most %d values", s, maxRows)
	}
	var out []string
	for v := n[0]; v <= n[1]; v += n[2] {
		text := strconv.Itoa(v)
		if w := len(bounds[0]); strings.HasPrefix(bounds[0], "0") && w > 1 {
			text = fmt.Sprintf("%0*d", w, v)
		}
		out = append(out, text)
	}
	return out, nil
}
