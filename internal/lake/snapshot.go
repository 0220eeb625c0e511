package lake

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"weir/flowlog"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// Snapshot is one state of a table: the files that together are all its rows. It stays readable until Expire removes
// it, whatever is committed meanwhile.
type Snapshot struct {
	ID    int64     // 0 for a table that never got a row
	Time  time.Time // when it was made
	Files []DataFile

	table *table.Table
}

// DataFile is one Parquet file of a snapshot.
type DataFile struct {
	Path  string // absolute
	Rows  int64
	Bytes int64
	Day   time.Time // UTC; zero for rows without a start
	// MinStart and MaxStart bound start_time of the rows, or hour in a derived table, both included; zero if no row has one.
	MinStart, MaxStart time.Time

	file iceberg.DataFile
}

// Rows is the number of rows in all files.
func (s *Snapshot) Rows() int64 {
	var n int64
	for _, f := range s.Files {
		n += f.Rows
	}
	return n
}

// Bytes is the size of all files.
func (s *Snapshot) Bytes() int64 {
	var n int64
	for _, f := range s.Files {
		n += f.Bytes
	}
	return n
}

// Between returns the files that may have rows which start from from until before to. A zero time does not bound.
// Files of rows without a start are left out if either is given.
func (s *Snapshot) Between(from, to time.Time) []DataFile {
	if from.IsZero() && to.IsZero() {
		return s.Files
	}
	var files []DataFile
	for _, f := range s.Files {
		if f.MinStart.IsZero() || (!from.IsZero() && f.MaxStart.Before(from)) || (!to.IsZero() && !f.MinStart.Before(to)) {
			continue
		}
		files = append(files, f)
	}
	return files
}

// Snapshot returns the present state of t, its files in order of day.
func (l *Lake) Snapshot(ctx context.Context, t *flowlog.Table) (*Snapshot, error) {
	return l.snapshot(ctx, recordsOf(t))
}

func (l *Lake) snapshot(ctx context.Context, t stored) (*Snapshot, error) {
	tbl, err := l.table(ctx, t.name())
	if err != nil {
		return nil, fmt.Errorf("plan table %s: %w", t.name(), err)
	}
	current := tbl.CurrentSnapshot()
	if current == nil {
		return &Snapshot{table: tbl}, nil
	}
	l.cacheMu.Lock()
	plan := l.plans[t.name()]
	l.cacheMu.Unlock()
	if plan == nil || plan.ID != current.SnapshotID {
		if plan, err = l.plan(ctx, t, tbl, current); err != nil {
			return nil, fmt.Errorf("plan table %s: %w", t.name(), err)
		}
		l.cacheMu.Lock()
		l.plans[t.name()] = plan
		l.cacheMu.Unlock()
	}
	return &Snapshot{ID: plan.ID, Time: plan.Time, Files: slices.Clone(plan.Files), table: tbl}, nil
}

func (l *Lake) plan(ctx context.Context, t stored, tbl *table.Table, snap *table.Snapshot) (*Snapshot, error) {
	tasks, err := tbl.Scan(table.WithSnapshotID(snap.SnapshotID)).PlanFiles(ctx)
	if err != nil {
		return nil, err
	}
	start, ok := tbl.Schema().FindFieldByName(t.time())
	if !ok {
		return nil, fmt.Errorf("column %s is missing: the table was changed by another program", t.time())
	}
	s := &Snapshot{ID: snap.SnapshotID, Time: time.UnixMilli(snap.TimestampMs).UTC(), Files: make([]DataFile, 0, len(tasks))}
	seen := make(map[string]bool, len(tasks))
	for _, task := range tasks {
		path, err := l.fs.path(task.File.FilePath())
		if err != nil {
			return nil, err
		}
		if n := len(task.DeleteFiles) + len(task.EqualityDeleteFiles) + len(task.DeletionVectorFiles); n > 0 {
			return nil, &DeletesError{Path: path, Files: n}
		}
		// A plan may split a file into ranges.
		if seen[path] {
			continue
		}
		seen[path] = true
		f := DataFile{Path: path, Rows: task.File.Count(), Bytes: task.File.FileSizeBytes(), file: task.File}
		begin, _ := t.begin(task.File)
		f.Day = begin.Truncate(24 * time.Hour)
		f.MinStart = micros(task.File.LowerBoundValues()[start.ID])
		f.MaxStart = micros(task.File.UpperBoundValues()[start.ID])
		if f.MinStart.IsZero() && !begin.IsZero() { // no statistics: the partition bounds it
			f.MinStart, f.MaxStart = begin, begin.Add(t.unit()-time.Microsecond)
		}
		s.Files = append(s.Files, f)
	}
	slices.SortFunc(s.Files, func(a, b DataFile) int {
		return cmp.Or(a.Day.Compare(b.Day), a.MinStart.Compare(b.MinStart), cmp.Compare(a.Path, b.Path))
	})
	return s, nil
}

// DeletesError says that rows of a data file were deleted by another engine, which left the file as it is and wrote
// beside it which rows no longer count. weir reads data files, and so it would show them.
type DeletesError struct {
	Path  string
	Files int
}

func (e *DeletesError) Error() string {
	return fmt.Sprintf("rows of %s were deleted by another engine (%d delete files), which weir does not apply; "+
		"rewrite the table there, in Trino: ALTER TABLE … EXECUTE optimize(file_size_threshold => '1TB')", e.Path, e.Files)
}

// micros is the time of a bound in a manifest: little-endian microseconds.
func micros(b []byte) time.Time {
	if len(b) != 8 {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.LittleEndian.Uint64(b))).UTC()
}
