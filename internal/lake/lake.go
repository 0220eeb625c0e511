// Package lake keeps records: Apache Iceberg tables, their catalog, and the ledger of the objects that the records came
// from.
//
// Start at Open and Commit. A lake is a folder, or for several machines a part of a bucket (Store) and a Database;
// docs/format.md draws both. The tables are plain Iceberg, for any engine to read. Catalog and ledger share one database,
// and so the pointer to a table's new metadata and the ledger's entries change in one transaction: there is no moment at
// which records are visible and their objects unknown, or the reverse. One process writes (see LockedError and
// LeaseError), any number read.
//
// It leaves to others: reading objects and lines (package ingest), what a data file looks like inside (package
// columnar), SQL (package engine).
//
// What must hold: whatever is killed whenever, no record is in a table twice and none is lost; and for each object,
// records read = rows stored + lines rejected.
package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"weir/flowlog"
	"weir/internal/columnar"

	"github.com/apache/iceberg-go/table"
)

// ErrNoLake says that there is no lake in a folder.
var ErrNoLake = errors.New("no lake")

// OtherLakeError says that a catalog belongs to another lake than the one that was named.
type OtherLakeError struct {
	Catalog string // its name
	Lake    string // whose it is
	Dir     string // which was named
}

func (e *OtherLakeError) Error() string {
	return fmt.Sprintf("%s is the catalog of the lake at %s, not of one at %s: a lake has a database, or a schema of one, to itself",
		e.Catalog, e.Lake, e.Dir)
}

// errReadOnly is a mistake of the caller: a lake opened for reading was asked to change.
var errReadOnly = errors.New("lake is open for reading only")

// Options say how to open a lake.
type Options struct {
	Write bool             // take the writer's lock; create what is missing
	Log   *slog.Logger     // nil: silent
	Now   func() time.Time // nil: time.Now

	// Derived are the tables made of records that the lake is to have. Opened for reading, it may lack them: then they
	// are empty.
	Derived []*Derived

	// Of a lake that several machines share; the zero values are those of a lake that is a folder with all in it.
	Store    Store         // where the files are
	Database *Database     // where the ledger is, and the catalog
	Tables   Tables        // where the catalog is, if not in Database; with it, a reader can do without one: see ErrNoLedger
	Lease    time.Duration // for how long a writer that died keeps others out; 0 is 30 s
}

// Lake is an open lake. It is safe for concurrent use; commits take turns.
type Lake struct {
	dir    string // absolute, symbolic links resolved; or the store's URI
	write  bool
	shared *Database // nil: SQLite in the folder
	log    *slog.Logger
	now    func() time.Time

	derived []*Derived

	lock    *lock  // either of them, of a writer
	lease   *lease //
	staging *staging
	db      *sql.DB
	fs      files
	cat     *catalog
	id      string // of the ledger, where the catalog is elsewhere

	mu        sync.Mutex // one change at a time
	unsettled bool       // see settleRest; with mu

	cacheMu sync.Mutex
	tables  map[string]*table.Table // by name; valid while the catalog points at the same metadata
	plans   map[string]*Snapshot    // the last plan of each table
}

// Names in the folder of a lake.
const (
	catalogName  = "catalog.db"
	lockName     = "lock"
	stagingName  = "staging"
	warehouse    = "warehouse"
	namespace    = "weir"
	findingsName = "findings.db" // what was found in the lake; other packages keep it, beside the lake's own
)

// Open opens the lake in dir, or that of the options' store: then dir does not count. Opened for writing, it is created
// if need be, takes the lock of the one writer, finishes or undoes what a killed writer left, and brings an older lake's
// tables up to the fields of today. Opened for reading, nothing of it is changed, so a folder may be on read-only media.
func Open(ctx context.Context, dir string, o Options) (_ *Lake, err error) {
	defer func() { err = noSpace(err) }()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Lake{write: o.Write, shared: o.Database, log: o.Log, now: o.Now, derived: o.Derived,
		tables: map[string]*table.Table{}, plans: map[string]*Snapshot{}}
	noLedger := o.Tables != nil && o.Database == nil && !o.Write
	if noLedger {
		l.shared = &Database{DB: sql.OpenDB(noDatabase{}), Name: "none"}
	}
	if l.shared != nil {
		l.db = l.shared.DB
	}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	if (o.Store != nil || o.Tables != nil) && l.shared == nil {
		return nil, errors.New("BUG: lake that is shared has no database")
	}
	if o.Store != nil {
		l.dir = o.Store.URI()
	} else if l.dir, err = resolve(dir, o.Write, l.shared == nil); err != nil {
		return nil, err
	}
	if l.shared == nil {
		if o.Write {
			if l.lock, err = takeLock(filepath.Join(l.dir, lockName), o.Now()); err != nil {
				return nil, err
			}
		}
		if l.db, err = openDB(ctx, filepath.Join(l.dir, catalogName), o.Write); err != nil {
			return nil, err
		}
	}
	recorded := l.dir
	if !noLedger {
		if recorded, err = l.openLedger(ctx); err != nil {
			return nil, err
		}
	}
	l.fs = &folder{from: recorded, to: l.dir, readOnly: !o.Write}
	if o.Store != nil {
		l.fs = &bucket{store: o.Store, readOnly: !o.Write}
	}
	if l.shared != nil && recorded != l.dir {
		return nil, &OtherLakeError{Catalog: l.shared.Name, Lake: recorded, Dir: l.dir}
	}
	if o.Write && l.shared != nil {
		if l.lease, err = takeLease(ctx, l.shared, l.dir, o.Lease, o.Now()); err != nil {
			return nil, err
		}
	}
	l.cat = &catalog{db: l.db, fs: l.fs, lease: l.lease, tables: o.Tables}
	if l.shared != nil && !noLedger {
		if err := l.pin(ctx); err != nil {
			return nil, err
		}
	}
	if o.Write {
		if err := l.openWrite(ctx, recorded); err != nil {
			return nil, err
		}
	}
	for _, t := range flowlog.Tables { // it may lack the derived ones
		_, err := l.table(ctx, t.Name)
		if errors.Is(err, ErrNoTable) {
			return nil, fmt.Errorf("%w at %s: %w", ErrNoLake, l.dir, err)
		}
		if err != nil {
			return nil, err
		}
	}
	return l, nil
}

