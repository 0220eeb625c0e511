// Bench measures weir side by side with DuckDB, on data that it generates, and prints the ratios.
//
// Start at main: each row of the table runs the two programs in turn, A B A B, as whole processes, and gives the
// medians and the median of the ratios of neighbours, since machines are noisy. DuckDB runs in a process of its own,
// too (duckdb.go). It leaves the verdict to whoever reads: nothing here passes or fails.
//
//	go run ./scripts/bench               4 million records, 20 million for the lake
//	BENCH_N=400000 go run ./scripts/bench
//	go run ./scripts/bench detect        from records to findings, 20 million records
//	go run ./scripts/bench scale         beyond one machine: start at scale; make bench-scale has the servers it needs
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "duckdb" {
		if err := duckdb(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	do := bench
	if len(os.Args) > 1 && os.Args[1] == "scale" {
		do = scale
	}
	if len(os.Args) > 1 && os.Args[1] == "detect" {
		do = detection
	}
	if err := start(do); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// rounds is how often each pair is run.
var rounds = number("BENCH_ROUNDS", 5)

func number(name string, def int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return def
}

// start gives do the programs and a folder of its own.
func start(do func(*bencher) error) error {
	weir := os.Getenv("WEIR")
	if weir == "" {
		weir = "bin/weir"
	}
	weir, err := filepath.Abs(weir)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(os.Getenv("BENCH_DIR"), "weir-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return do(&bencher{weir: weir, self: self, dir: dir})
}

func bench(b *bencher) error {
	n := number("BENCH_N", 4_000_000)
	large := number("BENCH_LARGE", 5*n)
	fmt.Printf("%d cores, %s/%s, %s records, medians of %d runs\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, group(n), rounds)
	fmt.Println("| what | weir | against | ratio |")
	fmt.Println("|---|---|---|---|")
	for _, step := range []func(n, large int) error{b.text, b.many, b.large} {
		if err := step(n, large); err != nil {
			return err
		}
	}
	return nil
}

type bencher struct{ weir, self, dir string }

func (b *bencher) path(name string) string { return filepath.Join(b.dir, name) }

// text: ingest and query of n records in 8 objects, against DuckDB's read_csv.
func (b *bencher) text(n, _ int) error {
	logs := b.path("logs")
	if err := b.generate(logs, n, 8); err != nil {
		return err
	}
	lake, parquet := b.path("lake"), b.path("duck.parquet")
	ingest := func() error { return os.RemoveAll(lake) }
	a, d, ratio, err := b.pair(
		command{ingest, b.weir, []string{"--lake", lake, "--quiet", "-o", "json", "ingest", logs}},
		command{nil, b.self, []string{"duckdb", "copy", logs, parquet}})
	if err != nil {
		return err
	}
	row("ingest to a committed lake, DuckDB `read_csv` to Parquet zstd", seconds(a.wall), seconds(d.wall), ratio, "x faster")
	row("the same, CPU time", seconds(a.cpu), seconds(d.cpu), float64(d.cpu)/float64(a.cpu), "x less")
	row("the same, peak memory", mega(a.rss), mega(d.rss), float64(a.rss)/float64(d.rss), "of it")
	var sum struct {
		Stored  int64 `json:"bytes_stored"`
		Records int64 `json:"records_stored"`
	}
	if err := json.Unmarshal(a.out, &sum); err != nil {
		return err
	}
	info, err := os.Stat(parquet)
	if err != nil {
		return err
	}
	row("bytes stored", mega(sum.Stored), mega(info.Size()), float64(sum.Stored)/float64(info.Size()), "of it")

	a, d, ratio, err = b.pair(
		command{nil, b.weir, []string{"query", "--quiet", "-o", "csv", "--source", logs, "SELECT count(*) AS n, sum(bytes) AS bytes FROM flows WHERE dstport = 6379"}},
		command{nil, b.self, []string{"duckdb", "filter", logs}})
	if err != nil {
		return err
	}
	if !slices.Equal(a.out, d.out) {
		return fmt.Errorf("weir and DuckDB disagree: %s, %s", a.out, d.out)
	}
	row("`query --source` with a filter, DuckDB `read_csv`", seconds(a.wall), seconds(d.wall), ratio, "x faster")
	return os.RemoveAll(logs)
}

// many: ten thousand small objects, and again.
func (b *bencher) many(int, int) error {
	logs, lake := b.path("many"), b.path("lake-many")
	if err := b.generate(logs, 3_000_000, 10_000); err != nil {
		return err
	}
	first, err := run(command{nil, b.weir, []string{"--lake", lake, "--quiet", "-o", "json", "ingest", logs}})
	if err != nil {
		return err
	}
	var sum struct{ Objects, Files, Commits int64 }
	if err := json.Unmarshal(first.out, &sum); err != nil {
		return err
	}
	row(fmt.Sprintf("ingest of %s objects of 300 records: %d files, %d commits", group(int(sum.Objects)), sum.Files, sum.Commits), seconds(first.wall), "", 0, "")
	again, err := b.times(command{nil, b.weir, []string{"--lake", lake, "--quiet", "ingest", logs}})
	if err != nil {
		return err
	}
	row("ingest of the same objects again", seconds(again.wall), "", 0, "")
	return os.RemoveAll(logs)
}

// large: many records and one large object, for memory; then one port in a lake.
func (b *bencher) large(_, n int) error {
	logs, lake := b.path("large"), b.path("lake-large")
	if err := b.generate(logs, n, max(8, n/250_000)); err != nil {
		return err
	}
	r, err := run(command{nil, b.weir, []string{"--lake", lake, "--quiet", "ingest", logs}})
	if err != nil {
		return err
	}
	row(fmt.Sprintf("peak memory of ingest, %s records", group(n)), mega(r.rss), "", 0, "")
	row("the same, time", seconds(r.wall), "", 0, "")
	q, err := b.times(command{nil, b.weir, []string{"--lake", lake, "query", "-o", "csv", "SELECT count(*) AS n, sum(bytes) AS bytes FROM flows WHERE dstport = 6379"}})
	if err != nil {
		return err
	}
	row(fmt.Sprintf("lake query, one port over %s records, whole process", group(n)), millis(q.wall), "", 0, "")
	q, err = b.times(command{nil, b.weir, []string{"version"}})
	if err != nil {
		return err
	}
	row("of that, starting the program (`weir version`)", millis(q.wall), "", 0, "")
	if err := os.RemoveAll(logs); err != nil {
		return err
	}
	if err := os.RemoveAll(lake); err != nil {
		return err
	}
	if err := b.generate(logs, n, 1); err != nil {
		return err
	}
	if r, err = run(command{nil, b.weir, []string{"--lake", lake, "--quiet", "ingest", logs}}); err != nil {
		return err
	}
	row(fmt.Sprintf("peak memory of ingest, one object of %s records", group(n)), mega(r.rss), "", 0, "")
	row("the same, time", seconds(r.wall), "", 0, "")
	return nil
}

func (b *bencher) generate(dir string, records, objects int) error {
	start := time.Now()
	r, err := run(command{nil, b.weir, []string{"generate", "--out", dir, "--seed", "1",
		"--records", strconv.Itoa(records), "--objects", strconv.Itoa(objects)}})
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "bench: generated %s in %.1f s: %s", dir, time.Since(start).Seconds(), r.out)
	return nil
}

type command struct {
	before func() error
	path   string
	args   []string
}

type result struct {
	wall, cpu time.Duration
	rss       int64 // bytes
	out, errs []byte
}

// pair runs two commands in turn and returns the median of each, and the median of B/A of neighbours.
func (b *bencher) pair(x, y command) (result, result, float64, error) {
	var xs, ys []result
	var ratios []float64
	for range rounds {
		r, err := run(x)
		if err != nil {
			return r, r, 0, err
		}
		s, err := run(y)
		if err != nil {
			return r, s, 0, err
		}
		xs, ys = append(xs, r), append(ys, s)
		ratios = append(ratios, s.wall.Seconds()/r.wall.Seconds())
	}
	slices.Sort(ratios)
	return median(xs), median(ys), ratios[len(ratios)/2], nil
}

func (b *bencher) times(c command) (result, error) {
	var rs []result
	for range rounds {
		r, err := run(c)
		if err != nil {
			return r, err
		}
		rs = append(rs, r)
	}
	return median(rs), nil
}

func median(rs []result) result {
	rs = slices.Clone(rs)
	slices.SortFunc(rs, func(a, b result) int { return int(a.wall - b.wall) })
	return rs[len(rs)/2]
}

func run(c command) (result, error) {
	if c.before != nil {
		if err := c.before(); err != nil {
			return result{}, err
		}
	}
	var out, errs strings.Builder
	cmd := exec.Command(c.path, c.args...)
	cmd.Stdout, cmd.Stderr = &out, io.Writer(&errs)
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		return result{}, fmt.Errorf("%s %s: %w\n%s", filepath.Base(c.path), strings.Join(c.args, " "), err, errs.String())
	}
	r := result{wall: wall, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), out: []byte(out.String()), errs: []byte(errs.String())}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.rss = u.Maxrss << 10 // kilobytes on Linux
	}
	return r, nil
}

func row(what, a, b string, ratio float64, unit string) {
	r := ""
	if ratio > 0 {
		r = fmt.Sprintf("%.2f %s", ratio, unit)
	}
	fmt.Printf("| %s | %s | %s | %s |\n", what, a, b, r)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
func millis(d time.Duration) string  { return fmt.Sprintf("%.0f ms", d.Seconds()*1000) }
func mega(n int64) string            { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }

func group(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
