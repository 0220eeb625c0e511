package lake

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"weir/flowlog"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/go-cmp/cmp"
)

// fakeTables is a catalog outside of the ledger's database: a folder with a file for each table. Its hook is called
// before a pointer moves, and may do what it likes with the move.
type fakeTables struct {
	dir string

	mu   *sync.Mutex
	hook func(ctx context.Context, move func() error) error
	seen func() // called when a pointer is read
}

func newFakeTables(dir string) *fakeTables { return &fakeTables{dir: dir, mu: new(sync.Mutex)} }

func (f *fakeTables) file(name string) string { return filepath.Join(f.dir, name+".pointer") }

func (f *fakeTables) Pointer(_ context.Context, name string) (string, error) {
	if f.seen != nil {
		f.seen()
	}
	text, err := os.ReadFile(f.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: %s", ErrNoTable, name)
	}
	return string(text), err
}

func (f *fakeTables) Create(_ context.Context, name, location string, _ table.Metadata) error {
	return f.set(name, "", location)
}

func (f *fakeTables) Move(ctx context.Context, name, from, to string, _ table.Metadata) error {
	move := func() error { return f.set(name, from, to) }
	if f.hook == nil {
		return move()
	}
	return f.hook(ctx, move)
}

func (f *fakeTables) set(name, from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := os.ReadFile(f.file(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if string(now) != from {
		return fmt.Errorf("%w: pointer is at %s", table.ErrCommitFailed, now)
	}
	if err := os.WriteFile(f.file(name)+".new", []byte(to), 0o644); err != nil {
		return err
	}
	return os.Rename(f.file(name)+".new", f.file(name))
}

// once has the hook called for the next move only.
func (f *fakeTables) once(hook func(ctx context.Context, move func() error) error) {
	f.hook = func(ctx context.Context, move func() error) error {
		f.hook = nil
		return hook(ctx, move)
	}
}

// external is where the parts of a lake lie whose catalog is not in the ledger's database.
type external struct{ root string }

func (e external) lake() string   { return filepath.Join(e.root, "lake") }
func (e external) ledger() string { return filepath.Join(e.root, "ledger.db") }

func (e external) tables() *fakeTables { return newFakeTables(e.root) }

func (e external) open(ctx context.Context, tables Tables) (*Lake, error) {
	db, err := FileDatabase(ctx, e.ledger(), true)
	if err != nil {
		return nil, err
	}
	return Open(ctx, e.lake(), Options{Write: true, Database: db, Tables: tables, Derived: []*Derived{visits}})
}

func (e external) writer(t *testing.T, tables Tables) *Lake {
	t.Helper()
	l, err := e.open(t.Context(), tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// pass lets as much time pass as a dead writer keeps others out.
func (e external) pass(t *testing.T) {
	t.Helper()
	db, err := FileDatabase(t.Context(), e.ledger(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer db.DB.Close()
	if _, err := db.DB.ExecContext(t.Context(), `UPDATE weir_lease SET expires = 0`); err != nil {
		t.Fatal(err)
	}
}

// check fails the test if the lake has not exactly these rows, or does not add up.
func (e external) check(t *testing.T, l *Lake, rows ...[]row) {
	t.Helper()
	got, err := content(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(counted(rows...), got, cmp.AllowUnexported(row{})); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	r := verified(t, l)
	if r.Pending != 0 || int(r.Objects) != len(rows) {
		t.Errorf("%d objects and %d pending commits, want %d and 0", r.Objects, r.Pending, len(rows))
	}
	for _, o := range r.Orphans {
		if strings.HasSuffix(o.Path, ".parquet") {
			t.Errorf("data file %s is left over", o.Path)
		}
	}
	// All these tests' objects are of one hour.
	var marks int
	if err := l.db.QueryRowContext(t.Context(), "SELECT coalesce(sum(mark), 0) FROM weir_hour").Scan(&marks); err != nil || marks != len(rows) {
		t.Errorf("the hour was marked %d times, %v; want once for each of %d objects", marks, err, len(rows))
	}
	for _, noted := range []string{"weir_commit_file", "weir_commit_object", "weir_commit_hour"} {
		var n int
		if err := l.db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+noted).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s has %d rows, %v", noted, n, err)
		}
	}
}

// dieExternal commits an object, and is killed on the way at the step in the environment.
func dieExternal(ctx context.Context, root string) error {
	e := external{root}
	tables := e.tables()
	l, err := e.open(ctx, tables)
	if err != nil {
		return err
	}
	die := func() { syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} }
	switch step := os.Getenv("WEIR_LAKE_STEP"); step {
	case "placed": // the first look at the catalog after the files are in their places
		f, err := writeRows(l, flowlog.VPC, day0, object("b", day0, 7))
		if err != nil {
			return err
		}
		tables.seen = die
		return l.Commit(ctx, Commit{Table: flowlog.VPC, Files: []*File{f}, Objects: []ObjectRecord{{URI: "b", Version: "1", Rows: 7}}})
	case "before move":
		tables.hook = func(context.Context, func() error) error { die(); return nil }
	case "after move":
		tables.hook = func(_ context.Context, move func() error) error { err := move(); die(); return err }
	default:
		return fmt.Errorf("no step %q", step)
	}
	if os.Getenv("WEIR_LAKE_REPLACE") != "" {
		return replaceVisits(ctx, l, day0, "b", 2)
	}
	return put(ctx, l, "b", day0, 7)
}

// TestExternalKilledReplace kills a writer that makes an hour anew.
func TestExternalKilledReplace(t *testing.T) {
	for step, want := range map[string]string{"before move": "20T00 a 3", "after move": "20T00 b 2"} {
		t.Run(step, func(t *testing.T) {
			e := external{t.TempDir()}
			first := e.writer(t, e.tables())
			if err := replaceVisits(t.Context(), first, day0, "a", 3); err != nil {
				t.Fatal(err)
			}
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			cmd := child(t, "external", e.root)
			cmd.Env = append(cmd.Env, "WEIR_LAKE_STEP="+step, "WEIR_LAKE_REPLACE=1")
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Exited() {
				t.Fatalf("writer was not killed: %v\n%s", err, out)
			}
			e.pass(t)
			l := e.writer(t, e.tables())
			if d := cmp.Diff([]string{want}, visitsOf(t, l)); d != "" {
				t.Errorf("visits (-want +got):\n%s", d)
			}
			e.check(t, l)
			if err := replaceVisits(t.Context(), l, day0, "c", 1); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{"20T00 c 1"}, visitsOf(t, l)); d != "" {
				t.Errorf("visits (-want +got):\n%s", d)
			}
			e.check(t, l)
		})
	}
}

// TestExternalKilled kills a writer between its steps, and has the next one find what is left.
func TestExternalKilled(t *testing.T) {
	for step, want := range map[string]State{"placed": New, "before move": New, "after move": Known} {
		t.Run(step, func(t *testing.T) {
			e := external{t.TempDir()}
			first := e.writer(t, e.tables())
			if err := put(t.Context(), first, "a", day0, 10); err != nil {
				t.Fatal(err)
			}
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			cmd := child(t, "external", e.root)
			cmd.Env = append(cmd.Env, "WEIR_LAKE_STEP="+step)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Exited() {
				t.Fatalf("writer was not killed: %v\n%s", err, out)
			}
			var locked *LockedError
			if _, err := e.open(t.Context(), e.tables()); !errors.As(err, &locked) {
				t.Errorf("writer before the lease of the dead one ran out: %v", err)
			}
			e.pass(t)
			l := e.writer(t, e.tables())
			states, err := l.Known(t.Context(), []ObjectID{{"b", "1"}})
			if err != nil || states[0] != want {
				t.Errorf("object of the killed commit is %v, %v; want %v", states, err, want)
			}
			rows := [][]row{object("a", day0, 10)}
			if states[0] == Known {
				rows = append(rows, object("b", day0, 7))
			}
			e.check(t, l, rows...)
			if states[0] == New { // what ingest then does
				if err := put(t.Context(), l, "b", day0, 7); err != nil {
					t.Fatal(err)
				}
				e.check(t, l, append(rows, object("b", day0, 7))...)
			}
		})
	}
}

// TestExternalMove has the answer of the catalog go wrong. The writer lives, and finds out by itself.
func TestExternalMove(t *testing.T) {
	lost := errors.New("connection lost")
	foreign := func(t *testing.T, e external) { // another engine's commit
		t.Helper()
		db, err := sql.Open("sqlite", ":memory:")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		c := &catalog{fs: &folder{from: e.lake(), to: e.lake()}, tables: e.tables(), db: db}
		if _, _, err := c.CommitTable(t.Context(), ident("flows"), nil, []table.Update{table.NewSetPropertiesUpdate(iceberg.Properties{"foreign": "yes"})}); err != nil {
			t.Fatal(err)
		}
	}
	var late func() error
	for name, c := range map[string]struct {
		hook  func(t *testing.T, e external, move func() error) error
		fails bool // the commit, and so nothing of it is visible
	}{
		"answer lost": {hook: func(_ *testing.T, _ external, move func() error) error { return errors.Join(move(), lost) }},
		"another came first": {hook: func(t *testing.T, e external, move func() error) error {
			foreign(t, e)
			return move()
		}},
		// The client tried again by itself, and another engine's commit is in between.
		"conflict with itself": {hook: func(t *testing.T, e external, move func() error) error {
			if err := move(); err != nil {
				return err
			}
			foreign(t, e)
			return move()
		}},
		"refused": {fails: true, hook: func(*testing.T, external, func() error) error { return lost }},
		"late": {fails: true, hook: func(_ *testing.T, _ external, move func() error) error {
			late = move
			return lost
		}},
	} {
		t.Run(name, func(t *testing.T) {
			e := external{t.TempDir()}
			tables := e.tables()
			l := e.writer(t, tables)
			if err := put(t.Context(), l, "a", day0, 10); err != nil {
				t.Fatal(err)
			}
			tables.once(func(_ context.Context, move func() error) error { return c.hook(t, e, move) })
			err := put(t.Context(), l, "b", day0, 7)
			rows := [][]row{object("a", day0, 10)}
			if (err != nil) != c.fails {
				t.Errorf("commit: %v", err)
			}
			if !c.fails {
				rows = append(rows, object("b", day0, 7))
			}
			if late != nil { // the request arrives after all
				if err := late(); !errors.Is(err, table.ErrCommitFailed) {
					t.Errorf("a request that came late: %v, want ErrCommitFailed", err)
				}
				late = nil
			}
			e.check(t, l, rows...)
			if err := put(t.Context(), l, "c", day0, 3); err != nil {
				t.Fatal(err)
			}
			e.check(t, l, append(rows, object("c", day0, 3))...)
		})
	}
}

// TestExternalUnsettled has catalog and ledger go away in the middle of a commit, and come back. The same writer may go on
// only when it knows what became of the commit.
func TestExternalUnsettled(t *testing.T) {
	lost := errors.New("network is down")
	for name, c := range map[string]struct {
		moves bool
		err   error
	}{"moved": {true, lost}, "moved, in conflict with itself": {true, table.ErrCommitFailed}, "not moved": {false, lost}} {
		t.Run(name, func(t *testing.T) {
			e := external{t.TempDir()}
			tables := e.tables()
			l := e.writer(t, tables)
			moves, as, first := c.moves, c.err, true
			tables.hook = func(_ context.Context, move func() error) error {
				if first && moves {
					if err := move(); err != nil {
						return err
					}
				}
				first = false
				// Without the files nobody can see what is in the table.
				if err := os.Rename(e.lake(), e.lake()+".away"); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return err
				}
				return as
			}
			if err := put(t.Context(), l, "b", day0, 7); err == nil {
				t.Fatal("commit succeeded though its end was cut off")
			}
			tables.hook = nil
			if err := os.Rename(e.lake()+".away", e.lake()); err != nil {
				t.Fatal(err)
			}
			// A caller that tries again, without looking.
			err := put(t.Context(), l, "b", day0, 7)
			if (err != nil) != moves {
				t.Errorf("commit again: %v", err)
			}
			e.check(t, l, object("b", day0, 7))
		})
	}
}

// TestExternalBlink has a conflict with itself, and the table not readable just when it is looked for.
func TestExternalBlink(t *testing.T) {
	e := external{t.TempDir()}
	tables := e.tables()
	l := e.writer(t, tables)
	tables.once(func(_ context.Context, move func() error) error {
		if err := errors.Join(move(), os.Rename(e.lake(), e.lake()+".away")); err != nil {
			return err
		}
		looks := 0
		tables.seen = func() {
			if looks++; looks == 2 {
				if err := os.Rename(e.lake()+".away", e.lake()); err != nil {
					t.Error(err)
				}
			}
		}
		return table.ErrCommitFailed
	})
	if err := put(t.Context(), l, "a", day0, 4); err != nil {
		t.Error(err)
	}
	e.check(t, l, object("a", day0, 4))
}

// TestExternalDeadWriterWakes takes the lease of a writer that is in the middle of its commit.
func TestExternalDeadWriterWakes(t *testing.T) {
	// The looks at the catalog: when the files are placed, and when the metadata is made.
	for look := range 2 {
		t.Run(fmt.Sprint("look ", look), func(t *testing.T) {
			e := external{t.TempDir()}
			asleep := e.tables()
			w := e.writer(t, asleep)
			if err := put(t.Context(), w, "a", day0, 10); err != nil {
				t.Fatal(err)
			}
			f, err := writeRows(w, flowlog.VPC, day0, object("b", day0, 7))
			if err != nil {
				t.Fatal(err)
			}
			var other *Lake
			looks := 0
			asleep.seen = func() {
				if looks++; looks != look+1 {
					return
				}
				e.pass(t)
				other = e.writer(t, e.tables())
				e.check(t, other, object("a", day0, 10))
			}
			err = w.Commit(t.Context(), Commit{Table: flowlog.VPC, Files: []*File{f}, Objects: []ObjectRecord{{URI: "b", Version: "1", Rows: 7}}})
			var lost *LeaseError
			if !errors.As(err, &lost) || !strings.HasPrefix(lost.Holder, "process ") {
				t.Errorf("commit of the writer that woke up: %v, want a LeaseError", err)
			}
			e.check(t, other, object("a", day0, 10))
			if err := put(t.Context(), other, "b", day0, 7); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Expire(t.Context(), ExpireOptions{OlderThan: -time.Hour}); !errors.As(err, &lost) {
				t.Errorf("expire: %v, want a LeaseError", err)
			}
			e.check(t, other, object("a", day0, 10), object("b", day0, 7))
		})
	}
}

// TestExternalTakenBack has the ledger's transaction fail after the pointer moved.
func TestExternalTakenBack(t *testing.T) {
	e := external{t.TempDir()}
	tables := e.tables()
	l := e.writer(t, tables)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tables.once(func(_ context.Context, move func() error) error {
		defer cancel()
		return move()
	})
	if err := put(ctx, l, "a", day0, 4); err != nil {
		t.Errorf("commit is in the table and in the ledger, and its error is %v", err)
	}
	e.check(t, l, object("a", day0, 4))
}

// TestExternalSnapshotExpired has another engine expire a killed writer's snapshot before anybody recovers.
func TestExternalSnapshotExpired(t *testing.T) {
	e := external{t.TempDir()}
	e.writer(t, e.tables()).Close()
	cmd := child(t, "external", e.root)
	cmd.Env = append(cmd.Env, "WEIR_LAKE_STEP=after move")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("writer was not killed\n%s", out)
	}
	tables := e.tables()
	loc, err := tables.Pointer(t.Context(), "flows")
	if err != nil {
		t.Fatal(err)
	}
	files := &folder{from: e.lake(), to: e.lake()}
	text, err := files.ReadFile(loc)
	if err != nil {
		t.Fatal(err)
	}
	// What is looked for is gone with the snapshot; here with its mark, so that the rows can be looked at.
	var meta map[string]any
	if err := json.Unmarshal(text, &meta); err != nil {
		t.Fatal(err)
	}
	for _, s := range meta["snapshots"].([]any) {
		summary := s.(map[string]any)["summary"].(map[string]any)
		if summary[commitProperty] == nil {
			t.Fatal("snapshot has no mark: the test shows nothing")
		}
		delete(summary, commitProperty)
	}
	if text, err = json.Marshal(meta); err != nil {
		t.Fatal(err)
	}
	next := strings.Replace(loc, "metadata/0", "metadata/1", 1)
	if err := errors.Join(files.WriteFile(next, text), tables.set("flows", loc, next)); err != nil {
		t.Fatal(err)
	}
	e.pass(t)
	e.check(t, e.writer(t, tables), object("b", day0, 7))
}
