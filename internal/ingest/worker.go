package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/lake"
	"weir/internal/source"
)

// A worker's set of objects is committed when its batch is at least this full, so that objects need not be cut.
const fullEnough = 0.75

// maxAge is for how long read objects may wait for their commit.
const maxAge = time.Minute

// maxRejects and maxRejectBytes bound how many rejected lines of one object are kept, with what they say. All are
// counted.
const (
	maxRejects     = 10_000
	maxRejectBytes = 4 << 20
)

// worker reads one object after the other and writes what they hold.
type worker struct {
	*run
	sets []*set // one a table
}

// set is what a worker will commit at once: the records of whole objects, in memory and in files.
type set struct {
	table   *flowlog.Table
	batch   *flowlog.Batch
	files   map[time.Time]*dayFile
	objects []lake.ObjectRecord
	since   time.Time // when the first of objects was read
}

// dayFile is a data file that is being written.
type dayFile struct {
	file *lake.File
	w    *columnar.Writer
}

func newWorker(r *run) *worker {
	w := &worker{run: r}
	for _, t := range flowlog.Tables {
		w.sets = append(w.sets, &set{table: t, files: map[time.Time]*dayFile{}})
	}
	return w
}

func (w *worker) setOf(t *flowlog.Table) *set {
	for _, s := range w.sets {
		if s.table == t {
			if s.batch == nil {
				s.batch = flowlog.NewBatch(t, w.BatchRows)
			}
			return s
		}
	}
	panic("BUG: no set for table " + t.Name)
}

// work takes jobs until there are none, and commits all that was read. When ctx ends it stops reading, and commits
// what was read whole.
func (w *worker) work(ctx context.Context, jobs <-chan job) (err error) {
	defer func() {
		for _, s := range w.sets {
			if err == nil {
				err = w.commit(s)
			}
			s.abandon()
		}
	}()
	for j := range jobs {
		if ctx.Err() != nil {
			continue
		}
		if err := w.do(ctx, j); err != nil {
			return err
		}
		w.progress()
	}
	return nil
}

// do ingests one object. The error is one of the lake; one of the object is counted.
func (w *worker) do(ctx context.Context, j job) error {
	if j.changed {
		same, err := w.sameContent(ctx, j)
		if err != nil || same {
			return err
		}
	}
	rejects := &rejects{}
	rec, err := Open(ctx, j.src, j.object, DecodeOptions{Format: w.Format, Reject: rejects.add, TempDir: w.TempDir})
	if err == nil {
		err = w.read(ctx, j.object, rec, rejects)
		rec.Close()
	}
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case isLake(err):
		return err
	}
	w.fail(ctx, j.object, err)
	return nil
}

