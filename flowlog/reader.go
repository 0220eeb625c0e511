package flowlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxLine is the longest line that is read, in bytes. A guess with room to spare: the longest real records (every
// field of version 11, with ARNs) have about 2 kB. Whatever is longer is another file format, not a flow.
const maxLine = 64 << 10

// maxToken is how much of a token a LineError quotes, in bytes; maxText, how much of the line.
const (
	maxToken = 256
	maxText  = 1024
)

// chunk is how much text is read at a time: small enough that it is still in the cache when it is parsed.
const chunk = 256 << 10

// LineError says which token of which line was not understood.
type LineError struct {
	Object string // key or file name
	Line   int64  // from 1; the header is line 1
	Field  string // AWS name; empty if it is the line as a whole
	Token  string // at most 256 bytes of it
	Text   string // at most 1 kB of the line
	Err    error
}

func (e *LineError) Error() string {
	where := fmt.Sprintf("%s:%d", e.Object, e.Line)
	if e.Field == "" {
		return fmt.Sprintf("%s: %v", where, e.Err)
	}
	return fmt.Sprintf("%s: %s %q: %v", where, e.Field, e.Token, e.Err)
}

func (e *LineError) Unwrap() error { return e.Err }

// HeaderError says that an object cannot be read because of its first line.
type HeaderError struct {
	Object string
	Text   string // at most 1 kB of the line
	Err    error
}

func (e *HeaderError) Error() string {
	n := 100
	if notText([]byte(e.Text)) {
		n = 24 // enough to tell what kind of file it is
	}
	return fmt.Sprintf("%s:1: %v: %q", e.Object, e.Err, cut([]byte(e.Text), n))
}

// notText tells whether a line is not text.
func notText(line []byte) bool {
	return !utf8.Valid(line) || bytes.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

func (e *HeaderError) Unwrap() error { return e.Err }

// ReaderOptions say how text is read. The zero value reads objects as AWS delivers them to S3.
type ReaderOptions struct {
	// Object is the name that errors and Batch.Object carry.
	Object string
	// Format is that of objects without a header. A header wins over it.
	Format *Format
	// Want says which fields are needed; nil means all. Of the others only their number in a line is looked at, so that
	// a line may be taken for a record that would be rejected for one of their values.
	Want func(*Field) bool
	// Reject is told of each line that is not a record. The LineError is its own.
	Reject func(*LineError)
}

// Stats count what a Reader read. Records = Rows + Rejected, always.
type Stats struct {
	Records  int64 // lines that are not headers
	Rows     int64 // records appended to batches, NODATA and SKIPDATA included
	Rejected int64
	NoData   int64
	SkipData int64
	Headers  int64 // header lines, also those in the middle of an object
	Bytes    int64 // text
}

// Reader reads the text of one object into batches.
type Reader struct {
	src io.Reader
	o   ReaderOptions
	p   parser

	buf      []byte // text is buf[pos:end], whole lines up to whole; readAhead bytes lie behind end
	pos      int
	whole    int
	end      int
	err      error  // of src; io.EOF when all was read
	skip     bool   // in a line that is too long
	longText string // the beginning of the first such line
	stats    Stats
	opened   bool
	openErr  error
}

// NewReader returns a Reader of the text that src yields.
func NewReader(src io.Reader, o ReaderOptions) *Reader {
	return &Reader{src: src, o: o, buf: make([]byte, chunk+readAhead)}
}

// Reset makes r read the text of another object, and keeps its memory.
func (r *Reader) Reset(src io.Reader, o ReaderOptions) {
	*r = Reader{src: src, o: o, buf: r.buf, p: parser{extra: r.p.extra[:0]}}
}

// Format returns the format of the records that the last Read appended; before, that of the first line. The error is a *HeaderError, or that of the source.
// An empty object has the declared format, else none: nil and no error.
func (r *Reader) Format() (*Format, error) {
	if r.opened {
		return r.p.format, r.openErr
	}
	r.opened = true
	more := r.fill()
	if r.stats.Rejected > 0 && r.o.Format == nil {
		// Whatever stands further down, an object that begins with a line that long is no flow log.
		r.openErr = &HeaderError{r.o.Object, r.longText, fmt.Errorf("header: %w", errTooLong)}
		return nil, r.openErr
	}
	if !more {
		if r.err != io.EOF {
			r.openErr = r.err
		} else if r.o.Format != nil {
			r.p.setFormat(r.o.Format, r.o.Want)
		}
		return r.p.format, r.openErr
	}
	first := r.buf[r.pos:r.whole]
	if i := bytes.IndexByte(first, '\n'); i >= 0 {
		first = first[:i]
	}
	first = bytes.TrimPrefix(bytes.TrimSuffix(first, []byte("\r")), []byte("\xef\xbb\xbf"))
	f, err := parseHeader(first)
	switch {
	case err != nil:
		r.openErr = &HeaderError{r.o.Object, cut(first, maxText), fmt.Errorf("header: %w", err)}
	case f != nil:
		r.stats.Headers++
		r.p.line++
		r.pos += bytes.IndexByte(r.buf[r.pos:r.whole], '\n') + 1
		r.p.setFormat(f, r.o.Want)
	case r.o.Format != nil:
		r.p.setFormat(r.o.Format, r.o.Want)
	case notText(first):
		r.openErr = &HeaderError{r.o.Object, cut(first, maxText), errBinary}
	default:
		r.openErr = &HeaderError{r.o.Object, cut(first, maxText), ErrNoHeader}
	}
	return r.p.format, r.openErr
}

// Read appends records to b until b is full or some were appended, and returns how many. After the last it returns
// io.EOF, or the error of the source; the whole lines before such an error were read, the piece of a line was not.
func (r *Reader) Read(b *Batch) (int, error) {
	if _, err := r.Format(); err != nil {
		return 0, err
	}
	from := b.n
	for b.n == from && !b.Full() {
		if r.pos >= r.whole && !r.fill() {
			return 0, r.err
		}
		f := r.p.format
		if f == nil {
			return 0, io.EOF
		}
		r.p.foreign = f.Table != b.Table
		lines := bytes.Count(r.buf[r.pos:r.whole], []byte{'\n'})
		row := b.n
		if !r.p.foreign {
			r.p.bind(b) // the format's columns must exist before Grow makes room in them
		}
		rows := b.Grow(lines)
		at := r.pos
		r.pos = r.p.parse(r.buf, r.pos, r.whole, b, rows, r.reject)
		if r.pos == at {
			r.header()
		}
		if b.n > row {
			r.stats.Rows += int64(b.n - row)
			code := b.Object.Dict.Code([]byte(r.o.Object))
			for i := row; i < b.n; i++ {
				b.Object.Codes[i] = code
			}
		}
	}
	return b.n - from, nil
}

// header takes a header in the middle of the object, as concatenated objects have it: a line that is no record, and
// before which parse stopped.
func (r *Reader) header() {
	line := r.buf[r.pos:r.whole]
	line = line[:bytes.IndexByte(line, '\n')]
	f, _ := parseHeader(line)
	r.stats.Headers++
	r.p.line++
	r.pos += len(line) + 1
	r.p.setFormat(f, r.o.Want)
}

// Stats returns the counts so far.
func (r *Reader) Stats() Stats {
	s := r.stats
	s.Records = s.Rows + s.Rejected
	s.NoData = r.p.stats.byStatus[classNoData]
	s.SkipData = r.p.stats.byStatus[classSkipData]
	return s
}

// reject counts a line that is not a record.
func (r *Reader) reject(line []byte) { r.refuse(line, r.p.bad) }

func (r *Reader) refuse(line []byte, e LineError) {
	r.stats.Rejected++
	if r.o.Reject != nil {
		e.Object, e.Line, e.Text = r.o.Object, r.p.line, cut(line, maxText)
		r.o.Reject(&e)
	}
}

// fill reads more text until there is a whole line, and returns false if there will be none.
func (r *Reader) fill() bool {
	for {
		// Keep the piece of a line that is left.
		n := copy(r.buf, r.buf[r.pos:r.end])
		r.pos, r.whole, r.end = 0, 0, n
		for r.err == nil && r.end < chunk && r.whole == 0 {
			n, err := r.src.Read(r.buf[r.end:chunk])
			r.stats.Bytes += int64(n)
			if i := bytes.LastIndexByte(r.buf[r.end:r.end+n], '\n'); i >= 0 {
				r.whole = r.end + i + 1
			}
			r.end += n
			r.err = err
		}
		if r.whole == 0 && errors.Is(r.err, io.EOF) && r.end > 0 && r.end < chunk {
			r.buf[r.end] = '\n' // the last line may lack it
			r.end++
			r.whole = r.end
		}
		switch {
		case r.skip && r.whole > 0: // the rest of a line that was too long
			r.pos = bytes.IndexByte(r.buf[:r.whole], '\n') + 1
			r.skip = false
			if r.pos < r.whole {
				return true
			}
		case r.skip && r.err == nil:
			r.pos = r.end
		case r.whole > 0:
			return true
		case r.err == nil || r.err == io.EOF && r.end >= chunk: // a buffer full and no end of line in it
			if !r.skip { // else it is the end of such a line, which the object ends with
				r.p.line++
				if r.longText == "" {
					r.longText = cut(r.buf[:chunk], maxText)
				}
				r.refuse(r.buf[:chunk], LineError{Err: errTooLong})
			}
			r.skip = true
			r.pos = r.end
		default:
			return false
		}
	}
}
