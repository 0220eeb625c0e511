package lake

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"weir/flowlog"
)

// visits is a derived table as far as these tests care.
var visits = &Derived{Name: "visits", Doc: "For tests.", Columns: []Column{
	{Name: HourColumn, Type: TimeType}, {Name: "host", Type: "varchar"}, {Name: "n", Type: "bigint"}, {Name: "port", Type: "integer"},
	{Name: "inside", Type: "boolean"}, {Name: "share", Type: "double"}}}

type visit struct {
	Hour   time.Time `parquet:"hour,optional,timestamp(microsecond:utc)"`
	Host   string    `parquet:"host,optional"`
	N      int64     `parquet:"n,optional"`
	Port   int32     `parquet:"port,optional"`
	Inside bool      `parquet:"inside,optional"`
	Share  float64   `parquet:"share,optional"`
}

// withIDs is the schema of a visit with the field ids of a lake.
func withIDs(ids map[string]int) *parquet.Schema {
	g := parquet.Group{}
	for _, f := range parquet.SchemaOf(visit{}).Fields() {
		g[f.Name()] = parquet.FieldID(f, ids[f.Name()])
	}
	return parquet.NewSchema("visit", g)
}

// writeVisits writes a data file of n visits of an hour.
func writeVisits(ctx context.Context, l *Lake, hour time.Time, host string, n int) (*File, error) {
	ids, err := l.FieldIDs(ctx, visits)
	if err != nil {
		return nil, err
	}
	f, err := l.CreateDerived(visits, hour)
	if err != nil {
		return nil, err
	}
	w := parquet.NewGenericWriter[visit](f, withIDs(ids))
	for i := range n {
		if _, err := w.Write([]visit{{Hour: hour, Host: host, N: int64(i)}}); err != nil {
			return nil, err
		}
	}
	f.Rows = int64(n)
	return f, w.Close()
}

// replaceVisits makes n visits those of an hour.
func replaceVisits(ctx context.Context, l *Lake, hour time.Time, host string, n int) error {
	f, err := writeVisits(ctx, l, hour, host, n)
	if err != nil {
		return err
	}
	return l.Replace(ctx, Replace{Table: visits, Hours: []time.Time{hour}, Files: []*File{f}})
}

// For package lake_test.
var (
	Visits        = visits
	ReplaceVisits = replaceVisits
)

// visitsOf is what the table has: for each file its hour and the host of its rows.
func visitsOf(t *testing.T, l *Lake) []string {
	t.Helper()
	s, err := l.DerivedSnapshot(t.Context(), visits)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range s.Files {
		rows, err := parquet.ReadFile[visit](f.Path)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if !f.MinStart.Equal(r.Hour) || !f.MaxStart.Equal(r.Hour) || !f.Day.Equal(r.Hour.Truncate(24*time.Hour)) {
				t.Errorf("file of %v to %v, day %v, has a row of %v", f.MinStart, f.MaxStart, f.Day, r.Hour)
			}
		}
		all = append(all, fmt.Sprintf("%s %s %d", rows[0].Hour.UTC().Format("02T15"), rows[0].Host, len(rows)))
	}
	return all
}

