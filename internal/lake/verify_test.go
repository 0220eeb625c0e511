package lake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/flowlog"

	"github.com/google/go-cmp/cmp"
)

// TestVerifyFinds breaks a lake in one way after another, and wants the breakage named.
func TestVerifyFinds(t *testing.T) {
	exec := func(stmt string) func(t *testing.T, l *Lake) {
		return func(t *testing.T, l *Lake) {
			if _, err := l.db.ExecContext(t.Context(), stmt); err != nil {
				t.Fatal(err)
			}
		}
	}
	file := func(f func(path string) error) func(t *testing.T, l *Lake) {
		return func(t *testing.T, l *Lake) {
			if err := f(snapshot(t, l).Files[0].Path); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name   string
		break_ func(t *testing.T, l *Lake)
		deep   bool
		want   []string // kind and part of the reason
	}{
		{"nothing", func(*testing.T, *Lake) {}, true, nil},
		{"file is gone", file(os.Remove), false, []string{"file: no such file"}},
		{"file is cut", file(func(p string) error { return os.Truncate(p, 1000) }), false, []string{"file: file has 1000 bytes, the table says"}},
		{"file is something else", file(func(p string) error {
			st, err := os.Stat(p)
			if err != nil {
				return err
			}
			return os.WriteFile(p, []byte(strings.Repeat("x", int(st.Size()))), 0o644)
		}), false, []string{"file: read footer"}},
		{"object is forgotten", exec(`DELETE FROM weir_object WHERE uri = 'a'`), true,
			[]string{"ledger: commit's rows are not those of its objects", "rows: table has 30 rows; the ledger has 20", "rows: table flows has 10 rows of this object, which is not in the ledger"}},
		{"rows are swapped", exec(`UPDATE weir_object SET rows = CASE uri WHEN 'a' THEN 9 WHEN 'b' THEN 11 ELSE rows END`), true,
			[]string{"ledger: commit's rows", "ledger: commit's rows", "rows: table flows has 10 rows of this object, the ledger says 9", "rows: table flows has 10 rows of this object, the ledger says 11"}},
		{"too many rejects", exec(`INSERT INTO weir_reject SELECT id, 1, '', '', '', '' FROM weir_object WHERE uri = 'a'`), false, []string{"ledger: more rejected lines are kept than were counted"}},
		{"reject of nothing", exec(`INSERT INTO weir_reject VALUES (4711, 1, '', '', '', '')`), false, []string{"ledger: rejected line of an object that is not in the ledger"}},
		{"commit is not done", exec(`UPDATE weir_commit SET state = 'pending' WHERE id = (SELECT commit_id FROM weir_object WHERE uri = 'a')`), false, []string{"ledger: object of a commit that is not done"}},
		{"metadata is gone", func(t *testing.T, l *Lake) {
			loc, err := l.cat.pointer(t.Context(), "flows")
			if err != nil {
				t.Fatal(err)
			}
			if err := l.fs.Remove(loc); err != nil {
				t.Fatal(err)
			}
			clear(l.tables)
		}, false, []string{"catalog: read metadata of table flows", "catalog: find files|no such file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := open(t, t.TempDir(), true)
			for _, uri := range []string{"a", "b", "c"} {
				if err := put(t.Context(), l, uri, day0, 10); err != nil {
					t.Fatal(err)
				}
			}
			c.break_(t, l)
			r, err := l.Verify(t.Context(), VerifyOptions{Deep: c.deep})
			if err != nil {
				t.Fatal(err)
			}
			if r.OK() != (len(c.want) == 0) || len(r.Faults) != len(c.want) {
				t.Fatalf("faults: %+v, want %q", r.Faults, c.want)
			}
			for i, f := range r.Faults {
				kind, reason, _ := strings.Cut(c.want[i], ": ")
				one, other, _ := strings.Cut(reason, "|")
				if f.Kind != kind || !strings.Contains(f.Reason, one) && (other == "" || !strings.Contains(f.Reason, other)) {
					t.Errorf("fault %d: %+v, want %q", i, f, c.want[i])
				}
				if kind == "file" && !strings.HasPrefix(f.Where, l.Dir()) {
					t.Errorf("fault %d does not name the file: %+v", i, f)
				}
			}
		})
	}
}

// TestOpenBrokenCatalog must say what is wrong, and not make a new lake in its place.
func TestOpenBrokenCatalog(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "text": strings.Repeat("not a database ", 500)} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, catalogName), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), dir, Options{}); err == nil || errors.Is(err, ErrNoLake) {
			t.Errorf("Open of a lake whose catalog is %s: %v", name, err)
		}
	}
}

