package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"syscall"

	"modernc.org/sqlite" // also the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// formatVersion counts changes of the ledger's tables that an older weir must not write to.
const formatVersion = 1

// Database is where the catalog and the ledger of a lake are that several machines share. The lake's statements are the
// SQL that it and SQLite both speak, with ? for values.
type Database struct {
	DB   *sql.DB // closed by the lake's Close
	Name string  // for people; without a password

	// Schema turns statements that make tables from SQLite's words into this database's.
	Schema func(string) string
	// Alone is a statement that keeps other sessions from making the tables until its transaction ends.
	Alone string
	// Clock is an expression: microseconds since 1970 by the database's clock, the one that all writers share.
	Clock string
}

// ledgerTables hold what is known of source objects. Times are microseconds since 1970 UTC.
//
// weir_commit is pending from before its files come under data/ until the transaction that makes them visible;
// weir_commit_file names those files, relative to the lake, so that a killed writer's can be removed.
const ledgerTables = `
CREATE TABLE IF NOT EXISTS weir_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS weir_commit (
	id TEXT PRIMARY KEY,
	kind TEXT NOT NULL,        -- ingest, compact, drop, refine
	table_name TEXT NOT NULL,
	state TEXT NOT NULL,       -- pending, done
	started INTEGER NOT NULL,
	finished INTEGER,
	snapshot_id INTEGER,       -- the Iceberg snapshot; none if no file changed
	rows INTEGER NOT NULL DEFAULT 0); -- by how many the table grew; compaction 0, dropped days negative, hours made anew either
CREATE INDEX IF NOT EXISTS weir_commit_pending ON weir_commit (state) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS weir_commit_file (
	commit_id TEXT NOT NULL,
	path TEXT NOT NULL,
	PRIMARY KEY (commit_id, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS weir_object (
	id INTEGER PRIMARY KEY,
	uri TEXT NOT NULL,
	version TEXT NOT NULL,
	digest TEXT NOT NULL,
	size INTEGER NOT NULL,
	format TEXT NOT NULL,
	table_name TEXT NOT NULL,
	rows INTEGER NOT NULL,
	rejected INTEGER NOT NULL,
	nodata INTEGER NOT NULL,
	skipdata INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	problem TEXT NOT NULL,
	commit_id TEXT NOT NULL,
	time INTEGER NOT NULL,
	UNIQUE (uri, version));
CREATE TABLE IF NOT EXISTS weir_reject (
	object_id INTEGER NOT NULL,
	line INTEGER NOT NULL,
	field TEXT NOT NULL,
	token TEXT NOT NULL,
	reason TEXT NOT NULL,
	text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS weir_reject_object ON weir_reject (object_id);
CREATE TABLE IF NOT EXISTS weir_failure (
	uri TEXT PRIMARY KEY,
	version TEXT NOT NULL,
	error TEXT NOT NULL,
	first INTEGER NOT NULL,
	last INTEGER NOT NULL,
	attempts INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS weir_hour (
	start INTEGER NOT NULL,
	mark INTEGER NOT NULL,     -- grows each time the hour got records
	settled_mark INTEGER,      -- the tables are made of the records up to it; none if they never were
	made TEXT,                 -- how they are made
	seq INTEGER,               -- number of their latest making
	dropped INTEGER NOT NULL DEFAULT 0, -- 1: its records were, and so the tables stay as they are
	PRIMARY KEY (start));`

// sharedTables are those of a ledger that several machines write, one after the other.
//
// weir_lease has one row: who may write, see lease. weir_commit_object has what a pending commit will enter into the
// ledger, as JSON, and weir_commit_hour the hours that it will mark; only where the catalog is elsewhere, see Tables.
const sharedTables = `
CREATE TABLE IF NOT EXISTS weir_lease (
	name TEXT PRIMARY KEY,
	token TEXT NOT NULL,
	holder TEXT NOT NULL,
	since INTEGER NOT NULL,
	expires INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS weir_commit_object (
	commit_id TEXT NOT NULL,
	seq INTEGER NOT NULL,
	object TEXT NOT NULL,
	PRIMARY KEY (commit_id, seq));
CREATE TABLE IF NOT EXISTS weir_commit_hour (
	commit_id TEXT NOT NULL,
	start INTEGER NOT NULL,
	PRIMARY KEY (commit_id, start));`

