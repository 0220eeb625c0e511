package lake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"weir/flowlog"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestOpenNoLake(t *testing.T) {
	for _, dir := range []string{filepath.Join(t.TempDir(), "none"), t.TempDir()} {
		_, err := Open(t.Context(), dir, Options{})
		if !errors.Is(err, ErrNoLake) {
			t.Errorf("Open(%s) = %v, want ErrNoLake", dir, err)
		}
	}
	// A folder of something else is not made into a lake.
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, Options{Write: true}); !errors.Is(err, ErrNoLake) {
		t.Errorf("Open for writing of a folder with other files = %v, want ErrNoLake", err)
	}
}

func TestCommit(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, true)
	if s := snapshot(t, l); s.ID != 0 || len(s.Files) != 0 {
		t.Errorf("new table has snapshot %d with %d files", s.ID, len(s.Files))
	}
	f1, err := writeRows(l, flowlog.VPC, day0, object("a", day0, 10))
	if err != nil {
		t.Fatal(err)
	}
	day1 := day0.AddDate(0, 0, 1)
	f2, err := writeRows(l, flowlog.VPC, day1, object("a", day1, 5))
	if err != nil {
		t.Fatal(err)
	}
	f3, err := writeRows(l, flowlog.VPC, time.Time{}, []row{{object: "a"}, {object: "b"}})
	if err != nil {
		t.Fatal(err)
	}
	err = l.Commit(t.Context(), Commit{Table: flowlog.VPC, Files: []*File{f1, f2, f3}, Objects: []ObjectRecord{
		{URI: "a", Version: "1", Digest: "d", Rows: 16, Rejected: 1, Rejects: []Reject{{Line: 7, Field: "srcport", Token: "x", Reason: "not a number", Text: "2 x"}}},
		{URI: "b", Version: "1", Rows: 1},
	}})
	if err != nil {
		t.Fatal(err)
	}
	// Objects without rows make no snapshot.
	before := snapshot(t, l).ID
	if err := l.Commit(t.Context(), Commit{Table: flowlog.VPC, Objects: []ObjectRecord{{URI: "empty", Version: "1"}}}); err != nil {
		t.Fatal(err)
	}
	if got := snapshot(t, l).ID; got != before {
		t.Errorf("a commit without files made snapshot %d after %d", got, before)
	}
	r := open(t, dir, false)
	var days []string
	for _, f := range snapshot(t, r).Files {
		if st, err := os.Stat(f.Path); err != nil || st.Size() != f.Bytes {
			t.Errorf("stat %s: %v, %v; want size %d", f.Path, st, err, f.Bytes)
		}
		days = append(days, fmt.Sprint(f.Day.Format(time.DateOnly), " ", f.Rows, " ", f.MinStart.Unix()-f.Day.Unix(), " ", f.MaxStart.Unix()-f.Day.Unix(),
			" ", filepath.Base(filepath.Dir(f.Path))))
	}
	want := []string{"0001-01-01 2 0 0 start_day=null", "2026-11-20 10 0 9 start_day=2026-11-20", "2026-11-21 5 0 4 start_day=2026-11-21"}
	if d := cmp.Diff(want, days); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	states, err := r.Known(t.Context(), []ObjectID{{"a", "1"}, {"a", "2"}, {"b", "1"}, {"c", "1"}, {"empty", "1"}, {"\xff\x00", "1"}})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]State{Known, Changed, Known, New, Known, New}, states); d != "" {
		t.Errorf("Known (-want +got):\n%s", d)
	}
	for rej, err := range r.Rejects(t.Context(), "", 0) {
		if want := (Reject{URI: "a", Line: 7, Field: "srcport", Token: "x", Reason: "not a number", Text: "2 x"}); err != nil || rej != want {
			t.Errorf("Rejects = %+v, %v, want %+v", rej, err, want)
		}
	}
	s, err := r.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Objects != 3 || s.Rows != 17 || s.Rejected != 1 || s.Read != 18 || s.Tables[0].Rows != 17 || s.Tables[0].Files != 3 {
		t.Errorf("Status = %+v", s)
	}
}

func TestCommitTwice(t *testing.T) {
	l := open(t, t.TempDir(), true)
	if err := put(t.Context(), l, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), l, "a", day0, 10); err == nil {
		t.Error("the same object was committed twice")
	}
	if got := snapshot(t, l).Rows(); got != 10 {
		t.Errorf("rows = %d, want 10", got)
	}
	if n := countFiles(t, filepath.Join(l.Dir(), warehouse), ".parquet"); n != 1 {
		t.Errorf("%d data files lie in the lake, want 1", n)
	}
}

func countFiles(t *testing.T, dir, suffix string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == suffix {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// manyObjects stores n objects without rows, whose keys are as long as AWS's.
func manyObjects(t testing.TB, l *Lake, n int) []ObjectID {
	t.Helper()
	ids := make([]ObjectID, n)
	objects := make([]ObjectRecord, n)
	for i := range ids {
		ids[i] = ObjectID{fmt.Sprintf("s3://bucket/AWSLogs/123456789012/vpcflowlogs/eu-central-1/2026/11/20/123456789012_vpcflowlogs_eu-central-1_fl-0123456789abcdef0_20261120T0000Z_%08d.log.gz", i), "\"9e107d9d372bb6826bd81d3542a419d6\""}
		objects[i] = ObjectRecord{URI: ids[i].URI, Version: ids[i].Version}
	}
	if err := l.Commit(t.Context(), Commit{Table: flowlog.VPC, Objects: objects}); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestKnownIsFast(t *testing.T) {
	l := open(t, t.TempDir(), true)
	ids := manyObjects(t, l, 10000)
	start := cpuTime(t)
	states, err := l.Known(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	took := cpuTime(t) - start
	for i, s := range states {
		if s != Known {
			t.Fatalf("object %d is %v", i, s)
		}
	}
	t.Logf("%d objects in %v", len(ids), took)
	// Ten times what is promised, for slow machines and the race detector.
	if took > 2*time.Second {
		t.Errorf("looking up %d objects took %v", len(ids), took)
	}
}

// cpuTime is what this process has used of the processors: a measure that other load on the machine changes little.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
