package refine

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/lake"
	"weir/internal/network"
)

func openDuck(dir string, memory int64) Opener {
	return func(_ context.Context, tables []engine.Table, outputs []string) (engine.Storer, error) {
		return duckdb.Open(duckdb.Config{Outputs: outputs, TempDir: dir, Memory: memory}, tables)
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestTime(t *testing.T) {
	files, _ := filepath.Glob(os.Getenv("REFINE_FLOWS"))
	if len(files) == 0 {
		t.Skip("REFINE_FLOWS")
	}
	dir := t.TempDir()
	w := &work{open: openDuck(dir, 3<<30), book: book, ports: network.DefaultPorts()}
	w.flows = engine.Table{Name: flowlog.VPC.Name, Columns: engine.Columns(flowlog.VPC), Files: files}
	begin := time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)
	for i := range 2 {
		s := begin.Add(time.Duration(i) * time.Hour)
		w.spans = append(w.spans, span{s, s.Add(time.Hour)})
	}
	w.output = func(d *lake.Derived, s span) engine.Output {
		return engine.Output{Path: filepath.Join(dir, d.Name+s.since.Format("15")+".parquet")}
	}
	last, used := time.Now(), cpu()
	w.done = func(d *lake.Derived, s span, rows int64) {
		st, _ := os.Stat(w.output(d, s).Path)
		t.Log(d.Name, s.since.Hour(), rows, time.Since(last).Round(time.Millisecond), (cpu() - used).Round(time.Millisecond), st.Size())
		last, used = time.Now(), cpu()
	}
	if err := w.run(t.Context()); err != nil {
		t.Fatal(err)
	}
}