// openDB opens the SQLite file. Readers of a folder that cannot be written to read it as immutable, which SQLite needs
// because it keeps a shared index beside the file otherwise.
func openDB(ctx context.Context, path string, write bool) (*sql.DB, error) {
	pragmas := []string{"busy_timeout(10000)", "temp_store(MEMORY)"}
	if write {
		db, err := openSQLite(ctx, path, url.Values{
			"_pragma": append(pragmas, "journal_mode(WAL)", "synchronous(FULL)"), "_txlock": {"immediate"}})
		if err != nil {
			return nil, fmt.Errorf("open catalog: %w", err)
		}
		return db, nil
	}
	db, err := openSQLite(ctx, path, url.Values{"_pragma": pragmas, "mode": {"ro"}})
	if err == nil {
		return db, nil
	}
	if wal, statErr := os.Stat(path + "-wal"); statErr == nil && wal.Size() > 0 {
		// Immutable would read past the changes in there, silently.
		return nil, fmt.Errorf("open catalog: %w (a killed writer left changes in %s-wal; open the lake once where it can be written)", err, path)
	} else if statErr != nil && !errors.Is(statErr, fs.ErrNotExist) {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	db, e := openSQLite(ctx, path, url.Values{"_pragma": pragmas, "mode": {"ro"}, "immutable": {"1"}})
	if e != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	return db, nil
}

func openSQLite(ctx context.Context, path string, v url.Values) (*sql.DB, error) {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: v.Encode()}).String())
	if err != nil {
		return nil, err
	}
	// A connection that reads, so that a file that is no database, or has no room for its index, is known now.
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// openLedger creates or checks the tables and returns the place that the lake's paths were written for.
func (l *Lake) openLedger(ctx context.Context) (recorded string, err error) {
	if l.write {
		if err := l.createLedger(ctx); err != nil {
			return "", fmt.Errorf("open ledger: %w", err)
		}
	}
	var format string
	err = l.db.QueryRowContext(ctx, `SELECT (SELECT value FROM weir_meta WHERE key = 'format'),
		(SELECT value FROM weir_meta WHERE key = 'root')`).Scan(&format, &recorded)
	if err != nil && l.shared != nil {
		return "", fmt.Errorf("%w in %s: read ledger: %w", ErrNoLake, l.shared.Name, err)
	}
	if err != nil {
		return "", fmt.Errorf("read ledger: %s is not the catalog of a lake: %w", catalogName, err)
	}
	if n, err := strconv.Atoi(format); err != nil || n > formatVersion {
		return "", fmt.Errorf("lake has format %q, and this weir knows %d: use a newer weir", format, formatVersion)
	}
	return recorded, nil
}

// createLedger makes the tables that are missing.
func (l *Lake) createLedger(ctx context.Context) error {
	ddl := catalogTables + ledgerTables
	if l.shared != nil {
		// A writer who may not make tables need not, once they are there: the latest of them, too.
		var n, m int
		if err := l.db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM weir_meta), (SELECT count(*) FROM weir_commit_hour)`).Scan(&n, &m); err == nil && n > 0 {
			return nil
		}
		ddl = l.shared.Schema(ddl + sharedTables)
	}
	return l.tx(ctx, func(tx *sql.Tx) error {
		if l.shared != nil {
			if _, err := tx.ExecContext(ctx, l.shared.Alone); err != nil {
				return err
			}
		} else {
			var tables, ours int
			if err := tx.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(name = 'weir_meta'), 0) FROM sqlite_schema WHERE type = 'table'`).Scan(&tables, &ours); err != nil {
				return err
			}
			if tables > 0 && ours == 0 {
				return fmt.Errorf("%s is the database of another program", catalogName)
			}
		}
		if _, err := tx.ExecContext(ctx, ddl); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO weir_meta VALUES ('format', ?), ('root', ?) ON CONFLICT DO NOTHING`,
			strconv.Itoa(formatVersion), l.dir)
		return err
	})
}

// tx runs f in a transaction, if this lake still may write.
func (l *Lake) tx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err = l.lease.check(ctx, tx); err == nil {
		err = f(tx)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// noSpace makes SQLite's "full" recognisable as the operating system's, for callers that look for it. So is that there
// is no room for the index that it keeps beside the file.
func noSpace(err error) error {
	var full *sqlite.Error
	if errors.As(err, &full) && (full.Code()&0xff == sqlite3.SQLITE_FULL || full.Code() == sqlite3.SQLITE_IOERR_SHMSIZE) && !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", err, syscall.ENOSPC)
	}
	return err
}
