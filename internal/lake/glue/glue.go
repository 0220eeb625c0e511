// Package glue keeps the catalog of a lake in the AWS Glue Data Catalog, where Athena, Spark on EMR, Trino and Redshift
// look for tables.
//
// Start at New. Glue's entry of a table points at Iceberg's metadata; its columns are for people to look at, and engines
// do not read them. The parameters are those that Iceberg's own library for Java writes. It leaves the ledger, and what
// becomes of a commit that is cut short, to package lake. What must hold: the pointer moves only from where the caller
// saw it, and what others keep in the entry stays.
package glue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"weir/internal/lake"

	"github.com/apache/iceberg-go/table"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// Parameters of a table's entry.
const (
	typeKey     = "table_type"
	locationKey = "metadata_location"
	previousKey = "previous_metadata_location"
)

// Tables is the catalog: the tables of one database of Glue. It implements lake.Tables.
type Tables struct {
	client   *sdk.Client
	database string
}

var _ lake.Tables = (*Tables)(nil)

// New makes the catalog of a database, which need not be there yet. The client tries again what is worth it.
func New(client *sdk.Client, database string) *Tables {
	return &Tables{client: client, database: database}
}

// Pointer is the location of a table's metadata, or lake.ErrNoTable.
func (c *Tables) Pointer(ctx context.Context, name string) (string, error) {
	_, location, err := c.get(ctx, name)
	return location, err
}

func (c *Tables) get(ctx context.Context, name string) (*types.Table, string, error) {
	out, err := c.client.GetTable(ctx, &sdk.GetTableInput{DatabaseName: &c.database, Name: &name})
	if errors.As(err, new(*types.EntityNotFoundException)) {
		return nil, "", fmt.Errorf("%w: %s.%s in Glue", lake.ErrNoTable, c.database, name)
	}
	if err != nil {
		return nil, "", fmt.Errorf("get table %s.%s from Glue: %w", c.database, name, err)
	}
	if out.Table == nil {
		return nil, "", fmt.Errorf("get table %s.%s from Glue: answer has no table", c.database, name)
	}
	// Engines differ in the case that they write.
	if !strings.EqualFold(out.Table.Parameters[typeKey], "iceberg") {
		return nil, "", fmt.Errorf("table %s.%s in Glue is not an Iceberg table", c.database, name)
	}
	location := out.Table.Parameters[locationKey]
	if location == "" {
		return nil, "", fmt.Errorf("table %s.%s in Glue has no %s", c.database, name, locationKey)
	}
	return out.Table, location, nil
}

// Create enters a new table, and makes the database if it is missing.
func (c *Tables) Create(ctx context.Context, name, location string, meta table.Metadata) error {
	in := &sdk.CreateTableInput{DatabaseName: &c.database, TableInput: &types.TableInput{
		Name: &name, TableType: aws.String("EXTERNAL_TABLE"),
		PartitionKeys: []types.Column{}, // Athena wants the list, though it is empty
		Parameters:    map[string]string{typeKey: "ICEBERG", locationKey: location},
		StorageDescriptor: &types.StorageDescriptor{
			Location: aws.String(meta.Location()), Columns: columns(meta)},
	}}
	_, err := c.client.CreateTable(ctx, in)
	if errors.As(err, new(*types.EntityNotFoundException)) {
		if err := c.createDatabase(ctx); err != nil {
			return err
		}
		_, err = c.client.CreateTable(ctx, in)
	}
	if errors.As(err, new(*types.AlreadyExistsException)) {
		err = fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
	}
	if err != nil {
		return fmt.Errorf("create table %s.%s in Glue: %w", c.database, name, err)
	}
	return nil
}

func (c *Tables) createDatabase(ctx context.Context) error {
	_, err := c.client.CreateDatabase(ctx, &sdk.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{
		Name: &c.database, Description: aws.String("Flow logs of VPCs and transit gateways, kept by weir.")}})
	if err != nil && !errors.As(err, new(*types.AlreadyExistsException)) {
		return fmt.Errorf("create database %s in Glue: %w", c.database, err)
	}
	return nil
}

// Move points the table at another location if it still is at from, else the error is table.ErrCommitFailed.
//
// The entry is read and written in two requests. What ties them is its version: Glue takes the second only if nobody has
// written in between.
func (c *Tables) Move(ctx context.Context, name, from, to string, meta table.Metadata) error {
	t, now, err := c.get(ctx, name)
	if err != nil {
		return err
	}
	if now != from {
		return fmt.Errorf("%w: table %s.%s in Glue is at %s", table.ErrCommitFailed, c.database, name, now)
	}
	if aws.ToString(t.VersionId) == "" {
		return fmt.Errorf("table %s.%s in Glue has no version, which keeps writers apart", c.database, name)
	}
	in := kept(t)
	in.Parameters[typeKey], in.Parameters[locationKey], in.Parameters[previousKey] = "ICEBERG", to, from
	in.StorageDescriptor.Location, in.StorageDescriptor.Columns = aws.String(meta.Location()), columns(meta)
	_, err = c.client.UpdateTable(ctx, &sdk.UpdateTableInput{
		DatabaseName: &c.database, Name: &name, TableInput: in, VersionId: t.VersionId,
		// Each commit would leave a version of the entry, of which Glue keeps so many. The history is in the table.
		SkipArchive: aws.Bool(true),
	})
	if errors.As(err, new(*types.ConcurrentModificationException)) {
		err = fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
	}
	if err != nil {
		return fmt.Errorf("update table %s.%s in Glue: %w", c.database, name, err)
	}
	return nil
}

// kept is an entry as it is, to be written again: what is left out of an update is lost.
func kept(t *types.Table) *types.TableInput {
	in := &types.TableInput{
		Name: t.Name, Description: t.Description, Owner: t.Owner, LastAccessTime: t.LastAccessTime,
		LastAnalyzedTime: t.LastAnalyzedTime, Retention: t.Retention, PartitionKeys: t.PartitionKeys,
		TableType: t.TableType, TargetTable: t.TargetTable,
		Parameters: maps.Clone(t.Parameters), StorageDescriptor: &types.StorageDescriptor{},
	}
	if t.StorageDescriptor != nil {
		*in.StorageDescriptor = *t.StorageDescriptor
	}
	return in
}
