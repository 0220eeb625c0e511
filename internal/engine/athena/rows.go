package athena

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"weir/internal/engine"
)

// rows is a result, fetched a page of 1000 rows at a time. The query is over by then: what is not fetched costs nothing
// and needs no stopping.
type rows struct {
	ctx     context.Context
	e       *Engine
	run     *execution
	columns []engine.Column
	page    []types.Row
	next    *string // the page behind this one
	at      int     // of page
	read    int64   // rows given
	values  []any
	err     error // what ended the rows

	maxRows  int64
	maxValue int
}

var (
	_ engine.Rows    = (*rows)(nil)
	_ engine.Scanned = (*rows)(nil)
)

// pageRows is the most rows that Athena gives at once. Athena API Reference, GetQueryResults, read 2026-11.
const pageRows = 1000

// open fetches the first page of a result.
func (e *Engine) open(ctx context.Context, run *execution) (*rows, error) {
	r := &rows{ctx: ctx, e: e, run: run, maxRows: e.cfg.MaxRows, maxValue: e.cfg.MaxValue}
	out, err := r.fetch()
	if err != nil {
		return nil, err
	}
	if m := out.ResultSet.ResultSetMetadata; m != nil {
		for _, c := range m.ColumnInfo {
			r.columns = append(r.columns, engine.Column{Name: aws.ToString(c.Name), Type: typeName(aws.ToString(c.Type))})
		}
	}
	r.values = make([]any, len(r.columns))
	if r.hasHeader() {
		r.at = 1
	}
	return r, nil
}

func (r *rows) fetch() (*athena.GetQueryResultsOutput, error) {
	out, err := r.e.api.GetQueryResults(r.ctx, &athena.GetQueryResultsInput{
		QueryExecutionId: &r.run.id, NextToken: r.next, MaxResults: aws.Int32(pageRows),
	})
	if err != nil {
		if r.ctx.Err() != nil {
			return nil, fmt.Errorf("read result of query %s: %w", r.run.id, r.ctx.Err())
		}
		return nil, callError("read result of query "+r.run.id, err)
	}
	if out.ResultSet == nil {
		return nil, fmt.Errorf("read result of query %s: the answer has no rows and no columns", r.run.id)
	}
	r.page, r.next, r.at = out.ResultSet.Rows, out.NextToken, 0
	return out, nil
}

// hasHeader tells whether the first row of the first page repeats the names of the columns. It does so for SELECT, which
// the API's reference does not say; DDL and SHOW have no such row.
func (r *rows) hasHeader() bool {
	if len(r.page) == 0 || len(r.page[0].Data) != len(r.columns) || len(r.columns) == 0 {
		return false
	}
	plan := len(r.columns) == 1 && r.columns[0].Name == "Query Plan" // of EXPLAIN, which counts as DML or as UTILITY
	if r.run.statement != types.StatementTypeDml && r.run.statement != "" && !plan {
		return false
	}
	for i, d := range r.page[0].Data {
		if d.VarCharValue == nil || *d.VarCharValue != r.columns[i].Name {
			return false
		}
	}
	return true
}

// Columns implements engine.Rows.
func (r *rows) Columns() []engine.Column { return r.columns }

// Next implements engine.Rows.
func (r *rows) Next() ([]any, error) {
	for r.err == nil && r.at == len(r.page) {
		if aws.ToString(r.next) == "" {
			r.err = io.EOF
		} else {
			_, r.err = r.fetch()
		}
	}
	if r.err == nil {
		r.err = r.decode(r.page[r.at])
	}
	if r.err != nil {
		return nil, r.err
	}
	r.at++
	r.read++
	return r.values, nil
}

func (r *rows) decode(row types.Row) error {
	if most := r.maxRows; most > 0 && r.read >= most {
		return &engine.LimitError{Msg: fmt.Sprintf("read result of query %s: it has more than %d rows", r.run.id, most)}
	}
	if len(row.Data) > len(r.columns) {
		return fmt.Errorf("read result of query %s: row %d has %d values for %d columns", r.run.id, r.read+1, len(row.Data), len(r.columns))
	}
	clear(r.values)
	for i, d := range row.Data {
		if d.VarCharValue == nil {
			continue // NULL
		}
		if n := len(*d.VarCharValue); n > r.maxValue {
			return &engine.LimitError{Msg: fmt.Sprintf("read result of query %s: row %d, column %s has %d bytes, more than %d", r.run.id, r.read+1, r.columns[i].Name, n, r.maxValue)}
		}
		v, err := value(r.columns[i].Type, *d.VarCharValue)
		if err != nil {
			return fmt.Errorf("read result of query %s: row %d, column %s: %w", r.run.id, r.read+1, r.columns[i].Name, err)
		}
		r.values[i] = v
	}
	return nil
}

// Close implements engine.Rows.
func (r *rows) Close() error {
	if r.err == nil {
		r.err = fmt.Errorf("read result of query %s: closed", r.run.id)
	}
	r.page = nil
	return nil
}

// BytesScanned implements engine.Scanned. A result that was given again is read from where it was kept, for nothing.
func (r *rows) BytesScanned() int64 {
	if r.run.reused {
		return 0
	}
	return r.run.scanned
}

// QueryID implements engine.Scanned.
func (r *rows) QueryID() string { return r.run.id }

// planText is the text of a plan: Athena gives it a line a row.
func planText(r engine.Rows) (string, error) {
	var b strings.Builder
	for {
		row, err := r.Next()
		if err == io.EOF {
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
		if len(row) > 0 {
			if s, ok := row[0].(string); ok {
				b.WriteString(s)
			}
		}
		b.WriteByte('\n')
	}
}

// textRows are the lines of a plan as rows.
type textRows struct{ lines []string }

func planRows(text string) engine.Rows {
	return &textRows{strings.Split(strings.TrimRight(text, "\n"), "\n")}
}

func (t *textRows) Columns() []engine.Column {
	return []engine.Column{{Name: "Query Plan", Type: "varchar"}}
}

func (t *textRows) Next() ([]any, error) {
	if len(t.lines) == 0 {
		return nil, io.EOF
	}
	line := t.lines[0]
	t.lines = t.lines[1:]
	return []any{line}, nil
}

func (t *textRows) Close() error { return nil }
