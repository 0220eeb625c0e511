package lake

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

// catalog is Iceberg's SQL catalog (the JDBC catalog of the Java library, schema version V1): the same two tables that
// Trino, Spark and iceberg-go's own package read and write. It is made here, in a page, for one reason: the pointer to
// a table's new metadata and the ledger then change in one transaction (docs/design/ledger.md).
//
// Where the tables' catalog is elsewhere (see Tables), the pointer moves there, just before the transaction ends.
type catalog struct {
	db     *sql.DB
	fs     files
	lease  *lease
	tables Tables // nil: the catalog is in db

	// ledger runs in the transaction that moves the pointer to meta. If it fails the pointer stays.
	ledger func(ctx context.Context, tx *sql.Tx, meta table.Metadata) error
	// base saves reading metadata that its holder has read: used while the catalog still points at it.
	base *table.Table
}

var _ table.CatalogIO = (*catalog)(nil)

// catalogID is the catalog's name in the tables' first column; other engines must be told the same.
const catalogID = "weir"

// catalogTables is what the Java library creates, so that whoever comes first makes the same tables.
const catalogTables = `
CREATE TABLE IF NOT EXISTS iceberg_tables (
	catalog_name VARCHAR(255) NOT NULL,
	table_namespace VARCHAR(255) NOT NULL,
	table_name VARCHAR(255) NOT NULL,
	metadata_location VARCHAR(1000),
	previous_metadata_location VARCHAR(1000),
	iceberg_type VARCHAR(5),
	PRIMARY KEY (catalog_name, table_namespace, table_name));
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
	catalog_name VARCHAR(255) NOT NULL,
	namespace VARCHAR(255) NOT NULL,
	property_key VARCHAR(255) NOT NULL,
	property_value VARCHAR(1000),
	PRIMARY KEY (catalog_name, namespace, property_key));
INSERT INTO iceberg_namespace_properties VALUES ('weir', 'weir', 'exists', 'true') ON CONFLICT DO NOTHING;`

// with returns the catalog with work to be done in the transaction of a commit.
func (c *catalog) with(ledger func(ctx context.Context, tx *sql.Tx, meta table.Metadata) error) *catalog {
	d := *c
	d.ledger = ledger
	return &d
}

// ErrNoTable says that the catalog has no such table.
var ErrNoTable = errors.New("no such table in the catalog")

// Tables is a catalog outside of the ledger's database, such as AWS Glue: it points at the tables' present metadata.
// Pointer and ledger then change one after the other, and a writer that is killed in between has its commit finished
// by the next (docs/design/ledger.md).
type Tables interface {
	// Pointer is the location of a table's metadata, or ErrNoTable.
	Pointer(ctx context.Context, name string) (string, error)
	Create(ctx context.Context, name, location string, meta table.Metadata) error
	// Move points the table at another location if it still is at from, else the error is table.ErrCommitFailed.
	Move(ctx context.Context, name, from, to string, meta table.Metadata) error
}

// pointer is the location of a table's metadata.
func (c *catalog) pointer(ctx context.Context, name string) (string, error) {
	if c.tables != nil {
		loc, err := c.tables.Pointer(ctx, name)
		if err != nil {
			return "", fmt.Errorf("read catalog: %w", err)
		}
		return loc, nil
	}
	var loc sql.NullString
	err := c.db.QueryRowContext(ctx, `SELECT metadata_location FROM iceberg_tables
		WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?`, catalogID, namespace, name).Scan(&loc)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read catalog: %w: %s", ErrNoTable, name)
	}
	if err != nil {
		return "", fmt.Errorf("read catalog: %w", err)
	}
	return loc.String, nil
}

// LoadTable reads a table's present metadata.
func (c *catalog) LoadTable(ctx context.Context, id table.Identifier) (*table.Table, error) {
	loc, err := c.pointer(ctx, id[len(id)-1])
	if err != nil {
		return nil, err
	}
	tbl, err := table.NewFromLocation(ctx, id, loc, c.open, c)
	if err != nil {
		return nil, fmt.Errorf("read metadata of table %s: %w", id[len(id)-1], err)
	}
	return tbl, nil
}

func (c *catalog) open(context.Context) (icebergio.IO, error) { return c.fs, nil }

// use returns tbl bound to this catalog, so that its commits run c.ledger.
func (c *catalog) use(tbl *table.Table) *table.Table {
	c.base = tbl
	return table.New(tbl.Identifier(), tbl.Metadata(), tbl.MetadataLocation(), c.open, c)
}

