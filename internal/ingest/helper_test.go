package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/lake"
	"weir/internal/source"
)

// object is one that a test made up.
type object struct {
	uri, version string
	data         []byte
	failAt       int   // the reader fails after so many bytes, if fail is set
	fail         error // of Read
	gone         error // of Open
	listErr      error // of List, for this object
}

// made is a source of made-up objects.
type made struct {
	objects []object
	then    error // ends the listing
}

func (m *made) List(ctx context.Context, _ source.Window) iter.Seq2[source.Object, error] {
	return func(yield func(source.Object, error) bool) {
		for _, o := range m.objects {
			so := source.Object{URI: o.uri, Version: o.version, Size: int64(len(o.data))}
			if o.version == "" {
				so.Version = "1"
			}
			if !yield(so, o.listErr) {
				return
			}
		}
		if m.then != nil {
			yield(source.Object{}, m.then)
		}
	}
}

func (m *made) Open(ctx context.Context, so source.Object) (io.ReadCloser, error) {
	for _, o := range m.objects {
		if o.uri == so.URI && (o.version == so.Version || o.version == "") {
			if o.gone != nil {
				return nil, o.gone
			}
			if o.fail != nil {
				return io.NopCloser(io.MultiReader(bytes.NewReader(o.data[:o.failAt]), failing{o.fail})), nil
			}
			return io.NopCloser(bytes.NewReader(o.data)), nil
		}
	}
	return nil, &source.ObjectError{URI: so.URI, Err: source.ErrVanished}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// defaultHead is the header of AWS's default format.
const defaultHead = flowlog.DefaultFormat + "\n"

// day0 is 2026-11-20 00:00 UTC.
const day0 = 1795132800

// record is line i of the object numbered o, in the default format. Each is different.
func record(o, i int, start int64) string {
	switch i % 40 {
	case 38:
		return fmt.Sprintf("2 123456789010 eni-%08x - - - - - - - %d %d - NODATA", o, start, start+60)
	case 39:
		return fmt.Sprintf("2 unknown eni-%08x - - - - - - - %d %d - SKIPDATA", o, start, start+60)
	}
	return fmt.Sprintf("2 123456789010 eni-%08x 10.%d.%d.%d 203.0.113.%d %d %d 6 %d %d %d %d ACCEPT OK",
		o, o>>8&255, o&255, i&255, i%200, 1024+i%60000, []int{22, 80, 443, 6379}[i%4], 1+i%9, 40+i, start, start+60)
}

// text is an object of the default format, n records of one day.
func text(o, n int, start int64) string {
	var b strings.Builder
	b.WriteString(defaultHead)
	for i := range n {
		b.WriteString(record(o, i, start+int64(i)))
		b.WriteByte('\n')
	}
	return b.String()
}

func zip(t testing.TB, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rows counts records by what they say: object and every value that is not "-", by column name.
type rows map[string]int

// add counts the records of a text with a header, as an obvious reader would: the slow twin of all the rest.
func (r rows) add(uri, text string) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	names := strings.Fields(lines[0])
	for _, l := range lines[1:] {
		var said []string
		for i, v := range strings.Fields(l) {
			if v != "-" {
				said = append(said, strings.ReplaceAll(names[i], "-", "_")+"="+v)
			}
		}
		slices.Sort(said)
		r[uri+": "+strings.Join(said, " ")]++
	}
}

func (r rows) len() (n int64) {
	for _, c := range r {
		n += int64(c)
	}
	return n
}

// diff says how other differs; "" if it does not. It names a few rows only.
func (r rows) diff(other rows) string {
	if maps.Equal(r, other) {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "want %d rows, got %d", r.len(), other.len())
	told := 0
	for k := range r {
		if n := other[k]; n != r[k] && told < 5 {
			told++
			fmt.Fprintf(&b, "\n%d times, want %d: %s", n, r[k], k)
		}
	}
	for k, n := range other {
		if _, ok := r[k]; !ok && told < 10 {
			told++
			fmt.Fprintf(&b, "\n%d times, want 0: %s", n, k)
		}
	}
	return b.String()
}

// take counts the records of a batch.
func (r rows) take(b *flowlog.Batch) {
	for i := range b.Len() {
		var said []string
		for f := range b.Table.Fields {
			field := &b.Table.Fields[f]
			if v := string(b.AppendValue(nil, field, i)); v != "-" {
				said = append(said, field.Column+"="+v)
			}
		}
		for n, v := range flowlog.ExtraPairs(b.Extra.Dict.Bytes(b.Extra.Codes[i])) {
			said = append(said, strings.ReplaceAll(string(n), "-", "_")+"="+string(v))
		}
		slices.Sort(said)
		r[b.Object.Dict.String(b.Object.Codes[i])+": "+strings.Join(said, " ")]++
	}
}

// lakeRows reads every data file of a lake's tables back.
func lakeRows(ctx context.Context, l *lake.Lake, tables ...*flowlog.Table) (rows, error) {
	if tables == nil {
		tables = flowlog.Tables
	}
	got := rows{}
	for _, t := range tables {
		s, err := l.Snapshot(ctx, t)
		if err != nil {
			return nil, err
		}
		if err := snapshotRows(ctx, l, s, t, got); err != nil {
			return nil, err
		}
	}
	return got, nil
}

func snapshotRows(ctx context.Context, l *lake.Lake, s *lake.Snapshot, t *flowlog.Table, got rows) error {
	cache := ""
	if strings.HasPrefix(l.Dir(), "s3://") { // a lake in a folder needs none, and not every test may write
		dir, err := os.MkdirTemp("", "weir-test-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		cache = dir
	}
	f, err := l.Fetch(ctx, s.Files, nil, lake.Cache{Dir: cache})
	if err != nil {
		return err
	}
	defer f.Close()
	b := flowlog.NewBatch(t, 1<<14)
	for _, path := range f.Paths {
		if err := fileRows(path, b, got); err != nil {
			return err
		}
	}
	return nil
}

func fileRows(path string, b *flowlog.Batch, got rows) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	st, err := file.Stat()
	if err != nil {
		return err
	}
	r, err := columnar.OpenReader(file, st.Size(), b.Table, columnar.ReaderOptions{})
	if err != nil {
		return err
	}
	for {
		b.Reset()
		_, err := r.Read(b, b.Limit())
		got.take(b)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func openLake(t testing.TB, dir string) *lake.Lake {
	t.Helper()
	l, err := openAt(context.Background(), dir, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// problems collects what a run tells of objects.
type problems []Problem

func (p *problems) on(c *Config) {
	told := make(chan struct{}, 1) // a lock
	c.Problem = func(o Problem) {
		told <- struct{}{}
		*p = append(*p, o)
		<-told
	}
}

func (p problems) of(uri string) string {
	for _, o := range p {
		if o.URI == uri {
			return o.Text
		}
	}
	return ""
}

// mustRun runs an ingest that must not fail as a whole, and checks that its numbers add up.
func mustRun(t testing.TB, c Config) Summary {
	t.Helper()
	s, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if s.Read != s.Stored+s.Rejected {
		t.Errorf("read %d != stored %d + rejected %d", s.Read, s.Stored, s.Rejected)
	}
	return s
}

// checkLake compares all rows of a lake with want, and proves that ledger, files and rejects add up.
func checkLake(t testing.TB, l *lake.Lake, want rows) *lake.Report {
	t.Helper()
	r, err := compareLake(t.Context(), l, want)
	if err != nil {
		t.Error(err)
	}
	return r
}

func compareLake(ctx context.Context, l *lake.Lake, want rows) (*lake.Report, error) {
	got, err := lakeRows(ctx, l)
	if err != nil {
		return nil, err
	}
	if d := want.diff(got); d != "" {
		return nil, errors.New("rows: " + d)
	}
	r, err := l.Verify(ctx, lake.VerifyOptions{Deep: true})
	if err != nil {
		return nil, err
	}
	if !r.OK() {
		return r, fmt.Errorf("faults: %v", r.Faults)
	}
	if r.Rows != want.len() || r.Read != r.Rows+r.Rejected || r.Pending != 0 {
		return r, fmt.Errorf("report: %+v, want %d rows", r, want.len())
	}
	var read, stored, rejected int64
	for o, err := range l.Objects(ctx, lake.ObjectFilter{}) {
		if err != nil {
			return r, err
		}
		stored += o.Rows
		rejected += o.Rejected
		read += o.Rows + o.Rejected
	}
	if stored != r.Rows || rejected != r.Rejected || read != r.Read {
		return r, fmt.Errorf("ledger: read %d, stored %d, rejected %d; report: %+v", read, stored, rejected, r)
	}
	return r, nil
}
