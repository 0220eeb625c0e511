// Package trino is the engine that is a Trino server, or a cluster of them, which finds the lake through a catalog of its
// own.
//
// Start at Open and Engine.Query. A query passes two walls: engine.CheckReadOnly looks at its tokens, and then Trino
// itself says what it would read (EXPLAIN TYPE IO), which must be tables of the lake and nothing else. The views are put
// in front of it (engine.WithViews), so that nothing has to be made on the server. watch.go sees every answer pass, for
// the query's ID and the bytes it has read; types.go and rows.go turn Trino's values into those that engine.Rows
// promises; errors.go says whose fault an error is.
//
// It leaves to others how the server got the lake's catalog. What must hold: a query that was not explained is not run;
// one that nobody reads any more is ended on the server; a password is sent over https only and is in no error.
package trino

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/trinodb/trino-go-client/trino"

	"weir/flowlog"
	"weir/internal/engine"
)

// Config says where the server is, and what of it is the lake.
type Config struct {
	URL      string // http://host:8080, https://host; without user and password
	User     string
	Password string // only with https
	Catalog  string // "" is lake
	Schema   string // "" is weir

	// Since and Until bound the records that queries see, as those of engine.Table do.
	Since, Until time.Time

	// MaxRows is the most rows of a result, and MaxValue of a text or of another value the most bytes. A result beyond is
	// an error, engine.LimitError. 0 is no bound on rows, and 16 MiB of a value.
	MaxRows  int64
	MaxValue int

	// Derived are the tables that the lake has beside those of records.
	Derived []engine.Table

	// Estimate tells what a reading of the lake takes. nil: Explain does not know.
	Estimate engine.Estimator

	// Session are properties of the session: query_max_memory, query_max_run_time and so on. nil leaves the server's own.
	Session map[string]string

	// StartWait is how long a server that is still starting, or has no workers yet, is waited for; 0 is 30 s, negative
	// is not at all.
	StartWait time.Duration

	// Transport replaces the default one, in tests.
	Transport http.RoundTripper
}

// Engine runs queries on a server. It is safe for concurrent use.
type Engine struct {
	cfg       Config
	connector *trino.Connector
	transport *watcher
	views     []engine.RemoteView
	scope     engine.Scope
}

var _ engine.Engine = (*Engine)(nil)

// Open makes an engine. It does not ask the server anything.
func Open(cfg Config) (*Engine, error) {
	u, err := url.Parse(cfg.URL)
	switch {
	case cfg.URL == "":
		return nil, errors.New("open trino: there is no URL")
	case err != nil:
		return nil, errors.New("open trino: the URL is none") // the text of the error may hold a password
	case u.User != nil:
		return nil, errors.New("open trino: the URL must not hold user or password")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "":
		return nil, fmt.Errorf("open trino: the URL %q is not of the form https://host:port", cfg.URL)
	case cfg.Password != "" && u.Scheme != "https":
		return nil, errors.New("open trino: a password is sent over https only")
	case cfg.User == "":
		return nil, errors.New("open trino: there is no user")
	}
	if cfg.Catalog == "" {
		cfg.Catalog = "lake"
	}
	if cfg.Schema == "" {
		cfg.Schema = "weir"
	}
	if cfg.MaxValue == 0 {
		cfg.MaxValue = 16 << 20
	}
	if cfg.StartWait == 0 {
		cfg.StartWait = 30 * time.Second
	}
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	u.User = url.User(cfg.User)
	if cfg.Password != "" {
		u.User = url.UserPassword(cfg.User, cfg.Password)
	}
	e := &Engine{cfg: cfg, transport: &watcher{next: cfg.Transport}, scope: engine.Scope{Catalog: cfg.Catalog, Schema: cfg.Schema}}
	retry, attempts := 15*time.Second, 10
	e.connector, err = trino.NewConnector(&trino.Config{
		ServerURI: u.Scheme + "://" + u.User.String() + "@" + u.Host,
		Source:    "weir", Catalog: cfg.Catalog, Schema: cfg.Schema, TimeZone: "UTC",
		SessionProperties: cfg.Session,
		HTTPClient:        &http.Client{Transport: e.transport},
		// The statement goes into the body: in a header, which servers and proxies bound, an error in its syntax has no place.
		DisableExplicitPrepare: true,
		RequestRetryTimeout:    &retry, RequestRetryMaxAttempts: &attempts,
	})
	if err != nil {
		return nil, errors.New("open trino: the settings of the connection are not understood")
	}
	var tables []engine.RemoteTable
	add := func(t engine.Table) {
		e.scope.Tables = append(e.scope.Tables, t.Name)
		tables = append(tables, engine.RemoteTable{
			Name: t.Name, Columns: t.Columns, Since: cfg.Since, Until: cfg.Until, Time: t.Time, Derived: t.Time != "",
			From: engine.QuoteName(cfg.Catalog) + "." + engine.QuoteName(cfg.Schema) + "." + engine.QuoteName(t.Name),
		})
	}
	for _, t := range flowlog.Tables {
		add(engine.Table{Name: t.Name, Columns: engine.Columns(t)})
	}
	for _, t := range cfg.Derived {
		add(t)
	}
	e.views = engine.RemoteViews(engine.Trino, tables)
	return e, nil
}

