package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"weir/internal/engine"
)

var _ engine.ParquetWriter = (*Engine)(nil)

// WriteParquet runs a query and writes its rows to Config.Output. See engine.ParquetWriter.
//
// The query is let in as any other, on its own. Only then it becomes part of a COPY, which no query could name.
func (e *Engine) WriteParquet(ctx context.Context, sql string, args ...any) (int64, error) {
	if e.output == "" {
		return 0, errors.New("write parquet: the engine was not opened for it")
	}
	return e.write(ctx, engine.Output{Path: e.output}, sql, args)
}

// Store runs a query and writes its rows to one of Config.Outputs. See engine.Storer.
func (e *Engine) Store(ctx context.Context, f engine.Output, sql string, args ...any) (int64, error) {
	if !slices.Contains(e.outputs, f.Path) {
		return 0, fmt.Errorf("write parquet: the engine was not opened to write %q", f.Path)
	}
	return e.write(ctx, f, sql, args)
}

func (e *Engine) write(ctx context.Context, f engine.Output, sql string, args []any) (int64, error) {
	c, err := e.connect()
	if err != nil {
		return 0, fmt.Errorf("write parquet: %w", err)
	}
	defer c.close()
	s, err := e.admit(c, strings.TrimRight(sql, "; \t\r\n"))
	if err != nil {
		return 0, err
	}
	if isExplain(s.sql) {
		return 0, errors.New("write parquet: EXPLAIN has no rows to store")
	}
	if err := e.ready(c, s); err != nil {
		return 0, err
	}
	list, ok := e.exports.get(s.sql)
	if !ok {
		if list, err = c.exportList(s.sql); err != nil {
			return 0, s.explainError(ctx, err)
		}
		e.exports.put(s.sql, list)
	}
	// The line break ends a comment that the query may end with. A file that is there already is written where it is: beside
	// it, to be renamed, is no path that the engine may write.
	copied := "COPY (SELECT " + list.items + " FROM (\n" + s.sql + "\n) AS t(" + list.names + ")) TO " +
		literal(f.Path) + " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false" + fieldIDs(f.IDs) + ")"
	r := &rows{ctx: ctx, conn: c, statement: s}
	r.stop = c.interruptOn(ctx)
	defer r.release()
	if err := r.start(copied, args, bindings.StatementTypeCopy); err != nil {
		if bad, ok := s.explainError(ctx, err).(*engine.SQLError); ok {
			// The place is one of the COPY; the message is what counts.
			return 0, &engine.SQLError{Msg: bad.Msg, Hint: bad.Hint, SQL: s.sql}
		}
		return 0, s.explainError(ctx, err)
	}
	row, err := r.Next()
	if err != nil && err != io.EOF {
		return 0, err
	}
	if len(row) == 1 {
		n, _ := row[0].(int64)
		return n, nil
	}
	return 0, nil
}

// fieldIDs is the option of COPY that gives columns their ids. Files that have no columns with ids need no such option.
func fieldIDs(ids map[string]int) string {
	if len(ids) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(", FIELD_IDS {")
	for i, name := range slices.Sorted(maps.Keys(ids)) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s: %d", quote(name), ids[name])
	}
	b.WriteString("}")
	return b.String()
}

// exports says how the columns of a query are stored.
type exports struct{ names, items string }

// exportList names the columns of a query, so that two of one name can be told apart, and narrows integers of 128 bits,
// which DuckDB would store as floating point.
func (c *conn) exportList(sql string) (exports, error) {
	var all bindings.ExtractedStatements
	defer bindings.DestroyExtracted(&all)
	if bindings.ExtractStatements(c.conn, sql, &all) != 1 {
		return exports{}, nativeError(bindings.ExtractStatementsError(all))
	}
	var stmt bindings.PreparedStatement
	defer bindings.DestroyPrepare(&stmt)
	if bindings.PrepareExtractedStatement(c.conn, all, 0, &stmt) == bindings.StateError {
		return exports{}, nativeError(bindings.PrepareError(stmt))
	}
	var names, items []string
	seen := map[string]bool{}
	for i := range bindings.PreparedStatementColumnCount(stmt) {
		name := bindings.PreparedStatementColumnName(stmt, i)
		for n, base := 2, name; seen[strings.ToLower(name)]; n++ {
			name = fmt.Sprintf("%s_%d", base, n)
		}
		seen[strings.ToLower(name)] = true
		item := fmt.Sprintf("c%d", i)
		names = append(names, item)
		switch bindings.PreparedStatementColumnType(stmt, i) {
		case bindings.TypeHugeInt, bindings.TypeUHugeInt, bindings.TypeUBigInt:
			item = "CAST(" + item + " AS BIGINT)"
		}
		items = append(items, item+" AS "+quote(name))
	}
	return exports{strings.Join(names, ", "), strings.Join(items, ", ")}, nil
}
