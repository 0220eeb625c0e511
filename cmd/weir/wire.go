package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/engine/trino"
	"weir/internal/ingest"
	"weir/internal/lake"
	"weir/internal/source"
	"weir/internal/source/dir"
	"weir/internal/source/s3"
)

// This file is the one list of implementations: what a name on the command line stands for.

// openSources turns SOURCE arguments into sources.
func openSources(ctx context.Context, a *app, args []string) ([]source.Source, error) {
	var out []source.Source
	var client *sdk.Client
	for _, arg := range args {
		scheme, _, remote := strings.Cut(arg, "://")
		switch {
		case arg == "-":
			out = append(out, source.Stdin(a.stdin, time.Now()))
		case remote && scheme == "s3":
			if client == nil {
				c, err := newS3Client(ctx, a)
				if err != nil {
					return nil, err
				}
				client = c
			}
			bucket, prefix, err := s3.ParseURI(arg)
			if err != nil {
				return nil, err
			}
			src, err := s3.New(s3.Config{
				Client: client, Bucket: bucket, Prefix: prefix, RequesterPays: a.settings.S3.RequesterPays,
			})
			if err != nil {
				return nil, err
			}
			out = append(out, src)
		case remote:
			return nil, fmt.Errorf("source %s: a source is a file, a folder, - or s3://bucket/prefix", arg)
		default:
			s, err := dir.New(arg)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
	}
	return out, nil
}

// newS3Client makes the one client of S3, from settings and the AWS SDK's own chain.
func newS3Client(ctx context.Context, a *app) (*sdk.Client, error) {
	cfg, err := s3.LoadConfig(ctx, a.awsOptions())
	if err != nil {
		return nil, err
	}
	return s3.NewClient(cfg, a.awsOptions()), nil
}

// awsOptions say how AWS is reached, all of its services alike.
func (a *app) awsOptions() s3.Options {
	return s3.Options{
		Region: a.settings.S3.Region, Profile: a.settings.S3.Profile, Endpoint: a.settings.S3.Endpoint,
		PathStyle: a.settings.S3.PathStyle, RoleARN: a.settings.S3.AssumeRole, ExternalID: a.settings.S3.ExternalID,
	}
}

// logFormat is the format that the user declared, or nil.
func (a *app) logFormat() (*flowlog.Format, error) {
	if a.settings.LogFormat == "" {
		return nil, nil
	}
	return flowlog.ParseFormat(a.settings.LogFormat)
}

// lakeNeeds says what a query reads of the lake's tables. The zero value is all of them, with all columns.
type lakeNeeds struct {
	tables  []string // names of stored tables; nil: all
	columns []string // stored columns; nil: all, empty: none
	window  source.Window
}

// openLakeTables opens the tables of the lake for reading, bringing what is needed of them to this machine. The function
// that it returns closes the lake.
func openLakeTables(ctx context.Context, a *app, needs lakeNeeds) (_ []engine.Table, done func() error, err error) {
	l, err := openLake(ctx, a, readTables)
	if err != nil {
		return nil, nil, err
	}
	closers := []func() error{l.Close}
	done = func() error {
		var errs []error
		for _, c := range slices.Backward(closers) {
			errs = append(errs, c())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, done())
		}
	}()
	cache, err := a.cache()
	if err != nil {
		return nil, nil, err
	}
	var tables []engine.Table
	add := func(et engine.Table, snapshot func() (*lake.Snapshot, error)) error {
		if needs.tables == nil || slices.Contains(needs.tables, et.Name) {
			snap, err := snapshot()
			if err != nil {
				return err
			}
			bar := newProgress(a.stderr, isTerminal(a.stderr), a.quiet, time.Now)
			cache.Progress = func(files, bytes int64) {
				bar.Update(progressState{Doing: "data files", Objects: files, ObjectsTotal: int64(len(snap.Files)), Bytes: bytes})
			}
			got, err := l.Fetch(ctx, snap.Between(needs.window.Start, needs.window.End), needs.columns, cache)
			bar.Done()
			if err != nil {
				return err
			}
			closers = append(closers, got.Close)
			et.Files = got.Paths
		}
		tables = append(tables, et)
		return nil
	}
	for _, t := range flowlog.Tables {
		err := add(engine.Table{Name: t.Name, Columns: engine.Columns(t)}, func() (*lake.Snapshot, error) { return l.Snapshot(ctx, t) })
		if err != nil {
			return nil, nil, err
		}
	}
	for _, d := range derivedTables {
		if err := add(engine.DerivedTable(d), func() (*lake.Snapshot, error) { return l.DerivedSnapshot(ctx, d) }); err != nil {
			return nil, nil, err
		}
	}
	return tables, done, nil
}

// cache is where data files of a lake in a bucket are kept on this machine.
func (a *app) cache() (lake.Cache, error) {
	c := lake.Cache{Dir: a.settings.CacheDir, Bytes: a.settings.CacheSize}
	if c.Dir == "" {
		dir, err := xdg("XDG_CACHE_HOME", ".cache")
		if err != nil {
			return c, fmt.Errorf("find cache: %w", err)
		}
		c.Dir = filepath.Join(dir, "weir")
	}
	return c, nil
}

// engineNames are the engines, the default first.
var engineNames = []string{"duckdb", "trino", "athena"}

// engineSettings are the settings that choose an engine and say where it is.
var engineSettings = []string{"engine", "trino.url", "trino.catalog", "trino.schema", "trino.user", "athena.workgroup", "athena.catalog", "athena.database",
	"athena.table", "athena.output", "athena.reuse", "athena.endpoint", "athena.price_per_tb", "max_bytes", "daily_bytes"}

