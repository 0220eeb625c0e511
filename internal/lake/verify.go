package lake

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"weir/flowlog"

	"github.com/apache/iceberg-go/table"
	"golang.org/x/sync/errgroup"
)

// VerifyOptions say how closely to look.
type VerifyOptions struct {
	Deep   bool          // read every row's source_object, and compare rows per object
	Repair bool          // remove files that nothing needs; needs a lake open for writing
	Grace  time.Duration // such files younger than this are left alone
}

// Fault is something in a lake that is not as it must be.
type Fault struct {
	Kind   string // ledger, catalog, file, rows, deletes
	Where  string // the file, object or table
	Reason string
}

// Report is what Verify found.
type Report struct {
	Faults  []Fault
	Orphans []Orphan // files that nothing needs: waste, not a fault
	Uploads int      // that killed writers began, in a bucket: waste, too; removed by Repair

	Objects  int64 // in the ledger
	Read     int64 // records read of them
	Rows     int64 // stored
	Rejected int64
	Dropped  int64 // rows of days that Expire dropped
	Files    int   // looked at
	Bytes    int64
	Pending  int64 // commits under way now, or of a killed writer; the next writer undoes those
}

// OK says that there is no fault.
func (r *Report) OK() bool { return len(r.Faults) == 0 }

func (r *Report) fault(kind, where, format string, args ...any) {
	r.Faults = append(r.Faults, Fault{Kind: kind, Where: where, Reason: fmt.Sprintf(format, args...)})
}

