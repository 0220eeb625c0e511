package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/source"
)

// DecodeOptions say how objects are read.
type DecodeOptions struct {
	Format  *flowlog.Format           // of records without a header
	Want    func(*flowlog.Field) bool // fields that are needed; nil means all
	Reject  func(*flowlog.LineError)  // is told of each line that is not a record
	NoHash  bool                      // Digest will not be asked for
	TempDir string                    // for Parquet objects too large for memory; "" is the system's
}

// Records are the records of one object, whatever it is wrapped in.
type Records struct {
	object source.Object
	raw    *rawReader
	text   *flowlog.Reader
	plain  *plainReader // what text reads, to ask it for problems
	pq     *columnar.Reader
	table  *flowlog.Table
	format string
	spool  *os.File
	stats  flowlog.Stats // of text, once it is closed
	stop   func()        // ends the unwrapping of an envelope; may be nil
}

// readers keeps the memory of readers of text.
var readers = sync.Pool{New: func() any { return flowlog.NewReader(nil, flowlog.ReaderOptions{}) }}

// spoolAbove is the size from which a Parquet object is put into a file to be read, in bytes. AWS's are smaller.
const spoolAbove = 64 << 20

// Open opens an object and finds out what it is: text, Parquet, or an envelope of CloudWatch, compressed or not.
// Errors that concern its content name the object.
func Open(ctx context.Context, src source.Source, o source.Object, opt DecodeOptions) (_ *Records, err error) {
	body, err := src.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	r := &Records{object: o, raw: newRaw(body)}
	if opt.NoHash {
		r.raw.hash = nil
	}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	plain, err := openPlain(r.raw)
	if err != nil {
		return nil, r.wrap(err)
	}
	r.plain = plain
	head, err := plain.peek()
	if err != nil {
		return nil, r.wrap(err)
	}
	if bytes.HasPrefix(head, []byte("PAR1")) {
		return r, r.openParquet(opt)
	}
	var lines io.Reader
	lines, r.stop = openEnvelope(head, plain)
	if lines == io.Reader(plain) && (o.Size < 0 || o.Size >= aheadFrom) {
		a := newAhead(plain)
		lines, r.stop = a, a.close
	}
	r.text = readers.Get().(*flowlog.Reader)
	r.text.Reset(lines, flowlog.ReaderOptions{
		Object: o.URI, Format: opt.Format, Want: opt.Want, Reject: opt.Reject,
	})
	f, err := r.text.Format()
	if err != nil {
		return nil, r.wrap(err)
	}
	r.table, r.format = flowlog.VPC, "" // an empty object
	if f != nil {
		r.table, r.format = f.Table, f.String()
	}
	return r, nil
}

// openParquet reads the object whole, since a Parquet file is read from its end.
func (r *Records) openParquet(opt DecodeOptions) error {
	var at io.ReaderAt
	var size int64
	var buf bytes.Buffer
	n, err := io.CopyN(&buf, r.plain, spoolAbove)
	switch {
	case err == io.EOF:
		at, size = bytes.NewReader(buf.Bytes()), n
	case err != nil:
		return r.wrap(wholeFile(err))
	default:
		if r.spool, err = os.CreateTemp(opt.TempDir, "weir-parquet-*"); err != nil {
			return fmt.Errorf("spool parquet object: %w", err)
		}
		os.Remove(r.spool.Name()) // it lives as long as it is open
		m, err := io.Copy(r.spool, io.MultiReader(&buf, r.plain))
		if err != nil {
			return r.wrap(wholeFile(err))
		}
		at, size = r.spool, m
	}
	t, names, err := columnar.ParquetTable(at, size)
	if err != nil {
		return r.wrap(err)
	}
	r.pq, err = columnar.OpenReader(at, size, t, columnar.ReaderOptions{Object: r.object.URI, Want: opt.Want, Reject: opt.Reject})
	if err != nil {
		return r.wrap(err)
	}
	r.table, r.format = t, "parquet:"
	for _, n := range names {
		r.format += " " + n
	}
	return nil
}