// isServer tells the engines that are servers, and find the lake by themselves, from the one in this program.
func isServer(name string) bool { return name != "" && name != engineNames[0] }

// openEngine opens the engine of a name. cfg and tables are for the one in this program; those on a server know the
// lake, of which a query sees the records of the window.
func openEngine(ctx context.Context, a *app, name string, cfg duckdb.Config, tables []engine.Table, window source.Window) (engine.Engine, error) {
	switch name {
	case "", "duckdb":
		e, err := duckdb.Open(cfg, tables)
		if err != nil {
			return nil, err
		}
		return e, nil
	case "trino":
		e, err := openTrino(a, window, lakeEstimator(a))
		if err != nil {
			return nil, err
		}
		return a.guard(e, engine.Price{})
	case "athena":
		e, err := openAthena(ctx, a, window)
		if err != nil {
			return nil, err
		}
		return a.guard(e, a.athenaPrice())
	}
	panic("BUG: no engine " + name)
}

// openTrino opens the Trino of the settings. Its password comes from the environment only: settings are files that are
// shared, and flags are seen by everybody on the machine.
func openTrino(a *app, window source.Window, estimate engine.Estimator) (engine.Engine, error) {
	s := a.settings.Trino
	if s.URL == "" {
		return nil, errors.New("engine trino: it is not said where: --trino-url, WEIR_TRINO_URL, or trino.url in the settings")
	}
	if s.User == "" {
		if u, err := user.Current(); err == nil {
			s.User = u.Username
		}
	}
	e, err := trino.Open(trino.Config{
		URL: s.URL, User: s.User, Password: os.Getenv("WEIR_TRINO_PASSWORD"), Catalog: s.Catalog, Schema: s.Schema,
		Since: window.Start, Until: window.End, Estimate: estimate,
		Derived: derivedEngineTables(),
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// derivedEngineTables are the derived tables as engines know them, without files.
func derivedEngineTables() []engine.Table {
	var tables []engine.Table
	for _, d := range derivedTables {
		tables = append(tables, engine.DerivedTable(d))
	}
	return tables
}

// lakeEstimator tells what queries take of the lake of the settings: Trino and Athena read it the same way. Without a
// lake to look at, such as where only the engine's own catalog is known, nobody knows.
func lakeEstimator(a *app) engine.Estimator {
	none := false
	estimate := trino.Estimator(func(ctx context.Context) (*lake.Lake, error) {
		l, err := openLake(ctx, a, readTables)
		none = errors.Is(err, lake.ErrNoLake) || errors.Is(err, errNoCatalog)
		return l, err
	}, derivedTables...)
	return func(ctx context.Context, r engine.Reading) (engine.Scan, error) {
		scan, err := estimate(ctx, r)
		if none {
			return engine.Scan{Table: r.Table, Files: -1, Bytes: -1}, nil
		}
		return scan, err
	}
}

// openSource spools the records of sources to temporary Parquet files, with only the columns cols (nil: all; empty:
// none, the query counts rows). The function that it returns removes them.
func openSource(ctx context.Context, a *app, args, cols []string, window source.Window) ([]engine.Table, func() error, error) {
	sources, err := openSources(ctx, a, args)
	if err != nil {
		return nil, nil, err
	}
	format, err := a.logFormat()
	if err != nil {
		return nil, nil, err
	}
	tmp, err := os.MkdirTemp("", "weir-source-*")
	if err != nil {
		return nil, nil, fmt.Errorf("spool records: %w", err)
	}
	remove := func() error { return os.RemoveAll(tmp) }
	if cols != nil && window != (source.Window{}) {
		cols = append(cols, "start_time") // the window bounds records, too
	}
	bar := newProgress(a.stderr, isTerminal(a.stderr), a.quiet, time.Now)
	rejects := &rejectNotes{a: a, bar: bar}
	sp, err := ingest.Spool(ctx, ingest.SpoolConfig{
		Sources: sources, Window: window, Format: format, Dir: tmp, Columns: cols, Workers: a.settings.Threads,
		Reject:   rejects.add,
		Problem:  func(p ingest.Problem) { bar.Print(problemLine(p)) },
		Progress: func(s ingest.Summary) { bar.Update(progressOf(s)) },
	})
	bar.Done()
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	rejects.done(sp.Rejected)
	if sp.Objects == 0 && sp.Failed > 0 {
		return nil, nil, errors.Join(fmt.Errorf("nothing could be read of %s", counted(sp.Failed, "object")), remove())
	}
	if sp.Listed == 0 {
		warnEmpty(a, window)
	}
	var tables []engine.Table
	for _, t := range flowlog.Tables {
		// All columns, also those that were not spooled: the views and the hints want their names, and read NULLs.
		tables = append(tables, engine.Table{Name: t.Name, Files: sp.Files[t], Columns: engine.Columns(t)})
	}
	return tables, remove, nil
}

// warnEmpty says that there was nothing to read: a mistyped prefix must not look like a day without traffic.
func warnEmpty(a *app, w source.Window) {
	in := ""
	if w != (source.Window{}) {
		in = " that were delivered in the time asked for"
	}
	fmt.Fprintln(a.stderr, "warning: the source holds no objects"+in)
}

// logger is for what the packages below have to say.
func (a *app) logger() *slog.Logger {
	level := slog.LevelInfo
	if a.quiet {
		level = slog.LevelWarn
	}
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
}
