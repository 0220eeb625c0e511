// Package duckdb is the engine that is built in: DuckDB in this process, over Parquet files on local disks.
//
// Start at Open and Engine.Query. A query goes through guard.go (what SQL from people may name), views.go (the tables
// that it names are made when first asked for), and rows.go (the result, a chunk at a time). dialect.sql and contains.go
// are what makes DuckDB speak Athena's SQL; errors.go turns its errors into engine.SQLError.
//
// It talks to DuckDB's C API and not through database/sql, because that has no way to stream a result. It leaves to
// others where the files are and which of them make up a table.
//
// What must hold: a query reads the files of the tables it was opened with and nothing else, and changes nothing. Two
// walls stand there, each enough on its own: the guard's allow-lists over the parse tree, and DuckDB's own settings
// (no external access but to these files, no extensions, locked configuration).
package duckdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"weir/internal/engine"
)

// Config bounds what the engine may use. The zero value is useful.
type Config struct {
	// Memory is the most that DuckDB may hold, in bytes; 0 is DuckDB's own default, 80 % of the machine.
	Memory int64
	// Threads is the number of threads that run queries; 0 is one per processor.
	Threads int
	// TempDir is where a sort or join larger than Memory goes. With "" such a query fails instead.
	TempDir string
	// Output is the absolute path of the file that WriteParquet writes, "" where it is not called.
	Output string
	// Outputs are the absolute paths of the files that Store may write.
	Outputs []string
}

// Engine runs queries in this process. It is safe for concurrent use.
type Engine struct {
	db     bindings.Database
	tables map[string]*table // by lower-case name

	output  string
	outputs []string

	mu   sync.Mutex
	made map[string]bool // views and macros that exist
	wg   sync.WaitGroup  // open connections: Close waits for them

	exports texts[exports] // of statements that were stored
}

var _ engine.Engine = (*Engine)(nil)

// Open makes an engine over tables. It opens no file: a table's files are looked at when a query names it.
func Open(cfg Config, tables []engine.Table) (*Engine, error) {
	e := &Engine{tables: map[string]*table{}, made: map[string]bool{}, output: cfg.Output, outputs: cfg.Outputs, exports: texts[exports]{most: 200}}
	var files []string
	for i := range tables {
		t := &tables[i]
		files = append(files, t.Files...)
		for _, v := range viewsOf(t) {
			e.tables[v.name] = v
		}
	}
	if cfg.Output != "" {
		files = append(files, cfg.Output)
	}
	files = append(files, cfg.Outputs...)
	for _, f := range files {
		if !filepath.IsAbs(f) || strings.ContainsRune(f, 0) {
			return nil, fmt.Errorf("open engine: file %q is not an absolute path", f)
		}
	}
	if err := e.open(cfg, files); err != nil {
		return nil, fmt.Errorf("open engine: %w", err)
	}
	return e, nil
}

// maxPaths is the largest number of files that are allowed one by one. DuckDB takes 15 µs for each, so that 10,000
// would take 150 ms of every start; of a larger table the folders are allowed instead. The guard, which lets no query
// name a file at all, is the same for both.
const maxPaths = 500

func (e *Engine) open(cfg Config, files []string) error {
	threads := cfg.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	options := [][2]string{
		{"threads", strconv.Itoa(threads)},
		{"temp_directory", cfg.TempDir},
		{"autoinstall_known_extensions", "false"},
		{"autoload_known_extensions", "false"},
		{"allow_community_extensions", "false"},
	}
	if cfg.Memory > 0 {
		options = append(options, [2]string{"memory_limit", strconv.FormatInt(cfg.Memory, 10) + "B"})
	}
	var config bindings.Config
	if bindings.CreateConfig(&config) == bindings.StateError {
		return errors.New("create configuration")
	}
	defer bindings.DestroyConfig(&config)
	for _, o := range options {
		if bindings.SetConfig(config, o[0], o[1]) == bindings.StateError {
			return fmt.Errorf("set %s to %q", o[0], o[1])
		}
	}
	var msg string
	if bindings.OpenExt("", &e.db, config, &msg) == bindings.StateError {
		return errors.New(msg)
	}
	if err := e.prepare(files); err != nil {
		bindings.Close(&e.db)
		return err
	}
	return nil
}

