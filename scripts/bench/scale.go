package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// scaler measures what is beyond one machine. Each part stands alone; BENCH_PARTS names some of them.
type scaler struct {
	*bencher
	*servers
}

var parts = []struct {
	name string
	run  func(*scaler, context.Context) error
}{
	{"ingest", (*scaler).ingest},
	{"commits", (*scaler).commits},
	{"scan", (*scaler).scan},
	{"queries", (*scaler).queries},
	{"trino", (*scaler).trino},
	{"plan", (*scaler).plan},
	{"month", (*scaler).month},
}

func scale(b *bencher) error {
	ctx := context.Background()
	srv, err := startServers(ctx, b.dir)
	if err != nil {
		return err
	}
	defer srv.close()
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, os.Interrupt, syscall.SIGTERM)
	go func() { // it runs for long: whoever has enough of it wants no servers and gigabytes left
		<-stopped
		srv.close()
		os.RemoveAll(b.dir)
		os.Exit(130)
	}()
	s := &scaler{b, srv}
	fmt.Printf("%d cores, %s/%s, medians of %d runs\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, rounds)
	wanted := strings.FieldsFunc(os.Getenv("BENCH_PARTS"), func(r rune) bool { return r == ',' })
	for _, p := range parts {
		if len(wanted) > 0 && !slices.Contains(wanted, p.name) {
			continue
		}
		start := time.Now()
		if err := p.run(s, ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		load, _ := os.ReadFile("/proc/loadavg")
		fmt.Fprintf(os.Stderr, "bench: part %s took %.0f s, load %s", p.name, time.Since(start).Seconds(), load)
	}
	return nil
}

func head(columns ...string) {
	fmt.Printf("\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
}

// folder gives a place in a folder, with nothing there.
func (s *scaler) folder(name string) (place, error) {
	p := place{lake: s.path(name)}
	return p, os.RemoveAll(p.lake)
}

// stored ingests the logs of a folder into a new lake, and gives it.
func (s *scaler) stored(name, logs string) (place, error) {
	p, err := s.folder(name)
	if err != nil {
		return p, err
	}
	_, err = run(command{nil, s.weir, p.args("ingest", logs)})
	return p, err
}

// oneSided is a row of a figure with nothing to compare it with.
func oneSided(what, value string) { row(what, value, "", 0, "") }

func middle[T float64 | time.Duration](list []T) T {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}

// folderBytes is what the files below a folder take of the disk, holes not counted, and how many there are.
func folderBytes(dir, suffix string) (bytes int64, files int, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, suffix) {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		bytes += blocks(info)
		files++
		return nil
	})
	return bytes, files, err
}
