package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"weir/internal/engine"
)

// rows is a result that DuckDB computes as it is read.
type rows struct {
	ctx       context.Context
	conn      *conn
	statement *statement
	columns   []engine.Column

	stmt    bindings.PreparedStatement
	result  bindings.Result
	stop    func() // ends the watch on ctx
	chunk   bindings.DataChunk
	readers []reader
	row, n  int
	values  []any
	err     error // what ended the rows, io.EOF included
	closed  bool
}

var _ engine.Rows = (*rows)(nil)

// interruptEvery is how often a cancelled query is told again: DuckDB forgets an interrupt that comes between two steps.
const interruptEvery = 20 * time.Millisecond

// interruptOn interrupts the connection when ctx ends, until the function that it returns was called.
func (c *conn) interruptOn(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	done, left := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(left)
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		tick := time.NewTicker(interruptEvery)
		defer tick.Stop()
		for {
			bindings.Interrupt(c.conn)
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return sync.OnceFunc(func() { close(done); <-left })
}

// nativeError is an error as DuckDB reports it: JSON, with the place.
type nativeError string

func (e nativeError) Error() string { return string(e) }

// query prepares and starts a statement that was admitted. The rows own the connection if there is no error.
func (c *conn) query(ctx context.Context, sql string, args []any) (*rows, error) {
	r := &rows{ctx: ctx, conn: c}
	r.stop = c.interruptOn(ctx)
	if err := r.start(sql, args, bindings.StatementTypeSelect, bindings.StatementTypeExplain); err != nil {
		r.release()
		return nil, err
	}
	return r, nil
}

// start runs the one statement of sql, which must be of one of the kinds.
func (r *rows) start(sql string, args []any, kinds ...bindings.StatementType) error {
	var all bindings.ExtractedStatements
	n := bindings.ExtractStatements(r.conn.conn, sql, &all)
	defer bindings.DestroyExtracted(&all)
	if n == 0 {
		return nativeError(bindings.ExtractStatementsError(all))
	}
	if n != 1 {
		return errors.New("a query is one statement")
	}
	if bindings.PrepareExtractedStatement(r.conn.conn, all, 0, &r.stmt) == bindings.StateError {
		return nativeError(bindings.PrepareError(r.stmt))
	}
	if !slices.Contains(kinds, bindings.PreparedStatementType(r.stmt)) {
		return errors.New("a query may only read") // the guard has said so before, better
	}
	if want := int(bindings.NParams(r.stmt)); want != len(args) {
		return fmt.Errorf("the query has %d parameters and was given %d values", want, len(args))
	}
	for i, a := range args {
		if err := r.bind(bindings.IdxT(i+1), a); err != nil {
			return fmt.Errorf("bind parameter %d: %w", i+1, err)
		}
	}
	var pending bindings.PendingResult
	defer bindings.DestroyPending(&pending)
	if bindings.PendingPreparedStreaming(r.stmt, &pending) == bindings.StateError {
		return nativeError(bindings.PendingError(pending))
	}
	if bindings.ExecutePending(pending, &r.result) == bindings.StateError {
		return nativeError(bindings.ResultError(&r.result))
	}
	for i := range bindings.ColumnCount(&r.result) {
		t := bindings.ColumnLogicalType(&r.result, i)
		r.columns = append(r.columns, engine.Column{Name: bindings.ColumnName(&r.result, i), Type: typeName(t)})
		bindings.DestroyLogicalType(&t)
	}
	r.values = make([]any, len(r.columns))
	return nil
}

func (r *rows) bind(i bindings.IdxT, v any) error {
	var state bindings.State
	switch v := v.(type) {
	case nil:
		state = bindings.BindNull(r.stmt, i)
	case bool:
		state = bindings.BindBoolean(r.stmt, i, v)
	case int:
		state = bindings.BindInt64(r.stmt, i, int64(v))
	case int32:
		state = bindings.BindInt32(r.stmt, i, v)
	case int64:
		state = bindings.BindInt64(r.stmt, i, v)
	case float64:
		state = bindings.BindDouble(r.stmt, i, v)
	case string:
		state = bindings.BindVarcharLength(r.stmt, i, v, bindings.IdxT(len(v)))
	case time.Time:
		state = bindings.BindTimestampTZ(r.stmt, i, bindings.NewTimestamp(v.UnixMicro()))
	default:
		return fmt.Errorf("values of type %T are not supported", v)
	}
	if state == bindings.StateError {
		return fmt.Errorf("%v is not accepted here", v)
	}
	return nil
}

// Columns implements engine.Rows.
func (r *rows) Columns() []engine.Column { return r.columns }

// Next implements engine.Rows.
func (r *rows) Next() ([]any, error) {
	for r.err == nil && r.row == r.n {
		r.err = r.fetch()
	}
	if r.err != nil {
		return nil, r.err
	}
	for i, read := range r.readers {
		r.values[i] = read(r.row)
	}
	r.row++
	return r.values, nil
}

// fetch waits for the next chunk, some 2048 rows.
func (r *rows) fetch() error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	bindings.DestroyDataChunk(&r.chunk)
	r.row, r.n, r.readers = 0, 0, r.readers[:0]
	r.chunk = bindings.FetchChunk(r.result)
	if r.chunk.Ptr == nil {
		if msg := bindings.ResultError(&r.result); msg != "" {
			return r.statement.explainError(r.ctx, nativeError(msg))
		}
		return io.EOF
	}
	r.n = int(bindings.DataChunkGetSize(r.chunk))
	if r.n == 0 {
		return io.EOF
	}
	for i := range bindings.DataChunkGetColumnCount(r.chunk) {
		read, err := newReader(bindings.DataChunkGetVector(r.chunk, i))
		if err != nil {
			return err
		}
		r.readers = append(r.readers, read)
	}
	return nil
}

// Close implements engine.Rows. It may be called before all rows were read, and twice.
func (r *rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	if r.err == nil {
		r.err = errors.New("read result: closed")
	}
	r.release()
	r.conn.close()
	return nil
}

func (r *rows) release() {
	r.stop()
	bindings.DestroyDataChunk(&r.chunk)
	bindings.DestroyResult(&r.result)
	bindings.DestroyPrepare(&r.stmt)
}

// all reads a small result of our own.
func (c *conn) all(sql string, args ...any) ([][]any, error) {
	r, err := c.query(context.Background(), sql, args)
	if err != nil {
		return nil, err
	}
	defer r.release()
	r.statement = &statement{}
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
