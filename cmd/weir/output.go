package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mattn/go-isatty"
	"github.com/mattn/go-runewidth"

	"weir/internal/engine"
)

// isTerminal reports whether a person reads what is written to w.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// resultWriter prints the rows of a query as they come, in one of outputFormats.
type resultWriter interface {
	write(row []any) error
	close() error // ends the output; the writer below stays open
}

// newResultWriter prints rows of those columns to w. Values of a log are shown on a terminal only through printable.
func newResultWriter(w io.Writer, format string, columns []engine.Column) resultWriter {
	clean := func(s string) string { return s }
	if isTerminal(w) {
		clean = printable
	}
	b := bufio.NewWriterSize(w, 64<<10)
	switch format {
	case "table":
		return &tableWriter{w: b, columns: columns}
	case "csv":
		return newCSVWriter(b, columns, clean)
	case "md":
		return newMarkdownWriter(b, columns)
	case "json", "jsonl":
		return newJSONWriter(b, columns, format == "json")
	}
	panic("BUG: unknown output format " + format)
}

// cellText is a value in the formats that have no types. NULL is the empty text.
func cellText(v any, c engine.Column) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return floatText(v)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return timeText(v, c.Type)
	case []byte:
		return hex.EncodeToString(v)
	case *big.Int:
		return v.String()
	case engine.Decimal:
		return string(v)
	}
	var b bytes.Buffer
	appendJSON(&b, v, c.Type)
	return b.String()
}

// floatText has all digits that matter, and no exponent where a person would write none.
func floatText(f float64) string {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e15) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func timeText(t time.Time, typ string) string {
	if typ == "date" {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339Nano)
}

func isNumber(typ string) bool {
	switch typ {
	case "tinyint", "smallint", "integer", "bigint", "real", "double":
		return true
	}
	return strings.HasPrefix(typ, "decimal")
}

// tableRows is the number of rows that a table's column widths are taken from. Rows behind them may stand out.
const tableRows = 1000

// tableWriter prints columns under each other, numbers to the right.
type tableWriter struct {
	w       *bufio.Writer
	columns []engine.Column
	held    [][]string // until the widths are known
	widths  []int
}

func (t *tableWriter) write(row []any) error {
	cells := make([]string, len(row))
	for i, v := range row {
		cells[i] = printable(cellText(v, t.columns[i]))
	}
	if t.widths != nil {
		return t.line(cells)
	}
	t.held = append(t.held, cells)
	if len(t.held) == tableRows {
		return t.release()
	}
	return nil
}

func (t *tableWriter) release() error {
	head := make([]string, len(t.columns))
	for i, c := range t.columns {
		head[i] = printable(c.Name)
	}
	lines := append([][]string{head}, t.held...)
	t.held, t.widths = nil, make([]int, len(t.columns))
	for _, l := range lines {
		for i, cell := range l {
			t.widths[i] = max(t.widths[i], runewidth.StringWidth(cell))
		}
	}
	for _, l := range lines {
		if err := t.line(l); err != nil {
			return err
		}
	}
	return nil
}

func (t *tableWriter) line(cells []string) error {
	for i, cell := range cells {
		pad := strings.Repeat(" ", max(0, t.widths[i]-runewidth.StringWidth(cell)))
		last := i == len(cells)-1
		switch {
		case isNumber(t.columns[i].Type):
			_, _ = t.w.WriteString(pad + cell)
		case last:
			_, _ = t.w.WriteString(cell)
		default:
			_, _ = t.w.WriteString(cell + pad)
		}
		if !last {
			_, _ = t.w.WriteString("  ")
		}
	}
	return t.w.WriteByte('\n') // a bufio.Writer remembers its first error
}

func (t *tableWriter) close() error {
	if t.widths == nil {
		if err := t.release(); err != nil {
			return err
		}
	}
	return t.w.Flush()
}

type csvWriter struct {
	w       *csv.Writer
	b       *bufio.Writer
	columns []engine.Column
	cells   []string
	clean   func(string) string
}

func newCSVWriter(b *bufio.Writer, columns []engine.Column, clean func(string) string) *csvWriter {
	c := &csvWriter{w: csv.NewWriter(b), b: b, columns: columns, cells: make([]string, len(columns)), clean: clean}
	for i, col := range columns {
		c.cells[i] = clean(col.Name)
	}
	_ = c.w.Write(c.cells) // close tells
	return c
}

func (c *csvWriter) write(row []any) error {
	for i, v := range row {
		c.cells[i] = c.clean(cellText(v, c.columns[i]))
	}
	return c.w.Write(c.cells)
}

func (c *csvWriter) close() error {
	c.w.Flush()
	if err := c.w.Error(); err != nil {
		return err
	}
	return c.b.Flush()
}