// read appends the object's records to a set. An object that fails leaves nothing.
func (w *worker) read(ctx context.Context, o source.Object, rec *Records, rejects *rejects) error {
	s := w.setOf(rec.Table())
	if s.batch.Full() {
		if err := w.commit(s); err != nil {
			return err
		}
	}
	begin := s.batch.Len() // where the object's records begin; -1 once some are in files
	undo := func(err error) error {
		if begin >= 0 {
			s.batch.Truncate(begin)
		} else {
			s.abandon() // the files hold nothing but this object
		}
		return err
	}
	unknown, tags := map[string]int64{}, tagged{}
	columns := strings.TrimPrefix(rec.Format(), "parquet: ")
	for last, seen := int64(0), int64(0); ; {
		if err := ctx.Err(); err != nil {
			return undo(err)
		}
		n, err := rec.Read(s.batch)
		if n > 0 {
			f := rec.LogFormat()
			tags.look(s.batch, s.batch.Len()-n, f, columns)
			if f != nil {
				for _, name := range f.Unknown() {
					unknown[name] += int64(n)
				}
			}
		}
		seen += int64(n)
		if b := rec.BytesRead(); b-last > 1<<20 {
			w.count(func(sum *Summary) { sum.BytesRead += b - last; sum.Seen += seen })
			seen = 0
			last = b
			w.progress()
		}
		if err == io.EOF {
			w.count(func(sum *Summary) { sum.BytesRead += rec.BytesRead() - last; sum.Seen += seen })
			break
		}
		if err != nil {
			return undo(err)
		}
		if s.batch.Full() {
			// The objects before this one are committed by themselves, so that files which hold a part of an object
			// hold nothing else.
			if begin > 0 || begin == 0 && len(s.objects) > 0 {
				if err := w.commitBefore(s, begin); err != nil {
					return undo(err)
				}
			}
			begin = -1
			if err := w.flush(s); err != nil {
				return undo(err)
			}
			s.batch.Reset()
		}
	}
	digest, err := rec.Digest()
	if err != nil {
		return undo(err)
	}
	st := rec.Stats()
	record := lake.ObjectRecord{
		URI: o.URI, Version: o.Version, Digest: digest, Size: rec.BytesRead(), Format: rec.Format(), Table: s.table.Name,
		Rows: st.Rows, Rejected: st.Rejected, NoData: st.NoData, SkipData: st.SkipData, Bytes: st.Bytes,
		Problem: rec.Problem(), Rejects: rejects.list,
	}
	if o.URI == "-" {
		if known, err := w.knownStream(ctx, record); err != nil || known {
			return undo(err)
		}
	}
	if int64(len(rejects.list)) < st.Rejected {
		note := fmt.Sprintf("%d of %d rejected lines were kept", len(rejects.list), st.Rejected)
		record.Problem = strings.TrimPrefix(record.Problem+"; "+note, "; ")
	}
	if record.Problem != "" && w.Problem != nil {
		w.Problem(Problem{URI: o.URI, Text: record.Problem})
	}
	if len(s.objects) == 0 {
		s.since = w.Now()
	}
	s.objects = append(s.objects, record)
	w.count(func(sum *Summary) {
		for name, n := range unknown {
			sum.Unknown[name] += n
		}
		tags.count(sum.Tags, st)
	})
	if float64(s.batch.Len()) >= fullEnough*float64(s.batch.Limit()) || s.batch.Full() || w.Now().Sub(s.since) >= maxAge {
		return w.commit(s)
	}
	return nil
}

// flush writes the batch's records to data files, a file a day.
func (w *worker) flush(s *set) error {
	for _, day := range columnar.Days(s.batch) {
		f := s.files[day.Day]
		if f == nil {
			file, err := w.Lake.Create(s.table, day.Day)
			if err != nil {
				return &lakeError{err}
			}
			f = &dayFile{file, columnar.NewWriter(file, w.Lake.Schema(s.table))}
			s.files[day.Day] = f
		}
		if err := f.w.Write(s.batch, day.Rows, day.Cuts...); err != nil {
			return &lakeError{err}
		}
	}
	return nil
}

// commit writes what is in memory and makes the set visible.
func (w *worker) commit(s *set) error {
	if len(s.objects) == 0 {
		return nil
	}
	if err := w.flush(s); err != nil {
		return err
	}
	s.batch.Reset()
	return w.commitFiles(s)
}

// commitBefore commits the set without the records from row begin on, which stay in memory.
func (w *worker) commitBefore(s *set, begin int) error {
	n := s.batch.Len()
	s.batch.Truncate(begin)
	err := w.flush(s)
	if err == nil {
		err = w.commitFiles(s)
	}
	if err != nil {
		return err
	}
	s.batch.Extend(n - begin)
	s.batch.Shift(begin)
	return nil
}