// wholeFile is the error of reading content of which a part is of no use.
func wholeFile(err error) error {
	if ce := (*cutError)(nil); errors.As(err, &ce) {
		return fmt.Errorf("truncated %s: a part of a Parquet file is of no use", ce.what)
	}
	return err
}

// Table returns the table that the records belong to.
func (r *Records) Table() *flowlog.Table { return r.table }

// Format says how the object's fields are named and ordered.
func (r *Records) Format() string { return r.format }

// LogFormat returns the format of the records that the last Read appended, as far as text has one; nil for Parquet.
func (r *Records) LogFormat() *flowlog.Format {
	if r.text == nil {
		return nil
	}
	f, _ := r.text.Format()
	return f
}

// Read appends records to b until it is full or some were appended. After the last record it returns io.EOF.
func (r *Records) Read(b *flowlog.Batch) (int, error) {
	if r.pq != nil {
		for {
			from := b.Len()
			_, err := r.pq.Read(b, b.Limit()-from)
			if err != nil || b.Len() > from {
				return b.Len() - from, r.wrap(err)
			}
		}
	}
	n, err := r.text.Read(b)
	if ce := (*cutError)(nil); errors.As(err, &ce) && r.raw.err() == nil {
		if r.plain.problem == "" {
			r.plain.problem = "truncated " + ce.what + ": what was whole before the cut was read"
		}
		err = io.EOF
	}
	return n, r.wrap(err)
}

// Stats returns the counts so far. Bytes is what was read after decompression.
func (r *Records) Stats() flowlog.Stats {
	if r.pq != nil {
		return r.pq.Stats()
	}
	s := r.stats
	if r.text != nil {
		s = r.text.Stats()
	}
	s.Bytes = r.plain.n.Load()
	return s
}

// Problem says what is wrong with the object as a whole, though records were read; "" if nothing is.
func (r *Records) Problem() string { return r.plain.problem }

// BytesRead returns how many bytes of the object, as it lies there, were read.
func (r *Records) BytesRead() int64 { return r.raw.n.Load() }

// Digest returns the SHA-256 of the object's bytes as they lie there. It is complete after io.EOF.
func (r *Records) Digest() (string, error) {
	if _, err := io.Copy(io.Discard, r.raw); err != nil {
		return "", r.wrap(err)
	}
	return hex.EncodeToString(r.raw.hash.Sum(nil)), nil
}

// Close gives the object up.
func (r *Records) Close() error {
	err := r.raw.r.Close()
	if r.stop != nil {
		r.stop()
	}
	if r.plain != nil {
		r.plain.close()
	}
	if r.spool != nil {
		r.spool.Close()
	}
	if r.text != nil {
		r.stats = r.text.Stats()
		readers.Put(r.text)
		r.text = nil
	}
	return err
}

// wrap makes sure that an error names the object.
func (r *Records) wrap(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if e := r.raw.err(); e != nil {
		err = e // a broken connection is not a truncated gzip
	}
	var oe *source.ObjectError
	var he *flowlog.HeaderError
	if errors.As(err, &oe) || errors.As(err, &he) {
		return err
	}
	return &source.ObjectError{URI: r.object.URI, Err: err}
}

// rawReader counts and hashes the bytes of an object, and remembers an error of the source.
type rawReader struct {
	r    io.ReadCloser
	n    atomic.Int64 // an envelope or read-ahead reads in another goroutine
	hash hash.Hash
	bad  atomic.Pointer[error]
}

func newRaw(r io.ReadCloser) *rawReader { return &rawReader{r: r, hash: sha256.New()} }

func (r *rawReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.n.Add(int64(n))
	if r.hash != nil {
		r.hash.Write(p[:n])
	}
	if err != nil && err != io.EOF {
		r.bad.Store(&err)
	}
	return n, err
}

// err is the error of the source, if there was one.
func (r *rawReader) err() error {
	if e := r.bad.Load(); e != nil {
		return *e
	}
	return nil
}