// prepare adds the dialect, then locks the doors.
func (e *Engine) prepare(files []string) error {
	c, err := e.connect()
	if err != nil {
		return err
	}
	defer c.close()
	if err := errors.Join(registerContains(c.conn), registerDates(c.conn), registerCardinality(c.conn)); err != nil {
		return err
	}
	var lock strings.Builder
	lock.WriteString(`
		CREATE TYPE ipaddress AS VARCHAR;
		SET GLOBAL TimeZone = 'UTC';
		SET GLOBAL integer_division = true;
		SET GLOBAL errors_as_json = true;
	`)
	setting, allowed := "allowed_paths", slices.Clone(files)
	if len(files) > maxPaths {
		setting, allowed = "allowed_directories", folders(files)
	}
	for _, f := range allowed {
		// A name with the marks of a pattern is looked up as the pattern that only it matches.
		if p := noGlob.Replace(f); p != f {
			allowed = append(allowed, p)
		}
	}
	if len(allowed) > 0 {
		lock.WriteString("SET GLOBAL " + setting + " = " + literals(allowed) + ";\n")
	}
	lock.WriteString("SET GLOBAL enable_external_access = false;\nSET GLOBAL lock_configuration = true;\n")
	if err := c.exec(lock.String()); err != nil {
		return fmt.Errorf("lock the configuration: %w", plainError(err))
	}
	return nil
}

func folders(files []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, f := range files {
		if d := filepath.Dir(f); !seen[d] {
			seen[d] = true
			out = append(out, d+string(filepath.Separator))
		}
	}
	return out
}

// Close ends the engine, after the queries that still run: end their contexts to have it at once.
func (e *Engine) Close() error {
	e.wg.Wait()
	bindings.Close(&e.db)
	return nil
}

// Query runs a statement that only reads. See engine.Engine.
func (e *Engine) Query(ctx context.Context, sql string, args ...any) (engine.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := e.connect()
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	sql = strings.TrimRight(sql, "; \t\r\n")
	s, err := e.admit(c, sql)
	if err != nil {
		c.close()
		return nil, err
	}
	if err := e.ready(c, s); err != nil {
		c.close()
		return nil, err
	}
	r, err := c.query(ctx, sql, args)
	if err != nil {
		c.close()
		return nil, s.explainError(ctx, err)
	}
	r.statement = s
	return r, nil
}

// ready makes what a statement names.
func (e *Engine) ready(c *conn, s *statement) error {
	if err := e.makeMacros(c, s.functions); err != nil {
		return err
	}
	return e.makeViews(c, s.tables)
}

// conn is a connection to the engine: one per query, they cost some 20 µs.
type conn struct {
	conn bindings.Connection
	done func()
}

func (e *Engine) connect() (*conn, error) {
	c := &conn{}
	if bindings.Connect(e.db, &c.conn) == bindings.StateError {
		return nil, errors.New("connect to engine")
	}
	e.wg.Add(1)
	c.done = sync.OnceFunc(func() {
		bindings.Disconnect(&c.conn)
		e.wg.Done()
	})
	return c, nil
}

func (c *conn) close() { c.done() }

// exec runs SQL of our own.
func (c *conn) exec(sql string) error {
	var res bindings.Result
	state := bindings.Query(c.conn, sql, &res)
	defer bindings.DestroyResult(&res)
	if state == bindings.StateError {
		return errors.New(bindings.ResultError(&res))
	}
	return nil
}

// literal is a text as SQL.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quote is a name as SQL.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func literals(list []string) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, s := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(literal(s))
	}
	b.WriteByte(']')
	return b.String()
}