// CommitTable applies updates to the table's present metadata, and points the catalog at the result. A conflict with
// another writer is table.ErrCommitFailed; then nothing has changed.
func (c *catalog) CommitTable(ctx context.Context, id table.Identifier, reqs []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	tbl := c.base
	if loc, err := c.pointer(ctx, id[len(id)-1]); err != nil {
		return nil, "", err
	} else if tbl == nil || tbl.MetadataLocation() != loc {
		if tbl, err = c.LoadTable(ctx, id); err != nil {
			return nil, "", err
		}
	}
	for _, r := range reqs {
		if err := r.Validate(tbl.Metadata()); err != nil {
			return nil, "", fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
		}
	}
	meta, err := table.UpdateTableMetadata(tbl.Metadata(), updates, tbl.MetadataLocation())
	if err != nil {
		return nil, "", fmt.Errorf("update metadata: %w", err)
	}
	loc, err := c.writeMetadata(meta, version(tbl.MetadataLocation())+1)
	if err != nil {
		return nil, "", err
	}
	move := func(tx *sql.Tx) error {
		if c.tables != nil {
			return c.moved(ctx, id[len(id)-1], loc, c.tables.Move(ctx, id[len(id)-1], tbl.MetadataLocation(), loc, meta))
		}
		return one(tx.ExecContext(ctx, `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?, iceberg_type = 'TABLE'
			WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?`,
			loc, tbl.MetadataLocation(), catalogID, namespace, id[len(id)-1], tbl.MetadataLocation()))
	}
	if err := c.point(ctx, move, meta, loc); err != nil {
		return nil, "", err
	}
	return meta, loc, nil
}

// create adds a new table to the catalog.
func (c *catalog) create(ctx context.Context, name string, meta table.Metadata) error {
	loc, err := c.writeMetadata(meta, 0)
	if err != nil {
		return err
	}
	return c.point(ctx, func(tx *sql.Tx) error {
		if c.tables != nil {
			return c.moved(ctx, name, loc, c.tables.Create(ctx, name, loc, meta))
		}
		return one(tx.ExecContext(ctx, `INSERT INTO iceberg_tables VALUES (?, ?, ?, ?, NULL, 'TABLE')`, catalogID, namespace, name, loc))
	}, meta, loc)
}

// one demands that a statement changed one row: another writer came first if not.
func one(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("%w: another writer changed the table", table.ErrCommitFailed), err)
	}
	return nil
}

// moved is the error of moving a table's pointer to loc, or nil if it did move though the answer was lost. A client that
// tried again is then told of a conflict, with itself; and another engine may have come on top meanwhile.
func (c *catalog) moved(ctx context.Context, name, loc string, err error) error {
	if err == nil {
		return nil
	}
	tbl, e := c.LoadTable(context.WithoutCancel(ctx), ident(name))
	if errors.Is(e, ErrNoTable) {
		return err
	}
	if e != nil {
		// As a conflict it would be tried again, and be in the table twice.
		return fmt.Errorf("%v; and what became of it cannot be seen: %w", err, e)
	}
	if tbl.MetadataLocation() == loc {
		return nil
	}
	for was := range tbl.Metadata().PreviousFiles() {
		if was.MetadataFile == loc {
			return nil
		}
	}
	return err
}

// point runs the transaction that makes meta, written to loc, the table's metadata.
func (c *catalog) point(ctx context.Context, move func(*sql.Tx) error, meta table.Metadata, loc string) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return errors.Join(fmt.Errorf("begin commit: %w", err), c.discard(loc))
	}
	steps := []func() error{
		func() error { return c.lease.check(ctx, tx) },
		func() error {
			if err := move(tx); err != nil {
				return fmt.Errorf("point catalog at %s: %w", loc, err)
			}
			return nil
		},
		func() error {
			if c.ledger == nil {
				return nil
			}
			return c.ledger(ctx, tx, meta)
		},
	}
	if c.tables != nil { // what cannot be taken back comes last
		steps[1], steps[2] = steps[2], steps[1]
	}
	for i, step := range steps {
		if err := step(); err != nil {
			err = errors.Join(err, tx.Rollback())
			if c.tables != nil && i == len(steps)-1 && !errors.Is(err, table.ErrCommitFailed) {
				return err // nobody knows whether the catalog points there: the file must stay
			}
			return errors.Join(err, c.discard(loc))
		}
	}
	// After an error here the commit may have happened: the file must stay.
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// discard removes a metadata file that nothing points at, if it is there.
func (c *catalog) discard(loc string) error {
	if err := c.fs.Remove(loc); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (c *catalog) writeMetadata(meta table.Metadata, version int) (string, error) {
	p, err := table.LoadLocationProvider(meta.Location(), meta.Properties())
	if err != nil {
		return "", fmt.Errorf("name metadata: %w", err)
	}
	loc, err := p.NewTableMetadataFileLocation(version)
	if err != nil {
		return "", fmt.Errorf("name metadata: %w", err)
	}
	text, err := json.Marshal(meta)
	if err != nil {
		return "", fmt.Errorf("encode metadata: %w", err)
	}
	if err := c.fs.WriteFile(loc, text); err != nil {
		return "", errors.Join(fmt.Errorf("write metadata: %w", err), c.discard(loc))
	}
	return loc, nil
}
