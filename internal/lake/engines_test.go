package lake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/flowlog"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"
)

// foreign is the table as another engine has it: through the catalog, without our ledger.
func foreign(t *testing.T, l *Lake) *table.Table {
	t.Helper()
	tbl, err := (&catalog{db: l.db, fs: l.fs}).LoadTable(t.Context(), ident(flowlog.VPC.Name))
	if err != nil {
		t.Fatal(err)
	}
	return tbl
}

// TestConflict has another engine commit between our look at the table and our commit, twice.
func TestConflict(t *testing.T) {
	l := open(t, t.TempDir(), true)
	if err := put(t.Context(), l, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	f, err := writeRows(l, flowlog.VPC, day0, object("b", day0, 5))
	if err != nil {
		t.Fatal(err)
	}
	tries := 0
	err = l.change(t.Context(), change{kind: kindIngest, table: recordsOf(flowlog.VPC), files: []*File{f}, rows: 5,
		objects: []ObjectRecord{{URI: "b", Version: "1", Table: "flows", Rows: 5}},
		stage: func(ctx context.Context, tx *table.Transaction, props iceberg.Properties, added []iceberg.DataFile) error {
			if tries++; tries <= 2 {
				g, err := writeRows(l, flowlog.VPC, day0, object(fmt.Sprint("foreign", tries), day0, 1))
				if err != nil {
					return err
				}
				g.name = dataPath(g)
				if err := l.fs.place(ctx, []*File{g}); err != nil {
					return err
				}
				other := foreign(t, l).NewTransaction()
				if err := other.AddFiles(ctx, []string{l.fs.name(g.path)}, nil, false); err != nil {
					return err
				}
				if _, err := other.Commit(ctx); err != nil {
					return err
				}
			}
			return tx.AddDataFiles(ctx, added, props, table.WithoutAutoNameMapping())
		}})
	if err != nil {
		t.Fatal(err)
	}
	if tries != 3 {
		t.Errorf("%d tries, want 3", tries)
	}
	got, err := content(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	want := counted(object("a", day0, 10), object("b", day0, 5), object("foreign1", day0, 1), object("foreign2", day0, 1))
	if d := cmp.Diff(want, got, cmp.AllowUnexported(row{})); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	r, err := l.Verify(t.Context(), VerifyOptions{})
	if err != nil || len(r.Orphans) != 0 || len(r.Faults) != 1 {
		t.Errorf("Verify = %+v, %v; want the foreign rows as its one fault", r, err)
	}
}

// TestDeletes refuses a table of which another engine deleted rows by writing which.
func TestDeletes(t *testing.T) {
	l := open(t, t.TempDir(), true)
	for _, uri := range []string{"a", "b"} {
		if err := put(t.Context(), l, uri, day0, 10); err != nil {
			t.Fatal(err)
		}
	}
	tx := foreign(t, l).NewTransaction()
	if err := tx.SetProperties(iceberg.Properties{table.WriteDeleteModeKey: table.WriteModeMergeOnRead}); err != nil {
		t.Fatal(err)
	}
	if err := tx.Delete(t.Context(), iceberg.EqualTo(iceberg.Reference("bytes"), int64(3)), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	var deletes *DeletesError
	if _, err := l.Snapshot(t.Context(), flowlog.VPC); !errors.As(err, &deletes) || !strings.HasSuffix(deletes.Path, ".parquet") {
		t.Errorf("Snapshot = %v, want a DeletesError with the file", err)
	}
	if _, err := l.Compact(t.Context(), CompactOptions{}); !errors.As(err, &deletes) {
		t.Errorf("Compact = %v, want a DeletesError", err)
	}
	r, err := l.Verify(t.Context(), VerifyOptions{})
	if err != nil || len(r.Faults) != 1 || r.Faults[0].Kind != "deletes" {
		t.Errorf("Verify = %+v, %v", r, err)
	}
	st, err := l.Status(t.Context())
	if err != nil || !strings.Contains(st.Tables[0].Problem, "optimize") || st.Objects != 2 {
		t.Errorf("Status = %+v, %v; want the problem of the one table in it", st, err)
	}
	// The ledger, and the other table, are as good as before; so is storing more.
	if err := put(t.Context(), l, "c", day0, 10); err != nil {
		t.Errorf("Commit to such a table: %v", err)
	}
	if _, err := l.Snapshot(t.Context(), flowlog.TransitGateway); err != nil {
		t.Errorf("the other table: %v", err)
	}
}

// TestForeignRows finds rows that another engine took away or brought.
func TestForeignRows(t *testing.T) {
	l := open(t, t.TempDir(), true)
	if err := put(t.Context(), l, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	tx := foreign(t, l).NewTransaction()
	if err := tx.Delete(t.Context(), iceberg.EqualTo(iceberg.Reference("bytes"), int64(3)), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := l.Verify(t.Context(), VerifyOptions{Deep: true})
	if err != nil {
		t.Fatal(err)
	}
	var where []string
	for _, f := range r.Faults {
		where = append(where, f.Kind+" "+f.Where)
	}
	if d := cmp.Diff([]string{"rows flows", "rows a"}, where); d != "" {
		t.Errorf("faults (-want +got):\n%s", d)
	}
}

// TestNewFields opens a lake that was made when AWS had fewer fields.
func TestNewFields(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, true)
	tx := foreign(t, l).NewTransaction()
	if err := tx.UpdateSchema(true, true).DeleteColumn([]string{"bytes"}).DeleteColumn([]string{"next_hop_vpc_id"}).Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := l.Schema(flowlog.VPC).IDs["bytes"]; ok {
		t.Fatal("the old lake has the new column")
	}
	if err := put(t.Context(), l, "old", day0, 3); err != nil {
		t.Fatal(err)
	}
	l.Close()
	old := open(t, dir, false) // a reader is content with what is there
	if got := snapshot(t, old).Rows(); got != 3 {
		t.Errorf("rows = %d, want 3", got)
	}
	old.Close()

	l = open(t, dir, true)
	ids := l.Schema(flowlog.VPC).IDs
	if len(ids) != len(flowlog.VPC.Fields)+5 || ids["bytes"] <= ids["extra.value"] {
		t.Errorf("ids after opening: %v", ids)
	}
	seen := map[int]string{}
	for name, id := range ids {
		if seen[id] != "" {
			t.Errorf("columns %s and %s have id %d", name, seen[id], id)
		}
		seen[id] = name
	}
	if err := put(t.Context(), l, "new", day0, 3); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		got, err := content(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		want := counted(object("new", day0, 3))
		for _, r := range object("old", day0, 3) {
			r.bytes = flowlog.NullInt64
			want[r]++
		}
		for r := range got { // a file without the column, read alone, has no NULLs to give
			if r.object == "old" && r.bytes == 0 {
				got[row{r.start, r.object, flowlog.NullInt64}] = got[r]
				delete(got, r)
			}
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(row{})); d != "" {
			t.Errorf("rows (-want +got):\n%s", d)
		}
		verified(t, l)
	}
	check()
	if _, err := l.Compact(t.Context(), CompactOptions{}); err != nil {
		t.Fatal(err)
	}
	check()
	// Ids are what ties files to columns: opening again must not change them.
	l.Close()
	l = open(t, dir, true)
	if d := cmp.Diff(ids, l.Schema(flowlog.VPC).IDs); d != "" {
		t.Errorf("ids changed (-before +after):\n%s", d)
	}
}

// TestUnknownColumns opens a lake of a newer weir.
func TestUnknownColumns(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, true)
	for _, uri := range []string{"a", "b"} {
		if err := put(t.Context(), l, uri, day0, 3); err != nil {
			t.Fatal(err)
		}
	}
	tx := foreign(t, l).NewTransaction()
	if err := tx.UpdateSchema(true, false).AddColumn([]string{"field_of_2031"}, iceberg.PrimitiveTypes.String, "", false, nil).Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.Close()
	l = open(t, dir, true)
	if err := put(t.Context(), l, "c", day0, 3); err != nil {
		t.Errorf("storing beside an unknown column: %v", err)
	}
	if _, err := l.Compact(t.Context(), CompactOptions{}); err == nil || !strings.Contains(err.Error(), "field_of_2031") {
		t.Errorf("Compact = %v, want it refused, with the column's name", err)
	}
	verified(t, l)
	if _, err := l.db.ExecContext(t.Context(), `UPDATE weir_meta SET value = '2' WHERE key = 'format'`); err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, write := range []bool{false, true} {
		if _, err := Open(t.Context(), dir, Options{Write: write}); err == nil || !strings.Contains(err.Error(), "newer weir") {
			t.Errorf("Open of a newer format, write %v: %v", write, err)
		}
	}
}

// TestReadersMeanwhile reads while commits, compactions and expiries go on. Each commit brings rowsEach rows, and so a
// reader must never see another number, nor a file that is gone.
func TestReadersMeanwhile(t *testing.T) {
	const rowsEach = 20
	dir := t.TempDir()
	w := open(t, dir, true)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		r := open(t, dir, false)
		readers.Go(func() {
			last := int64(0)
			for {
				s, err := r.Snapshot(context.Background(), flowlog.VPC)
				if err != nil {
					t.Errorf("Snapshot: %v", err)
					return
				}
				if n := s.Rows(); n < last || n%rowsEach != 0 {
					t.Errorf("reader saw %d rows after %d", n, last)
				} else {
					last = n
				}
				rows, err := contentOf(t.Context(), r, s)
				if err != nil {
					t.Errorf("read: %v", err)
					return
				}
				n := int64(0)
				for _, c := range rows {
					n += int64(c)
				}
				if n != s.Rows() {
					t.Errorf("reader read %d rows of %d", n, s.Rows())
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for i := range 12 {
		if err := put(t.Context(), w, fmt.Sprint("o", i), day0.AddDate(0, 0, i%2), rowsEach); err != nil {
			t.Fatal(err)
		}
		if i%4 == 3 {
			if _, err := w.Compact(t.Context(), CompactOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Expire(t.Context(), ExpireOptions{OlderThan: time.Minute}); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(stop)
	readers.Wait()
	verified(t, w)
}
