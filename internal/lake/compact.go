package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"weir/flowlog"
	"weir/internal/columnar"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// defaultTarget is the size of file that Compact aims at.
const defaultTarget = 256 << 20

// compactRows bounds the memory of Compact: so many records are held, sorted and written at once.
const compactRows = 1 << 20

// CompactOptions say what to compact.
type CompactOptions struct {
	From, Until time.Time // days, From included, Until not; zero is unbounded. Rows without a start belong to no range but the whole
	TargetBytes int64     // size of file to aim at; 0 is 256 MiB
	Progress    func(CompactResult)
}

// CompactResult counts what Compact did so far.
type CompactResult struct {
	Days        int // days with files to merge
	Commits     int
	FilesBefore int // merged
	FilesAfter  int // that they became
	Rows        int64
	BytesBefore int64
	BytesAfter  int64
}

// Compact merges the small files of each day into large ones, in the order for storage. Each group of files that become
// one is a commit of its own: one that is interrupted has lost at most that group's work, and the next goes on. Readers
// see the same rows all the time. The old files stay until Expire removes the snapshots that need them.
func (l *Lake) Compact(ctx context.Context, o CompactOptions) (CompactResult, error) {
	var r CompactResult
	if !l.write {
		return r, fmt.Errorf("compact: %w", errReadOnly)
	}
	if o.TargetBytes == 0 {
		o.TargetBytes = defaultTarget
	}
	for _, t := range flowlog.Tables {
		snap, err := l.Snapshot(ctx, t)
		if err != nil {
			return r, fmt.Errorf("compact: %w", err)
		}
		if u := unknownColumns(t, snap.table.Schema()); len(u) > 0 {
			return r, fmt.Errorf("compact table %s: it has columns that this weir does not know, and would lose: %s; use a newer weir",
				t.Name, strings.Join(u, ", "))
		}
		var last time.Time
		for i, g := range groups(snap.Files, o) {
			if i == 0 || !g[0].Day.Equal(last) {
				r.Days++
				last = g[0].Day
			}
			if err := l.compactGroup(ctx, t, g, o.TargetBytes, &r); err != nil {
				return r, fmt.Errorf("compact table %s, %s: %w", t.Name, dayFolder(g[0].Day), err)
			}
			if o.Progress != nil {
				o.Progress(r)
			}
		}
	}
	return r, nil
}

// groups chooses the files to merge: those of a day that are smaller than half the target, so many together as make a
// file of about the target. A file alone is left as it is, and so a second run finds nothing to do.
func groups(files []DataFile, o CompactOptions) [][]DataFile {
	var all [][]DataFile
	var group []DataFile
	var bytes int64
	flush := func() {
		if len(group) > 1 {
			all = append(all, group)
		}
		group, bytes = nil, 0
	}
	for _, f := range files {
		if f.Bytes >= o.TargetBytes/2 || (!o.From.IsZero() && f.Day.Before(o.From.UTC().Truncate(24*time.Hour))) || (!o.Until.IsZero() && !f.Day.Before(o.Until)) {
			continue
		}
		if len(group) > 0 && !group[0].Day.Equal(f.Day) {
			flush()
		}
		group = append(group, f)
		if bytes += f.Bytes; bytes >= o.TargetBytes {
			flush()
		}
	}
	flush()
	return all
}

func (l *Lake) compactGroup(ctx context.Context, t *flowlog.Table, group []DataFile, target int64, r *CompactResult) error {
	m := &merger{lake: l, table: t, day: group[0].Day, target: target, batch: flowlog.NewBatch(t, compactRows)}
	var rows, bytes int64
	var old []iceberg.DataFile
	err := func() error {
		for _, f := range group {
			if err := m.add(ctx, f); err != nil {
				return err
			}
			old = append(old, f.file)
			rows += f.Rows
			bytes += f.Bytes
		}
		return m.finish()
	}()
	if err == nil && m.rows() != rows {
		err = fmt.Errorf("BUG: %d rows became %d", rows, m.rows())
	}
	if err != nil {
		return errors.Join(err, removeAll(m.files))
	}
	err = l.change(ctx, change{kind: kindCompact, table: recordsOf(t), files: m.files,
		stage: func(ctx context.Context, tx *table.Transaction, props iceberg.Properties, added []iceberg.DataFile) error {
			rewrite := tx.NewRewrite(props)
			for _, f := range old {
				rewrite.DeleteFile(f)
			}
			for _, f := range added {
				rewrite.AddDataFile(f)
			}
			return rewrite.Commit(ctx)
		}})
	if err != nil {
		return err
	}
	r.Commits++
	r.FilesBefore += len(group)
	r.FilesAfter += len(m.files)
	r.Rows += rows
	r.BytesBefore += bytes
	for _, f := range m.files {
		r.BytesAfter += f.bytes
	}
	return nil
}

