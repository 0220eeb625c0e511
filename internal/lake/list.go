package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"weir/flowlog"
)

// ObjectFilter chooses entries of the ledger. Its zero value chooses all.
type ObjectFilter struct {
	Prefix   string // of the URI
	Table    string // name of the table
	Problem  bool   // only those with a problem
	Rejected bool   // only those with rejected lines
	Since    time.Time
	Until    time.Time
	Limit    int // 0: no limit
}

// Objects yields the ledger's entries in the order in which they were stored.
func (l *Lake) Objects(ctx context.Context, f ObjectFilter) iter.Seq2[ObjectRecord, error] {
	var where []string
	var args []any
	add := func(cond string, a ...any) { where, args = append(where, cond), append(args, a...) }
	if f.Prefix != "" {
		add("substr(uri, 1, length(?)) = ?", f.Prefix, f.Prefix)
	}
	if f.Table != "" {
		add("table_name = ?", f.Table)
	}
	if f.Problem {
		add("problem <> ''")
	}
	if f.Rejected {
		add("rejected > 0")
	}
	if !f.Since.IsZero() {
		add("time >= ?", f.Since.UnixMicro())
	}
	if !f.Until.IsZero() {
		add("time < ?", f.Until.UnixMicro())
	}
	tail := "ORDER BY id"
	if len(where) > 0 {
		tail = "WHERE " + strings.Join(where, " AND ") + " " + tail
	}
	if f.Limit > 0 {
		tail += " LIMIT ?"
		args = append(args, f.Limit)
	}
	return l.objects(ctx, tail, args...)
}

func (l *Lake) objects(ctx context.Context, tail string, args ...any) iter.Seq2[ObjectRecord, error] {
	return query(ctx, l.db, "list objects", func(rows rowScanner) (o ObjectRecord, err error) {
		var at int64
		err = rows.Scan(&o.URI, &o.Version, &o.Digest, &o.Size, &o.Format, &o.Table, &o.Rows, &o.Rejected,
			&o.NoData, &o.SkipData, &o.Bytes, &o.Problem, &o.Commit, &at)
		o.Time = time.UnixMicro(at).UTC()
		return o, err
	}, `SELECT `+objectColumns+` FROM weir_object `+tail, args...)
}

// rowScanner is the row that a statement is at.
type rowScanner interface{ Scan(dest ...any) error }

func scanText(r rowScanner) (s string, err error) { return s, r.Scan(&s) }

