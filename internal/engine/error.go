package engine

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SQLError says what is wrong with the text of a query, and where.
type SQLError struct {
	Msg    string // one sentence, without the engine's own prefix
	Line   int    // from 1; 0 where the place is not known
	Column int    // from 1, in characters
	Hint   string // what was probably meant, or ""
	SQL    string // the query as it was given
}

// NewSQLError is an error at a byte offset of sql; a negative or impossible offset means that the place is not known.
func NewSQLError(sql string, offset int, msg string) *SQLError {
	e := &SQLError{Msg: msg, SQL: sql}
	if offset < 0 || offset > len(sql) {
		return e
	}
	before := sql[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	e.Line = 1 + strings.Count(before, "\n")
	e.Column = 1 + utf8.RuneCountInString(before[start:])
	return e
}

// excerptWidth is the most characters of a line that an error shows: a terminal's 80 columns, less the line number.
const excerptWidth = 72

// Error is the message, the line with a mark under the place, and the hint. Control characters of the query are shown
// as \x1b and the like, so that a query from elsewhere cannot drive the terminal.
func (e *SQLError) Error() string {
	var b strings.Builder
	b.WriteString(visible(e.Msg))
	if e.Line > 0 {
		lines := strings.Split(e.SQL, "\n")
		line, col := []rune(strings.TrimRight(lines[min(e.Line, len(lines))-1], "\r")), e.Column-1
		col = min(max(col, 0), len(line))
		from, to, pre, post := 0, len(line), "", ""
		if len(line) > excerptWidth {
			from = max(0, min(col-excerptWidth/2, len(line)-excerptWidth))
			to = min(len(line), from+excerptWidth)
			if from > 0 {
				pre = "…"
			}
			if to < len(line) {
				post = "…"
			}
		}
		head := pre + visible(string(line[from:col]))
		gutter := fmt.Sprintf("  %d | ", e.Line)
		fmt.Fprintf(&b, "\n%s%s%s%s\n", gutter, head, visible(string(line[col:to])), post)
		b.WriteString(strings.Repeat(" ", len(gutter)-2) + "| " + strings.Repeat(" ", utf8.RuneCountInString(head)) + "^")
	}
	if e.Hint != "" {
		b.WriteString("\n  hint: " + visible(e.Hint))
	}
	return b.String()
}

// visible replaces what a terminal would obey instead of show: control characters, bytes that are not UTF-8, and the
// marks that change the direction of text. A line break stays, a tab becomes a blank.
func visible(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\n':
			b.WriteByte('\n')
		case r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError && s[i] >= utf8.RuneSelf && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, "\\x%02x", s[i])
		case r < 0x100 && unicode.IsControl(r):
			fmt.Fprintf(&b, "\\x%02x", r)
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// ServerError is the failure of an engine on a server that is not about the text of the query: it was down, out of memory,
// told to stop. Msg and Code are the engine's own words.
type ServerError struct {
	Engine  string // "trino"
	QueryID string // "" where the query did not get so far
	Code    string // EXCEEDED_LOCAL_MEMORY_LIMIT
	Msg     string
	Err     error // what is below, or nil
}

func (e *ServerError) Error() string {
	var b strings.Builder
	b.WriteString(e.Engine + ": ")
	if e.Code != "" {
		b.WriteString(visible(e.Code) + ": ")
	}
	b.WriteString(strings.ReplaceAll(visible(e.Msg), "\n", " "))
	if e.QueryID != "" {
		b.WriteString(" (query " + visible(e.QueryID) + ")")
	}
	return b.String()
}

func (e *ServerError) Unwrap() error { return e.Err }

// LimitError says that a result is larger than the engine was told to give.
type LimitError struct{ Msg string }

func (e *LimitError) Error() string { return e.Msg }
