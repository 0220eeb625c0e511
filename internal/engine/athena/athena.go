// Package athena asks Amazon Athena: over the lake's Iceberg tables in the Glue catalog, or over tables of flow logs that
// weir never ingested.
//
// Start at Open and Engine.Query. A query goes through the two walls of package engine (its text, then what Athena says
// that it would read), run.go (start, wait, stop) and rows.go (the result, a page at a time; value.go gives the values
// their types). workgroup.go knows what the account's settings allow before anything costs money; errors.go says what
// went wrong in Athena's own words. raw.go makes a Glue table of flow logs look like weir's own, partition.go has it read
// the days that are asked for and no others, and estimate.go adds up what those hold.
//
// It leaves to others which tables there are, what a query may cost (package engine's Guard), and how AWS is reached.
//
// What must hold: no query goes on running that nobody waits for. Whatever way a context ends, StopQueryExecution is
// sent for each query that was started and is not known to be over.
package athena

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/athena"

	"weir/internal/engine"
)

// API is what the engine needs of Athena: a client of the SDK, or what stands in for one.
type API interface {
	StartQueryExecution(context.Context, *athena.StartQueryExecutionInput, ...func(*athena.Options)) (*athena.StartQueryExecutionOutput, error)
	GetQueryExecution(context.Context, *athena.GetQueryExecutionInput, ...func(*athena.Options)) (*athena.GetQueryExecutionOutput, error)
	GetQueryResults(context.Context, *athena.GetQueryResultsInput, ...func(*athena.Options)) (*athena.GetQueryResultsOutput, error)
	StopQueryExecution(context.Context, *athena.StopQueryExecutionInput, ...func(*athena.Options)) (*athena.StopQueryExecutionOutput, error)
	GetWorkGroup(context.Context, *athena.GetWorkGroupInput, ...func(*athena.Options)) (*athena.GetWorkGroupOutput, error)
}

// Config says where queries run. Database is needed; the rest has useful zero values.
type Config struct {
	WorkGroup      string        // "" is primary
	Catalog        string        // "" is AwsDataCatalog, which is Glue
	Database       string        // that has the tables
	OutputLocation string        // s3://bucket/prefix/ for results, where the workgroup has no place of its own
	Reuse          time.Duration // how old a result of the same query may be that is given again; 0 is none

	// MaxRows and MaxValue bound a result: its rows, and the bytes of one value. 0 is no bound on rows, and 16 MiB.
	MaxRows  int64
	MaxValue int

	// Sleep waits between looks at a query; nil is the clock.
	Sleep func(context.Context, time.Duration) error
}

// Table is a table that queries may name, and what it is made of.
type Table struct {
	engine.RemoteTable
	Reads string // the table of Database that From reads
	// Estimate tells what a query of it would scan at most; nil where nobody knows.
	Estimate engine.Estimator
}

// Engine runs queries in Athena. It is safe for concurrent use.
type Engine struct {
	cfg    Config
	api    API
	tables []Table
	views  []engine.RemoteView

	mu    sync.Mutex
	group *workGroup // once it was asked for
	last  admission
}

var (
	_ engine.Engine    = (*Engine)(nil)
	_ engine.Estimates = (*Engine)(nil)
)

// defaultMaxValue is the longest value that is taken, in bytes, half of what Athena can hold in a row.
const defaultMaxValue = 16 << 20

// maxReuse is the oldest result that Athena gives again. Athena API Reference, ResultReuseByAgeConfiguration, read 2026-11.
const maxReuse = 7 * 24 * time.Hour

// Validate tells what is wrong with the settings, without asking AWS.
func (c *Config) Validate() error {
	switch {
	case c.Database == "":
		return errors.New("athena.database is not set: the Glue database that has the tables")
	case c.OutputLocation != "" && (!strings.HasPrefix(c.OutputLocation, "s3://") || len(c.OutputLocation) < len("s3://abc")):
		return fmt.Errorf("athena.output %q is not s3://bucket/prefix/", c.OutputLocation)
	case c.Reuse < 0 || c.Reuse > maxReuse:
		return fmt.Errorf("athena.reuse must be from 0 to %d days", maxReuse/(24*time.Hour))
	}
	return nil
}

// Open makes an engine. It asks nothing of AWS yet.
func Open(cfg Config, api API, tables []Table) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("open athena: %w", err)
	}
	if cfg.WorkGroup == "" {
		cfg.WorkGroup = "primary"
	}
	if cfg.Catalog == "" {
		cfg.Catalog = "AwsDataCatalog"
	}
	if cfg.MaxValue == 0 {
		cfg.MaxValue = defaultMaxValue
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	e := &Engine{cfg: cfg, api: api, tables: tables}
	var remote []engine.RemoteTable
	for _, t := range tables {
		remote = append(remote, t.RemoteTable)
	}
	e.views = engine.RemoteViews(engine.Athena, remote)
	return e, nil
}

// Close implements engine.Engine.
func (e *Engine) Close() error { return nil }

// Query implements engine.Engine. Athena is asked twice: what the query would read, which costs nothing and is held
// against the tables that it may read, and then for the rows.
func (e *Engine) Query(ctx context.Context, sql string, args ...any) (engine.Rows, error) {
	q, err := e.prepare(ctx, sql)
	if err != nil {
		return nil, err
	}
	if err := e.admitOnce(ctx, q, args); err != nil {
		return nil, err
	}
	if isExplain(sql) { // WithViews took the word away
		text, err := e.explain(ctx, q, explainPlan, args)
		if err != nil {
			return nil, err
		}
		return planRows(text), nil
	}
	b, err := bind(q.SQL, args)
	if err != nil {
		return nil, err
	}
	run, err := e.run(ctx, request{sql: b.sql, params: b.params, reuse: true})
	if err != nil {
		return nil, e.sqlError(err, func(line, column int, msg string) *engine.SQLError {
			sent := engine.SQLError{SQL: b.sql, Line: line, Column: column}
			back := engine.NewSQLError(q.SQL, b.original(sent.Place()), msg)
			return q.Error(back.Line, back.Column, msg)
		})
	}
	return e.open(ctx, run)
}

