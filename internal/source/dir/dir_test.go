package dir

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/internal/source"
	"weir/internal/source/sourcetest"
)

type place struct{ root string }

func (p place) URI(key string) string { return filepath.Join(p.root, filepath.FromSlash(key)) }

func (p place) Put(t testing.TB, key string, content []byte) {
	t.Helper()
	path := p.URI(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func (p place) Remove(t testing.TB, key string) {
	t.Helper()
	if err := os.Remove(p.URI(key)); err != nil {
		t.Fatal(err)
	}
}

func (p place) Source(t *testing.T) source.Source { return open(t, p.root) }

func open(t *testing.T, path string) *Source {
	t.Helper()
	s, err := New(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestContract(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place { return place{t.TempDir()} })
}

// list gives URIs and errors, without the folder's name.
func list(t *testing.T, s *Source, root string, w source.Window) []string {
	t.Helper()
	got := []string{}
	for o, err := range s.List(t.Context(), w) {
		text := o.URI
		if err != nil {
			text = "error " + err.Error()
		}
		got = append(got, strings.ReplaceAll(text, root+"/", ""))
	}
	return got
}

func TestFile(t *testing.T) {
	p := place{t.TempDir()}
	p.Put(t, "_hidden.log", []byte("flow"))
	p.Put(t, "other.log", []byte("flow"))
	t.Chdir(p.root)
	if diff := cmp.Diff([]string{"_hidden.log"}, list(t, open(t, "_hidden.log"), p.root, source.Window{})); diff != "" {
		t.Errorf("a file that is named, by its absolute path (-want +got):\n%s", diff)
	}
	late := source.Window{Start: time.Now().Add(time.Hour)}
	if got := list(t, open(t, "other.log"), p.root, late); len(got) > 0 {
		t.Errorf("outside the window: %v", got)
	}
}

func TestMissing(t *testing.T) {
	p := place{t.TempDir()}
	n := 0
	for _, err := range open(t, p.URI("none")).List(t.Context(), source.Window{}) {
		n++
		var oe *source.ObjectError
		if !errors.Is(err, os.ErrNotExist) || errors.As(err, &oe) || !strings.Contains(err.Error(), p.URI("none")) {
			t.Errorf("got %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d results", n)
	}
	if _, err := New(""); err == nil {
		t.Error("a path of nothing is accepted")
	}
}

func TestLinks(t *testing.T) {
	p, out := place{t.TempDir()}, place{t.TempDir()}
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, p.URI(name)); err != nil {
			t.Fatal(err)
		}
	}
	p.Put(t, "2026/11/20/a.log", []byte("flow"))
	out.Put(t, "b.log", []byte("flow"))
	out.Put(t, "c.log", []byte("flow"))
	out.Put(t, "more/2026/11/21/d.log", []byte("flow"))
	if err := os.Symlink(p.root, out.URI("more/back")); err != nil {
		t.Fatal(err)
	}
	link(out.URI("b.log"), "b.log")           // followed
	link(out.URI("b.log"), "b2.log")          // the same again
	link(p.URI("2026/11/20/a.log"), "latest") // listed anyway
	link(p.root, "loop")
	link(filepath.Dir(p.root), "up")
	link(out.URI("more"), "more") // followed, but not back
	link(out.URI("more/2026"), "more2")
	link("self", "self")
	link(out.URI("none"), "dangling")

	s := open(t, p.root)
	want := []string{
		"2026/11/20/a.log",
		"b.log",
		"error dangling: no longer there: no such file or directory",
		"error self: EvalSymlinks: too many links",
		"more/2026/11/21/d.log",
	}
	if diff := cmp.Diff(want, sorted(list(t, s, p.root, source.Window{}))); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if got := s.Skipped()[source.SkipLink]; got != 6 {
		t.Errorf("%d links skipped, want 6: %v", got, s.Skipped())
	}
	// Through a link to the folder itself everything is as in it.
	if got := list(t, open(t, p.URI("loop")), p.URI("loop"), source.Window{}); len(got) != 5 {
		t.Errorf("through a link: %v", got)
	}
}

func sorted(s []string) []string { slices.Sort(s); return s }

// Folders outside the window are not read: here that would be an error each.
func TestWindowLeavesFoldersAlone(t *testing.T) {
	if os.Getuid() == 0 {
		// Root may read anything, so a link in a circle stands in for a folder without permission.
		t.Log("as root: circles instead of permissions")
	}
	p := place{t.TempDir()}
	plain := "AWSLogs/111122223333/vpcflowlogs/us-east-1/"
	hive := "AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=us-east-1/"
	trap := func(folder string) {
		t.Helper()
		p.Put(t, folder+"/a.log", []byte("flow"))
		if err := os.Symlink("trap", p.URI(folder+"/trap")); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{
		plain + "2025", plain + "2026/10", hive + "year=2025", hive + "year=2026/month=10",
		plain + "2025/11/20", plain + "2026/10/20", plain + "2026/11/19",
		hive + "year=2025/month=11/day=20", hive + "year=2026/month=10/day=20", hive + "year=2026/month=11/day=19",
		"copy/2026/11/19",
	} {
		trap(f)
	}
	p.Put(t, plain+"2026/11/20/a.log", []byte("flow"))
	p.Put(t, hive+"year=2026/month=11/day=20/a.log", []byte("flow"))
	p.Put(t, "copy/2026/11/20/a.log", []byte("flow"))
	want := []string{
		plain + "2026/11/20/a.log", hive + "year=2026/month=11/day=20/a.log", "copy/2026/11/20/a.log",
	}
	s := open(t, p.root)
	w := source.Window{Start: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, list(t, s, p.root, w)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if got := list(t, s, p.root, source.Window{}); len(got) != 3+11+11 {
		t.Errorf("without a window the traps are met, got %d: %v", len(got), got)
	}
}

func TestDeepRoot(t *testing.T) {
	p := place{t.TempDir()}
	day := "AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/11/20/"
	p.Put(t, day+"13/a.log", []byte("flow"))
	p.Put(t, "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/20/a.json", []byte("{}"))
	p.Put(t, "_old/a.log", []byte("flow"))
	for _, c := range []struct{ root, want string }{
		{day, "13/a.log"},
		{day + "13", "a.log"},
		{"AWSLogs/111122223333/vpcflowlogs/us-east-1/2026", "11/20/13/a.log"},
		{"AWSLogs/111122223333/CloudTrail", "us-east-1/2026/11/20/a.json"}, // asked for by name
		{"_old", "a.log"},
	} {
		root := p.URI(c.root)
		if diff := cmp.Diff([]string{c.want}, list(t, open(t, root), root, source.Window{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.root, diff)
		}
	}
	if got := list(t, open(t, p.URI(day)), p.root, source.Window{End: time.Date(2026, 11, 20, 13, 0, 0, 0, time.UTC)}); len(got) > 0 {
		t.Errorf("before the hour: %v", got)
	}
}

func TestPipe(t *testing.T) {
	p := place{t.TempDir()}
	if err := syscall.Mkfifo(p.URI("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, p.root)
	if got := list(t, s, p.root, source.Window{}); len(got) > 0 || s.Skipped()[source.SkipIrregular] != 1 {
		t.Errorf("in a folder: %v, skipped %v", got, s.Skipped())
	}
	s = open(t, p.URI("pipe"))
	go os.WriteFile(p.URI("pipe"), []byte("flow"), 0)
	for o, err := range s.List(t.Context(), source.Window{Start: time.Now().Add(time.Hour)}) {
		if err != nil || o.Size != -1 {
			t.Fatalf("got %+v, %v", o, err)
		}
		r, err := s.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if got, err := io.ReadAll(r); err != nil || string(got) != "flow" {
			t.Errorf("got %q, %v", got, err)
		}
		if _, ok := r.(io.ReaderAt); ok {
			t.Error("a pipe claims to be read at any place")
		}
		return
	}
	t.Error("a pipe that is named is not listed")
}

// A file that is written to while it is read is no version that anybody listed.
func TestChangedMeanwhile(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"longer": func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString("more")
			return err
		},
		"shorter": func(path string) error { return os.Truncate(path, 3) },
		"touched": func(path string) error { return os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)) },
	} {
		p := place{t.TempDir()}
		p.Put(t, "a.log", []byte("content"))
		s := open(t, p.root)
		for o := range s.List(t.Context(), source.Window{}) {
			r, err := s.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if err := change(o.URI); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if !errors.Is(err, source.ErrChanged) || !strings.HasPrefix("content", string(got)) {
				t.Errorf("%s: got %q, %v", name, got, err)
			}
		}
	}
}

func TestReaderAt(t *testing.T) {
	p := place{t.TempDir()}
	p.Put(t, "a.log", []byte("content"))
	s := open(t, p.root)
	for o := range s.List(t.Context(), source.Window{}) {
		r, err := s.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		b := make([]byte, 4)
		if _, err := r.(io.ReaderAt).ReadAt(b, 3); err != nil || string(b) != "tent" {
			t.Errorf("got %q, %v", b, err)
		}
	}
}

func TestControlCharacters(t *testing.T) {
	p := place{t.TempDir()}
	const key = "x\x1b[31mred\nline\xff.log"
	p.Put(t, key, []byte("flow"))
	s := open(t, p.root)
	for o, err := range s.List(t.Context(), source.Window{}) {
		if err != nil || o.URI != p.URI(key) {
			t.Errorf("got %q, %v", o.URI, err)
		}
		p.Remove(t, key)
		if _, err := s.Open(t.Context(), o); err == nil || err.Error() != p.root+`/x\x1b[31mred\nline\xff.log: no longer there: no such file or directory` {
			t.Errorf("error text: %v", err)
		}
	}
}

// A lake below the source holds what was read from it: to list its files would store every record again.
func TestLakeIsNotASource(t *testing.T) {
	p := place{t.TempDir()}
	p.Put(t, "a.log", []byte("flow"))
	p.Put(t, "lake/catalog.db", []byte("sqlite"))
	p.Put(t, "lake/warehouse/weir/flows/data/start_day=2026-11-01/x.parquet", []byte("rows"))
	p.Put(t, "other/warehouse/b.log", []byte("flow")) // no lake
	s := open(t, p.root)
	if diff := cmp.Diff(list(t, s, p.root, source.Window{}), []string{"a.log", "other/warehouse/b.log"}); diff != "" {
		t.Errorf("listed (-) and wanted (+):\n%s", diff)
	}
	if diff := cmp.Diff(s.Skipped(), map[string]int{source.SkipLake: 1}); diff != "" {
		t.Errorf("passed over (-) and wanted (+):\n%s", diff)
	}
}
