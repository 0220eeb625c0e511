package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"weir/flowlog"

	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
)

// commitProperty is in the summary of each snapshot that weir makes: the id of the commit. Where catalog and ledger are
// apart it is a property of the table, too: that of the last commit.
const commitProperty = "weir.commit"

// maxConflicts is how often a commit is tried again after another engine's commit came first.
const maxConflicts = 20

// Commit is what becomes visible at once: data files of one table, and the objects that their rows came from.
type Commit struct {
	Table   *flowlog.Table
	Files   []*File        // closed, with Rows set; none if the objects had no rows
	Objects []ObjectRecord // none of them stored before
}

// Kinds and states of commits in the ledger.
const (
	kindIngest  = "ingest"
	kindCompact = "compact"
	kindDrop    = "drop"
	kindRefine  = "refine"

	statePending = "pending"
	stateDone    = "done"
)

// Commit makes c visible, all of it or nothing. After an error nothing of c is visible, its files are gone, and the lake
// is as good as before; what could not be tidied up then is when the lake is next opened for writing.
//
// The order: the commit is noted as pending with the names of its files; the files come from staging to their places;
// Iceberg's manifests and metadata are written; one transaction points the catalog at them and enters the objects in the
// ledger. A writer killed before that transaction leaves files that nothing points at, and a note of them.
func (l *Lake) Commit(ctx context.Context, c Commit) error {
	if !l.write {
		return fmt.Errorf("commit: %w", errReadOnly)
	}
	var rows, objectRows int64
	for _, f := range c.Files {
		if f.Table != c.Table {
			return fmt.Errorf("BUG: commit to %s has a file of %s", c.Table.Name, f.Table.Name)
		}
		rows += f.Rows
	}
	for i := range c.Objects {
		c.Objects[i].Table = c.Table.Name
		objectRows += c.Objects[i].Rows
	}
	if rows != objectRows {
		return fmt.Errorf("BUG: commit to %s has %d rows in files and %d in its objects", c.Table.Name, rows, objectRows)
	}
	return l.change(ctx, change{
		kind: kindIngest, table: recordsOf(c.Table), files: c.Files, rows: rows, objects: c.Objects,
		stage: func(ctx context.Context, tx *table.Transaction, props iceberg.Properties, added []iceberg.DataFile) error {
			return tx.AddDataFiles(ctx, added, props, table.WithoutAutoNameMapping(), table.WithoutDuplicateCheck())
		}})
}

// change is one step of a table: an ingest, a compaction, days dropped, or hours made anew.
type change struct {
	kind    string
	table   stored
	files   []*File // to be added
	rows    int64   // by how many the table grows
	objects []ObjectRecord
	hours   []time.Time // that it marks, see hours.go
	// stage puts the change into tx. It is called again after a conflict, on a fresh transaction. nil: only the ledger changes.
	stage func(ctx context.Context, tx *table.Transaction, props iceberg.Properties, added []iceberg.DataFile) error
}

func (l *Lake) change(ctx context.Context, c change) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changeLocked(ctx, c)
}

// changeLocked is change for a caller that holds mu.
func (l *Lake) changeLocked(ctx context.Context, c change) (err error) {
	defer func() { err = noSpace(err) }()
	for _, f := range c.files {
		if err := f.Close(); err != nil {
			return err
		}
	}
	if err := l.settleRest(ctx); err != nil {
		return errors.Join(fmt.Errorf("settle an earlier commit: %w", err), removeAll(c.files))
	}
	started := l.now()
	id := uuid.NewString()
	finish := func(ctx context.Context, tx *sql.Tx, snapshot sql.NullInt64) error {
		return l.finish(ctx, tx, finished{id: id, kind: c.kind, table: c.table.name(), started: started, rows: c.rows, snapshot: snapshot, hours: c.hours}, c.objects)
	}
	if c.kind == kindIngest && len(c.files) == 0 {
		if err := l.tx(ctx, func(tx *sql.Tx) error { return finish(ctx, tx, sql.NullInt64{}) }); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		return nil
	}

	if err := l.notePending(ctx, id, &c, started); err != nil {
		return errors.Join(err, removeAll(c.files))
	}
	cat := l.cat.with(func(ctx context.Context, tx *sql.Tx, meta table.Metadata) error {
		return finish(ctx, tx, sql.NullInt64{Int64: meta.CurrentSnapshot().SnapshotID, Valid: true})
	})
	cat.fs = l.fs.recording()
	if err = l.fs.place(ctx, c.files); err == nil {
		err = l.commitTable(ctx, cat, id, c)
	}
	if err != nil {
		ctx = context.WithoutCancel(ctx)
		done, undoErr := l.settle(ctx, id, c.table.name(), cat.fs)
		if !done && undoErr == nil {
			return errors.Join(err, removeAll(c.files))
		}
		if !done {
			// Whether the commit is visible is not known, and so its files stay where they were placed. The next
			// change settles it, or the next writer.
			l.unsettled = true
			for _, f := range c.files {
				if f.staged == f.path {
					f.staged = ""
				}
			}
			return errors.Join(err, undoErr)
		}
		// What makes a commit visible makes it done: the error came later, and nothing is lost by it.
		l.log.Warn("commit is done, and then something went wrong", "commit", id, "err", err)
	}
	l.unstage(c.files)
	return nil
}

