package duckdb

import (
	"testing"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/enginetest"
)

// BenchmarkOpen is what every weir query pays before its SQL runs, and the smallest query.
func BenchmarkOpen(b *testing.B) {
	flows := engine.Table{Name: "flows", Columns: engine.Columns(flowlog.VPC)}
	b.Run("empty", func(b *testing.B) {
		for b.Loop() {
			e, err := Open(Config{Threads: 2}, []engine.Table{flows})
			if err != nil {
				b.Fatal(err)
			}
			e.Close()
		}
	})
	table := enginetest.Write(b, flowlog.VPC, enginetest.Row{"version": "2", "dstport": "22", "start": "1795132800"})
	b.Run("query", func(b *testing.B) {
		for b.Loop() {
			e, err := Open(Config{Threads: 2}, []engine.Table{table})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := ask(e, "SELECT count(*) FROM flows WHERE dstport = 22"); err != nil {
				b.Fatal(err)
			}
			e.Close()
		}
	})
	b.Run("query only", func(b *testing.B) {
		e := open(b, table)
		for b.Loop() {
			if _, err := ask(e, "SELECT count(*) FROM flows WHERE dstport = 22"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
