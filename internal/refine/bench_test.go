package refine

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/lake"
	"weir/internal/network"
)

// BenchmarkHour makes the tables of one hour of the Parquet files that REFINE_FLOWS names, a pattern; REFINE_HOUR is the hour. It
// reports what each table takes of the processors.
func BenchmarkHour(b *testing.B) {
	files, err := filepath.Glob(os.Getenv("REFINE_FLOWS"))
	begin, bad := time.Parse(time.RFC3339, os.Getenv("REFINE_HOUR"))
	if err != nil || bad != nil || len(files) == 0 {
		b.Skip("set REFINE_FLOWS, and REFINE_HOUR such as 2026-11-03T00:00:00Z")
	}
	dir := b.TempDir()
	w := &work{open: opener(b), book: book, ports: network.DefaultPorts(), spans: []span{{begin, begin.Add(time.Hour)}}}
	w.flows = engine.Table{Name: flowlog.VPC.Name, Columns: engine.Columns(flowlog.VPC), Files: files}
	w.output = func(d *lake.Derived, s span) engine.Output {
		return engine.Output{Path: filepath.Join(dir, d.Name+".parquet")}
	}
	used := cpu()
	w.done = func(d *lake.Derived, _ span, rows int64) {
		b.ReportMetric((cpu() - used).Seconds(), d.Name+"-cpu-s")
		used = cpu()
	}
	for b.Loop() {
		if err := w.run(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