// TestOpenForeignDatabase must not write into what another program made.
func TestOpenForeignDatabase(t *testing.T) {
	dir := t.TempDir()
	db, err := openSQLite(t.Context(), filepath.Join(dir, catalogName), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE iceberg_tables (x)`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := Open(t.Context(), dir, Options{Write: true}); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("Open = %v, want it refused", err)
	}
}

// TestHostileKeys stores keys that are no text.
func TestHostileKeys(t *testing.T) {
	l := open(t, t.TempDir(), true)
	var ids []ObjectID
	c := Commit{Table: flowlog.VPC}
	for i, uri := range []string{"\xff\xfe", "a\x00b", "a\x00c", "'; DROP TABLE weir_object; --", "\u202e", "%", "", strings.Repeat("x", 5000)} {
		id := ObjectID{uri, fmt.Sprint("\x00", i)}
		ids = append(ids, id)
		f, err := writeRows(l, flowlog.VPC, day0, object(uri, day0, 2))
		if err != nil {
			t.Fatal(err)
		}
		c.Files = append(c.Files, f)
		c.Objects = append(c.Objects, ObjectRecord{URI: uri, Version: id.Version, Rows: 2, Rejected: 1, Rejects: []Reject{{Text: uri}}})
	}
	if err := l.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	states, err := l.Known(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range states {
		if s != Known {
			t.Errorf("%q is %v", ids[i].URI, s)
		}
	}
	i := 0
	for r, err := range l.Rejects(t.Context(), "", 0) {
		if err != nil {
			t.Fatal(err)
		}
		if r.URI != ids[i].URI || r.Text != ids[i].URI {
			t.Errorf("reject %d is of %q, with text %q, want %q", i, r.URI, r.Text, ids[i].URI)
		}
		i++
	}
	verified(t, l)
}

func TestRepair(t *testing.T) {
	now := time.Now()
	l, err := Open(t.Context(), t.TempDir(), Options{Write: true, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := put(t.Context(), l, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(l.Dir(), warehouse, namespace, "flows", "data")
	for _, name := range []string{"start_day=2026-01-01/lost.parquet", "start_day=2026-11-20/lost.parquet", "start_day=2026-11-20/notes.txt"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(data, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, name), make([]byte, 100), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	find := func(o VerifyOptions) (names []string) {
		t.Helper()
		r, err := l.Verify(t.Context(), o)
		if err != nil || !r.OK() {
			t.Fatalf("Verify: %v, %+v", err, r)
		}
		for _, o := range r.Orphans {
			names = append(names, fmt.Sprint(filepath.Base(filepath.Dir(o.Path)), " ", o.Removed))
		}
		return names
	}
	if got := find(VerifyOptions{Repair: true, Grace: time.Hour}); got != nil {
		t.Errorf("young files: %q", got)
	}
	now = now.Add(2 * time.Hour)
	if d := cmp.Diff([]string{"start_day=2026-01-01 false", "start_day=2026-11-20 false"}, find(VerifyOptions{Grace: time.Hour})); d != "" {
		t.Errorf("without repair (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"start_day=2026-01-01 true", "start_day=2026-11-20 true"}, find(VerifyOptions{Grace: time.Hour, Repair: true})); d != "" {
		t.Errorf("repair (-want +got):\n%s", d)
	}
	if got := find(VerifyOptions{}); got != nil {
		t.Errorf("after repair: %q", got)
	}
	if _, err := os.Stat(filepath.Join(data, "start_day=2026-11-20/notes.txt")); err != nil {
		t.Errorf("a file that weir does not write is gone: %v", err)
	}
}

func TestFailures(t *testing.T) {
	l := open(t, t.TempDir(), true)
	for range 2 {
		if err := l.RecordFailure(t.Context(), ObjectID{"a", "1"}, errors.New("access denied")); err != nil {
			t.Fatal(err)
		}
	}
	list := func() (out []string) {
		t.Helper()
		for f, err := range l.Failures(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprint(f.URI, " ", f.Error, " ", f.Attempts))
		}
		return out
	}
	if d := cmp.Diff([]string{"a access denied 2"}, list()); d != "" {
		t.Errorf("failures (-want +got):\n%s", d)
	}
	if states, err := l.Known(t.Context(), []ObjectID{{"a", "1"}}); err != nil || states[0] != New {
		t.Errorf("a failed object is %v, %v; it must be tried again", states, err)
	}
	if err := put(t.Context(), l, "a", day0, 1); err != nil {
		t.Fatal(err)
	}
	if got := list(); got != nil {
		t.Errorf("failures after it was stored: %q", got)
	}
	if err := l.SetVersion(t.Context(), ObjectID{"a", "1"}, "2"); err != nil {
		t.Fatal(err)
	}
	if states, err := l.Known(t.Context(), []ObjectID{{"a", "1"}, {"a", "2"}}); err != nil || states[0] != Changed || states[1] != Known {
		t.Errorf("after SetVersion: %v, %v", states, err)
	}
	if err := l.SetVersion(t.Context(), ObjectID{"a", "1"}, "3"); err == nil {
		t.Error("SetVersion of a version that is not there succeeded")
	}
	recs, err := l.Recorded(t.Context(), "a")
	if err != nil || len(recs) != 1 || recs[0].Version != "2" || recs[0].Rows != 1 {
		t.Errorf("Recorded = %+v, %v", recs, err)
	}
	n := 0
	for _, err := range l.Objects(t.Context(), ObjectFilter{Prefix: "a", Table: "flows", Since: time.Unix(0, 0), Until: time.Now().Add(time.Hour), Limit: 5}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("Objects found %d", n)
	}
}

// TestReadersCannotWrite tries every method that changes a lake.
func TestReadersCannotWrite(t *testing.T) {
	dir := t.TempDir()
	if err := put(t.Context(), open(t, dir, true), "a", day0, 1); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, false)
	_, create := l.Create(flowlog.VPC, day0)
	_, compact := l.Compact(t.Context(), CompactOptions{})
	_, expire := l.Expire(t.Context(), ExpireOptions{})
	_, repair := l.Verify(t.Context(), VerifyOptions{Repair: true})
	for i, err := range []error{create, compact, expire, repair, l.Commit(t.Context(), Commit{Table: flowlog.VPC}),
		l.SetVersion(t.Context(), ObjectID{"a", "1"}, "2"), l.RecordFailure(t.Context(), ObjectID{"b", "1"}, errors.New("x"))} {
		if !errors.Is(err, errReadOnly) {
			t.Errorf("method %d: %v, want errReadOnly", i, err)
		}
	}
	if _, err := l.db.ExecContext(t.Context(), `DELETE FROM weir_object`); err == nil {
		t.Error("the ledger of a reader can be changed")
	}
}
