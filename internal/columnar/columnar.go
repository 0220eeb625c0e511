// Package columnar turns batches of records into Parquet and back. It is the only place that knows the Parquet
// libraries.
//
// Start at Writer. A file that it writes holds one or more sorted runs, each cut into row groups small enough that
// their minima and maxima prune a query for one port. Pages are encoded by hand, since a batch already holds what
// Parquet stores, dictionary codes; a general writer would look each value up again (docs/design/parquet-encoder.md).
//
// What it must keep: a file read back by Reader, by DuckDB and by Trino gives the records that went in, and its
// columns carry the field ids of the table's Iceberg schema.
package columnar

import "weir/flowlog"

// Schema is what a data file of a table holds: the table's fields, then StartTime, SourceObject and Extra.
type Schema struct {
	Table *flowlog.Table
	// IDs gives each column's Iceberg field id, by column name ("pkt_srcaddr"); ExtraKey and ExtraValue are the ids
	// of the map's key and value. Columns without an id are not written.
	IDs map[string]int
}

// Names of the columns beside AWS's.
const (
	StartTime    = "start_time"    // timestamp with time zone, UTC, microseconds: start, else NULL
	SourceObject = "source_object" // URI of the object that the record came from
	Extra        = "extra"         // map of text to text: the fields that the table does not know
	ExtraKey     = "extra.key"     // in Schema.IDs only
	ExtraValue   = "extra.value"   // in Schema.IDs only
)

// ColumnNames returns the names of all columns of a table's data files, in order.
func ColumnNames(t *flowlog.Table) []string {
	names := make([]string, 0, len(t.Fields)+3)
	for i := range t.Fields {
		names = append(names, t.Fields[i].Column)
	}
	return append(names, StartTime, SourceObject, Extra)
}

// NewSchema returns a schema that numbers the given columns of a table from 1, for files that no Iceberg table holds.
// No names mean all columns.
func NewSchema(t *flowlog.Table, names ...string) Schema {
	if len(names) == 0 {
		names = ColumnNames(t)
	}
	s := Schema{Table: t, IDs: map[string]int{}}
	for _, n := range names {
		s.IDs[n] = len(s.IDs) + 1
	}
	s.IDs[ExtraKey], s.IDs[ExtraValue] = len(s.IDs)+1, len(s.IDs)+2
	return s
}
