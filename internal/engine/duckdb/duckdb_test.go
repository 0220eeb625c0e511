package duckdb

import (
	"context"
	"io"
	"testing"

	"weir/internal/engine"
)

func open(t testing.TB, tables ...engine.Table) *Engine {
	t.Helper()
	e, err := Open(Config{Threads: 2}, tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// ask returns all rows of a query.
func ask(e engine.Engine, sql string, args ...any) ([][]any, error) {
	r, err := e.Query(context.Background(), sql, args...)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var out [][]any
	for {
		v, err := r.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, append([]any(nil), v...))
	}
}
