package refine

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/engine/enginetest"
	"weir/internal/engine/trino"
	"weir/internal/engine/trinotest"
	"weir/internal/network"
	"weir/internal/traffic"
)

type buffer struct{ bytes.Buffer }

func (*buffer) Close() error { return nil }

// TestEnginesRefine has DuckDB and a real Trino make each table of the same records.
func TestEnginesRefine(t *testing.T) {
	s := trinotest.Start(t)
	dir := t.TempDir()
	open := folder(dir)
	var log buffer
	cfg := traffic.Config{Duration: 20 * time.Minute, Records: 6000, Objects: 1, Layout: traffic.Layout{Plain: true}}
	if _, err := traffic.Generate(t.Context(), cfg, func(key string) (io.WriteCloser, error) {
		if !strings.Contains(key, "vpcflowlogs") {
			return new(buffer), nil // labels
		}
		return &log, nil
	}); err != nil {
		t.Fatal(err)
	}
	enginetest.LakeText(t, open, flowlog.VPC, "generated", log.String())
	// Without direction, flags and packets' addresses.
	enginetest.LakeText(t, open, flowlog.VPC, "v2", v2+
		"2 123456789012 eni-1 8.8.4.4 10.0.0.5 40000 6379 6 9 700 1762128000 1762128060 ACCEPT OK\n"+
		"2 123456789012 eni-1 10.0.0.5 8.8.4.4 6379 40000 6 9 7000 1762128000 1762128060 ACCEPT OK\n"+
		"2 123456789012 eni-1 1.1.1.1 10.0.0.5 40000 22 6 1 40 1762128000 1762128060 REJECT OK\n"+
		"2 123456789012 eni-2 - - - - - - - 1762128000 1762128060 - NODATA\n")
	enginetest.LakeText(t, open, flowlog.VPC, "odd", strings.Replace(v2, "version", "odd-field version", 1)+
		"x 2 123456789012 eni-3 8.8.4.4 10.0.0.7 40000 6379 17 9 700 1762128000 1762128600 ACCEPT OK\n")
	if _, err := run(t, open, nil); err != nil {
		t.Fatal(err)
	}
	l := openLake(t, open, false)
	d, err := duckdb.Open(duckdb.Config{Threads: 2}, append(enginetest.LakeTables(t, open)[:1], derivedOf(t, l)...))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var derived []engine.Table
	for _, table := range Tables {
		derived = append(derived, engine.DerivedTable(table))
	}
	e, err := trino.Open(trino.Config{URL: s.URL, User: "weir", Catalog: s.Lake(t, dir), Derived: derived})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var cases []enginetest.Case
	for _, table := range Tables {
		sql, args := bind(SQL(table.Name, network.DefaultPorts()), always)
		cases = append(cases, enginetest.Case{Name: table.Name, SQL: sql, Args: args})
		cases = append(cases, enginetest.Case{Name: table.Name + "/stored", SQL: "SELECT * FROM " + table.Name})
	}
	enginetest.Same(t, d, e, cases)
}