// merger writes the rows of several files of one day into new ones.
type merger struct {
	lake   *Lake
	table  *flowlog.Table
	day    time.Time
	target int64
	batch  *flowlog.Batch

	files []*File
	w     *columnar.Writer // to the last of files; nil if there is none open
}

func (m *merger) rows() (n int64) {
	for _, f := range m.files {
		n += f.Rows
	}
	return n
}

func (m *merger) add(ctx context.Context, f DataFile) error {
	var rows int64
	err := m.lake.readFile(ctx, m.table, f.Path, nil, func(r *columnar.Reader) error {
		for {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			n, err := r.Read(m.batch, m.batch.Limit()-m.batch.Len())
			rows += int64(n)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if m.batch.Full() {
				if err := m.flush(); err != nil {
					return err
				}
			}
		}
	})
	if err != nil {
		return err
	}
	if rows != f.Rows {
		return fmt.Errorf("read %s: file has %d rows, the table says %d", f.Path, rows, f.Rows)
	}
	if m.batch.Full() {
		return m.flush()
	}
	return nil
}

// flush writes what is in the batch.
func (m *merger) flush() error {
	for _, d := range columnar.Days(m.batch) {
		if !d.Day.Equal(m.day) {
			return fmt.Errorf("rows of %s lie among those of %s: the files were changed by another program", dayFolder(d.Day), dayFolder(m.day))
		}
		if m.w == nil {
			f, err := m.lake.Create(m.table, m.day)
			if err != nil {
				return err
			}
			m.files = append(m.files, f)
			m.w = columnar.NewWriter(f, m.lake.Schema(m.table))
		}
		if err := m.w.Write(m.batch, d.Rows, d.Cuts...); err != nil {
			return err
		}
		if m.w.Bytes() >= m.target {
			if err := m.close(); err != nil {
				return err
			}
		}
	}
	m.batch.Reset()
	return nil
}

func (m *merger) close() error {
	if m.w == nil {
		return nil
	}
	f := m.files[len(m.files)-1]
	if err := m.w.Close(); err != nil {
		return err
	}
	f.Rows = m.w.Rows()
	m.w = nil
	return f.Close()
}

func (m *merger) finish() error {
	if err := m.flush(); err != nil {
		return err
	}
	return m.close()
}

// readFile hands the reader of a data file to read, and says of errors which file it was.
func (l *Lake) readFile(ctx context.Context, t *flowlog.Table, path string, want func(*flowlog.Field) bool, read func(*columnar.Reader) error) (err error) {
	f, err := l.fs.read(ctx, path)
	if err != nil {
		return err
	}
	defer f.Close()
	defer func() {
		if err != nil {
			err = fmt.Errorf("read %s: %w", path, err)
		}
	}()
	// Rows of the lake are records. One that is refused would be lost, silently.
	var refused error
	r, err := columnar.OpenReader(f, f.Size(), t, columnar.ReaderOptions{Want: want, Reject: func(e *flowlog.LineError) { refused = e }})
	if err != nil {
		return err
	}
	return errors.Join(read(r), refused)
}

// rowsByObject counts the rows of each object in a data file.
func (l *Lake) rowsByObject(ctx context.Context, t *flowlog.Table, f DataFile) (map[string]int64, error) {
	const some = 64 << 10
	counts := map[string]int64{}
	b := flowlog.NewBatch(t, some)
	none := func(*flowlog.Field) bool { return false }
	err := l.readFile(ctx, t, f.Path, none, func(r *columnar.Reader) error {
		for {
			_, err := r.Read(b, some)
			codes := make([]int64, b.Object.Dict.Len())
			for _, c := range b.Object.Codes[:b.Len()] {
				codes[c]++
			}
			for c, n := range codes {
				if n > 0 {
					counts[b.Object.Dict.String(uint32(c))] += n
				}
			}
			b.Reset()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	return counts, err
}
