package enginetest

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/engine"
	"weir/internal/lake"
)

// Opener opens a lake: one in a folder, or one that several machines share.
type Opener func(context.Context, lake.Options) (*lake.Lake, error)

// Folder opens the lake in a folder.
func Folder(dir string) Opener {
	return func(ctx context.Context, o lake.Options) (*lake.Lake, error) { return lake.Open(ctx, dir, o) }
}

// Lake makes a lake with rows of each table, as weir writes one: so that several engines can be asked about the same
// files. Rows of one source_object are one object.
func Lake(t testing.TB, open Opener, rows map[*flowlog.Table][]Row) {
	t.Helper()
	l, err := open(t.Context(), lake.Options{Write: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range flowlog.Tables {
		objects := map[string][]Row{}
		var order []string
		for _, r := range rows[table] {
			name := r["source_object"]
			if objects[name] == nil {
				order = append(order, name)
			}
			objects[name] = append(objects[name], r)
		}
		for _, name := range order {
			commit(t, l, table, name, logText(t, table, objects[name]))
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// LakeText adds an object of AWS's text to a lake, which it makes if need be.
func LakeText(t testing.TB, open Opener, table *flowlog.Table, object, text string) {
	t.Helper()
	l, err := open(t.Context(), lake.Options{Write: true})
	if err != nil {
		t.Fatal(err)
	}
	commit(t, l, table, object, text)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func commit(t testing.TB, l *lake.Lake, table *flowlog.Table, object, text string) {
	t.Helper()
	n := strings.Count(text, "\n") - 1 // less the names
	b := flowlog.NewBatch(table, n+1)
	r := flowlog.NewReader(strings.NewReader(text), flowlog.ReaderOptions{
		Object: object, Reject: func(e *flowlog.LineError) { t.Fatal(e) },
	})
	for {
		_, err := r.Read(b)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if b.Len() != n {
		t.Fatalf("object %s has %d records, want %d", object, b.Len(), n)
	}
	c := lake.Commit{Table: table, Objects: []lake.ObjectRecord{{URI: object, Version: "1", Rows: int64(n)}}}
	for _, day := range columnar.Days(b) {
		f, err := l.Create(table, day.Day)
		if err != nil {
			t.Fatal(err)
		}
		w := columnar.NewWriter(f, l.Schema(table))
		if err := w.Write(b, day.Rows, day.Cuts...); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f.Rows = w.Rows()
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		c.Files = append(c.Files, f)
	}
	if err := l.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// logText writes rows as AWS would: a line of names, a line for each.
func logText(t testing.TB, table *flowlog.Table, rows []Row) string {
	t.Helper()
	var names []string
	for _, r := range rows {
		for name := range r {
			if name != "source_object" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	var b bytes.Buffer
	for i, name := range names {
		if i > 0 {
			b.WriteByte(' ')
		}
		if f := table.Column(name); f != nil {
			name = f.Name
		}
		b.WriteString(name) // of no field: it goes to extra
	}
	b.WriteByte('\n')
	for _, r := range rows {
		for i, name := range names {
			if i > 0 {
				b.WriteByte(' ')
			}
			v := r[name]
			if v == "" {
				v = "-"
			}
			if strings.ContainsAny(v, " \n") {
				t.Fatalf("value %q of %s has a blank", v, name)
			}
			b.WriteString(v)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// LakeTables are the tables of a lake, for the engine that reads their files.
func LakeTables(t testing.TB, open Opener) []engine.Table {
	t.Helper()
	l, err := open(t.Context(), lake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cache := lake.Cache{Dir: t.TempDir()}
	var out []engine.Table
	for _, table := range flowlog.Tables {
		s, err := l.Snapshot(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		f, err := l.Fetch(t.Context(), s.Files, nil, cache)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		out = append(out, engine.Table{Name: table.Name, Columns: engine.Columns(table), Files: f.Paths})
	}
	return out
}
