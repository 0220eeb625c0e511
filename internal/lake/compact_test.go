package lake

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"weir/flowlog"

	"github.com/google/go-cmp/cmp"
)

func TestCompact(t *testing.T) {
	l := open(t, t.TempDir(), true)
	var all [][]row
	for i := range 6 {
		uri, day := fmt.Sprint("o", i), day0.AddDate(0, 0, i%2)
		all = append(all, object(uri, day, 50))
		if err := put(t.Context(), l, uri, day, 50); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 { // rows without a start
		rows := []row{{object: fmt.Sprint("null", i), bytes: int64(i)}}
		f, err := writeRows(l, flowlog.VPC, time.Time{}, rows)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Commit(t.Context(), Commit{Table: flowlog.VPC, Files: []*File{f}, Objects: []ObjectRecord{{URI: rows[0].object, Version: "1", Rows: 1}}}); err != nil {
			t.Fatal(err)
		}
		all = append(all, rows)
	}
	before := snapshot(t, l)
	if len(before.Files) != 8 {
		t.Fatalf("%d files before, want 8", len(before.Files))
	}
	r, err := l.Compact(t.Context(), CompactOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Days != 3 || r.Commits != 3 || r.FilesBefore != 8 || r.FilesAfter != 3 || r.Rows != 302 {
		t.Errorf("Compact = %+v", r)
	}
	if s := snapshot(t, l); len(s.Files) != 3 {
		t.Errorf("%d files after, want 3", len(s.Files))
	}
	got, err := content(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(counted(all...), got, cmp.AllowUnexported(row{})); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	// The old snapshot is as readable as before.
	if old, err := contentOf(t.Context(), l, before); err != nil || !cmp.Equal(old, got) {
		t.Errorf("old snapshot: %v, %d rows", err, len(old))
	}
	verified(t, l)
	if r, err = l.Compact(t.Context(), CompactOptions{}); err != nil || r.Commits != 0 {
		t.Errorf("second Compact = %+v, %v, want nothing done", r, err)
	}

	// Expire frees the old files, and nothing else.
	e, err := l.Expire(t.Context(), ExpireOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Snapshots != 10 || countFiles(t, filepath.Join(l.Dir(), warehouse), ".parquet") != 3 {
		t.Errorf("Expire = %+v, %d data files left, want 10 snapshots gone and 3 files left", e, countFiles(t, filepath.Join(l.Dir(), warehouse), ".parquet"))
	}
	if again, err := content(t.Context(), l); err != nil || !cmp.Equal(again, got) {
		t.Errorf("after Expire: %v, %d rows", err, len(again))
	}
	if r := verified(t, l); len(r.Orphans) != 0 {
		t.Errorf("Expire left %v", r.Orphans)
	}
}

func TestCompactSplitsAtTarget(t *testing.T) {
	l := open(t, t.TempDir(), true)
	for i := range 6 {
		if err := put(t.Context(), l, fmt.Sprint("o", i), day0, 50); err != nil {
			t.Fatal(err)
		}
	}
	target := snapshot(t, l).Bytes() / 2
	r, err := l.Compact(t.Context(), CompactOptions{TargetBytes: target})
	if err != nil {
		t.Fatal(err)
	}
	if r.Commits != 2 {
		t.Errorf("Compact = %+v, want 2 groups", r)
	}
	if r, err = l.Compact(t.Context(), CompactOptions{TargetBytes: target, From: day0.AddDate(0, 0, 1)}); err != nil || r.Commits != 0 {
		t.Errorf("Compact from the next day on = %+v, %v", r, err)
	}
	verified(t, l)
}

func TestExpireKeepsWhatReadersMayUse(t *testing.T) {
	now := time.Now()
	l, err := Open(t.Context(), t.TempDir(), Options{Write: true, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := range 3 {
		if err := put(t.Context(), l, fmt.Sprint("o", i), day0, 5); err != nil {
			t.Fatal(err)
		}
	}
	old := snapshot(t, l)
	// The snapshot is 10 days old, but it was replaced only now.
	now = now.Add(10 * 24 * time.Hour)
	stamp := time.UnixMilli(now.UnixMilli())
	if _, err := l.Compact(t.Context(), CompactOptions{}); err != nil {
		t.Fatal(err)
	}
	now = stamp.Add(-10*24*time.Hour + time.Hour) // iceberg-go takes the time from the system
	r, err := l.Expire(t.Context(), ExpireOptions{OlderThan: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if r.Snapshots != 0 || r.FilesGone != 0 {
		t.Errorf("Expire = %+v, want nothing gone", r)
	}
	if _, err := contentOf(t.Context(), l, old); err != nil {
		t.Errorf("a reader of the old snapshot: %v", err)
	}
	now = now.Add(25 * time.Hour)
	if r, err = l.Expire(t.Context(), ExpireOptions{OlderThan: 24 * time.Hour, RetainLast: 2}); err != nil || r.Snapshots != 2 {
		t.Errorf("Expire of all but 2 = %+v, %v", r, err)
	}
	if r, err = l.Expire(t.Context(), ExpireOptions{OlderThan: 24 * time.Hour, DryRun: true}); err != nil || r.Snapshots != 1 {
		t.Errorf("dry run = %+v, %v", r, err)
	}
	if r, err = l.Expire(t.Context(), ExpireOptions{OlderThan: 24 * time.Hour}); err != nil || r.Snapshots != 1 || r.FilesGone < 3 {
		t.Errorf("Expire = %+v, %v, want a snapshot and its 3 files gone", r, err)
	}
	verified(t, l)
}

func TestDropDays(t *testing.T) {
	l := open(t, t.TempDir(), true)
	for i := range 4 {
		if err := put(t.Context(), l, fmt.Sprint("o", i), day0.AddDate(0, 0, i), 10); err != nil {
			t.Fatal(err)
		}
	}
	o := ExpireOptions{DropDaysBefore: day0.AddDate(0, 0, 2).Add(13 * time.Hour), DryRun: true}
	if r, err := l.Expire(t.Context(), o); err != nil || r.Days != 2 || r.Rows != 20 || snapshot(t, l).Rows() != 40 {
		t.Errorf("dry run = %+v, %v; %d rows", r, err, snapshot(t, l).Rows())
	}
	o.DryRun = false
	r, err := l.Expire(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Days != 2 || r.Rows != 20 || snapshot(t, l).Rows() != 20 {
		t.Errorf("Expire = %+v, %d rows left, want 20", r, snapshot(t, l).Rows())
	}
	if n := countFiles(t, filepath.Join(l.Dir(), warehouse), ".parquet"); n != 2 {
		t.Errorf("%d files left, want 2", n)
	}
	if _, err := os.Stat(filepath.Join(l.Dir(), warehouse, namespace, "flows", "data", dayFolder(day0))); !os.IsNotExist(err) {
		t.Errorf("folder of a dropped day: %v", err)
	}
	verified(t, l)
	states, err := l.Known(t.Context(), []ObjectID{{"o0", "1"}, {"o3", "1"}})
	if err != nil || states[0] != Known || states[1] != Known {
		t.Errorf("Known = %v, %v", states, err)
	}
}