func (w *worker) commitFiles(s *set) error {
	c := lake.Commit{Table: s.table, Objects: s.objects}
	var stored int64
	for _, f := range s.files {
		err := f.w.Close()
		f.file.Rows = f.w.Rows()
		if err == nil {
			err = f.file.Close()
		}
		if err != nil {
			return &lakeError{err}
		}
		stored += f.w.Bytes()
		c.Files = append(c.Files, f.file)
	}
	// What was read whole is saved even when the user has had enough.
	if err := w.Lake.Commit(context.Background(), c); err != nil {
		return &lakeError{err}
	}
	w.count(func(sum *Summary) {
		sum.Commits++
		sum.Files += int64(len(c.Files))
		sum.BytesStored += stored
		for i := range c.Objects {
			o := &c.Objects[i]
			w.succeeded(sum, o.URI)
			sum.Objects++
			sum.Stored += o.Rows
			sum.Rejected += o.Rejected
			sum.Read += o.Rows + o.Rejected
			sum.NoData += o.NoData
			sum.SkipData += o.SkipData
			sum.BytesText += o.Bytes
			if o.Problem != "" {
				sum.Problems++
			}
		}
	})
	clear(s.files)
	s.objects = nil
	w.progress()
	return nil
}

// abandon removes files that were not committed.
func (s *set) abandon() {
	for _, f := range s.files {
		f.file.Remove()
	}
	clear(s.files)
	s.objects = nil
	if s.batch != nil {
		s.batch.Reset()
	}
}

// sameContent tells whether an object that the ledger has with another version was merely touched.
func (w *worker) sameContent(ctx context.Context, j job) (bool, error) {
	rec := &Records{object: j.object}
	body, err := j.src.Open(ctx, j.object)
	if err != nil {
		w.fail(ctx, j.object, err)
		return true, nil
	}
	rec.raw = newRaw(body)
	digest, err := rec.Digest()
	body.Close()
	if err != nil {
		if ctx.Err() == nil {
			w.fail(ctx, j.object, err)
		}
		return true, nil
	}
	stored, err := w.Lake.Recorded(ctx, j.object.URI)
	if err != nil {
		return false, &lakeError{err}
	}
	for _, r := range stored {
		if r.Digest == digest {
			w.count(func(s *Summary) { s.Known++ })
			err := w.Lake.SetVersion(ctx, lake.ObjectID{URI: r.URI, Version: r.Version}, j.object.Version)
			if err != nil {
				return true, &lakeError{err}
			}
			return true, nil
		}
	}
	w.fail(ctx, j.object, &source.ObjectError{URI: j.object.URI, Err: errChanged})
	return true, nil
}

// knownStream tells whether the same bytes came through standard input before.
func (w *worker) knownStream(ctx context.Context, r lake.ObjectRecord) (bool, error) {
	stored, err := w.Lake.Recorded(ctx, r.URI)
	if err != nil {
		return false, &lakeError{err}
	}
	for _, s := range stored {
		if s.Digest == r.Digest && s.Size == r.Size {
			w.count(func(s *Summary) { s.Known++ })
			if w.Problem != nil {
				w.Problem(Problem{URI: r.URI, Text: "the same bytes are in the lake already: not stored again"})
			}
			return true, nil
		}
	}
	return false, nil
}

// rejects collects the rejected lines of one object.
type rejects struct {
	list  []lake.Reject
	bytes int
}

func (r *rejects) add(e *flowlog.LineError) {
	r.bytes += len(e.Token) + len(e.Text)
	if len(r.list) >= maxRejects || r.bytes > maxRejectBytes {
		return
	}
	r.list = append(r.list, lake.Reject{Line: e.Line, Field: e.Field, Token: e.Token, Reason: e.Err.Error(), Text: e.Text})
}

// lakeError is an error of the lake, which ends the run: the next object would meet it too.
type lakeError struct{ err error }

func (e *lakeError) Error() string { return e.err.Error() }
func (e *lakeError) Unwrap() error { return e.err }

func isLake(err error) bool {
	var le *lakeError
	return errors.As(err, &le) || errors.Is(err, syscall.ENOSPC)
}
