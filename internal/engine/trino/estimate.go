package trino

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/engine"
	"weir/internal/lake"
)

// sampled is how many data files' footers are read for an estimate. Of more files so many are looked at, spread evenly.
const sampled = 64

// Estimator makes an estimator of what readings of a lake's tables take, by how Trino reads: see ScanBytes. The lake is
// asked for when the first estimate is wanted; of a table that is not its own nobody knows.
func Estimator(open func(context.Context) (*lake.Lake, error), derived ...*lake.Derived) engine.Estimator {
	var mu sync.Mutex
	var l *lake.Lake
	return func(ctx context.Context, r engine.Reading) (engine.Scan, error) {
		var snapshot func(context.Context) (*lake.Snapshot, error)
		var all []engine.Column
		for _, t := range flowlog.Tables {
			if strings.EqualFold(t.Name, r.Table) {
				snapshot = func(ctx context.Context) (*lake.Snapshot, error) { return l.Snapshot(ctx, t) }
				all = engine.Columns(t)
			}
		}
		for _, d := range derived {
			if strings.EqualFold(d.Name, r.Table) {
				snapshot = func(ctx context.Context) (*lake.Snapshot, error) { return l.DerivedSnapshot(ctx, d) }
				all = engine.DerivedTable(d).Columns
			}
		}
		if snapshot == nil {
			return engine.Scan{Table: r.Table, Files: -1, Bytes: -1}, nil
		}
		mu.Lock()
		defer mu.Unlock()
		if l == nil {
			var err error
			if l, err = open(ctx); err != nil {
				return engine.Scan{}, err
			}
		}
		snap, err := snapshot(ctx)
		if err != nil {
			return engine.Scan{}, fmt.Errorf("estimate bytes: %w", err)
		}
		if r.Columns == nil {
			for _, c := range all {
				r.Columns = append(r.Columns, c.Name)
			}
		}
		return estimate(ctx, l, snap, r)
	}
}

func estimate(ctx context.Context, l *lake.Lake, snap *lake.Snapshot, r engine.Reading) (engine.Scan, error) {
	columns := r.Columns
	bounds := boundsOf(r.Ranges)
	files := snap.Select(bounds)
	scan := engine.Scan{Table: r.Table, Files: len(files)}
	if len(files) == 0 || len(columns) == 0 {
		return scan, nil
	}
	step := max(1, float64(len(files))/sampled)
	var sample []lake.DataFile
	var all, looked int64
	for at := 0.0; int(at) < len(files); at += step {
		sample = append(sample, files[int(at)])
	}
	for _, f := range files {
		all += f.Bytes
	}
	sums := make([]int64, len(sample))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, f := range sample {
		looked += f.Bytes
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			layout, err := l.Layout(f)
			if err != nil {
				return err
			}
			sums[i] = ScanBytes(fileOf(layout, bounds), columns)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return engine.Scan{}, fmt.Errorf("estimate bytes: %w", err)
	}
	var sum int64
	for _, n := range sums {
		sum += n
	}
	scan.Bytes = sum
	if looked < all {
		scan.Bytes = int64(float64(sum) * float64(all) / float64(looked))
	}
	return scan, nil
}

// fileOf is a file of the lake as Trino sees it.
func fileOf(l *columnar.Layout, bounds []lake.Bound) File {
	f := File{Size: l.Size, Footer: l.Footer}
	for i := range l.Groups {
		g := Group{Skip: !lake.MayMatch(&l.Groups[i], bounds)}
		for _, c := range l.Groups[i].Chunks {
			g.Chunks = append(g.Chunks, Chunk{c.Column, c.Span.Off, c.Span.End - c.Span.Off})
		}
		f.Groups = append(f.Groups, g)
	}
	return f
}

// boundsOf takes the ranges of a plan as those of the lake. A range that it does not understand bounds nothing.
func boundsOf(columns []engine.IOColumn) []lake.Bound {
	var out []lake.Bound
	for _, c := range columns {
		b := lake.Bound{Column: c.Name}
		for _, r := range c.Ranges {
			low, ok1 := valueOf(c.Type, r.Low)
			high, ok2 := valueOf(c.Type, r.High)
			if !ok1 || !ok2 {
				b.Ranges = nil
				break
			}
			if n, ok := high.(int64); ok && r.HighBound == "BELOW" && n > math.MinInt64 {
				high = n - 1
			}
			if n, ok := low.(int64); ok && r.LowBound == "ABOVE" && n < math.MaxInt64 {
				low = n + 1
			}
			b.Ranges = append(b.Ranges, lake.Range{Low: low, High: high})
		}
		if len(b.Ranges) > 0 { // none: NULL is wanted, or nothing
			out = append(out, b)
		}
	}
	return out
}

// valueOf reads a value of a plan; "" is an open end.
func valueOf(typ, text string) (any, bool) {
	switch {
	case text == "":
		return nil, true
	case strings.HasPrefix(typ, "timestamp"):
		t, err := time.Parse("2006-01-02 15:04:05.999999 UTC", text)
		return t.UnixMicro(), err == nil
	case typ == "integer" || typ == "bigint":
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	case strings.HasPrefix(typ, "varchar"):
		return text, true
	}
	return nil, false
}