type markdownWriter struct {
	w       *bufio.Writer
	columns []engine.Column
}

func newMarkdownWriter(w *bufio.Writer, columns []engine.Column) *markdownWriter {
	m := &markdownWriter{w, columns}
	var head, rule []string
	for _, c := range columns {
		head = append(head, markdownCell(c.Name))
		if isNumber(c.Type) {
			rule = append(rule, "---:")
		} else {
			rule = append(rule, "---")
		}
	}
	_, _ = fmt.Fprintf(w, "| %s |\n| %s |\n", strings.Join(head, " | "), strings.Join(rule, " | "))
	return m
}

func (m *markdownWriter) write(row []any) error {
	_, _ = m.w.WriteString("|")
	for i, v := range row {
		_, _ = m.w.WriteString(" " + markdownCell(cellText(v, m.columns[i])) + " |")
	}
	return m.w.WriteByte('\n')
}

func (m *markdownWriter) close() error { return m.w.Flush() }

// markdownCell keeps text from being markup: of a table, of HTML, of a link.
func markdownCell(s string) string {
	return markdownEscape.Replace(printable(s))
}

var markdownEscape = strings.NewReplacer("|", `\|`, `\`, `\\`, "<", "&lt;", "&", "&amp;", "`", "\\`", "[", `\[`, "*", `\*`)

// jsonWriter prints one array of objects, or an object a line.
type jsonWriter struct {
	w     *bufio.Writer
	array bool
	keys  [][]byte // with the colon
	types []string
	rows  int
	buf   bytes.Buffer
}

func newJSONWriter(w *bufio.Writer, columns []engine.Column, array bool) *jsonWriter {
	j := &jsonWriter{w: w, array: array}
	var seen []string
	for _, c := range columns {
		name := c.Name
		for n := 2; slices.Contains(seen, name); n++ { // an object has each key once
			name = fmt.Sprintf("%s_%d", c.Name, n)
		}
		seen = append(seen, name)
		var b bytes.Buffer
		appendText(&b, name)
		b.WriteByte(':')
		j.keys = append(j.keys, b.Bytes())
		j.types = append(j.types, c.Type)
	}
	return j
}

func (j *jsonWriter) write(row []any) error {
	j.buf.Reset()
	switch {
	case j.array && j.rows == 0:
		j.buf.WriteString("[\n")
	case j.array:
		j.buf.WriteString(",\n")
	}
	j.buf.WriteByte('{')
	for i, v := range row {
		if i > 0 {
			j.buf.WriteByte(',')
		}
		j.buf.Write(j.keys[i])
		appendJSON(&j.buf, v, j.types[i])
	}
	j.buf.WriteByte('}')
	if !j.array {
		j.buf.WriteByte('\n')
	}
	j.rows++
	_, err := j.w.Write(j.buf.Bytes())
	return err
}

func (j *jsonWriter) close() error {
	switch {
	case j.array && j.rows == 0:
		_, _ = j.w.WriteString("[]\n")
	case j.array:
		_, _ = j.w.WriteString("\n]\n")
	}
	return j.w.Flush()
}

// appendJSON writes a value as JSON. Numbers are written with all their digits, whatever a reader makes of them; a
// float that JSON has no word for is null.
func appendJSON(b *bytes.Buffer, v any, typ string) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case string:
		appendText(b, v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b.WriteString("null")
			return
		}
		b.WriteString(floatText(v))
	case int64, bool, *big.Int, engine.Decimal:
		fmt.Fprint(b, v)
	case time.Time:
		appendText(b, timeText(v, typ))
	case []byte:
		appendText(b, hex.EncodeToString(v))
	case []any:
		b.WriteByte('[')
		for i, x := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			appendJSON(b, x, strings.TrimSuffix(strings.TrimPrefix(typ, "array("), ")"))
		}
		b.WriteByte(']')
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		b.WriteByte('{')
		for i, k := range keys {
			if i > 0 {
				b.WriteByte(',')
			}
			appendText(b, k)
			b.WriteByte(':')
			appendJSON(b, v[k], "")
		}
		b.WriteByte('}')
	default:
		panic(fmt.Sprintf("BUG: no JSON for %T", v))
	}
}

// appendText writes a text as JSON. What could drive a terminal is written as \u escapes, which say the same.
func appendText(b *bytes.Buffer, s string) {
	simple := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			simple = false
			break
		}
	}
	b.WriteByte('"')
	defer b.WriteByte('"')
	if simple {
		b.WriteString(s)
		return
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\ufffd`)
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
			for _, u := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(b, `\u%04x`, u)
			}
		default:
			b.WriteRune(r)
		}
		i += n
	}
}
