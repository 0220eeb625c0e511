package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"weir/flowlog"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
)

// commitProperty is in the summary of each snapshot that weir makes: the id of the commit.
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

	statePending = "pending"
	stateDone    = "done"
)

// Commit makes c visible, all of it or nothing. After an error nothing of c is visible, its files are gone, and the lake
// is as good as before; what could not be tidied up then is when the lake is next opened for writing.
//
// The order: the commit is noted as pending with the names of its files; the files come from staging to their places;
// Iceberg's manifests and metadata are written; one SQLite transaction points the catalog at them and enters the objects
// in the ledger. A writer killed before that transaction leaves files that nothing points at, and a note of them.
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
		kind: kindIngest, table: c.Table, files: c.Files, rows: rows, objects: c.Objects,
		stage: func(ctx context.Context, tx *table.Transaction, props iceberg.Properties, added []iceberg.DataFile) error {
			return tx.AddDataFiles(ctx, added, props, table.WithoutAutoNameMapping(), table.WithoutDuplicateCheck())
		}})
}

// change is one step of a table: an ingest, a compaction, or days dropped.
type change struct {
	kind    string
	table   *flowlog.Table
	files   []*File // to be added
	rows    int64   // by how many the table grows
	objects []ObjectRecord
	// stage puts the change into tx. It is called again after a conflict, on a fresh transaction. nil: only the ledger changes.
	stage func(ctx context.Context, tx *table.Transaction, props iceberg.Properties, added []iceberg.DataFile) error
}

func (l *Lake) change(ctx context.Context, c change) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { err = noSpace(err) }()
	for _, f := range c.files {
		if err := f.Close(); err != nil {
			return err
		}
	}
	started := l.now()
	id := uuid.NewString()
	finish := func(ctx context.Context, tx *sql.Tx, snapshot sql.NullInt64) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO weir_commit (id, kind, table_name, state, started, finished, snapshot_id, rows)
			VALUES (?, ?, ?, 'done', ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET state = 'done', finished = excluded.finished, snapshot_id = excluded.snapshot_id, rows = excluded.rows`,
			id, c.kind, c.table.Name, started.UnixMicro(), l.now().UnixMicro(), snapshot, c.rows)
		if err != nil {
			return fmt.Errorf("finish commit: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM weir_commit_file WHERE commit_id = ?`, id); err != nil {
			return fmt.Errorf("finish commit: %w", err)
		}
		return store(ctx, tx, id, l.now(), c.objects)
	}
	if c.kind == kindIngest && len(c.files) == 0 {
		if err := l.tx(ctx, func(tx *sql.Tx) error { return finish(ctx, tx, sql.NullInt64{}) }); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		return nil
	}

	if err := l.notePending(ctx, id, c, started); err != nil {
		return errors.Join(err, removeAll(c.files))
	}
	cat := l.cat.with(func(ctx context.Context, tx *sql.Tx, meta table.Metadata) error {
		return finish(ctx, tx, sql.NullInt64{Int64: meta.CurrentSnapshot().SnapshotID, Valid: true})
	})
	cat.fs = l.fs.recording()
	if err = l.place(c.files); err == nil {
		err = l.commitTable(ctx, cat, id, c)
	}
	if err == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	done, undoErr := l.undo(ctx, id, cat.fs)
	if done {
		// What makes a commit visible makes it done: the error came later, and nothing is lost by it.
		l.log.Warn("commit is done, and then something went wrong", "commit", id, "err", err)
		return nil
	}
	return errors.Join(err, undoErr)
}

