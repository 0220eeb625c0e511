package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ObjectID names one content of one source object: the same URI with another version is another content.
type ObjectID struct{ URI, Version string }

// State is what the ledger knows of an object.
type State uint8

const (
	New     State = iota // never stored
	Known                // stored: its rows are in the lake, or it had none
	Changed              // the URI is stored, with another version
)

func (s State) String() string {
	switch s {
	case New:
		return "new"
	case Known:
		return "known"
	case Changed:
		return "changed"
	}
	panic("BUG: unknown state")
}

// ObjectRecord is the ledger's entry of an object. Rows + Rejected is what was read.
type ObjectRecord struct {
	URI      string
	Version  string
	Digest   string // of the bytes as they lie there, as the caller computes it; tells a touched object from a changed one
	Size     int64  // of those bytes
	Format   string // the header's text, or how the format was known
	Table    string // name of the table that its rows went to
	Rows     int64
	Rejected int64
	NoData   int64  // of Rows: records that say there was no traffic
	SkipData int64  // of Rows: records that say AWS skipped some
	Bytes    int64  // decompressed
	Problem  string // what was wrong with the object as a whole, though it was stored; "" if nothing

	Rejects []Reject // for Commit; Objects does not fill it

	Commit string    // set by the lake
	Time   time.Time // set by the lake
}

// Reject is a line that did not parse.
type Reject struct {
	URI    string // set by Rejects
	Line   int64  // from 1; the header is line 1
	Field  string // AWS's name; "" if the whole line is meant
	Token  string
	Reason string
	Text   string // the line, as far as it was kept
}

// lookupChunk is how many values a statement may name: SQLite takes 32,766, and Postgres 65,535.
const lookupChunk = 2000

// Known says what the ledger knows of each of ids. An object is Known once its rows are visible, not before.
func (l *Lake) Known(ctx context.Context, ids []ObjectID) ([]State, error) {
	states := make([]State, len(ids))
	for from := 0; from < len(ids); from += lookupChunk {
		to := min(from+lookupChunk, len(ids))
		if err := l.known(ctx, ids[from:to], states[from:to]); err != nil {
			return nil, fmt.Errorf("look up objects: %w", err)
		}
	}
	return states, nil
}

func (l *Lake) known(ctx context.Context, ids []ObjectID, states []State) error {
	uris := make([]any, len(ids))
	for i, id := range ids {
		uris[i] = id.URI
	}
	rows, err := l.db.QueryContext(ctx, `SELECT uri, version FROM weir_object WHERE uri IN (`+marks(len(uris), "?")+`)`, uris...)
	if err != nil {
		return err
	}
	defer rows.Close()
	stored := make(map[string][]string, len(ids)) // URI to versions
	for rows.Next() {
		var uri, version string
		if err := rows.Scan(&uri, &version); err != nil {
			return err
		}
		stored[uri] = append(stored[uri], version)
	}
	for i, id := range ids {
		if versions, ok := stored[id.URI]; ok {
			states[i] = Changed
			if slices.Contains(versions, id.Version) {
				states[i] = Known
			}
		}
	}
	return rows.Err()
}

// marks is n times mark, with commas: the values of a statement.
func marks(n int, mark string) string { return strings.TrimSuffix(strings.Repeat(mark+", ", n), ", ") }

// Recorded returns the ledger's entries of a URI, one for each version that was stored, newest first.
func (l *Lake) Recorded(ctx context.Context, uri string) ([]ObjectRecord, error) {
	var recs []ObjectRecord
	for r, err := range l.objects(ctx, `WHERE uri = ? ORDER BY id DESC`, uri) {
		if err != nil {
			return nil, fmt.Errorf("look up %s: %w", uri, err)
		}
		recs = append(recs, r)
	}
	return recs, nil
}

