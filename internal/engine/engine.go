// Package engine asks SQL of a lake, or of files as they lie.
//
// Engine is the contract; each child (duckdb, later trino and athena) is one engine. They speak one dialect: the
// subset of Athena's and Trino's SQL that docs/sql.md describes, so that a query tried on a laptop runs on a cluster
// unchanged. What must hold: SQL from people reads the tables it is given, and nothing else; it changes nothing.
package engine

import "context"

// Table is a table or view that a query may name: Parquet files of one schema.
type Table struct {
	Name    string   // "flows"
	Columns []Column // in order; a file without a column has NULLs there
	Files   []string // absolute paths
}

// Column is a column of a table or result. Type is the dialect's name: varchar, integer, bigint, double, boolean,
// timestamp(6) with time zone, map(varchar, varchar).
type Column struct{ Name, Type string }

// Engine runs queries. Implementations are safe for concurrent use.
type Engine interface {
	// Query starts sql and returns its rows as they come. Ending ctx cancels the query, also while rows are read.
	// Errors in the text of a query are *SQLError.
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
	Close() error
}

// Rows are the rows of a result. Values are int64, float64, bool, string, time.Time (UTC), []any, map[string]any,
// *big.Int, or nil. The slice is valid until the next call of Next.
type Rows interface {
	Columns() []Column
	Next() ([]any, error) // io.EOF after the last row
	Close() error
}