// query is the text of a person, with what it needs before it.
type query struct {
	*engine.Rewritten
	given string
}

// prepare holds a query against the first wall and puts its views before it.
func (e *Engine) prepare(ctx context.Context, sql string) (*query, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := engine.CheckReadOnly(sql); err != nil {
		return nil, err
	}
	r, err := engine.WithViews(sql, e.views)
	if err != nil {
		return nil, err
	}
	return &query{r, sql}, nil
}

// admission is a query that has passed the walls, for the Query that follows an Estimate.
type admission struct {
	sql string // with its values; "" is none
	at  time.Time
}

// admissionTime is how long an admission holds: as long as somebody may think about an estimate, and not so long that
// the tables are others by then.
const admissionTime = 10 * time.Second

// admitOnce is admit, unless the same query has passed it just now.
func (e *Engine) admitOnce(ctx context.Context, q *query, args []any) error {
	if in, err := q.Inline(engine.Athena, args); err == nil {
		e.mu.Lock()
		last := e.last
		e.last = admission{}
		e.mu.Unlock()
		if last.sql == in.SQL && time.Since(last.at) < admissionTime {
			return nil
		}
	}
	_, err := e.admit(ctx, q, args)
	return err
}

// admit holds a query against the second wall: what Athena says that it would read.
func (e *Engine) admit(ctx context.Context, q *query, args []any) (*engine.IOPlan, error) {
	text, err := e.explain(ctx, q, engine.ExplainIO, args)
	if err != nil {
		return nil, err
	}
	plan, err := engine.ParseIOPlan(text)
	if err != nil {
		return nil, fmt.Errorf("ask athena what the query would read: %w", err)
	}
	scope := engine.Scope{Catalog: e.cfg.Catalog, Schema: e.cfg.Database, Tables: []string{}}
	for _, t := range e.tables {
		scope.Tables = append(scope.Tables, t.Reads)
	}
	if err := plan.Check(q.given, scope); err != nil {
		return nil, err
	}
	return plan, nil
}

const explainPlan = "EXPLAIN"

// explain runs the query behind a word that has Athena tell about it. It costs nothing.
func (e *Engine) explain(ctx context.Context, q *query, word string, args []any) (string, error) {
	in, err := q.Inline(engine.Athena, args)
	if err != nil {
		return "", err
	}
	in = in.Below(word)
	run, err := e.run(ctx, request{sql: in.SQL})
	if err != nil {
		return "", e.sqlError(err, in.Error)
	}
	rows, err := e.open(ctx, run)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	rows.maxRows, rows.maxValue = 0, defaultMaxValue // a plan is not the result that is bounded
	return planText(rows)
}

// Explain implements engine.Engine.
func (e *Engine) Explain(ctx context.Context, sql string, args ...any) (*engine.Plan, error) {
	q, err := e.prepare(ctx, sql)
	if err != nil {
		return nil, err
	}
	read, err := e.admit(ctx, q, args)
	if err != nil {
		return nil, err
	}
	plan := &engine.Plan{IO: read}
	if plan.Text, err = e.explain(ctx, q, explainPlan, args); err != nil {
		return nil, err
	}
	plan.Tables, err = e.scans(ctx, q, read, args)
	return plan, err
}

// Estimate implements engine.Estimates.
func (e *Engine) Estimate(ctx context.Context, sql string, args ...any) ([]engine.Scan, error) {
	q, err := e.prepare(ctx, sql)
	if err != nil {
		return nil, err
	}
	read, err := e.admit(ctx, q, args)
	if err != nil {
		return nil, err
	}
	scans, err := e.scans(ctx, q, read, args)
	if in, bad := q.Inline(engine.Athena, args); err == nil && bad == nil {
		e.mu.Lock()
		e.last = admission{in.SQL, time.Now()}
		e.mu.Unlock()
	}
	return scans, err
}

// scans estimates what the readings of a query take. It asks for the plan besides: what a query reads says within which
// bounds, the plan how often and which columns.
func (e *Engine) scans(ctx context.Context, q *query, io *engine.IOPlan, args []any) ([]engine.Scan, error) {
	if len(io.Tables) == 0 {
		return nil, nil
	}
	text, err := e.explain(ctx, q, engine.ExplainJSON, args)
	if err != nil {
		return nil, err
	}
	if err := io.AddReads(text); err != nil {
		return nil, fmt.Errorf("ask athena how it would read: %w", err)
	}
	plan, err := engine.ParsePlanScans(text)
	if err != nil {
		return nil, fmt.Errorf("ask athena how it would read: %w", err)
	}
	var out []engine.Scan
	for _, r := range engine.Readings(io, plan) {
		i := slices.IndexFunc(e.tables, func(t Table) bool { return strings.EqualFold(t.Reads, r.Table) })
		if i < 0 {
			continue // IOPlan.Check has let nothing else through
		}
		t := e.tables[i]
		scan := engine.Scan{Files: -1, Bytes: -1}
		if t.Estimate != nil {
			var err error
			if scan, err = t.Estimate(ctx, r); err != nil {
				return nil, fmt.Errorf("estimate what %s takes: %w", t.Name, err)
			}
		}
		scan.Table = t.Name
		out = append(out, scan)
	}
	return out, nil
}

func isExplain(sql string) bool {
	toks := engine.Tokens(sql)
	return len(toks) > 0 && toks[0].Is("EXPLAIN")
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
