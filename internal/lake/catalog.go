package lake

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

// catalog is Iceberg's SQL catalog (the JDBC catalog of the Java library, schema version V1): the same two tables that
// Trino, Spark and iceberg-go's own package read and write. It is made here, in a page, for one reason: the pointer to
// a table's new metadata and the ledger then change in one transaction (docs/design/ledger.md).
type catalog struct {
	db *sql.DB
	fs *fileIO

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
INSERT OR IGNORE INTO iceberg_namespace_properties VALUES ('weir', 'weir', 'exists', 'true');`

// with returns the catalog with work to be done in the transaction of a commit.
func (c *catalog) with(ledger func(ctx context.Context, tx *sql.Tx, meta table.Metadata) error) *catalog {
	d := *c
	d.ledger = ledger
	return &d
}

// errNoTable says that the catalog has no such table.
var errNoTable = errors.New("no such table in the catalog")

// pointer is the location of a table's metadata.
func (c *catalog) pointer(ctx context.Context, name string) (string, error) {
	var loc sql.NullString
	err := c.db.QueryRowContext(ctx, `SELECT metadata_location FROM iceberg_tables
		WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?`, catalogID, namespace, name).Scan(&loc)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read catalog: %w: %s", errNoTable, name)
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
	move := func(tx *sql.Tx) (sql.Result, error) {
		return tx.ExecContext(ctx, `UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ?, iceberg_type = 'TABLE'
			WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND metadata_location = ?`,
			loc, tbl.MetadataLocation(), catalogID, namespace, id[len(id)-1], tbl.MetadataLocation())
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
	return c.point(ctx, func(tx *sql.Tx) (sql.Result, error) {
		return tx.ExecContext(ctx, `INSERT INTO iceberg_tables VALUES (?, ?, ?, ?, NULL, 'TABLE')`, catalogID, namespace, name, loc)
	}, meta, loc)
}

// point runs the transaction that makes meta, written to loc, the table's metadata.
func (c *catalog) point(ctx context.Context, move func(*sql.Tx) (sql.Result, error), meta table.Metadata, loc string) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return errors.Join(fmt.Errorf("begin commit: %w", err), c.fs.Remove(loc))
	}
	err = func() error {
		res, err := move(tx)
		if err != nil {
			return fmt.Errorf("point catalog at %s: %w", loc, err)
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return errors.Join(fmt.Errorf("%w: another writer changed the table", table.ErrCommitFailed), err)
		}
		if c.ledger == nil {
			return nil
		}
		return c.ledger(ctx, tx, meta)
	}()
	if err != nil {
		return errors.Join(err, tx.Rollback(), c.fs.Remove(loc))
	}
	// After an error here the commit may have happened: the file must stay.
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
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
		return "", errors.Join(fmt.Errorf("write metadata: %w", err), removeQuietly(c.fs, loc))
	}
	return loc, nil
}
