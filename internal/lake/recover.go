package lake

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// settle brings a commit that went wrong to an end: done if it became visible, else undone. made has the files that it
// wrote besides its data files; nil where they are not known, which leaves them to Verify.
func (l *Lake) settle(ctx context.Context, id, name string, made files) (done bool, err error) {
	if l.cat.tables != nil {
		// A request to move the pointer that seems to have failed may be under way still, this writer's or a killed one's.
		// What is undone must not become visible later.
		if err := l.fence(ctx, name); err != nil {
			return false, fmt.Errorf("fence table %s: %w", name, err)
		}
		if done, err := l.complete(ctx, id, name); done || err != nil {
			return done, err
		}
	}
	return l.undo(ctx, id, made)
}

// undo takes back what a commit left that did not come to its transaction. One that did is done, and is left alone.
// The note goes last: on a full disk there is room for that only once the files are gone.
func (l *Lake) undo(ctx context.Context, id string, made files) (done bool, err error) {
	var state string
	switch err := l.db.QueryRowContext(ctx, `SELECT state FROM weir_commit WHERE id = ?`, id).Scan(&state); {
	case errors.Is(err, sql.ErrNoRows):
		// The note was not made, or another writer took over and undid it.
	case err != nil:
		return false, fmt.Errorf("undo commit: %w", err)
	case state == stateDone:
		return true, nil
	}
	names, err := column[string](ctx, l.db, `SELECT path FROM weir_commit_file WHERE commit_id = ?`, id)
	if err != nil {
		return false, fmt.Errorf("undo commit: %w", err)
	}
	for _, name := range names {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return false, fmt.Errorf("undo commit: the ledger names a file outside of the lake: %q", name)
		}
		// A commit that came to a stop before a file was placed has it in staging, in a lake that is a folder.
		gone := []string{l.fs.join(name)}
		if _, ok := l.fs.(*folder); ok {
			gone = append(gone, l.fs.join(path.Join(stagingName, path.Base(name))))
		}
		for _, p := range gone {
			if err := l.fs.remove(ctx, p); err != nil {
				return false, fmt.Errorf("undo commit: %w", err)
			}
		}
	}
	if made != nil {
		if err := removeCreated(ctx, made); err != nil {
			return false, fmt.Errorf("undo commit: %w", err)
		}
	}
	err = l.tx(ctx, func(tx *sql.Tx) error {
		if err := l.forget(ctx, tx, id); err != nil {
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

// recover settles the commits of a writer that was killed. With the catalog in the ledger's database a pending commit
// is not visible: what makes it visible makes it done.
func (l *Lake) recover(ctx context.Context) error {
	type pending struct{ id, table string }
	var list []pending
	for p, err := range query(ctx, l.db, "recover", func(rows rowScanner) (p pending, err error) { return p, rows.Scan(&p.id, &p.table) },
		`SELECT id, table_name FROM weir_commit WHERE state = ?`, statePending) {
		if err != nil {
			return err
		}
		list = append(list, p)
	}
	for _, p := range list {
		l.log.Info("settling the commit of a writer that was stopped", "commit", p.id)
		if _, err := l.settle(ctx, p.id, p.table, nil); err != nil {
			return fmt.Errorf("recover: %w", err)
		}
	}
	l.unsettled = false
	return nil
}

// settleRest settles what this writer could not when it went wrong, since catalog, ledger or files were out of reach.
// Before that it must not write: the rows may be visible already, and their objects not known. The caller holds mu.
func (l *Lake) settleRest(ctx context.Context) error {
	if !l.unsettled {
		return nil
	}
	return l.recover(ctx)
}

// writerProperty is set in a table by fence.
const writerProperty = "weir.writer"

// fence moves a table's pointer, so that nobody can move it any more from where it was seen before.
func (l *Lake) fence(ctx context.Context, name string) error {
	for try := 0; ; try++ {
		tbl, err := l.cat.LoadTable(ctx, ident(name))
		if errors.Is(err, ErrNoTable) {
			return nil
		}
		if err != nil {
			return err
		}
		_, _, err = l.cat.CommitTable(ctx, ident(name), []table.Requirement{table.AssertTableUUID(tbl.Metadata().TableUUID())},
			[]table.Update{table.NewSetPropertiesUpdate(iceberg.Properties{writerProperty: l.lease.name()})})
		if err == nil || !errors.Is(err, table.ErrCommitFailed) || try == maxConflicts {
			return err
		}
	}
}

// noteObjects keeps what a pending commit will enter into the ledger, for whoever has to finish it.
func noteObjects(ctx context.Context, tx *sql.Tx, id string, objects []ObjectRecord) error {
	for i, o := range objects {
		text, err := json.Marshal(encodeRecord(o))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO weir_commit_object VALUES (?, ?, ?)`, id, i, string(text)); err != nil {
			return err
		}
	}
	return nil
}

// complete enters a pending commit into the ledger if its snapshot is in the table, or was.
func (l *Lake) complete(ctx context.Context, id, name string) (done bool, err error) {
	tbl, err := l.cat.LoadTable(ctx, ident(name))
	if errors.Is(err, ErrNoTable) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find commit: %w", err)
	}
	c := finished{id: id, table: name}
	for _, s := range tbl.Metadata().Snapshots() {
		if s.Summary != nil && s.Summary.Properties[commitProperty] == id {
			c.snapshot = sql.NullInt64{Int64: s.SnapshotID, Valid: true}
		}
	}
	// Another engine may have expired the snapshot. The table itself still says that it was there.
	if !c.snapshot.Valid && tbl.Properties()[commitProperty] != id {
		return false, nil
	}
	var started int64
	var state string
	err = l.db.QueryRowContext(ctx, `SELECT kind, started, rows, state FROM weir_commit WHERE id = ?`, id).Scan(&c.kind, &started, &c.rows, &state)
	if err != nil {
		return false, fmt.Errorf("finish commit: %w", err)
	}
	if state == stateDone {
		return true, nil
	}
	c.started = time.UnixMicro(started)
	if c.hours, err = l.notedHours(ctx, id); err != nil {
		return false, fmt.Errorf("finish commit: %w", err)
	}
	objects, err := l.notedObjects(ctx, id)
	if err != nil {
		return false, fmt.Errorf("finish commit: %w", err)
	}
	if err := l.tx(ctx, func(tx *sql.Tx) error { return l.finish(ctx, tx, c, objects) }); err != nil {
		return false, fmt.Errorf("finish commit: %w", err)
	}
	return true, nil
}

func (l *Lake) notedObjects(ctx context.Context, id string) ([]ObjectRecord, error) {
	texts, err := column[string](ctx, l.db, `SELECT object FROM weir_commit_object WHERE commit_id = ? ORDER BY seq`, id)
	if err != nil {
		return nil, err
	}
	objects := make([]ObjectRecord, len(texts))
	for i, t := range texts {
		var o ObjectRecord
		if err := json.Unmarshal([]byte(t), &o); err != nil {
			return nil, fmt.Errorf("read note of an object: %w", err)
		}
		if objects[i], err = decodeRecord(o); err != nil {
			return nil, fmt.Errorf("read note of an object: %w", err)
		}
	}
	return objects, nil
}

// encodeRecord and decodeRecord carry texts through JSON that are not UTF-8: keys of objects, and rejected lines.
func encodeRecord(o ObjectRecord) ObjectRecord {
	return mapRecord(o, func(s string) string { return hex.EncodeToString([]byte(s)) })
}

func decodeRecord(o ObjectRecord) (ObjectRecord, error) {
	var bad error
	o = mapRecord(o, func(s string) string {
		text, err := hex.DecodeString(s)
		bad = errors.Join(bad, err)
		return string(text)
	})
	return o, bad
}

func mapRecord(o ObjectRecord, f func(string) string) ObjectRecord {
	o.URI, o.Version, o.Format, o.Problem = f(o.URI), f(o.Version), f(o.Format), f(o.Problem)
	rejects := make([]Reject, len(o.Rejects))
	for i, r := range o.Rejects {
		rejects[i] = Reject{Line: r.Line, Field: f(r.Field), Token: f(r.Token), Reason: f(r.Reason), Text: f(r.Text)}
	}
	o.Rejects = rejects
	return o
}