// openWrite makes the lake fit for a writer.
func (l *Lake) openWrite(ctx context.Context, recorded string) (err error) {
	if f, ok := l.fs.(*folder); ok {
		if err := os.MkdirAll(f.join(warehouse), 0o755); err != nil {
			return fmt.Errorf("create lake: %w", err)
		}
		if l.staging, err = openStaging(l.dir); err != nil {
			return err
		}
		if recorded != l.dir {
			if err := l.relocate(ctx, f); err != nil {
				return fmt.Errorf("open moved lake: %w", err)
			}
		}
	} else if l.staging, err = tempStaging(l.now()); err != nil {
		return err
	}
	if err := l.recover(ctx); err != nil {
		return err
	}
	for _, t := range l.stored() {
		if err := l.ensureTable(ctx, t); err != nil {
			return fmt.Errorf("open table %s: %w", t.name(), err)
		}
	}
	return l.fillHours(ctx)
}

// resolve gives the one name of the lake's folder, so that a lake reached through a symbolic link does not look moved.
// own says that its catalog is in it.
func resolve(dir string, write, own bool) (string, error) {
	if write {
		if err := checkEmptyOrLake(dir); err != nil {
			return "", err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", fmt.Errorf("create lake: %w", err)
		}
	}
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w at %s", ErrNoLake, dir)
	}
	if err != nil {
		return "", fmt.Errorf("open lake: %w", err)
	}
	if !write && own {
		if _, err := os.Stat(filepath.Join(abs, catalogName)); errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%w at %s", ErrNoLake, dir)
		}
	}
	return abs, nil
}

// checkEmptyOrLake keeps a mistyped --lake from spreading files over a home folder. A lake whose creation was
// interrupted has some of the names below, and nothing else.
func checkEmptyOrLake(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open lake: %w", err)
	}
	var other string
	for _, e := range entries {
		switch e.Name() {
		case catalogName:
			return nil
		case lockName, stagingName, warehouse, catalogName + "-wal", catalogName + "-shm", catalogName + "-journal",
			findingsName, findingsName + "-wal", findingsName + "-shm":
		default:
			other = e.Name()
		}
	}
	if other != "" {
		return fmt.Errorf("%w at %s, and the folder is not empty (%q): name a new or empty folder", ErrNoLake, dir, other)
	}
	return nil
}

// Close releases the lake. It does not wait for readers of its data files.
func (l *Lake) Close() error {
	errs := []error{l.lease.release(), l.staging.close()}
	l.lease, l.staging = nil, nil
	if l.db != nil {
		errs = append(errs, l.db.Close())
		l.db = nil
	}
	if l.lock != nil {
		errs = append(errs, l.lock.release())
		l.lock = nil
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close lake: %w", err)
	}
	return nil
}

// Dir is the lake's folder: absolute, without symbolic links. Of a lake in a bucket it is the URI.
func (l *Lake) Dir() string { return l.dir }

// Schema says what a data file of t holds here: the fields that both weir and this lake's table know.
func (l *Lake) Schema(t *flowlog.Table) columnar.Schema {
	tbl, err := l.table(context.Background(), t.Name)
	if err != nil {
		// Open has loaded the table. It can be lost to another engine's DROP only; Create then reports it.
		l.log.Error("load table", "table", t.Name, "err", err)
		return columnar.Schema{Table: t}
	}
	return fileSchema(t, tbl.Schema())
}

// table returns a table as the catalog has it now.
func (l *Lake) table(ctx context.Context, name string) (*table.Table, error) {
	for try := 0; ; try++ {
		loc, err := l.cat.pointer(ctx, name)
		if err != nil {
			return nil, err
		}
		l.cacheMu.Lock()
		tbl := l.tables[name]
		l.cacheMu.Unlock()
		if tbl != nil && tbl.MetadataLocation() == loc {
			return tbl, nil
		}
		tbl, err = l.cat.LoadTable(ctx, ident(name))
		// Between the pointer and the file many commits can have come, the last of which removed it.
		if errors.Is(err, fs.ErrNotExist) && try < 3 {
			if now, e := l.cat.pointer(ctx, name); e == nil && now != loc {
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		l.cacheMu.Lock()
		l.tables[name] = tbl
		l.cacheMu.Unlock()
		return tbl, nil
	}
}

func ident(name string) table.Identifier { return table.Identifier{namespace, name} }
