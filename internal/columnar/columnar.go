// Package columnar turns batches of records into Parquet and back. It is the only place that knows the Parquet
// libraries.
//
// Start at Writer. A file that it writes holds one or more sorted runs, each cut into row groups small enough that
// their minima and maxima prune a query for one port. What it must keep: a file read back by Reader, by DuckDB and by
// Trino gives the records that went in, and its columns carry the field ids of the table's Iceberg schema.
package columnar

import "weir/flowlog"

// Schema is what a data file of a table holds: the table's fields, then StartTime, SourceObject and Extra.
type Schema struct {
	Table *flowlog.Table
	// IDs gives each column's Iceberg field id, by column name ("pkt_srcaddr"); ExtraKey and ExtraValue are the ids
	// of the map's key and value.
	IDs map[string]int
	// Columns restricts the file to these columns, by name; nil means all. For files that only one query reads.
	Columns []string
}

// Names of the columns beside AWS's.
const (
	StartTime    = "start_time"    // timestamp with time zone, UTC, microseconds: start, else NULL
	SourceObject = "source_object" // URI of the object that the record came from
	Extra        = "extra"         // map of text to text: the fields that the table does not know
	ExtraKey     = "extra.key"     // in Schema.IDs only
	ExtraValue   = "extra.value"
)