// Close gives idle connections back.
func (e *Engine) Close() error {
	if t, ok := e.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
	return nil
}

// Query runs a statement that only reads. See engine.Engine. The rows are engine.Scanned.
func (e *Engine) Query(ctx context.Context, sql string, args ...any) (engine.Rows, error) {
	if isExplain(sql) {
		if len(args) > 0 {
			return nil, &engine.SQLError{Msg: "EXPLAIN takes no parameters", SQL: sql}
		}
		plan, err := e.Explain(ctx, sql)
		if err != nil {
			return nil, err
		}
		return &textRows{text: plan.Text}, nil
	}
	q, err := e.admit(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	rows, err := e.run(ctx, q.query, args)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// admitted is a query that has passed the walls.
type admitted struct {
	query, inline *engine.Rewritten
	io            *engine.IOPlan
}

// admit looks at a query, and asks the server what it would read.
func (e *Engine) admit(ctx context.Context, sql string, args []any) (*admitted, error) {
	if err := engine.CheckReadOnly(sql); err != nil {
		return nil, err
	}
	var q admitted
	var err error
	if q.query, err = engine.WithViews(sql, e.views); err != nil {
		return nil, err
	}
	if q.inline, err = q.query.Inline(engine.Trino, args); err != nil {
		return nil, err
	}
	text, err := e.text(ctx, q.inline, engine.ExplainIO)
	if err != nil {
		return nil, err
	}
	if q.io, err = engine.ParseIOPlan(text); err != nil {
		return nil, err
	}
	return &q, q.io.Check(sql, e.scope)
}

// text runs a statement in front of a query that gives one text.
func (e *Engine) text(ctx context.Context, q *engine.Rewritten, head string) (string, error) {
	rows, err := e.run(ctx, q.Below(head), nil)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	row, err := rows.Next()
	if err != nil {
		return "", fmt.Errorf("explain query: %w", err)
	}
	text, _ := row[0].(string)
	return text, nil
}

// Explain tells Trino's plan, and what it would read: a table that is read twice is there twice. See engine.Engine.
func (e *Engine) Explain(ctx context.Context, sql string, args ...any) (*engine.Plan, error) {
	q, err := e.admit(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	plan := &engine.Plan{IO: q.io}
	if plan.Text, err = e.text(ctx, q.inline, "EXPLAIN (TYPE DISTRIBUTED)"); err != nil {
		return nil, err
	}
	columns, err := e.text(ctx, q.inline, engine.ExplainJSON)
	if err != nil {
		return nil, err
	}
	if err := q.io.AddReads(columns); err != nil {
		return nil, err
	}
	scans, err := engine.ParsePlanScans(columns)
	if err != nil {
		return nil, err
	}
	for _, r := range engine.Readings(q.io, scans) {
		scan := engine.Scan{Table: r.Table, Files: -1, Bytes: -1}
		if e.cfg.Estimate != nil {
			if scan, err = e.cfg.Estimate(ctx, r); err != nil {
				return nil, err
			}
		}
		plan.Tables = append(plan.Tables, scan)
	}
	return plan, nil
}

func isExplain(sql string) bool {
	toks := engine.Tokens(sql)
	return len(toks) > 0 && strings.EqualFold(toks[0].Text, "EXPLAIN")
}
