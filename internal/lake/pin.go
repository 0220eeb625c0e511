package lake

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/google/uuid"
)

// ErrNoLedger says that a lake was opened for reading by its catalog alone. Its tables are there; what is known of the
// objects that they came from is not.
var ErrNoLedger = errors.New("lake was opened without its ledger")

// ledgerProperty is set in the tables of a lake whose catalog is not in the ledger's database: the ledger's id. Without
// it a writer with an empty ledger, on another machine, would find every object new, and store it again.
const ledgerProperty = "weir.ledger"

// LedgerError says that a table and a ledger do not belong together.
type LedgerError struct {
	Ledger string // name of the database
	Reason string
}

func (e *LedgerError) Error() string { return "ledger " + e.Ledger + ": " + e.Reason }

// pin ties ledger and catalog together, or finds that they belong to others.
func (l *Lake) pin(ctx context.Context) error {
	refuse := func(format string, args ...any) error {
		return &LedgerError{Ledger: l.shared.Name, Reason: fmt.Sprintf(format, args...)}
	}
	var id sql.NullString
	var tables int
	read := func() error {
		return l.db.QueryRowContext(ctx, `SELECT (SELECT value FROM weir_meta WHERE key = 'ledger'), (SELECT count(*) FROM iceberg_tables)`).Scan(&id, &tables)
	}
	err := read()
	if err == nil && l.cat.tables != nil && tables == 0 && !id.Valid && l.write {
		err = l.tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO weir_meta VALUES ('ledger', ?) ON CONFLICT DO NOTHING`, uuid.NewString())
			return err
		})
		err = errors.Join(err, read())
	}
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	switch {
	case l.cat.tables == nil && id.Valid:
		return refuse("its lake has its catalog elsewhere, and is to be opened with that")
	case l.cat.tables == nil:
		return nil
	case tables > 0:
		return refuse("its lake has its catalog in there, and is to be opened with that")
	}
	l.id = id.String
	for _, t := range l.stored() {
		tbl, err := l.table(ctx, t.name())
		if errors.Is(err, ErrNoTable) {
			continue
		}
		if err != nil {
			return err
		}
		pinned := tbl.Properties()[ledgerProperty]
		if pinned == "" {
			return refuse("table %s is in the catalog, and belongs to no ledger: another program made it", t.name())
		}
		if pinned != l.id {
			return refuse("table %s belongs to another ledger, %s, and this one is %s", t.name(), pinned, l.id)
		}
		last := tbl.Properties()[commitProperty]
		if last == "" || !l.write {
			continue
		}
		var n int
		if err := l.db.QueryRowContext(ctx, `SELECT count(*) FROM weir_commit WHERE id = ?`, last).Scan(&n); err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
		if n == 0 {
			return refuse("it does not know commit %s of table %s: it is an old copy, and would store objects again", last, t.name())
		}
	}
	return nil
}

// noDatabase stands for the database of a lake that is opened without one: whatever is asked of it fails.
type noDatabase struct{}

func (noDatabase) Connect(context.Context) (driver.Conn, error) { return nil, ErrNoLedger }
func (noDatabase) Driver() driver.Driver                        { return nil }

// FileDatabase opens a ledger that is a SQLite file, for a lake of which one machine writes and the catalog is elsewhere
// (Tables). For reading there must be one.
func FileDatabase(ctx context.Context, path string, write bool) (*Database, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	db, err := openDB(ctx, path, write)
	if err != nil {
		return nil, err
	}
	var others int
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE type = 'table'
		AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'weir_meta')`).Scan(&others)
	if err == nil && others > 0 {
		err = errors.New("it is the database of another program")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger: %w", err), db.Close())
	}
	return &Database{
		DB: db, Name: path,
		Schema: func(ddl string) string { return ddl },
		Alone:  `SELECT 1`, // a transaction that writes is alone in a SQLite file
		Clock:  `CAST(unixepoch('subsec') * 1000000 AS INTEGER)`,
	}, nil
}