func openDerived(t *testing.T, dir string, write bool) *Lake {
	t.Helper()
	l, err := Open(t.Context(), dir, Options{Write: write, Derived: []*Derived{visits}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	l := openDerived(t, dir, true)
	ctx := t.Context()
	if got := visitsOf(t, l); len(got) != 0 {
		t.Errorf("new table has %v", got)
	}
	hour := func(n int) time.Time { return day0.Add(time.Duration(n) * time.Hour) }
	for n := range 3 {
		if err := replaceVisits(ctx, l, hour(22+n), "a", 10+n); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want ...string) {
		t.Helper()
		if d := cmp.Diff(want, visitsOf(t, l)); d != "" {
			t.Errorf("visits (-want +got):\n%s", d)
		}
	}
	check("20T22 a 10", "20T23 a 11", "21T00 a 12")
	// One hour is made anew, of two files; one becomes empty; one stays.
	one, err := writeVisits(ctx, l, hour(23), "b", 1)
	if err != nil {
		t.Fatal(err)
	}
	two, err := writeVisits(ctx, l, hour(23), "b", 2)
	if err != nil {
		t.Fatal(err)
	}
	none, err := writeVisits(ctx, l, hour(22), "b", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Replace(ctx, Replace{Table: visits, Hours: []time.Time{hour(22), hour(23)}, Files: []*File{none, one, two}}); err != nil {
		t.Fatal(err)
	}
	got := visitsOf(t, l)
	slices.Sort(got)
	if d := cmp.Diff([]string{"20T23 b 1", "20T23 b 2", "21T00 a 12"}, got); d != "" {
		t.Errorf("visits (-want +got):\n%s", d)
	}
	s, err := l.DerivedSnapshot(ctx, visits)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.Between(hour(23), hour(24))); n != 2 {
		t.Errorf("%d files between 23:00 and 24:00, want 2", n)
	}
	// What has no rows and gets none is no change.
	if err := l.Replace(ctx, Replace{Table: visits, Hours: []time.Time{hour(1)}}); err != nil {
		t.Fatal(err)
	}
	if again, err := l.DerivedSnapshot(ctx, visits); err != nil || again.ID != s.ID {
		t.Errorf("nothing made a snapshot: %v", err)
	}
	if r := verified(t, l); len(r.Orphans) != 0 {
		t.Errorf("nothing needs %v", r.Orphans)
	}
	if _, err := l.Expire(ctx, ExpireOptions{}); err != nil {
		t.Fatal(err)
	}
	left := visitsOf(t, l)
	slices.Sort(left)
	if d := cmp.Diff(got, left); d != "" {
		t.Errorf("after expiry (-want +got):\n%s", d)
	}
	if n := countFiles(t, l.Dir()+"/warehouse/weir/visits", ".parquet"); n != 3 {
		t.Errorf("%d files of visits on the disk, want 3", n)
	}
	verified(t, l)
}

// TestReplaceRefuses files that are not what they must be, and leaves nothing of them.
func TestReplaceRefuses(t *testing.T) {
	l := openDerived(t, t.TempDir(), true)
	ctx := t.Context()
	if err := replaceVisits(ctx, l, day0, "a", 3); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(f *File){
		"rows":  func(f *File) { f.Rows++ },
		"none":  func(f *File) { f.Rows = 0 },
		"hour":  func(f *File) { f.Hour = f.Hour.Add(time.Hour) },
		"table": func(f *File) { f.of = recordsOf(flowlog.VPC) },
	} {
		f, err := writeVisits(ctx, l, day0, "b", 2)
		if err != nil {
			t.Fatal(err)
		}
		spoil(f)
		if err := l.Replace(ctx, Replace{Table: visits, Hours: []time.Time{day0, day0.Add(time.Hour)}, Files: []*File{f}}); err == nil {
			t.Errorf("%s: a file that lies was taken", name)
		}
	}
	// Without field ids engines would find nulls.
	f, err := l.CreateDerived(visits, day0)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[visit](f)
	if _, err := w.Write([]visit{{Hour: day0}}); err != nil {
		t.Fatal(err)
	}
	w.Close()
	f.Rows = 1
	if err := l.Replace(ctx, Replace{Table: visits, Hours: []time.Time{day0}, Files: []*File{f}}); err == nil {
		t.Error("a file without field ids was taken")
	}
	if d := cmp.Diff([]string{"20T00 a 3"}, visitsOf(t, l)); d != "" {
		t.Errorf("visits (-want +got):\n%s", d)
	}
	if n := countFiles(t, l.Dir(), ".parquet"); n != 1 {
		t.Errorf("%d files lie in the lake, want 1", n)
	}
	verified(t, l)
}

// TestNoDerived reads a lake that has no derived tables yet, and no ledger of hours.
func TestNoDerived(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, true)
	if err := put(t.Context(), w, "a", day0, 3*3600); err != nil { // a record a second
		t.Fatal(err)
	}
	for _, stmt := range []string{`DROP TABLE weir_hour`, `DELETE FROM weir_meta WHERE key = 'hours'`} {
		if _, err := w.db.ExecContext(t.Context(), stmt); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	want := []Hour{{day0, 1}, {day0.Add(time.Hour), 1}, {day0.Add(2 * time.Hour), 1}}
	check := func(l *Lake) {
		t.Helper()
		s, err := l.DerivedSnapshot(t.Context(), visits)
		if err != nil || s.ID != 0 || len(s.Between(day0, time.Time{})) != 0 {
			t.Errorf("snapshot %+v, %v", s, err)
		}
		hours, err := l.Stale(t.Context(), "x")
		if d := cmp.Diff(want, hours); err != nil || d != "" {
			t.Errorf("stale: %v %s", err, d)
		}
		if made, err := l.Made(t.Context()); err != nil || len(made) != 0 {
			t.Errorf("made: %v, %v", made, err)
		}
		verified(t, l)
		if _, err := l.Status(t.Context()); err != nil {
			t.Error(err)
		}
	}
	check(openDerived(t, dir, false))
	check(openDerived(t, dir, true)) // now it has them
	check(openDerived(t, dir, false))
}

// TestMovedDerived moves a lake with a derived table, and opens it for reading and then for writing.
func TestMovedDerived(t *testing.T) {
	from, to := t.TempDir()+"/from", t.TempDir()+"/to"
	l := openDerived(t, from, true)
	if err := replaceVisits(t.Context(), l, day0, "a", 3); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	for _, write := range []bool{false, true} {
		l := openDerived(t, to, write)
		if d := cmp.Diff([]string{"20T00 a 3"}, visitsOf(t, l)); d != "" {
			t.Errorf("visits (-want +got):\n%s", d)
		}
		verified(t, l)
		if !write {
			continue
		}
		tbl, err := l.table(t.Context(), visits.Name)
		if err != nil {
			t.Fatal(err)
		}
		if where := tbl.Location(); !strings.Contains(where, "/to/") {
			t.Errorf("other engines look for it at %s", where)
		}
	}
}
