package lake

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/flowlog"

	"github.com/google/go-cmp/cmp"
)

// listing is a snapshot's files with their paths relative to the lake.
func listing(t *testing.T, l *Lake) []string {
	t.Helper()
	var files []string
	for _, f := range snapshot(t, l).Files {
		rel, ok := under(l.Dir(), f.Path)
		if st, err := os.Stat(f.Path); !ok || err != nil || st.Size() != f.Bytes {
			t.Errorf("%s: in the lake %v, %v, want a file of %d bytes", f.Path, ok, err, f.Bytes)
		}
		files = append(files, fmt.Sprint(rel, f.Rows, f.Bytes, f.Day, f.MinStart, f.MaxStart))
	}
	return files
}

func TestMoved(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	from := filepath.Join(root, "old place %41 #1?")
	l := open(t, from, true)
	for i := range 4 {
		if err := put(t.Context(), l, fmt.Sprint("o", i), day0.AddDate(0, 0, i/2), 10); err != nil {
			t.Fatal(err)
		}
	}
	f, err := writeRows(l, flowlog.VPC, time.Time{}, []row{{object: "null"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(t.Context(), Commit{Table: flowlog.VPC, Files: []*File{f}, Objects: []ObjectRecord{{URI: "null", Version: "1", Rows: 1}}}); err != nil {
		t.Fatal(err)
	}
	want := listing(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(root, "new", "place")
	if err := os.Mkdir(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}

	before := tree(t, to)
	r := open(t, to, false)
	if d := cmp.Diff(want, listing(t, r)); d != "" {
		t.Errorf("moved lake, for reading (-old +new):\n%s", d)
	}
	r.Close()
	if d := cmp.Diff(before, tree(t, to)); d != "" {
		t.Errorf("opening for reading changed the lake (-before +after):\n%s", d)
	}

	w := open(t, to, true)
	if d := cmp.Diff(want, listing(t, w)); d != "" {
		t.Errorf("moved lake, for writing (-old +new):\n%s", d)
	}
	if err := put(t.Context(), w, "after", day0, 7); err != nil {
		t.Fatal(err)
	}
	if got := snapshot(t, w).Rows(); got != 48 {
		t.Errorf("rows = %d, want 48", got)
	}
	w.Close()
	// What another engine would follow has no path of the old place: without mapping everything is found.
	r = open(t, to, false)
	if from := r.fs.(*folder); from.from != from.to {
		t.Errorf("recorded folder is %s, want %s", from.from, from.to)
	}
	tbl, err := r.table(t.Context(), flowlog.VPC.Name)
	if err != nil {
		t.Fatal(err)
	}
	if loc := tbl.Location(); !strings.HasPrefix(loc, uri(to)+"/") {
		t.Errorf("location is %s", loc)
	}
	for _, s := range tbl.Metadata().Snapshots() {
		manifests, err := s.Manifests(r.fs)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range manifests {
			p, _ := local(m.FilePath())
			st, err := os.Stat(p)
			if err != nil {
				t.Fatal(err)
			}
			if st.Size() != m.Length() {
				t.Errorf("manifest %s has %d bytes, its list says %d", p, st.Size(), m.Length())
			}
			for e, err := range m.Entries(r.fs, false) {
				if err != nil {
					t.Fatal(err)
				}
				if !strings.HasPrefix(e.DataFile().FilePath(), uri(to)+"/") {
					t.Errorf("manifest %s names %s", p, e.DataFile().FilePath())
				}
			}
		}
	}
}

// TestCopied makes sure that a copy leaves its original alone.
func TestCopied(t *testing.T) {
	original := t.TempDir()
	l := open(t, original, true)
	if err := put(t.Context(), l, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	l.Close()
	before := tree(t, original)
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(original)); err != nil {
		t.Fatal(err)
	}
	c := open(t, dir, true)
	if err := put(t.Context(), c, "b", day0, 5); err != nil {
		t.Fatal(err)
	}
	if got := snapshot(t, c).Rows(); got != 15 {
		t.Errorf("copy has %d rows, want 15", got)
	}
	listing(t, c)
	if d := cmp.Diff(before, tree(t, original)); d != "" {
		t.Errorf("writing to the copy changed the original (-before +after):\n%s", d)
	}
}

// TestReadOnlyMedia opens a moved lake where nothing can be written.
func TestReadOnlyMedia(t *testing.T) {
	from := filepath.Join(t.TempDir(), "lake")
	l := open(t, from, true)
	if err := put(t.Context(), l, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	l.Close()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	out, err := child(t, "readonly", dir, asNobody).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("rows 10")) {
		t.Errorf("reading as a user who may not write: %v\n%s", err, out)
	}
}

// tree is what lies in a folder: path to size. SQLite's shared index comes and goes with readers.
func tree(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	m := map[string]int64{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if rel != catalogName+"-shm" && rel != catalogName+"-wal" {
			m[rel] = i.Size()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
