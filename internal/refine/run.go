package refine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/lake"
	"weir/internal/network"
)

// Config says what to refine, and with what.
type Config struct {
	Lake  *lake.Lake
	Open  Opener
	Book  Book
	Ports *network.Ports // nil: weir's own
	Log   *slog.Logger   // nil: silent

	// Fetch makes data files of records readable on this machine. nil: they are where they say.
	Fetch func(ctx context.Context, files []lake.DataFile, columns []string) (paths []string, done func() error, err error)
	// Progress is told how many of the hours are made.
	Progress func(done, total int)
	// Again makes all hours, not only those that are stale.
	Again bool
}

// Summary is what a run did.
type Summary struct {
	Hours         int     `json:"hours"`
	Conversations int64   `json:"conversations"`
	Exposures     int64   `json:"exposures"`
	Edges         int64   `json:"edges"`
	Interfaces    int64   `json:"interfaces"` // interface-hours of coverage
	Addresses     int64   `json:"addresses"`
	Seconds       float64 `json:"seconds"`
}

// batchSpan is how much time is made visible at once, at most. A commit rewrites some metadata; what is lost by a kill is a batch.
const batchSpan = 24 * time.Hour

// Run makes the tables of the lake's stale hours, in order of time. After an error, or when ctx ends, what was made before
// stays, and the next run goes on.
func Run(ctx context.Context, c Config) (sum Summary, err error) {
	begin := time.Now()
	defer func() { sum.Seconds = time.Since(begin).Seconds() }()
	if c.Ports == nil {
		c.Ports = network.DefaultPorts()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Fetch == nil {
		c.Fetch = inPlace
	}
	version := made(c.Book, c.Ports)
	hours, err := c.Lake.Stale(ctx, version)
	if err == nil && c.Again {
		hours, err = c.Lake.Stale(ctx, "all")
	}
	if err != nil {
		return sum, err
	}
	for done := 0; done < len(hours); {
		if c.Progress != nil {
			c.Progress(done, len(hours))
		}
		batch := hours[done:]
		for i, h := range batch {
			if h.Start.Sub(batch[0].Start) >= batchSpan {
				batch = batch[:i]
				break
			}
		}
		if err := c.refine(ctx, batch, version, &sum); err != nil {
			return sum, fmt.Errorf("refine hours from %s: %w", batch[0].Start.Format(time.RFC3339), err)
		}
		done += len(batch)
		sum.Hours = done
		c.Log.Info("refined", "from", batch[0].Start, "hours", len(batch))
	}
	if c.Progress != nil {
		c.Progress(len(hours), len(hours))
	}
	return sum, nil
}

func inPlace(_ context.Context, files []lake.DataFile, _ []string) ([]string, func() error, error) {
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	return paths, func() error { return nil }, nil
}

// refine makes the tables of some hours and makes them visible.
func (c *Config) refine(ctx context.Context, hours []lake.Hour, version string, sum *Summary) (err error) {
	snap, err := c.Lake.Snapshot(ctx, flowlog.VPC)
	if err != nil {
		return err
	}
	until := hours[len(hours)-1].Start.Add(time.Hour)
	paths, done, err := c.Fetch(ctx, snap.Between(hours[0].Start, until), needed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()

	w := &work{open: c.Open, book: c.Book, ports: c.Ports}
	w.flows = engine.Table{Name: flowlog.VPC.Name, Columns: engine.Columns(flowlog.VPC), Files: paths}
	files := map[*lake.Derived]map[time.Time]*lake.File{}
	ids := map[*lake.Derived]map[string]int{}
	defer func() { // after Replace they are the lake's, and this does nothing
		for _, byHour := range files {
			for _, f := range byHour {
				err = errors.Join(err, f.Remove())
			}
		}
	}()
	for _, d := range Tables {
		files[d] = map[time.Time]*lake.File{}
		if ids[d], err = c.Lake.FieldIDs(ctx, d); err != nil {
			return err
		}
		for _, h := range hours {
			if files[d][h.Start], err = c.Lake.CreateDerived(d, h.Start); err != nil {
				return err
			}
		}
	}
	for _, h := range hours {
		w.spans = append(w.spans, span{h.Start, h.Start.Add(time.Hour)})
	}
	w.output = func(d *lake.Derived, s span) engine.Output {
		path, err := filepath.Abs(files[d][s.since].Path())
		if err != nil {
			panic("BUG: no working folder: " + err.Error())
		}
		return engine.Output{Path: path, IDs: ids[d]}
	}
	counts := map[*lake.Derived]*int64{Addresses: &sum.Addresses, Conversations: &sum.Conversations, Exposures: &sum.Exposures,
		Edges: &sum.Edges, Coverage: &sum.Interfaces}
	w.done = func(d *lake.Derived, s span, rows int64) {
		files[d][s.since].Rows = rows
		*counts[d] += rows
	}
	if err := w.run(ctx); err != nil {
		return err
	}
	var starts []time.Time
	for _, h := range hours {
		starts = append(starts, h.Start)
	}
	for _, d := range Tables {
		var list []*lake.File
		for _, h := range hours {
			list = append(list, files[d][h.Start])
		}
		if err := c.Lake.Replace(ctx, lake.Replace{Table: d, Hours: starts, Files: list}); err != nil {
			return err
		}
	}
	return c.Lake.Settle(ctx, hours, version)
}

// needed are the columns of flows that the SQL reads.
var needed = []string{"version", "account_id", "interface_id", "resource_id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes",
	"start", "end", "action", "log_status", "vpc_id", "subnet_id", "instance_id", "tcp_flags", "type", "pkt_srcaddr", "pkt_dstaddr", "region",
	"pkt_src_aws_service", "pkt_dst_aws_service", "flow_direction", "traffic_path", "reject_reason", "encryption_status", "start_time",
	"source_object", "extra"}
