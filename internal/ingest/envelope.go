package ingest

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"weir/flowlog"
)

// maxValue is how long one JSON value or CSV row of an envelope may be, in bytes. A CloudWatch event has at most
// 1 MiB (CloudWatch Logs User Guide, "Quotas", read 2026-11).
const maxValue = 8 << 20

// openEnvelope returns the lines of records in r, whose first bytes are head: r itself if they are bare, else what
// is left when the envelope of CloudWatch, Firehose or an export is taken off. Lines then count events, from 1. The
// second result ends the work, if it is not nil.
func openEnvelope(head []byte, r io.Reader) (io.Reader, func()) {
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	line, _, _ := bytes.Cut(trimmed, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	switch {
	case len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '['):
		out, in := io.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			w := bufio.NewWriterSize(in, 64<<10)
			err := unwrapJSON(r, w)
			if e := w.Flush(); e != nil {
				err = e
			}
			in.CloseWithError(err)
		}()
		return out, func() { out.Close(); <-done }
	case isCSV(line):
		return &lines{next: newCSV(r).next}, nil
	case startsWithTime(line):
		return &lines{next: newTimed(r).next}, nil
	}
	return r, nil
}

// lines makes a reader of a function that returns lines without their ends. It is for envelopes, which are rare and
// slow; bare objects do not pass through it.
type lines struct {
	next func() (string, error)
	buf  []byte
	err  error
}

func (l *lines) Read(p []byte) (int, error) {
	for len(l.buf) == 0 && l.err == nil {
		var s string
		if s, l.err = l.next(); l.err == nil {
			l.buf = append(append(l.buf, strings.TrimRight(s, "\r\n")...), '\n')
		}
	}
	if len(l.buf) == 0 {
		return 0, l.err
	}
	n := copy(p, l.buf)
	l.buf = l.buf[n:]
	return n, nil
}

// startsWithTime tells a line of a CloudWatch export: the time of the event, a blank, the record.
func startsWithTime(line []byte) bool {
	first, _, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(first) < len("2006-01-02T15:04:05Z") || len(first) > 40 {
		return false
	}
	_, err := time.Parse(time.RFC3339Nano, string(first))
	return err == nil
}

type timed struct{ r *bufio.Reader }

func newTimed(r io.Reader) *timed { return &timed{bufio.NewReaderSize(r, 128<<10)} }

func (t *timed) next() (string, error) {
	line, err := t.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		head := string(line[:64<<10+1]) // the reader of records will refuse it for its length
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = t.r.ReadSlice('\n')
		}
		if err == io.EOF {
			err = nil
		}
		return head, err
	}
	if err != nil && (err != io.EOF || len(line) == 0) {
		return "", err
	}
	if startsWithTime(bytes.TrimRight(line, "\r\n")) {
		_, line, _ = bytes.Cut(line, []byte(" "))
	}
	return string(line), nil
}

// isCSV tells a table with a column of messages (the console's download, Logs Insights), or with a column a field.
func isCSV(line []byte) bool {
	if bytes.ContainsAny(line, " \t") {
		return false
	}
	names, err := csv.NewReader(bytes.NewReader(line)).Read()
	if err != nil {
		return false
	}
	if messageColumn(names) >= 0 {
		return true
	}
	for _, n := range names {
		if _, known := fieldName(n); known && len(names) > 1 {
			return true
		}
	}
	return false
}

func messageColumn(names []string) int {
	for i, n := range names {
		if n = strings.ToLower(strings.TrimSpace(n)); n == "message" || n == "@message" {
			return i
		}
	}
	return -1
}

type csvLines struct {
	r       *csv.Reader
	limit   *budget
	started bool
	message int         // index of the column of messages; -1 if each column is a field
	columns []csvColumn // of the table
}

type csvColumn struct {
	skip   bool // does not belong to the record
	number bool
}

func newCSV(r io.Reader) *csvLines {
	b := &budget{r: r, left: maxValue}
	c := &csvLines{r: csv.NewReader(b), limit: b}
	c.r.ReuseRecord, c.r.FieldsPerRecord, c.r.LazyQuotes = true, -1, true
	return c
}

func (c *csvLines) next() (string, error) {
	row, err := c.r.Read()
	if err == nil && !c.started {
		c.started = true
		row[0] = strings.TrimPrefix(row[0], "\xef\xbb\xbf")
		if c.message = messageColumn(row); c.message < 0 {
			return c.header(row), nil
		}
		row, err = c.r.Read()
	}
	if err != nil {
		return "", err
	}
	c.limit.left = maxValue
	if c.message >= 0 {
		if c.message >= len(row) {
			return "", nil
		}
		return row[c.message], nil
	}
	line := make([]string, 0, len(row))
	for i, v := range row {
		if i < len(c.columns) {
			if c.columns[i].skip {
				continue
			}
			if c.columns[i].number { // data frames make 25238.0 of integers
				v = strings.TrimSuffix(v, ".0")
			}
		}
		line = append(line, oneToken(v))
	}
	return strings.Join(line, " "), nil
}

func (c *csvLines) header(row []string) string {
	var head []string
	for _, n := range row {
		name, _ := fieldName(strings.TrimSpace(n))
		col := csvColumn{skip: name == ""}
		for _, t := range flowlog.Tables {
			if f := t.Field(name); f != nil {
				switch f.Kind {
				case flowlog.Port, flowlog.Count, flowlog.Code, flowlog.Flags, flowlog.Epoch:
					col.number = true
				default:
				}
			}
		}
		if !col.skip {
			head = append(head, name)
		}
		c.columns = append(c.columns, col)
	}
	return strings.Join(head, " ")
}

// budget keeps a decoder from buffering one endless value.
type budget struct {
	r    io.Reader
	left int
}

var errLongValue = fmt.Errorf("a value of more than %d MiB in a JSON or CSV envelope", maxValue>>20)

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongValue
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