// Verify proves, or disproves, that objects, rows and rejects add up and that every file is there and whole. What is
// wrong is in the Report; the error is for what kept it from looking.
func (l *Lake) Verify(ctx context.Context, o VerifyOptions) (*Report, error) {
	r := new(Report)
	if o.Repair && !l.write {
		return r, fmt.Errorf("verify: repair: %w", errReadOnly)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shared == nil {
		for text, err := range query(ctx, l.db, "check catalog", scanText, `PRAGMA integrity_check(20)`) {
			switch {
			case ctx.Err() != nil:
				return r, context.Cause(ctx)
			case err != nil:
				r.fault("ledger", catalogName, "%v", err)
				return r, nil // nothing else in it can be believed
			case text != "ok":
				r.fault("ledger", catalogName, "%s", text)
			}
		}
	}
	if err := l.verifyLedger(ctx, r); err != nil {
		return r, err
	}
	for _, t := range l.stored() {
		if err := l.verifyTable(ctx, t, o, r); err != nil {
			return r, err
		}
		find := l.orphans
		if o.Repair {
			find = l.sweep
		}
		list, err := find(ctx, t.name(), o.Grace)
		r.Orphans = append(r.Orphans, list...)
		if t.derived != nil && errors.Is(err, ErrNoTable) {
			continue
		}
		if err != nil {
			if ctx.Err() != nil {
				return r, context.Cause(ctx)
			}
			r.fault("catalog", t.name(), "%v", err)
		}
	}
	if b, ok := l.fs.(*bucket); ok {
		var err error
		if r.Uploads, err = b.store.Unfinished(ctx, warehouse+"/", l.now().Add(-o.Grace), o.Repair); err != nil {
			if ctx.Err() != nil {
				return r, context.Cause(ctx)
			}
			r.fault("file", l.dir, "%v", err)
		}
	}
	return r, nil
}

// verifyLedger checks what the ledger says of itself.
func (l *Lake) verifyLedger(ctx context.Context, r *Report) error {
	err := l.db.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(rejected), 0),
			(SELECT count(*) FROM weir_commit WHERE state = 'pending'),
			(SELECT coalesce(-sum(rows), 0) FROM weir_commit WHERE kind = 'drop' AND state = 'done')
		FROM weir_object`).Scan(&r.Objects, &r.Rows, &r.Rejected, &r.Pending, &r.Dropped)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	r.Read = r.Rows + r.Rejected
	checks := []struct{ reason, stmt string }{
		{"counts less than nothing, or more NODATA and SKIPDATA records than rows", `SELECT uri FROM weir_object
			WHERE rows < 0 OR rejected < 0 OR nodata < 0 OR skipdata < 0 OR nodata + skipdata > rows`},
		{"more rejected lines are kept than were counted", `SELECT o.uri FROM weir_object o JOIN weir_reject r ON r.object_id = o.id
			GROUP BY o.id HAVING count(*) > o.rejected`},
		{"rejected line of an object that is not in the ledger", `SELECT DISTINCT 'object ' || object_id FROM weir_reject
			WHERE object_id NOT IN (SELECT id FROM weir_object)`},
		{"object of a commit that is not done", `SELECT o.uri FROM weir_object o LEFT JOIN weir_commit c ON c.id = o.commit_id
			WHERE coalesce(c.state, '') <> 'done'`},
		{"commit's rows are not those of its objects", `SELECT c.id FROM weir_commit c LEFT JOIN weir_object o ON o.commit_id = c.id
			WHERE c.kind = 'ingest' AND c.state = 'done' GROUP BY c.id HAVING coalesce(sum(o.rows), 0) <> c.rows`},
	}
	for _, c := range checks {
		where, err := column[string](ctx, l.db, c.stmt+` LIMIT 100`)
		if err != nil {
			return err
		}
		for _, w := range where {
			r.fault("ledger", w, "%s", c.reason)
		}
	}
	return nil
}

// verifyTable checks the present snapshot of t against the disk and the ledger.
func (l *Lake) verifyTable(ctx context.Context, t stored, o VerifyOptions, r *Report) error {
	snap, err := l.snapshot(ctx, t)
	if deletes := (*DeletesError)(nil); errors.As(err, &deletes) {
		r.fault("deletes", deletes.Path, "%v", err)
		return nil
	} else if t.derived != nil && errors.Is(err, ErrNoTable) {
		return nil // an older lake
	} else if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.fault("catalog", t.name(), "%v", err)
		return nil
	}
	dropped, err := l.verifyRows(ctx, t, snap, r)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	counts := map[string]int64{}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range snap.Files {
		r.Files++
		r.Bytes += f.Bytes
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			err := l.verifyFile(ctx, snap.table, f)
			var rows map[string]int64
			if err == nil && o.Deep && t.records != nil {
				rows, err = l.rowsByObject(ctx, t.records, f)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				r.fault("file", f.Path, "%v", err)
			}
			for uri, n := range rows {
				counts[uri] += n
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if o.Deep && t.records != nil {
		return l.verifyCounts(ctx, t.records, counts, dropped > 0, r)
	}
	return nil
}

// verifyRows compares the number of rows with the ledger, and the hours of records with its hours. It returns how many
// rows were dropped with their days.
func (l *Lake) verifyRows(ctx context.Context, t stored, snap *Snapshot, r *Report) (dropped int64, err error) {
	have := snap.Rows()
	if t.derived != nil {
		var known int64
		if err := l.db.QueryRowContext(ctx, `SELECT coalesce(sum(rows), 0) FROM weir_commit WHERE table_name = ? AND state = 'done'`,
			t.name()).Scan(&known); err != nil {
			return 0, fmt.Errorf("read ledger: %w", err)
		}
		if have != known {
			r.fault("rows", t.name(), "table has %d rows; the ledger has %d rows of its hours", have, known)
		}
		return 0, nil
	}
	var known int64
	err = l.db.QueryRowContext(ctx, `SELECT coalesce((SELECT sum(rows) FROM weir_object WHERE table_name = ?), 0),
		coalesce((SELECT -sum(rows) FROM weir_commit WHERE table_name = ? AND kind = 'drop' AND state = 'done'), 0)`,
		t.name(), t.name()).Scan(&known, &dropped)
	if err != nil {
		return 0, fmt.Errorf("read ledger: %w", err)
	}
	if have != known-dropped {
		r.fault("rows", t.name(), "table has %d rows; the ledger has %d rows of objects, less %d of dropped days", have, known, dropped)
	}
	if ok, err := l.hasHours(ctx); err != nil || !ok || t.records != flowlog.VPC {
		return dropped, err
	}
	starts, err := column[int64](ctx, l.db, `SELECT start FROM weir_hour`)
	if err != nil {
		return dropped, err
	}
	bad, err := column[int64](ctx, l.db, `SELECT start FROM weir_hour WHERE settled_mark > mark`)
	if err != nil {
		return dropped, err
	}
	for _, b := range bad {
		r.fault("ledger", time.UnixMicro(b).UTC().Format(time.RFC3339), "an hour's tables are made of more records than it got")
	}
	hours := map[int64]bool{}
	for _, s := range starts {
		hours[s] = true
	}
	for _, f := range snap.Files {
		// The first and the last have records; of those between nothing is known.
		for _, at := range []time.Time{f.MinStart, f.MaxStart} {
			if !at.IsZero() && !hours[at.Truncate(time.Hour).UnixMicro()] {
				r.fault("ledger", f.Path, "the hour of its records at %s is not in the ledger of hours", at.Format(time.RFC3339))
				break
			}
		}
	}
	return dropped, nil
}

// verifyFile checks a data file's size and footer.
func (l *Lake) verifyFile(ctx context.Context, tbl *table.Table, f DataFile) error {
	size, err := l.fs.size(ctx, f.Path)
	if err != nil {
		return err
	}
	if size != f.Bytes {
		return fmt.Errorf("file has %d bytes, the table says %d", size, f.Bytes)
	}
	df, err := footer(ctx, l.fs, tbl, l.fs.name(f.Path))
	if err != nil {
		return err
	}
	if df.Count() != f.Rows {
		return fmt.Errorf("file has %d rows, the table says %d", df.Count(), f.Rows)
	}
	return nil
}

// verifyCounts compares the rows of each object in the table with the ledger. If days were dropped there may be fewer.
func (l *Lake) verifyCounts(ctx context.Context, t *flowlog.Table, counts map[string]int64, fewer bool, r *Report) error {
	type sum struct {
		uri  string
		rows int64
	}
	for s, err := range query(ctx, l.db, "read ledger", func(rows rowScanner) (s sum, err error) { return s, rows.Scan(&s.uri, &s.rows) },
		`SELECT uri, sum(rows) FROM weir_object WHERE table_name = ? GROUP BY uri`, t.Name) {
		if err != nil {
			return err
		}
		uri := s.uri
		if _, ok := counts[uri]; !ok { // a Parquet writer may replace what is not UTF-8
			uri = strings.ToValidUTF8(s.uri, "\uFFFD")
		}
		have := counts[uri]
		delete(counts, uri)
		if have != s.rows && !(fewer && have < s.rows) {
			r.fault("rows", s.uri, "table %s has %d rows of this object, the ledger says %d", t.Name, have, s.rows)
		}
	}
	for uri, n := range counts {
		r.fault("rows", uri, "table %s has %d rows of this object, which is not in the ledger", t.Name, n)
	}
	return nil
}
