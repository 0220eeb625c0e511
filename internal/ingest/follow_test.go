package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"weir/internal/source"
	"weir/internal/source/dir"
)

// afterList is a source that does something between the listing and the first reading.
type afterList struct {
	source.Source
	then func()
}

func (a afterList) List(ctx context.Context, w source.Window) iter.Seq2[source.Object, error] {
	return func(yield func(source.Object, error) bool) {
		type item struct {
			o   source.Object
			err error
		}
		var all []item
		for o, err := range a.Source.List(ctx, w) {
			all = append(all, item{o, err})
		}
		a.then()
		for _, i := range all {
			if !yield(i.o, i.err) {
				return
			}
		}
	}
}

func (a afterList) Open(ctx context.Context, o source.Object) (io.ReadCloser, error) {
	return a.Source.Open(ctx, o)
}

// TestFollow: a folder that grows is followed; a file that is still being written is left alone; one that cannot be
// read is told of once.
func TestFollow(t *testing.T) {
	l := openLake(t, t.TempDir())
	folder := t.TempDir()
	src, err := dir.New(folder)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	want := rows{}
	write := func(name, s string, age time.Duration) string {
		t.Helper()
		p := filepath.Join(folder, name)
		if err := os.WriteFile(p, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
		return p
	}
	want.add(write("0.log", text(0, 10, day0), time.Hour), text(0, 10, day0))
	bad := write("bad.log", "no flow log\n", time.Hour)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var told problems
	var stored []int64
	round := 0
	c := Config{Lake: l, Sources: []source.Source{src}, Workers: 2, Follow: true, Interval: 17 * time.Second, Now: func() time.Time { return now }}
	told.on(&c)
	c.Progress = func(s Summary) {}
	c.Wait = func(ctx context.Context, d time.Duration) error {
		if d != 17*time.Second {
			t.Errorf("waits %v", d)
		}
		snap, err := lakeRows(ctx, l)
		if err != nil {
			t.Error(err)
		}
		stored = append(stored, snap.len())
		now = now.Add(d)
		switch round++; round {
		case 1:
			want.add(write("1.log", text(1, 5, day0), time.Minute), text(1, 5, day0))
			write("2.log", text(2, 1, day0), time.Second) // somebody writes it
		case 2:
			want.add(write("2.log", text(2, 7, day0), time.Minute), text(2, 7, day0))
		case 4:
			cancel()
			return ctx.Err()
		}
		return nil
	}
	s, err := Run(ctx, c)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := fmt.Sprint(stored); got != "[10 15 22 22]" {
		t.Errorf("rows after each listing: %s", got)
	}
	if s.Objects != 3 || s.Stored != 22 || s.Failed != 1 || s.Known != 0 || s.Listed != 4 {
		t.Errorf("summary: %+v", s)
	}
	if len(told) != 1 || told[0].URI != bad {
		t.Errorf("told: %v", told)
	}
	checkLake(t, l, want)
}
