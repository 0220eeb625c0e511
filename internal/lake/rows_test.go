package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"weir/flowlog"
	"weir/internal/columnar"
)

// row is a record as far as these tests care.
type row struct {
	start  int64 // 0: none
	object string
	bytes  int64
}

var day0 = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

func batchOf(rows []row) *flowlog.Batch {
	b := flowlog.NewBatch(flowlog.VPC, max(len(rows), 1))
	start, bytes := b.Use(flowlog.VPC.Field("start")), b.Use(flowlog.VPC.Field("bytes"))
	port, src := b.Use(flowlog.VPC.Field("dstport")), b.Use(flowlog.VPC.Field("srcaddr"))
	b.Grow(len(rows))
	for i, r := range rows {
		start.Int64[i] = r.start
		if r.start == 0 {
			start.Int64[i] = flowlog.NullInt64
		}
		bytes.Int64[i] = r.bytes
		port.Int32[i] = int32(r.bytes % 7)
		src.Codes[i] = src.Dict.Code(fmt.Appendf(nil, "10.0.0.%d", r.bytes%200))
		b.Object.Codes[i] = b.Object.Dict.Code([]byte(r.object))
		b.Extra.Codes[i] = 0
		if r.bytes%5 == 0 {
			b.Extra.Codes[i] = b.Extra.Dict.Code(flowlog.AppendExtra(nil, "new-field", "x"))
		}
	}
	b.Extend(len(rows))
	return b
}

// writeRows writes a data file of rows that all start on day.
func writeRows(l *Lake, t *flowlog.Table, day time.Time, rows []row) (*File, error) {
	f, err := l.Create(t, day)
	if err != nil {
		return nil, err
	}
	b := batchOf(rows)
	w := columnar.NewWriter(f, l.Schema(t))
	for _, d := range columnar.Days(b) {
		if err := w.Write(b, d.Rows); err != nil {
			return nil, errors.Join(err, f.Remove())
		}
	}
	if err := w.Close(); err != nil {
		return nil, errors.Join(err, f.Remove())
	}
	f.Rows = w.Rows()
	return f, f.Close()
}

// object makes n rows of one object, all on one day.
func object(uri string, day time.Time, n int) []row {
	rows := make([]row, n)
	for i := range rows {
		rows[i] = row{start: day.Unix() + int64(i)%86400, object: uri, bytes: int64(i)}
	}
	return rows
}

// put commits one object of n rows.
func put(ctx context.Context, l *Lake, uri string, day time.Time, n int) error {
	f, err := writeRows(l, flowlog.VPC, day, object(uri, day, n))
	if err != nil {
		return err
	}
	return l.Commit(ctx, Commit{Table: flowlog.VPC, Files: []*File{f},
		Objects: []ObjectRecord{{URI: uri, Version: "1", Rows: int64(n)}}})
}

// content counts each row of a snapshot.
func content(ctx context.Context, l *Lake) (map[row]int, error) {
	s, err := l.Snapshot(ctx, flowlog.VPC)
	if err != nil {
		return nil, err
	}
	return contentOf(ctx, l, s)
}

func contentOf(ctx context.Context, l *Lake, s *Snapshot) (map[row]int, error) {
	rows := map[row]int{}
	b := flowlog.NewBatch(flowlog.VPC, 1<<12)
	for _, f := range s.Files {
		err := l.readFile(ctx, flowlog.VPC, f.Path, nil, func(r *columnar.Reader) error {
			for {
				_, err := r.Read(b, b.Limit())
				for i := range b.Len() {
					x := row{object: b.Object.Dict.String(b.Object.Codes[i])}
					if c := b.Column(flowlog.VPC.Field("bytes").Index()); c != nil {
						x.bytes = c.Int64[i]
					}
					if c := b.Column(flowlog.VPC.Field("start").Index()); c != nil && c.Int64[i] != flowlog.NullInt64 {
						x.start = c.Int64[i]
					}
					rows[x]++
				}
				b.Reset()
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return err
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// counted is the content that a lake with these rows has.
func counted(rows ...[]row) map[row]int {
	m := map[row]int{}
	for _, rs := range rows {
		for _, r := range rs {
			m[r]++
		}
	}
	return m
}

func open(t *testing.T, dir string, write bool) *Lake {
	t.Helper()
	l, err := Open(t.Context(), dir, Options{Write: write})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func snapshot(t *testing.T, l *Lake) *Snapshot {
	t.Helper()
	s, err := l.Snapshot(t.Context(), flowlog.VPC)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// verified fails the test if the lake does not add up.
func verified(t *testing.T, l *Lake) *Report {
	t.Helper()
	r, err := l.Verify(t.Context(), VerifyOptions{Deep: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Faults {
		t.Errorf("fault: %+v", f)
	}
	return r
}
