package finding

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// schemaVersion counts changes of the tables that another weir must not read or write.
const schemaVersion = 1

// tables of the store. Times are microseconds since 1970 UTC, severities ranks.
//
// A finding's row has what follows from its sightings, so that a list reads one table. The rows of sighting have running
// totals over the finding's sightings up to theirs: a new hour costs the same with a year before it. total counts events
// at least: of sightings whose windows overlap it takes those that give the most without overlap.
const tables = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE rule (
	id INTEGER PRIMARY KEY,
	rule TEXT NOT NULL,
	version INTEGER NOT NULL,
	hash TEXT NOT NULL,
	title TEXT NOT NULL,
	techniques TEXT NOT NULL,
	resolve INTEGER NOT NULL,
	UNIQUE (rule, version, hash));
CREATE TABLE evaluation (
	id INTEGER PRIMARY KEY,
	rule TEXT NOT NULL,
	step INTEGER NOT NULL,
	made INTEGER NOT NULL,       -- rule.id
	seq INTEGER NOT NULL,
	window INTEGER NOT NULL,
	at INTEGER NOT NULL,
	UNIQUE (rule, step));
CREATE TABLE query (id INTEGER PRIMARY KEY, sql TEXT NOT NULL UNIQUE);
CREATE TABLE finding (
	num INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	rule TEXT NOT NULL,
	identity BLOB NOT NULL UNIQUE,
	entity TEXT NOT NULL,
	made INTEGER NOT NULL,       -- rule.id of the latest sighting
	severity INTEGER NOT NULL,
	first INTEGER NOT NULL,
	last INTEGER NOT NULL,
	count INTEGER NOT NULL,
	text TEXT NOT NULL,          -- of the sighting that speaks
	query INTEGER NOT NULL,
	speaker INTEGER NOT NULL,    -- its step
	state TEXT NOT NULL,         -- open, regressed, acknowledged, resolved
	reason TEXT NOT NULL,
	resolved INTEGER,            -- sightings from then on make it regress; NULL: it is not resolved, or withdrawn
	told INTEGER NOT NULL,       -- severity that was last told
	occurrence INTEGER NOT NULL, -- how often it came up
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL);
CREATE INDEX finding_rule ON finding (rule, state);
CREATE TABLE sighting (
	finding INTEGER NOT NULL,
	step INTEGER NOT NULL,
	evaluation INTEGER NOT NULL,
	window INTEGER NOT NULL,
	severity INTEGER NOT NULL,
	weight REAL NOT NULL,
	first INTEGER NOT NULL,
	last INTEGER NOT NULL,
	count INTEGER NOT NULL,
	total INTEGER NOT NULL,
	since INTEGER NOT NULL,
	until INTEGER NOT NULL,
	PRIMARY KEY (finding, step)) WITHOUT ROWID;
CREATE INDEX sighting_evaluation ON sighting (evaluation);
CREATE TABLE sighting_text (
	finding INTEGER NOT NULL,
	step INTEGER NOT NULL,
	query INTEGER NOT NULL,
	text TEXT NOT NULL,
	PRIMARY KEY (finding, step));
CREATE TABLE history (
	id INTEGER PRIMARY KEY,
	finding INTEGER NOT NULL,
	at INTEGER NOT NULL,
	who TEXT NOT NULL,
	kind TEXT NOT NULL,
	severity INTEGER NOT NULL,
	why TEXT NOT NULL);
CREATE INDEX history_finding ON history (finding);
CREATE TABLE suppression (
	id TEXT PRIMARY KEY,
	text TEXT NOT NULL,
	created INTEGER NOT NULL,
	ended INTEGER,
	ended_by TEXT NOT NULL DEFAULT '',
	ended_why TEXT NOT NULL DEFAULT '');