// unstage removes what a commit left of its files on this machine, when they lie elsewhere now.
func (l *Lake) unstage(list []*File) {
	for _, f := range list {
		if f.staged != f.path {
			if err := os.Remove(f.staged); err != nil {
				l.log.Warn("tidy after commit", "err", err)
			}
		}
		f.staged = ""
	}
}

// finished is what the ledger keeps of a commit.
type finished struct {
	id, kind, table string
	started         time.Time
	rows            int64
	snapshot        sql.NullInt64
	hours           []time.Time
}

// finish marks a commit as done, enters its objects into the ledger, and marks its hours.
func (l *Lake) finish(ctx context.Context, tx *sql.Tx, c finished, objects []ObjectRecord) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO weir_commit (id, kind, table_name, state, started, finished, snapshot_id, rows)
		VALUES (?, ?, ?, 'done', ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET state = 'done', finished = excluded.finished, snapshot_id = excluded.snapshot_id, rows = excluded.rows`,
		c.id, c.kind, c.table, c.started.UnixMicro(), l.now().UnixMicro(), c.snapshot, c.rows)
	if err != nil {
		return fmt.Errorf("finish commit: %w", err)
	}
	if err := l.forget(ctx, tx, c.id); err != nil {
		return fmt.Errorf("finish commit: %w", err)
	}
	if err := markHours(ctx, tx, c.hours); err != nil {
		return fmt.Errorf("finish commit: %w", err)
	}
	return store(ctx, tx, c.id, l.now(), objects)
}

// forget removes the notes of a commit that is pending no more.
func (l *Lake) forget(ctx context.Context, tx *sql.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM weir_commit_file WHERE commit_id = ?`, id); err != nil {
		return err
	}
	if l.shared == nil {
		return nil
	}
	for _, stmt := range []string{`DELETE FROM weir_commit_object WHERE commit_id = ?`, `DELETE FROM weir_commit_hour WHERE commit_id = ?`} {
		if _, err := tx.ExecContext(ctx, stmt, id); err != nil {
			return err
		}
	}
	return nil
}

