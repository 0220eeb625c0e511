package rule

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Formats are the ways in which a message writes a value: {column|format}. After count there may be what is counted.
var Formats = []string{"bytes", "count", "duration", "percent", "protocol", "time", "none"}

// The longest value and the longest message, in characters. What an attacker can write into a log, such as a tag, must not
// push the rest out of sight.
const (
	maxValue   = 80
	maxMessage = 400
)

// nounForm is a word or two, such as "short conversation".
var nounForm = regexp.MustCompile(`^[A-Za-z]+( [A-Za-z]+)*$`)

// part is a piece of a message: text, or the value of a column.
type part struct {
	text, column, format string
	one, many            string // what count counts
}

// parseMessage reads "{server} answered {clients|count} hosts". A brace is written {{ or }}.
func parseMessage(s string) ([]part, error) {
	var out []part
	text := ""
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			text += s
			break
		}
		text += s[:i]
		if strings.HasPrefix(s[i:], "{{") || strings.HasPrefix(s[i:], "}}") {
			text += s[i : i+1]
			s = s[i+2:]
			continue
		}
		if s[i] == '}' {
			return nil, fmt.Errorf("a } without its {")
		}
		j := strings.IndexByte(s[i:], '}')
		if j < 0 {
			return nil, fmt.Errorf("a { is not closed")
		}
		column, format, ok := strings.Cut(s[i+1:i+j], "|")
		if !ok {
			format = "none"
		}
		if !columnForm.MatchString(column) {
			return nil, fmt.Errorf("{%s}: %q is not the name of a column", s[i+1:i+j], column)
		}
		format, noun, counts := strings.Cut(format, " ")
		one, many, irregular := strings.Cut(noun, "/")
		if !irregular && counts {
			many = one + "s"
		}
		if counts && (format != "count" || !nounForm.MatchString(one) || !nounForm.MatchString(many)) {
			return nil, fmt.Errorf("{%s}: only count takes a word: {n|count host}, or {n|count address/addresses}", s[i+1:i+j])
		}
		if !slices.Contains(Formats, format) {
			return nil, fmt.Errorf("{%s}: there is no format %q, only %s", s[i+1:i+j], format, strings.Join(Formats, ", "))
		}
		out = append(out, part{text: text}, part{column: column, format: format, one: one, many: many})
		text, s = "", s[i+j+1:]
	}
	return append(out, part{text: text}), nil
}

// Message says a row in one sentence.
func (r *Rule) Message(row map[string]any) string {
	var b strings.Builder
	for _, p := range r.message {
		if p.column == "" {
			b.WriteString(p.text)
		} else {
			b.WriteString(cut(printable(Format(row[p.column], p.format)), maxValue))
			if n, _ := number(row[p.column]); n == 1 && p.one != "" {
				b.WriteString(" " + p.one)
			} else if p.one != "" {
				b.WriteString(" " + p.many)
			}
		}
	}
	return cut(b.String(), maxMessage)
}

// MessageColumns are the columns that the message names.
func (r *Rule) MessageColumns() []string {
	var out []string
	for _, p := range r.message {
		if p.column != "" && !slices.Contains(out, p.column) {
			out = append(out, p.column)
		}
	}
	return out
}

// Format writes a value as a message does. What does not fit its format is written as it is.
func Format(v any, format string) string {
	if v == nil {
		return "unknown"
	}
	n, isNumber := number(v)
	switch {
	case format == "bytes" && isNumber:
		return formatBytes(n)
	case format == "count" && isNumber:
		return formatCount(n)
	case format == "duration" && isNumber:
		return formatDuration(n)
	case format == "percent" && isNumber:
		return strconv.FormatFloat(math.Round(n*100), 'f', -1, 64) + " %"
	case format == "protocol" && isNumber:
		return formatProtocol(int64(n))
	}
	switch v := v.(type) {
	case string:
		return v
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04 UTC")
	case float64:
		return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	case []any:
		return formatList(v, format)
	case map[string]any:
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(text)
	}
	return fmt.Sprint(v)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case int32:
		return float64(v), true
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// formatBytes writes 52428800 as 52 MB: powers of 1000, two digits that count.
func formatBytes(n float64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	i := 0
	for ; math.Abs(n) >= 999.5 && i < len(units)-1; i++ {
		n /= 1000
	}
	if i > 0 && math.Abs(n) < 9.95 {
		return strings.TrimSuffix(strconv.FormatFloat(n, 'f', 1, 64), ".0") + " " + units[i]
	}
	return strconv.FormatFloat(n, 'f', 0, 64) + " " + units[i]
}

// formatCount writes 1204 as 1,204.
func formatCount(n float64) string {
	s := strconv.FormatFloat(math.Abs(n), 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if n < 0 {
		return "-" + s
	}
	return s
}

// formatDuration writes 5400 seconds as 1 h 30 min: the two largest units.
func formatDuration(n float64) string {
	s := int64(math.Round(n))
	if s < 0 {
		return "-" + formatDuration(-n)
	}
	two := func(a int64, big string, b int64, small string) string {
		if b == 0 {
			return fmt.Sprintf("%d %s", a, big)
		}
		return fmt.Sprintf("%d %s %d %s", a, big, b, small)
	}
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return two(s/60, "min", s%60, "s")
	case s < 48*3600:
		return two(s/3600, "h", s%3600/60, "min")
	}
	return two(s/86400, "d", s%86400/3600, "h")
}

// formatProtocol writes the IANA numbers that one meets as words.
func formatProtocol(n int64) string {
	names := map[int64]string{1: "ICMP", 6: "TCP", 17: "UDP", 47: "GRE", 50: "ESP", 58: "ICMPv6"}
	if s, ok := names[n]; ok {
		return s
	}
	return fmt.Sprintf("protocol %d", n)
}

// maxListed is the number of elements of a list that a message names.
const maxListed = 5

func formatList(list []any, format string) string {
	var words []string
	for i, v := range list {
		if i == maxListed {
			words = append(words, fmt.Sprintf("%d more", len(list)-i))
			break
		}
		words = append(words, cut(Format(v, format), 40))
	}
	return strings.Join(words, ", ")
}

// printable escapes what a terminal or a chat would take for more than text.
func printable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRune(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
