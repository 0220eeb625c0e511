package main

import (
	"context"
	"fmt"
	"os"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/trino"
	"weir/internal/lake"
)

// scan: what some queries read of a day, as weir estimates it for Trino and Athena, before compaction and after.
func (s *scaler) scan(ctx context.Context) error {
	n := number("BENCH_N", 4_000_000)
	p, err := s.large("scan", n)
	if err != nil {
		return err
	}
	port := func(column string) []engine.IOColumn {
		return []engine.IOColumn{{Column: engine.Column{Name: column, Type: "integer"}, Ranges: []engine.IORange{{Low: "6379", LowBound: "EXACTLY", High: "6379", HighBound: "EXACTLY"}}}}
	}
	readings := []struct {
		what string
		of   engine.Reading
	}{
		{"count and bytes of one port", engine.Reading{Columns: []string{"dstport", "bytes"}, Ranges: port("dstport")}},
		{"who reached a port: one half of `@exposed-port`", engine.Reading{Columns: []string{"interface_id", "srcaddr", "dstaddr", "dstport", "protocol",
			"bytes", "start_time", "pkt_srcaddr", "flow_direction", "action", "log_status"}, Ranges: port("dstport")}},
		{"`@top-talkers`", engine.Reading{Columns: []string{"srcaddr", "bytes", "packets", "log_status"}}},
		{"`@hourly`", engine.Reading{Columns: []string{"start_time", "flow_direction", "bytes", "log_status"}}},
		{"all columns", engine.Reading{}},
	}
	look := func() (bytes []int64, snap *lake.Snapshot, err error) {
		l, err := p.open(ctx, false)
		if err != nil {
			return nil, nil, err
		}
		defer l.Close()
		if snap, err = l.Snapshot(ctx, flowlog.VPC); err != nil {
			return nil, nil, err
		}
		estimate := trino.Estimator(func(context.Context) (*lake.Lake, error) { return l, nil })
		for _, r := range readings {
			r.of.Table = flowlog.VPC.Name
			scan, err := estimate(ctx, r.of)
			if err != nil {
				return nil, nil, err
			}
			bytes = append(bytes, scan.Bytes)
		}
		return bytes, snap, nil
	}
	before, old, err := look()
	if err != nil {
		return err
	}
	c, err := run(command{nil, s.weir, p.args("lake", "compact")})
	if err != nil {
		return err
	}
	after, snap, err := look()
	if err != nil {
		return err
	}
	head(fmt.Sprintf("bytes that are read of %s records, estimated", group(int(snap.Rows()))), "as ingested", "compacted", "of the lake, compacted")
	for i, r := range readings {
		row(r.what, kilo(before[i]), kilo(after[i]), float64(after[i])/float64(snap.Bytes()), "of it")
	}
	row(fmt.Sprintf("the lake, in %d files and %d", len(old.Files), len(snap.Files)), kilo(old.Bytes()), kilo(snap.Bytes()), 0, "")
	row("compaction, processor time", "", seconds(c.cpu), 0, "")
	return os.RemoveAll(p.lake)
}

func kilo(n int64) string { return group(int(n/1000)) + " kB" }