// notePending writes the names of the commit's files, before they are there, and finds the hours that it marks.
func (l *Lake) notePending(ctx context.Context, id string, c *change, now time.Time) error {
	for _, f := range c.files {
		f.name = dataPath(f)
	}
	err := l.tx(ctx, func(tx *sql.Tx) (err error) {
		if c.hours, err = hoursOf(c); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO weir_commit (id, kind, table_name, state, started, rows) VALUES (?, ?, ?, 'pending', ?, ?)`,
			id, c.kind, c.table.name(), now.UnixMicro(), c.rows); err != nil {
			return err
		}
		for _, f := range c.files {
			if _, err := tx.ExecContext(ctx, `INSERT INTO weir_commit_file VALUES (?, ?)`, id, f.name); err != nil {
				return err
			}
		}
		if l.cat.tables == nil {
			return nil
		}
		if err := noteHours(ctx, tx, id, c.hours); err != nil {
			return err
		}
		return noteObjects(ctx, tx, id, c.objects)
	})
	if err != nil {
		return fmt.Errorf("note commit: %w", err)
	}
	return nil
}

// commitTable makes the Iceberg snapshot, again from the table's present state if another engine was faster.
func (l *Lake) commitTable(ctx context.Context, cat *catalog, id string, c change) error {
	props := iceberg.Properties{commitProperty: id}
	for try := 0; ; try++ {
		current, err := l.table(ctx, c.table.name())
		if err != nil {
			return err
		}
		added, err := l.describe(ctx, current, c.files)
		if err != nil {
			return err
		}
		tx := cat.use(current).NewTransaction()
		if err := c.stage(ctx, tx, props, added); err != nil {
			return fmt.Errorf("stage commit: %w", err)
		}
		if l.cat.tables != nil {
			if err := tx.SetProperties(props); err != nil {
				return fmt.Errorf("stage commit: %w", err)
			}
		}
		done, err := tx.Commit(ctx)
		if err == nil {
			l.cacheMu.Lock()
			l.tables[c.table.name()] = table.New(done.Identifier(), done.Metadata(), done.MetadataLocation(), l.cat.open, l.cat)
			l.cacheMu.Unlock()
			l.tidy(ctx, cat.fs, done)
			return nil
		}
		if !errors.Is(err, table.ErrCommitFailed) || try == maxConflicts {
			return fmt.Errorf("commit to table %s: %w", c.table.name(), err)
		}
		l.log.Info("another engine committed first, trying again", "table", c.table.name(), "try", try+1)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Duration(try+1) * 20 * time.Millisecond):
		}
	}
}

// tidy removes the manifests that were made on the way to a commit and are not in it: iceberg-go writes one for the new
// files before it merges manifests, and all of them anew when it tries again. What stays is waste that Verify finds.
func (l *Lake) tidy(ctx context.Context, made files, tbl *table.Table) {
	snap := tbl.CurrentSnapshot()
	list, err := snap.Manifests(l.fs)
	if err != nil {
		l.log.Warn("tidy after commit", "err", err)
		return
	}
	need := map[string]bool{}
	for _, m := range list {
		if p, err := l.fs.path(m.FilePath()); err == nil {
			need[p] = true
		}
	}
	for _, name := range []string{snap.ManifestList, tbl.MetadataLocation()} {
		if p, err := l.fs.path(name); err == nil {
			need[p] = true
		}
	}
	for _, p := range made.created() {
		if !need[p] && strings.HasSuffix(p, ".avro") {
			if err := l.fs.remove(ctx, p); err != nil {
				l.log.Warn("tidy after commit", "err", err)
			}
		}
	}
}

// describe reads the files' footers for what a manifest says of them. It reads what was written here, not what was
// placed, so that a file in a bucket need not be asked for.
func (l *Lake) describe(ctx context.Context, tbl *table.Table, list []*File) ([]iceberg.DataFile, error) {
	var out []iceberg.DataFile
	for _, f := range list {
		df, err := footer(ctx, stagedFile{f.staged}, tbl, l.fs.name(f.path))
		if err != nil {
			return nil, fmt.Errorf("read data file %s: %w", f.path, err)
		}
		if df.Count() != f.Rows {
			return nil, fmt.Errorf("BUG: data file %s holds %d rows, its writer counted %d", f.path, df.Count(), f.Rows)
		}
		said := f.Day
		if f.of.derived != nil {
			said = f.Hour
		}
		if begin, ok := f.of.begin(df); ok != !said.IsZero() || !begin.Equal(said) {
			return nil, fmt.Errorf("BUG: data file %s holds rows of %v, its writer said %v", f.path, begin, said)
		}
		out = append(out, df)
	}
	return out, nil
}

// stagedFile opens a file on this machine, whatever name it is asked for.
type stagedFile struct{ at string }

func (s stagedFile) Open(string) (icebergio.File, error) { return os.Open(s.at) }
func (s stagedFile) Remove(name string) error {
	return &fs.PathError{Op: "remove", Path: name, Err: errReadOnly}
}

// footer reads the count and the statistics of a data file.
func footer(ctx context.Context, from icebergio.IO, tbl *table.Table, name string) (iceberg.DataFile, error) {
	df, err := table.FileToDataFile(ctx, from, name, tbl.Schema(), tbl.Spec(), 0, tbl.Properties())
	if err != nil {
		return nil, fmt.Errorf("read footer: %w", err)
	}
	return df, nil
}

// column returns the values of a statement's one column.
func column[T any](ctx context.Context, db *sql.DB, stmt string, args ...any) ([]T, error) {
	var all []T
	for v, err := range query(ctx, db, "read ledger", func(rows rowScanner) (v T, err error) { return v, rows.Scan(&v) }, stmt, args...) {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func removeAll(files []*File) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, f.Remove())
	}
	return errors.Join(errs...)
}