// SetVersion notes that a stored object now has another version with the same content: it was touched, or copied.
func (l *Lake) SetVersion(ctx context.Context, id ObjectID, version string) error {
	if !l.write {
		return fmt.Errorf("set version: %w", errReadOnly)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	res, err := l.db.ExecContext(ctx, `UPDATE weir_object SET version = ? WHERE uri = ? AND version = ?`, version, id.URI, id.Version)
	if err != nil {
		return fmt.Errorf("set version of %s: %w", id.URI, err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("set version of %s: not in the ledger", id.URI), err)
	}
	// With other content, which it does not have any more, it was a failure.
	if _, err := l.db.ExecContext(ctx, `DELETE FROM weir_failure WHERE uri = ?`, id.URI); err != nil {
		return fmt.Errorf("set version of %s: %w", id.URI, err)
	}
	return nil
}

// RecordFailure notes that an object could not be read at all. It stays New, and so it is tried again; a Commit of the
// URI forgets the failure.
func (l *Lake) RecordFailure(ctx context.Context, id ObjectID, cause error) error {
	if !l.write {
		return fmt.Errorf("record failure: %w", errReadOnly)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now().UnixMicro()
	_, err := l.db.ExecContext(ctx, `INSERT INTO weir_failure VALUES (?, ?, ?, ?, ?, 1)
		ON CONFLICT (uri) DO UPDATE SET version = excluded.version, error = excluded.error, last = excluded.last, attempts = weir_failure.attempts + 1`,
		id.URI, id.Version, cause.Error(), now, now)
	if err != nil {
		return fmt.Errorf("record failure of %s: %w", id.URI, err)
	}
	return nil
}

// objectColumns are those of weir_object that a commit writes.
const objectColumns = `uri, version, digest, size, format, table_name, rows, rejected, nodata, skipdata, bytes, problem, commit_id, time`

// storeChunk is how many objects one statement enters: over a network it is statements that take time, not rows.
const storeChunk = 500

// store writes the ledger's entries of a commit.
func store(ctx context.Context, tx *sql.Tx, commit string, now time.Time, objects []ObjectRecord) error {
	for chunk := range slices.Chunk(objects, storeChunk) {
		if err := storeSome(ctx, tx, commit, now, chunk); err != nil {
			return fmt.Errorf("record objects %s to %s: %w", chunk[0].URI, chunk[len(chunk)-1].URI, err)
		}
	}
	return nil
}

func storeSome(ctx context.Context, tx *sql.Tx, commit string, now time.Time, objects []ObjectRecord) error {
	var values, uris []any
	for _, o := range objects {
		values = append(values, o.URI, o.Version, o.Digest, o.Size, o.Format, o.Table,
			o.Rows, o.Rejected, o.NoData, o.SkipData, o.Bytes, o.Problem, commit, now.UnixMicro())
		uris = append(uris, o.URI)
	}
	row := "(" + marks(len(values)/len(objects), "?") + ")"
	if _, err := tx.ExecContext(ctx, `INSERT INTO weir_object (`+objectColumns+`) VALUES `+marks(len(objects), row), values...); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM weir_failure WHERE uri IN (`+marks(len(uris), "?")+`)`, uris...); err != nil {
		return err
	}
	for _, o := range objects {
		if len(o.Rejects) == 0 {
			continue
		}
		if err := storeRejects(ctx, tx, o); err != nil {
			return fmt.Errorf("rejects: %w", err)
		}
	}
	return nil
}

func storeRejects(ctx context.Context, tx *sql.Tx, o ObjectRecord) error {
	var id int64
	if err := tx.QueryRowContext(ctx, `SELECT id FROM weir_object WHERE uri = ? AND version = ?`, o.URI, o.Version).Scan(&id); err != nil {
		return err
	}
	for chunk := range slices.Chunk(o.Rejects, storeChunk) {
		var values []any
		for _, r := range chunk {
			values = append(values, id, r.Line, r.Field, r.Token, r.Reason, r.Text)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO weir_reject (object_id, line, field, token, reason, text) VALUES `+
			marks(len(chunk), "(?, ?, ?, ?, ?, ?)"), values...); err != nil {
			return err
		}
	}
	return nil
}
