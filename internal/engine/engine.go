// Package engine asks SQL of a lake, or of files as they lie.
//
// Engine is the contract; each child (duckdb, later trino and athena) is one engine. They speak one dialect: the
// subset of Athena's and Trino's SQL that docs/sql.md describes, so that a query tried on a laptop runs on a cluster
// unchanged. What must hold: SQL from people reads the tables it is given, and nothing else; it changes nothing.
package engine

import (
	"context"
	"time"

	"weir/flowlog"
	"weir/internal/lake"
)

// Table is a table or view that a query may name: Parquet files of one schema.
type Table struct {
	Name    string   // "flows"
	Columns []Column // in order; a file without a column has NULLs there
	Files   []string // absolute paths
	Rows    [][]any  // instead of Files, for the engine in this program: a small table that is in no file; values as those of Rows

	// Since and Until bound the rows that a query sees, by the column Time: Since is included, Until is not, zero is no
	// bound. Rows without a time are outside of every bound.
	Since, Until time.Time
	Time         string // "" is start_time
}

// DerivedTable is a table that weir makes of records, without its files.
func DerivedTable(d *lake.Derived) Table {
	t := Table{Name: d.Name, Time: lake.HourColumn}
	for _, c := range d.Columns {
		t.Columns = append(t.Columns, Column{c.Name, c.Type})
	}
	return t
}

// Columns are the columns in which the records of a flow log are stored: AWS's, then the start as a time, the object
// that the record came from, and the fields that the table does not know.
func Columns(t *flowlog.Table) []Column {
	cols := make([]Column, 0, len(t.Fields)+3)
	for i := range t.Fields {
		f := &t.Fields[i]
		c := Column{Name: f.Column}
		switch f.Kind {
		case flowlog.Text, flowlog.Enum, flowlog.Address:
			c.Type = "varchar"
		case flowlog.Port, flowlog.Code, flowlog.Flags:
			c.Type = "integer"
		case flowlog.Count, flowlog.Epoch:
			c.Type = "bigint"
		default:
			panic("BUG: no SQL type for kind " + f.Kind.String())
		}
		cols = append(cols, c)
	}
	return append(cols,
		Column{"start_time", "timestamp(6) with time zone"},
		Column{"source_object", "varchar"},
		Column{"extra", "map(varchar, varchar)"})
}

// Column is a column of a table or result. Type is the dialect's name: varchar, integer, bigint, double, boolean,
// timestamp(6) with time zone, map(varchar, varchar).
type Column struct{ Name, Type string }

// Engine runs queries. Implementations are safe for concurrent use.
type Engine interface {
	// Query starts sql and returns its rows as they come. Ending ctx cancels the query, also while rows are read.
	// Errors in the text of a query are *SQLError.
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
	// Explain tells what running sql would take, without running it.
	Explain(ctx context.Context, sql string, args ...any) (*Plan, error)
	Close() error
}

// Plan is what running a query would take.
type Plan struct {
	Text   string // the engine's own plan
	Tables []Scan
	IO     *IOPlan // of an engine on a server: columns and ranges, by which whoever has the lake finds the bytes; else nil
}

// Scan is the part of a plan that reads one table. Bytes is the size of its files: at most so many are read, less
// where columns or row groups are not needed. Both are -1 where the engine does not know them.
type Scan struct {
	Table string
	Files int
	Bytes int64

	AtLeast bool // there are more files than were looked at: Files and Bytes are those that were
}

// Unknown tells whether nobody knows what the scan takes.
func (s Scan) Unknown() bool { return s.Bytes < 0 }

// ParquetWriter is an Engine that can store a result by itself, with its types, without showing the rows to anybody.
type ParquetWriter interface {
	Engine
	// WriteParquet runs sql and writes its rows to the file that the engine was opened to write.
	WriteParquet(ctx context.Context, sql string, args ...any) (rows int64, err error)
}

// Storer is an Engine that can store results in several files.
type Storer interface {
	Engine
	// Store runs sql and writes its rows to a file that the engine was opened to write, over what is in it.
	Store(ctx context.Context, f Output, sql string, args ...any) (rows int64, err error)
}

// Output is a Parquet file that a result is written to.
type Output struct {
	Path string         // absolute
	IDs  map[string]int // Iceberg field ids by column, nil for none
}

// Publisher is an engine on a server that can keep the views, for tools that are not weir.
type Publisher interface {
	Engine
	// Publish makes the views in a schema, which it makes if need be, and returns their names. Views of ours are replaced;
	// one that somebody else made, or a newer weir, is an error.
	Publish(ctx context.Context, schema string) ([]string, error)
}

// Decimal is an exact decimal number as text.
type Decimal string

// Scanned is what Rows of an engine on a server can tell besides.
type Scanned interface {
	// BytesScanned is what the server has read of storage for the query so far, in bytes: what Athena bills for, once
	// the rows are at their end.
	BytesScanned() int64
	// QueryID is the server's name of the query, for its own logs and pages.
	QueryID() string
}

// Rows are the rows of a result. Values are int64, float64, bool, string, time.Time (UTC; also for a date, whose
// column has the type date), []any, map[string]any, []byte, Decimal, *big.Int where an integer does not fit 64 bits,
// or nil. The slice is valid until the next call of Next. Rows are not safe for concurrent use.
type Rows interface {
	Columns() []Column
	Next() ([]any, error) // io.EOF after the last row
	Close() error
}