// query yields the rows of a statement as scan reads them.
func query[T any](ctx context.Context, db *sql.DB, doing string, scan func(rowScanner) (T, error), stmt string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		rows, err := db.QueryContext(ctx, stmt, args...)
		if err != nil {
			yield(zero, fmt.Errorf("%s: %w", doing, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				yield(zero, fmt.Errorf("%s: %w", doing, err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(zero, fmt.Errorf("%s: %w", doing, err))
		}
	}
}

// Rejects yields the rejected lines of the objects whose URI starts with prefix, in the order in which they were stored;
// limit 0 is no limit.
func (l *Lake) Rejects(ctx context.Context, prefix string, limit int) iter.Seq2[Reject, error] {
	stmt := `SELECT o.uri, r.line, r.field, r.token, r.reason, r.text FROM weir_object o JOIN weir_reject r ON r.object_id = o.id`
	var args []any
	if prefix != "" {
		stmt += ` WHERE substr(o.uri, 1, length(?)) = ?`
		args = append(args, prefix, prefix)
	}
	stmt += ` ORDER BY o.id, r.line`
	if limit > 0 {
		stmt += ` LIMIT ?`
		args = append(args, limit)
	}
	return query(ctx, l.db, "list rejects", func(rows rowScanner) (r Reject, err error) {
		return r, rows.Scan(&r.URI, &r.Line, &r.Field, &r.Token, &r.Reason, &r.Text)
	}, stmt, args...)
}

// Failure is an object that could not be read.
type Failure struct {
	URI, Version string
	Error        string
	First, Last  time.Time
	Attempts     int
}

// Failures yields the objects that could not be read when last tried, by URI.
func (l *Lake) Failures(ctx context.Context) iter.Seq2[Failure, error] {
	return query(ctx, l.db, "list failures", func(rows rowScanner) (f Failure, err error) {
		var first, last int64
		err = rows.Scan(&f.URI, &f.Version, &f.Error, &first, &last, &f.Attempts)
		f.First, f.Last = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
		return f, err
	}, `SELECT uri, version, error, first, last, attempts FROM weir_failure ORDER BY uri`)
}

// SnapshotInfo is one state of a table that can still be read.
type SnapshotInfo struct {
	Table     string
	ID        int64
	Parent    int64 // 0: none
	Time      time.Time
	Operation string // append, replace, overwrite, delete
	Commit    string // of weir; "" for one by another engine
	Files     string // total-data-files of the summary, as written
	Rows      string // total-records
	Current   bool
}

// Snapshots lists a table's snapshots, oldest first.
func (l *Lake) Snapshots(ctx context.Context, t *flowlog.Table) ([]SnapshotInfo, error) {
	return l.snapshots(ctx, t.Name)
}

// DerivedSnapshots lists those of a derived table; none where there is no such table.
func (l *Lake) DerivedSnapshots(ctx context.Context, d *Derived) ([]SnapshotInfo, error) {
	infos, err := l.snapshots(ctx, d.Name)
	if errors.Is(err, ErrNoTable) {
		return nil, nil
	}
	return infos, err
}

func (l *Lake) snapshots(ctx context.Context, name string) ([]SnapshotInfo, error) {
	tbl, err := l.table(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("list snapshots: %w", err)
	}
	var infos []SnapshotInfo
	current := tbl.CurrentSnapshot()
	for _, s := range tbl.Metadata().Snapshots() {
		i := SnapshotInfo{Table: name, ID: s.SnapshotID, Time: time.UnixMilli(s.TimestampMs).UTC(), Current: s.SnapshotID == current.SnapshotID}
		if s.ParentSnapshotID != nil {
			i.Parent = *s.ParentSnapshotID
		}
		if s.Summary != nil {
			i.Operation = string(s.Summary.Operation)
			i.Commit = s.Summary.Properties[commitProperty]
			i.Files = s.Summary.Properties["total-data-files"]
			i.Rows = s.Summary.Properties["total-records"]
		}
		infos = append(infos, i)
	}
	return infos, nil
}

// Status is an overview of a lake.
type Status struct {
	Dir    string
	Tables []TableStatus

	Objects  int64 // stored
	Read     int64 // records read of them: stored + rejected
	Rows     int64 // stored
	Rejected int64
	NoData   int64
	SkipData int64
	Size     int64 // of the objects as they lie at their source, where that is known
	Bytes    int64 // of the same, decompressed
	Problems int64 // objects stored with a problem
	Failed   int64 // objects that could not be read
	Pending  int64 // commits under way, or of a writer that was killed
	Last     time.Time
	Writer   string // who has the writer's lock, if that is known

	HoursMade  int64 // hours of records whose derived tables are up to date
	HoursStale int64 // hours whose derived tables are missing, or older than their records
}

// TableStatus is an overview of a table.
type TableStatus struct {
	Table     string
	Rows      int64
	Files     int64
	Bytes     int64
	Small     int64     // files that Compact would merge
	From, To  time.Time // of start_time, or of the hours; both zero without rows
	Snapshots int
	Updated   time.Time
	Unknown   []string // columns that this weir does not know
	Problem   string   // why its rows cannot be read; "" as a rule
	Derived   bool     // weir made it of records
}

// Status counts what is in the lake.
func (l *Lake) Status(ctx context.Context) (Status, error) {
	s := Status{Dir: l.dir}
	var last sql.NullInt64
	err := l.db.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(rejected), 0), coalesce(sum(nodata), 0),
			coalesce(sum(skipdata), 0), coalesce(sum(CASE WHEN size > 0 THEN size END), 0), coalesce(sum(bytes), 0), count(CASE WHEN problem <> '' THEN 1 END), max(time),
			(SELECT count(*) FROM weir_failure), (SELECT count(*) FROM weir_commit WHERE state = 'pending')
		FROM weir_object`).Scan(&s.Objects, &s.Rows, &s.Rejected, &s.NoData, &s.SkipData, &s.Size, &s.Bytes, &s.Problems, &last, &s.Failed, &s.Pending)
	if err != nil {
		return s, fmt.Errorf("read ledger: %w", err)
	}
	s.Read = s.Rows + s.Rejected
	if last.Valid {
		s.Last = time.UnixMicro(last.Int64).UTC()
	}
	if s.HoursMade, s.HoursStale, err = l.countHours(ctx); err != nil {
		return s, err
	}
	for _, t := range l.stored() {
		snap, err := l.snapshot(ctx, t)
		if t.derived != nil && errors.Is(err, ErrNoTable) {
			continue
		}
		if deletes := (*DeletesError)(nil); errors.As(err, &deletes) {
			s.Tables = append(s.Tables, TableStatus{Table: t.name(), Derived: t.derived != nil, Problem: deletes.Error()})
			continue
		} else if err != nil {
			return s, err
		}
		ts := TableStatus{Table: t.name(), Derived: t.derived != nil, Rows: snap.Rows(), Files: int64(len(snap.Files)), Bytes: snap.Bytes(),
			Updated: snap.Time, Snapshots: len(snap.table.Metadata().Snapshots()), Unknown: t.unknown(snap.table.Schema())}
		for _, f := range snap.Files {
			if f.Bytes < defaultTarget/2 && t.records != nil {
				ts.Small++
			}
			if f.MinStart.IsZero() {
				continue
			}
			if ts.From.IsZero() || f.MinStart.Before(ts.From) {
				ts.From = f.MinStart
			}
			if f.MaxStart.After(ts.To) {
				ts.To = f.MaxStart
			}
		}
		s.Tables = append(s.Tables, ts)
	}
	return s, nil
}