// notePending writes the names of the commit's files, before they are there.
func (l *Lake) notePending(ctx context.Context, id string, c change, now time.Time) error {
	for _, f := range c.files {
		f.name = dataPath(f)
	}
	err := l.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO weir_commit (id, kind, table_name, state, started) VALUES (?, ?, ?, 'pending', ?)`,
			id, c.kind, c.table.Name, now.UnixMicro()); err != nil {
			return err
		}
		for _, f := range c.files {
			if _, err := tx.ExecContext(ctx, `INSERT INTO weir_commit_file VALUES (?, ?)`, id, filepath.ToSlash(f.name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note commit: %w", err)
	}
	return nil
}

// place moves files from staging to where they stay.
func (l *Lake) place(files []*File) error {
	var dirs []string
	for _, f := range files {
		to := filepath.Join(l.dir, f.name)
		dir := filepath.Dir(to)
		if !slices.Contains(dirs, dir) {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return fmt.Errorf("place data file: %w", err)
			}
			dirs = append(dirs, dir, filepath.Dir(dir))
		}
		if err := os.Rename(f.path, to); err != nil {
			return fmt.Errorf("place data file: %w", err)
		}
		f.path = to
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// commitTable makes the Iceberg snapshot, again from the table's present state if another engine was faster.
func (l *Lake) commitTable(ctx context.Context, cat *catalog, id string, c change) error {
	props := iceberg.Properties{commitProperty: id}
	for try := 0; ; try++ {
		current, err := l.table(ctx, c.table)
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
		done, err := tx.Commit(ctx)
		if err == nil {
			l.cacheMu.Lock()
			l.tables[c.table.Name] = table.New(done.Identifier(), done.Metadata(), done.MetadataLocation(), l.cat.open, l.cat)
			l.cacheMu.Unlock()
			l.tidy(cat.fs, done)
			return nil
		}
		if !errors.Is(err, table.ErrCommitFailed) || try == maxConflicts {
			return fmt.Errorf("commit to table %s: %w", c.table.Name, err)
		}
		l.log.Info("another engine committed first, trying again", "table", c.table.Name, "try", try+1)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Duration(try+1) * 20 * time.Millisecond):
		}
	}
}

// tidy removes the manifests that were made on the way to a commit and are not in it: iceberg-go writes one for the new
// files before it merges manifests, and all of them anew when it tries again. What stays is waste that Verify finds.
func (l *Lake) tidy(made *fileIO, tbl *table.Table) {
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
	made.created.mu.Lock()
	defer made.created.mu.Unlock()
	for _, p := range made.created.paths {
		if !need[p] && strings.HasSuffix(p, ".avro") {
			if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
				l.log.Warn("tidy after commit", "err", err)
			}
		}
	}
}

// describe reads the files' footers for what a manifest says of them.
func (l *Lake) describe(ctx context.Context, tbl *table.Table, files []*File) ([]iceberg.DataFile, error) {
	var out []iceberg.DataFile
	for _, f := range files {
		df, err := l.footer(ctx, tbl, f.path)
		if err != nil {
			return nil, fmt.Errorf("read data file %s: %w", f.path, err)
		}
		if df.Count() != f.Rows {
			return nil, fmt.Errorf("BUG: data file %s holds %d rows, its writer counted %d", f.path, df.Count(), f.Rows)
		}
		if day, ok := partitionDay(df); ok != !f.Day.IsZero() || !day.Equal(f.Day) {
			return nil, fmt.Errorf("BUG: data file %s holds rows of day %v, its writer said %v", f.path, day, f.Day)
		}
		out = append(out, df)
	}
	return out, nil
}

// footer reads the count and the statistics of a data file.
func (l *Lake) footer(ctx context.Context, tbl *table.Table, path string) (iceberg.DataFile, error) {
	df, err := table.FileToDataFile(ctx, l.fs, l.fs.name(path), tbl.Schema(), tbl.Spec(), 0, tbl.Properties())
	if err != nil {
		return nil, fmt.Errorf("read footer: %w", err)
	}
	return df, nil
}

// undo takes back what a commit left that did not come to its transaction. One that did is done, and is left alone.
// The note goes last: on a full disk there is room for that only once the files are gone.
func (l *Lake) undo(ctx context.Context, id string, made *fileIO) (done bool, err error) {
	var state string
	if err := l.db.QueryRowContext(ctx, `SELECT state FROM weir_commit WHERE id = ?`, id).Scan(&state); err != nil {
		return false, fmt.Errorf("undo commit: %w", err)
	}
	if state == stateDone {
		return true, nil
	}
	names, err := column[string](ctx, l.db, `SELECT path FROM weir_commit_file WHERE commit_id = ?`, id)
	if err != nil {
		return false, fmt.Errorf("undo commit: %w", err)
	}
	for _, name := range names {
		if !filepath.IsLocal(name) {
			return false, fmt.Errorf("undo commit: the ledger names a file outside of the lake: %q", name)
		}
		// A commit that came to a stop before a file was placed has it in staging.
		for _, path := range []string{filepath.Join(l.dir, name), filepath.Join(l.dir, stagingName, filepath.Base(name))} {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return false, fmt.Errorf("undo commit: %w", err)
			}
		}
	}
	if err := made.removeCreated(); err != nil {
		return false, fmt.Errorf("undo commit: %w", err)
	}
	err = l.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM weir_commit_file WHERE commit_id = ?`, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM weir_commit WHERE id = ?`, id)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("undo commit: %w", err)
	}
	return false, nil
}

// recover undoes the commits of a writer that was killed. That a pending commit is not visible needs no looking up:
// what makes it visible makes it done.
func (l *Lake) recover(ctx context.Context) error {
	ids, err := column[string](ctx, l.db, `SELECT id FROM weir_commit WHERE state = ?`, statePending)
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	for _, id := range ids {
		l.log.Info("undoing the commit of a writer that was stopped", "commit", id)
		if _, err := l.undo(ctx, id, l.fs); err != nil {
			return fmt.Errorf("recover: %w", err)
		}
	}
	return nil
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
