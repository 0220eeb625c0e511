package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"weir/flowlog"
	"weir/internal/engine"
	weirduck "weir/internal/engine/duckdb"
)

// benchDay is now for the queries: the end of the day of which records are generated.
var benchDay = time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC)

// queries: each saved query through weir's engine, and written by hand for DuckDB, over the same files. Both are asked in
// this process, in turn, after each has been asked once: programs that start are measured elsewhere.
func (s *scaler) queries(ctx context.Context) error {
	n := number("BENCH_LARGE", 20_000_000)
	p, err := s.large("queries", n)
	if err != nil {
		return err
	}
	l, err := p.open(ctx, false)
	if err != nil {
		return err
	}
	defer l.Close()
	snap, err := l.Snapshot(ctx, flowlog.VPC)
	if err != nil {
		return err
	}
	var files []string
	for _, f := range snap.Files {
		files = append(files, f.Path)
	}
	ours, err := weirduck.Open(weirduck.Config{Memory: benchMemory, TempDir: s.path("tmp")},
		[]engine.Table{{Name: flowlog.VPC.Name, Columns: engine.Columns(flowlog.VPC), Files: files}})
	if err != nil {
		return err
	}
	defer ours.Close()
	hand, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer hand.Close()
	for _, stmt := range []string{
		"SET TimeZone = 'UTC'", fmt.Sprintf("SET memory_limit = '%dB'", benchMemory), fmt.Sprintf("SET threads = %d", runtime.GOMAXPROCS(0)),
		"CREATE VIEW flows AS SELECT * FROM read_parquet(['" + strings.Join(files, "','") + "'], hive_partitioning = false)",
	} {
		if _, err := hand.ExecContext(ctx, stmt); err != nil {
			return err
		}
	}
	list, err := savedQueries(engine.DuckDB, benchDay)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].written = byHand(list[i].written)
	}
	head(fmt.Sprintf("%s records in %d files, DuckDB", group(int(snap.Rows())), len(files)), "weir", "by hand", "ratio")
	return compare(ctx, list, ours, hand)
}

// benchMemory is the bound of DuckDB's memory, in bytes, for both.
const benchMemory = 6 << 30

// large makes a lake of n records.
func (s *scaler) large(name string, n int) (place, error) {
	logs := s.path(name + "-logs")
	if err := s.generate(logs, n, max(8, n/250_000)); err != nil {
		return place{}, err
	}
	p, err := s.stored(name, logs)
	return p, errors.Join(err, os.RemoveAll(logs))
}

// covering are the saved queries that are asked if BENCH_QUERIES does not name others, or all: of each part of the dialect
// one, of each shape of answer one, and those that people ask most.
var covering = []string{"exposed-port", "external-sources", "lookup-network", "subnet-bytes", "internal-daily", "daily", "weekday-hours", "record-sizes",
	"source-ports", "busy-minutes", "port-scan", "beacons", "top-talkers", "host", "rejected-tcp", "rejects-per-minute", "coverage", "uploads"}

// compare runs each query in turn through weir and by hand, and prints those that are more than 1.2 times slower through
// weir, the worst and the median. Results are compared, too.
func compare(ctx context.Context, list []saved, ours engine.Engine, hand *sql.DB) error {
	only := strings.FieldsFunc(os.Getenv("BENCH_QUERIES"), func(r rune) bool { return r == ',' })
	switch {
	case len(only) == 0:
		only = covering
	case only[0] == "all":
		only = nil
	}
	type figure struct {
		name  string
		a, b  time.Duration
		ratio float64
	}
	var figures []figure
	var differ []string
	for _, q := range list {
		if len(only) > 0 && !slices.Contains(only, q.name) {
			continue
		}
		a, _, err := askOurs(ctx, ours, q)
		if err != nil {
			return fmt.Errorf("@%s: %w", q.name, err)
		}
		b, _, err := askHand(ctx, hand, q)
		if err != nil {
			return fmt.Errorf("@%s by hand: %w\n%s", q.name, err, q.written)
		}
		if !slices.Equal(a, b) {
			differ = append(differ, q.name)
			if os.Getenv("BENCH_DEBUG") != "" {
				debugRows(q.name, a, b)
			}
		}
		var as, bs []time.Duration
		var ratios []float64
		for range rounds {
			_, a, err := askOurs(ctx, ours, q)
			if err != nil {
				return fmt.Errorf("@%s: %w", q.name, err)
			}
			_, b, err := askHand(ctx, hand, q)
			if err != nil {
				return fmt.Errorf("@%s by hand: %w", q.name, err)
			}
			as, bs, ratios = append(as, a), append(bs, b), append(ratios, a.Seconds()/b.Seconds())
		}
		fmt.Fprintf(os.Stderr, "bench: @%s %.2f\n", q.name, middle(ratios))
		figures = append(figures, figure{"@" + q.name, middle(as), middle(bs), middle(ratios)})
	}
	if len(figures) == 0 {
		return nil
	}
	slices.SortFunc(figures, func(a, b figure) int {
		if a.ratio > b.ratio {
			return -1
		}
		return 1
	})
	var all, allHand time.Duration
	for i, f := range figures {
		if f.ratio > 1.2 || i == 0 || os.Getenv("BENCH_DEBUG") != "" {
			row(f.name, millis(f.a), millis(f.b), f.ratio, "x the time")
		}
		all, allHand = all+f.a, allHand+f.b
	}
	f := figures[len(figures)/2]
	row(fmt.Sprintf("the median of %d saved queries (%s)", len(figures), f.name), millis(f.a), millis(f.b), f.ratio, "x the time")
	row("all of them together", seconds(all), seconds(allHand), all.Seconds()/allHand.Seconds(), "x the time")
	oneSided("of them with other rows: "+strings.Join(differ, ", "), fmt.Sprint(len(differ)))
	return nil
}

func askOurs(ctx context.Context, e engine.Engine, q saved) ([]string, time.Duration, error) {
	start := time.Now()
	rows, err := e.Query(ctx, q.sql, q.args...)
	if err != nil {
		return nil, 0, err
	}
	var out []string
	for {
		values, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, 0, errors.Join(err, rows.Close())
		}
		out = append(out, rowText(values))
	}
	err = rows.Close()
	return out, time.Since(start), err
}

func askHand(ctx context.Context, db *sql.DB, q saved) ([]string, time.Duration, error) {
	start := time.Now()
	rows, err := db.QueryContext(ctx, q.written)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, 0, err
	}
	values, at := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		at[i] = &values[i]
	}
	var out []string
	for rows.Next() {
		if err := rows.Scan(at...); err != nil {
			return nil, 0, err
		}
		out = append(out, rowText(values))
	}
	return out, time.Since(start), rows.Err()
}

// rowText is a row such that rows of several drivers can be compared.
func rowText(values []any) string {
	var b strings.Builder
	for _, v := range values {
		switch v := v.(type) {
		case float64:
			fmt.Fprintf(&b, "%.6g\t", v)
		case time.Time:
			fmt.Fprintf(&b, "%s\t", v.UTC().Format(time.RFC3339Nano))
		default:
			fmt.Fprintf(&b, "%v\t", v)
		}
	}
	return b.String()
}

func debugRows(name string, a, b []string) {
	fmt.Fprintf(os.Stderr, "bench: @%s: %d and %d rows\n", name, len(a), len(b))
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			fmt.Fprintf(os.Stderr, "  weir %s\n  hand %s\n", a[i], b[i])
			return
		}
	}
}
