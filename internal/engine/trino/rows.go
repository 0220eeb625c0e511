package trino

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"weir/internal/engine"
)

// rows is a result as it comes from the server, a page at a time.
type rows struct {
	engine  *Engine
	ctx     context.Context
	query   *engine.Rewritten
	seen    *watch
	cancel  context.CancelFunc
	conn    driver.Conn
	stmt    driver.Stmt
	rows    driver.Rows
	types   []*typ
	columns []engine.Column

	raw    []driver.Value
	values []any
	n      int64
	err    error // what ended the rows, io.EOF included
	closed bool
}

var (
	_ engine.Rows    = (*rows)(nil)
	_ engine.Scanned = (*rows)(nil)
)

// retryEvery is how often a server that is starting is asked.
const retryEvery = 500 * time.Millisecond

// run starts a statement of ours, or one that was admitted.
func (e *Engine) run(ctx context.Context, q *engine.Rewritten, args []any) (*rows, error) {
	var named []driver.NamedValue
	for i, a := range args {
		v, err := argument(a)
		if err != nil {
			return nil, fmt.Errorf("bind parameter %d: %w", i+1, err)
		}
		named = append(named, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	deadline := time.Now().Add(e.cfg.StartWait)
	for {
		r, err := e.try(ctx, q, named)
		if err == nil || !isStarting(err) || time.Now().After(deadline) {
			return r, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(retryEvery):
		}
	}
}

// argument is a value as the client writes it.
func argument(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int, int32, int64, float64, []byte:
		return v, nil
	case string:
		if strings.ContainsRune(v, 0) {
			return nil, errors.New("a text has no NUL bytes")
		}
		return v, nil
	case time.Time:
		return v.UTC().Truncate(time.Microsecond), nil
	}
	return nil, fmt.Errorf("there is no value of type %T", v)
}

func (e *Engine) try(ctx context.Context, q *engine.Rewritten, args []driver.NamedValue) (*rows, error) {
	r := &rows{engine: e, ctx: ctx, query: q, seen: &watch{}}
	inner, cancel := context.WithCancel(context.WithValue(ctx, watchKey{}, r.seen))
	r.cancel = cancel
	if err := r.start(inner, args); err != nil {
		r.err = r.fail(err)
		if bad := r.Close(); bad != nil {
			return nil, errors.Join(r.err, bad)
		}
		return nil, r.err
	}
	return r, nil
}

func (r *rows) start(ctx context.Context, args []driver.NamedValue) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.conn, err = r.engine.connector.Connect(ctx); err != nil {
		return err
	}
	if r.stmt, err = r.conn.(driver.ConnPrepareContext).PrepareContext(ctx, r.query.SQL); err != nil {
		return err
	}
	if r.rows, err = r.stmt.(driver.StmtQueryContext).QueryContext(ctx, args); err != nil {
		return err
	}
	for i, name := range r.rows.Columns() {
		t, err := parseType(nativeType(r.rows, i))
		if err != nil {
			return err
		}
		r.types = append(r.types, t)
		r.columns = append(r.columns, engine.Column{Name: name, Type: t.String()})
	}
	r.raw, r.values = make([]driver.Value, len(r.types)), make([]any, len(r.types))
	return nil
}

func (r *rows) Columns() []engine.Column { return r.columns }

func (r *rows) BytesScanned() int64 { return r.seen.bytes.Load() }

func (r *rows) QueryID() string { return r.seen.queryID() }

func (r *rows) Next() ([]any, error) {
	if r.err == nil {
		r.err = r.next()
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.values, nil
}

func (r *rows) next() error {
	if r.closed {
		return errors.New("read rows: they are closed")
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if err := r.rows.Next(r.raw); err != nil {
		if err == io.EOF {
			return io.EOF
		}
		return r.fail(err)
	}
	r.n++
	if most := r.engine.cfg.MaxRows; most > 0 && r.n > most {
		return &engine.LimitError{Msg: fmt.Sprintf("the result has more than %d rows", most)}
	}
	for i, v := range r.raw {
		left := r.engine.cfg.MaxValue
		out, err := r.types[i].value(v, &left)
		if err != nil {
			return fmt.Errorf("read column %s: %w", r.columns[i].Name, err)
		}
		r.values[i] = out
	}
	return nil
}

// Close ends the query on the server, unless all of its rows were read.
func (r *rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	var err error
	r.cancel()
	if r.err != io.EOF && r.seen.queryID() != "" && !isFinished(r.err) {
		err = r.engine.kill(r.seen.queryID())
	}
	// The driver's rows are not closed: that would wait for a page more. Its statement holds what runs.
	if r.stmt != nil {
		err = errors.Join(err, r.stmt.Close())
	}
	if r.conn != nil {
		err = errors.Join(err, r.conn.Close())
	}
	return err
}

// killWait bounds the request that ends a query.
const killWait = 20 * time.Second

// kill ends a query. It does so when the context of the query may be at its end, and so has its own.
func (e *Engine) kill(id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), killWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, strings.TrimRight(e.cfg.URL, "/")+"/v1/query/"+url.PathEscape(id), nil)
	if err != nil {
		return fmt.Errorf("end query %s: %w", id, err)
	}
	req.Header.Set("X-Trino-User", e.cfg.User)
	if e.cfg.Password != "" {
		req.SetBasicAuth(e.cfg.User, e.cfg.Password)
	}
	resp, err := e.transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("end query %s: %w", id, err)
	}
	resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode != http.StatusGone && resp.StatusCode != http.StatusNotFound {
		return fmt.Errorf("end query %s: the server says %s", id, resp.Status)
	}
	return nil
}

// textRows are the lines of a plan, as a result.
type textRows struct {
	text string
	done bool
	row  [1]any
}

func (r *textRows) Columns() []engine.Column {
	return []engine.Column{{Name: "plan", Type: "varchar"}}
}

func (r *textRows) Next() ([]any, error) {
	if r.done {
		return nil, io.EOF
	}
	r.done = true
	r.row[0] = r.text
	return r.row[:], nil
}

func (r *textRows) Close() error { return nil }