CREATE TABLE channel (name TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE notice (
	id INTEGER PRIMARY KEY,
	key TEXT NOT NULL UNIQUE,
	finding INTEGER NOT NULL,
	kind TEXT NOT NULL,
	severity INTEGER NOT NULL,
	at INTEGER NOT NULL,
	void INTEGER NOT NULL DEFAULT 0); -- withdrawn since: not to be told any more
CREATE INDEX notice_finding ON notice (finding);
CREATE TABLE delivery (
	id INTEGER PRIMARY KEY,
	notice INTEGER NOT NULL,
	channel TEXT NOT NULL,
	at INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	status TEXT NOT NULL,
	error TEXT NOT NULL);
CREATE INDEX delivery_notice ON delivery (notice, channel);`

// Options say how a store is opened.
type Options struct {
	Now          func() time.Time // nil is time.Now
	ReadOnly     bool             // never writes, and needs the file to be there
	Suppressions []Suppression    // from files, beside those in the store
}

type sqliteStore struct {
	db       *sql.DB
	now      func() time.Time
	readOnly bool
	given    []Suppression
}

// Open opens the store in an SQLite file, which it makes if it may. One process writes at a time, others wait up to ten
// seconds for it; any number reads meanwhile, and sees the state of the last change. ErrNoStore is the error of a file
// that is not there.
func Open(ctx context.Context, path string, o Options) (Store, error) {
	s := &sqliteStore{now: o.Now, readOnly: o.ReadOnly, given: o.Suppressions}
	if s.now == nil {
		s.now = time.Now
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open findings: %w", err)
	}
	if o.ReadOnly {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w at %s", ErrNoStore, path)
		}
	}
	db, err := openFile(ctx, path, o.ReadOnly)
	if err != nil {
		return nil, fmt.Errorf("open findings: %s: %w", path, err)
	}
	s.db = db
	if err := s.checkSchema(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open findings: %w", err), db.Close())
	}
	return s, nil
}

// openFile opens the file. Readers of a folder that they cannot write to read it as immutable: SQLite keeps an index
// beside the file otherwise.
func openFile(ctx context.Context, path string, readOnly bool) (*sql.DB, error) {
	open := func(v url.Values) (*sql.DB, error) {
		v["_pragma"] = append(v["_pragma"], "busy_timeout(10000)", "temp_store(MEMORY)")
		db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: v.Encode()}).String())
		if err != nil {
			return nil, err
		}
		var n int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
			return nil, errors.Join(err, db.Close())
		}
		return db, nil
	}
	if !readOnly {
		// FULL costs a sync for each change, and keeps what a person decided through a loss of power.
		return open(url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"}})
	}
	db, err := open(url.Values{"mode": {"ro"}})
	if err == nil {
		return db, nil
	}
	if wal, e := os.Stat(path + "-wal"); e == nil && wal.Size() > 0 {
		return nil, err // immutable would read past the changes in there, silently
	}
	if db, e := open(url.Values{"mode": {"ro"}, "immutable": {"1"}}); e == nil {
		return db, nil
	}
	return nil, err
}

// OtherFileError means that a file is not a store of this weir's.
type OtherFileError struct{ Path, Why string }

func (e *OtherFileError) Error() string { return e.Path + " " + e.Why }

func (s *sqliteStore) checkSchema(ctx context.Context, path string) error {
	version := func(q interface {
		QueryRowContext(context.Context, string, ...any) *sql.Row
	}) (int, error) {
		var all, ours int
		if err := q.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(name IN ('meta', 'finding', 'sighting')), 0) FROM sqlite_schema WHERE type = 'table'`).Scan(&all, &ours); err != nil {
			return 0, err
		}
		switch {
		case all == 0:
			return 0, nil
		case ours != 3:
			return 0, &OtherFileError{path, "is the database of another program"}
		}
		var text string
		if err := q.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = 'schema'`).Scan(&text); err != nil {
			return 0, err
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > schemaVersion {
			return 0, &OtherFileError{path, "was made by a newer weir (schema " + strconv.Quote(text) + ")"}
		}
		return n, nil
	}
	n, err := version(s.db)
	if err != nil || n > 0 {
		return err
	}
	if s.readOnly {
		return fmt.Errorf("%w at %s", ErrNoStore, path)
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		if n, err := version(tx); err != nil || n > 0 {
			return err // another process was quicker
		}
		if _, err := tx.ExecContext(ctx, tables); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO meta VALUES ('schema', ?)`, strconv.Itoa(schemaVersion))
		return err
	})
}

func (s *sqliteStore) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close findings: %w", err)
	}
	return nil
}

// tx runs f in a transaction that may write: all of it, or nothing.
func (s *sqliteStore) tx(ctx context.Context, f func(*sql.Tx) error) error {
	if s.readOnly {
		return errors.New("the store is open for reading only")
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // the error of f says more
		return err
	}
	return tx.Commit()
}

func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }
