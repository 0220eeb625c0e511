package main

import (
	"context"

	"fmt"
	"os"
	"path/filepath"
	"strings"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/lake"
	"weir/internal/source"
)

// openLakeTables opens the tables of the lake for reading. The function that it returns closes the lake.
//
// STUB: to be replaced by the one in wire.go.
func openLakeTables(context.Context, *app) ([]engine.Table, func() error, error) {
	return nil, nil, fmt.Errorf("open lake: not wired yet, use --source FILE.parquet: %w", lake.ErrNoLake)
}

// openSource makes the records of sources ready to be asked: spooled to temporary Parquet, with only the columns cols
// (nil: all; empty: none, the query counts rows). The function that it returns removes them.
//
// STUB: takes Parquet files only; to be replaced by the one in wire.go.
func openSource(_ context.Context, _ *app, sources, _ []string, _ source.Window) ([]engine.Table, func() error, error) {
	t := engine.Table{Name: flowlog.VPC.Name, Columns: engine.Columns(flowlog.VPC)}
	for _, s := range sources {
		path, err := filepath.Abs(s)
		if err != nil {
			return nil, nil, err
		}
		if _, err := os.Stat(path); err != nil {
			return nil, nil, fmt.Errorf("open source: %w", err)
		}
		if !strings.HasSuffix(path, ".parquet") {
			return nil, nil, fmt.Errorf("open source %s: not wired yet: Parquet files only", s)
		}
		t.Files = append(t.Files, path)
	}
	return []engine.Table{t, {Name: flowlog.TransitGateway.Name, Columns: engine.Columns(flowlog.TransitGateway)}}, func() error { return nil }, nil
}

// queryMemory is the bound on a query's memory: what was set, else a quarter of the machine.
func queryMemory(set int64) int64 {
	if set > 0 {
		return set
	}
	return physicalMemory() / 4
}

// physicalMemory is the memory of the machine in bytes, or 0 where it is not known.
func physicalMemory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	var kb int64
	if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kb); err != nil {
		return 0
	}
	return kb << 10
}
