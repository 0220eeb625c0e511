package lake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"strconv"

	"weir/flowlog"
	"weir/internal/columnar"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// partitionID is the field id of the one partition field. Iceberg counts them from 1000.
const partitionID = 1000

// Names of the partition fields: of tables of records, and of derived ones.
const (
	dayPartition  = "start_day"
	hourPartition = "hour_hour"
)

// properties are the tables' settings. Each has its reason.
var properties = iceberg.Properties{
	// Trino writes and reads version 2; version 3 is not read by all engines yet.
	"format-version": "2",
	// Many small commits leave many small manifests, and a plan reads them all.
	table.ManifestMergeEnabledKey:  "true",
	table.ManifestMinMergeCountKey: "20",
	// Each commit writes the whole metadata anew. Old ones are of use to a reader that is just opening the lake.
	table.MetadataDeleteAfterCommitEnabledKey: "true",
	table.MetadataPreviousVersionsMaxKey:      "20",
	// Our reader asks for whole files: a plan should name each once.
	table.ReadSplitTargetSizeKey: strconv.FormatInt(1<<50, 10),
}

// kindType is the Iceberg type of a field.
func kindType(k flowlog.Kind) iceberg.Type {
	switch k {
	case flowlog.Text, flowlog.Enum, flowlog.Address:
		return iceberg.PrimitiveTypes.String
	case flowlog.Port, flowlog.Code, flowlog.Flags:
		return iceberg.PrimitiveTypes.Int32
	case flowlog.Count, flowlog.Epoch:
		return iceberg.PrimitiveTypes.Int64
	}
	panic("BUG: kind without an Iceberg type: " + k.String())
}

// tableSchema is the schema that a new table gets: AWS's columns, then ours, all optional.
func tableSchema(t *flowlog.Table) *iceberg.Schema {
	n := len(t.Fields)
	fields := make([]iceberg.NestedField, 0, n+3)
	for i, f := range t.Fields {
		fields = append(fields, iceberg.NestedField{ID: i + 1, Name: f.Column, Type: kindType(f.Kind), Doc: f.Doc})
	}
	fields = append(fields,
		iceberg.NestedField{ID: n + 1, Name: columnar.StartTime, Type: iceberg.PrimitiveTypes.TimestampTz, Doc: "start, as a time."},
		iceberg.NestedField{ID: n + 2, Name: columnar.SourceObject, Type: iceberg.PrimitiveTypes.String, Doc: "Object that the record came from."},
		iceberg.NestedField{ID: n + 3, Name: columnar.Extra, Doc: "Fields of the log that this table has no column for.", Type: &iceberg.MapType{
			KeyID: n + 4, KeyType: iceberg.PrimitiveTypes.String,
			ValueID: n + 5, ValueType: iceberg.PrimitiveTypes.String}})
	return iceberg.NewSchema(0, fields...)
}

// fileSchema is what a data file of t holds in a table whose schema is s.
func fileSchema(t *flowlog.Table, s *iceberg.Schema) columnar.Schema {
	ids := map[string]int{}
	for _, f := range s.Fields() {
		ids[f.Name] = f.ID
		if m, ok := f.Type.(*iceberg.MapType); ok && f.Name == columnar.Extra {
			ids[columnar.ExtraKey], ids[columnar.ExtraValue] = m.KeyID, m.ValueID
		}
	}
	return columnar.Schema{Table: t, IDs: ids}
}

// unknownColumns are those that this weir does not know: a newer one added them, or somebody else did.
func unknownColumns(t *flowlog.Table, s *iceberg.Schema) []string {
	var names []string
	for _, f := range s.Fields() {
		switch f.Name {
		case columnar.StartTime, columnar.SourceObject, columnar.Extra:
		default:
			if t.Column(f.Name) == nil {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// ensureTable creates t, or adds the columns that it lacks.
func (l *Lake) ensureTable(ctx context.Context, t stored) error {
	tbl, err := l.table(ctx, t.name())
	if errors.Is(err, ErrNoTable) {
		return l.createTable(ctx, t)
	}
	if err != nil {
		return err
	}
	if err := checkSpec(t, tbl); err != nil {
		return err
	}
	tx := tbl.NewTransaction()
	add := tx.UpdateSchema(true, false)
	added := 0
	for _, want := range t.schema().Fields() {
		have, ok := tbl.Schema().FindFieldByName(want.Name)
		if !ok {
			add.AddColumn([]string{want.Name}, want.Type, want.Doc, false, nil)
			added++
			continue
		}
		if _, isMap := want.Type.(*iceberg.MapType); !isMap && !have.Type.Equals(want.Type) {
			return fmt.Errorf("column %s is %s, and weir writes %s: the table was changed by another program", want.Name, have.Type, want.Type)
		}
	}
	if added == 0 {
		return nil
	}
	if err := add.Commit(); err != nil {
		return fmt.Errorf("add columns: %w", err)
	}
	if _, err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("add columns: %w", err)
	}
	l.log.Info("added columns", "table", t.name(), "columns", added)
	return nil
}

func (l *Lake) createTable(ctx context.Context, t stored) error {
	schema := t.schema()
	start, _ := schema.FindFieldByName(t.time())
	name, transform := t.partition()
	spec := iceberg.NewPartitionSpec(iceberg.PartitionField{
		SourceIDs: []int{start.ID}, FieldID: partitionID, Name: name, Transform: transform})
	loc := l.fs.name(l.fs.join(path.Join(warehouse, namespace, t.name())))
	props := properties
	if l.id != "" {
		props = maps.Clone(properties)
		props[ledgerProperty] = l.id
	}
	meta, err := table.NewMetadata(schema, &spec, table.UnsortedSortOrder, loc, props)
	if err != nil {
		return fmt.Errorf("make metadata: %w", err)
	}
	return l.cat.create(ctx, t.name(), meta)
}

// checkSpec refuses to write to a table whose partitions are no longer ours.
func checkSpec(t stored, tbl *table.Table) error {
	spec := tbl.Spec()
	name, transform := t.partition()
	if spec.NumFields() != 1 || spec.Field(0).Name != name || spec.Field(0).Transform.String() != transform.String() {
		return fmt.Errorf("table is partitioned by %s, not by %s of %s: it was changed by another program", spec.String(), transform, t.time())
	}
	return nil
}

var metadataFile = regexp.MustCompile(`^v?(\d+)[-.]`)

// version is the number in the name of a metadata file; 0 if it has none.
func version(loc string) int {
	m := metadataFile.FindStringSubmatch(path.Base(loc))
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}
