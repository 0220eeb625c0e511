package ingest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/source"
)

// SpoolConfig says what Spool reads and which columns it keeps.
type SpoolConfig struct {
	Sources []source.Source
	Window  source.Window
	Format  *flowlog.Format
	Dir     string   // where the files go; it must exist
	Columns []string // names of columns that are needed, AWS's and weir's; nil means all
	Workers int

	Reject   func(*flowlog.LineError) // may be nil; may be called by several goroutines
	Problem  func(Problem)            // likewise
	Progress func(Summary)            // likewise
}

// Spooled are the files that Spool wrote, by table.
type Spooled struct {
	Files   map[*flowlog.Table][]string
	Schemas map[*flowlog.Table]columnar.Schema
	Summary
}

// spoolRows is how many records a worker holds in memory. There is no order to gain from more.
const spoolRows = 1 << 18

// Spool writes the records of all objects that sources list to Parquet files, with only the columns that are needed,
// for one query. Unlike Run it keeps no ledger, and an object that fails half-way leaves what was read before.
func Spool(ctx context.Context, c SpoolConfig) (*Spooled, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if c.Workers <= 0 {
		c.Workers = Workers(0)
	}
	s := &spool{SpoolConfig: c, out: &Spooled{Files: map[*flowlog.Table][]string{}, Schemas: map[*flowlog.Table]columnar.Schema{}}}
	for _, t := range flowlog.Tables {
		var names []string
		for _, n := range columnar.ColumnNames(t) {
			if c.Columns == nil || s.wants(n) {
				names = append(names, n)
			}
		}
		if len(names) == 0 {
			names = []string{t.Fields[0].Column} // count(*) needs rows
		}
		s.out.Schemas[t] = columnar.NewSchema(t, names...)
	}
	jobs := make(chan job, 256)
	var wg sync.WaitGroup
	for i := range c.Workers {
		wg.Go(func() {
			if err := s.work(ctx, i, jobs); err != nil {
				cancel(err)
			}
		})
	}
list:
	for _, src := range c.Sources {
		for o, err := range src.List(ctx, c.Window) {
			var oe *source.ObjectError
			switch {
			case errors.As(err, &oe):
				s.problem(Problem{URI: oe.URI, Failed: true, Text: oe.Error(), Err: oe})
				continue
			case err != nil:
				cancel(err)
				break list
			}
			select {
			case jobs <- job{src: src, object: o}:
				s.count(func(sum *Summary) { sum.Listed++; sum.BytesListed += max(0, o.Size) })
			case <-ctx.Done():
				break list
			}
		}
	}
	close(jobs)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return s.out, nil
}

type spool struct {
	SpoolConfig
	mu  sync.Mutex
	out *Spooled
}

func (s *spool) wants(column string) bool {
	for _, c := range s.Columns {
		if c == column || c == columnar.StartTime && column == "start" || column == columnar.StartTime && (c == "start" || c == "end") {
			return true
		}
	}
	return false
}

func (s *spool) count(f func(*Summary)) {
	s.mu.Lock()
	f(&s.out.Summary)
	sum := s.out.Summary
	s.mu.Unlock()
	if s.Progress != nil {
		s.Progress(sum)
	}
}

func (s *spool) problem(p Problem) {
	s.count(func(sum *Summary) {
		if p.Failed {
			sum.Failed++
		} else {
			sum.Problems++
		}
	})
	if s.Problem != nil {
		s.Problem(p)
	}
}

// spoolFile is a file that a worker writes, and the records for it that are in memory.
type spoolFile struct {
	batch *flowlog.Batch
	rows  []uint32
	f     *os.File
	buf   *bufio.Writer
	w     *columnar.Writer
}

func (s *spool) work(ctx context.Context, number int, jobs <-chan job) error {
	files := map[*flowlog.Table]*spoolFile{}
	defer func() {
		for _, f := range files {
			f.f.Close()
		}
	}()
	want := func(f *flowlog.Field) bool {
		_, ok := s.out.Schemas[flowlog.VPC].IDs[f.Column]
		if !ok {
			_, ok = s.out.Schemas[flowlog.TransitGateway].IDs[f.Column]
		}
		return ok
	}
	if s.Columns == nil || s.wants(columnar.Extra) {
		want = nil
	}
	for j := range jobs {
		if ctx.Err() != nil {
			continue
		}
		rec, err := Open(ctx, j.src, j.object, DecodeOptions{Format: s.Format, Want: want, Reject: s.Reject, TempDir: s.Dir, NoHash: true})
		if err == nil {
			err = s.read(ctx, rec, files, number)
			rec.Close()
		}
		var se *spoolError
		switch {
		case errors.As(err, &se):
			return err
		case ctx.Err() != nil:
		case err != nil:
			s.problem(Problem{URI: j.object.URI, Failed: true, Text: err.Error(), Err: err})
		case rec.Problem() != "":
			s.problem(Problem{URI: j.object.URI, Text: rec.Problem()})
		}
	}
	for t, f := range files {
		if err := f.finish(); err != nil {
			return &spoolError{err}
		}
		s.mu.Lock()
		s.out.Files[t] = append(s.out.Files[t], f.f.Name())
		s.mu.Unlock()
	}
	return nil
}

func (s *spool) read(ctx context.Context, rec *Records, files map[*flowlog.Table]*spoolFile, number int) error {
	t := rec.Table()
	f := files[t]
	if f == nil {
		file, err := os.Create(filepath.Join(s.Dir, fmt.Sprintf("%s-%d.parquet", t.Name, number)))
		if err != nil {
			return &spoolError{err}
		}
		buf := bufio.NewWriterSize(file, 256<<10)
		f = &spoolFile{flowlog.NewBatch(t, spoolRows), nil, file, buf, columnar.NewWriter(buf, s.out.Schemas[t])}
		f.w.Transient = true
		files[t] = f
	}
	defer func() {
		st := rec.Stats()
		s.count(func(sum *Summary) {
			sum.Objects++
			sum.Read += st.Records
			sum.Seen += st.Rows
			sum.Stored += st.Rows
			sum.Rejected += st.Rejected
			sum.BytesRead += rec.BytesRead()
			sum.BytesText += st.Bytes
		})
	}()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.batch.Full() {
			if err := f.flush(); err != nil {
				return &spoolError{err}
			}
		}
		if _, err := rec.Read(f.batch); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func (f *spoolFile) flush() error {
	n := f.batch.Len()
	for i := len(f.rows); i < n; i++ {
		f.rows = append(f.rows, uint32(i))
	}
	if err := f.w.Write(f.batch, f.rows[:n]); err != nil {
		return err
	}
	f.batch.Reset()
	return nil
}

func (f *spoolFile) finish() error {
	if err := f.flush(); err != nil {
		return err
	}
	if err := f.w.Close(); err != nil {
		return err
	}
	return f.buf.Flush()
}

// spoolError is an error of the files that Spool writes, which ends it.
type spoolError struct{ err error }

func (e *spoolError) Error() string { return "spool records: " + e.err.Error() }
func (e *spoolError) Unwrap() error { return e.err }
