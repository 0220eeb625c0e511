package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

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

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCancel ends a query that would run for years, while it computes and while its rows are read.
func TestCancel(t *testing.T) {
	e, err := Open(Config{Threads: 2, Memory: 256 << 20}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const forever = "FROM range(1000000000000) a, range(1000) b"
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	started := time.Now()
	go func() {
		_, err := e.Query(ctx, "SELECT sum(a.range * b.range) "+forever)
		result <- err
	}()
	waitForWork(t)
	cancelled := time.Now()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled query: %v", err)
	}
	if d := time.Since(cancelled); d > 2*time.Second {
		t.Errorf("it took %v to end", d)
	}
	t.Logf("ran for %v, ended in %v", cancelled.Sub(started), time.Since(cancelled))

	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	rows, err := e.Query(ctx, "SELECT a.range "+forever)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for range 10000 {
		if _, err := rows.Next(); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	for range 10_000_000 {
		if _, err = rows.Next(); err != nil {
			break
		}
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("rows after the end of the context: %v", err)
	}
	if _, err := e.Query(ctx, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a query in a context that has ended: %v", err)
	}
	if got, err := one(e, "SELECT 1"); got != "1" {
		t.Errorf("the next query: %s, %v", got, err)
	}
}

// waitForWork returns when this process has used some processor time: the query runs.
func waitForWork(t *testing.T) {
	t.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano())
	}
	for start := used(); used() < start+50*time.Millisecond; {
		runtime.Gosched()
	}
}

// TestStream reads a result far larger than it may hold, and leaves another early.
func TestStream(t *testing.T) {
	e, err := Open(Config{Threads: 2, Memory: 64 << 20}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const n = 10_000_000 // of 100 bytes and more: 1 GB and more, if it were held
	rows, err := e.Query(t.Context(), "SELECT range AS n, repeat('x', 100) AS s FROM range(10000000)")
	if err != nil {
		t.Fatal(err)
	}
	var count, sum int64
	for {
		row, err := rows.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		count++
		sum += row[0].(int64)
	}
	rows.Close()
	if count != n || sum != n*(n-1)/2 {
		t.Errorf("%d rows with sum %d", count, sum)
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	if mb := u.Maxrss >> 10; mb > 400 {
		t.Errorf("the process used %d MiB", mb)
	}

	rows, err = e.Query(t.Context(), "SELECT * FROM range(1000000000000)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(); err != nil {
		t.Error(err)
	}
	if err := errors.Join(rows.Close(), rows.Close()); err != nil {
		t.Error(err)
	}
	if _, err := rows.Next(); err == nil || err == io.EOF {
		t.Errorf("Next after Close: %v", err)
	}
}

// TestMemory holds that the bound is kept: a sort that is too large ends in an error, or on disk where there is a place.
func TestMemory(t *testing.T) {
	const sql = "SELECT count(*) FROM (SELECT s FROM (SELECT md5(CAST(range AS varchar)) || repeat('x', 200) AS s FROM range(600000)) ORDER BY s OFFSET 1)"
	e, err := Open(Config{Threads: 1, Memory: 48 << 20}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := one(e, sql); err == nil || !strings.Contains(err.Error(), "memory") {
		t.Errorf("a large sort without a place on disk: %v", err)
	}
	tmp := filepath.Join(t.TempDir(), "spill")
	e2, err := Open(Config{Threads: 1, Memory: 48 << 20, TempDir: tmp}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := one(e2, sql); got != "599999" {
		t.Errorf("a large sort with a place on disk: %s, %v", got, err)
	}
	e2.Close()
	if left, _ := filepath.Glob(tmp + "/*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestConcurrent(t *testing.T) {
	e := open(t, records(t))
	var g errgroup.Group
	for i := range 16 {
		g.Go(func() error {
			for _, table := range []string{"flows", "vpc_flow_logs", "vpc_appsec_flow_logs"} {
				got, err := one(e, fmt.Sprintf("SELECT bitwise_and(count(*), 255) + %d FROM %s", i, table))
				if err != nil || got != fmt.Sprint(6+i) {
					return fmt.Errorf("%s: %s, %v", table, got, err)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}
