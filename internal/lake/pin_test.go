package lake

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPin holds that no other ledger writes to a lake's tables.
func TestPin(t *testing.T) {
	e := external{t.TempDir()}
	l := e.writer(t, e.tables())
	if err := put(t.Context(), l, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(e.ledger())
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what, want string, open func() (*Lake, error)) {
		t.Helper()
		l, err := open()
		if err == nil {
			l.Close()
		}
		var wrong *LedgerError
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Reason, want) {
			t.Errorf("%s: %v, want a LedgerError with %q", what, err, want)
		}
	}
	file := func(path string, write bool) *Database {
		t.Helper()
		db, err := FileDatabase(t.Context(), path, write)
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	empty := filepath.Join(e.root, "empty.db")
	refused("writer with an empty ledger", "belongs to another ledger", func() (*Lake, error) {
		return Open(t.Context(), e.lake(), Options{Write: true, Database: file(empty, true), Tables: e.tables()})
	})
	refused("reader with another ledger", "belongs to another ledger", func() (*Lake, error) {
		return Open(t.Context(), e.lake(), Options{Database: file(empty, false), Tables: e.tables()})
	})
	refused("ledger taken for a catalog", "catalog elsewhere", func() (*Lake, error) {
		return Open(t.Context(), e.lake(), Options{Write: true, Database: file(e.ledger(), true)})
	})
	l = e.writer(t, e.tables())
	if err := put(t.Context(), l, "b", day0, 10); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := os.WriteFile(e.ledger(), before, 0o644); err != nil {
		t.Fatal(err)
	}
	refused("old copy of the ledger", "old copy", func() (*Lake, error) { return e.open(t.Context(), e.tables()) })

	own := filepath.Join(e.root, "own.db")
	db := file(own, true)
	other := filepath.Join(e.root, "other")
	if l, err = Open(t.Context(), other, Options{Write: true, Database: db}); err != nil {
		t.Fatal(err)
	}
	l.Close()
	refused("catalog taken for a ledger", "catalog in there", func() (*Lake, error) {
		return Open(t.Context(), other, Options{Write: true, Database: file(own, true), Tables: e.tables()})
	})
}

// TestFileDatabase refuses what is no ledger, and leaves it as it is.
func TestFileDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "theirs.db")
	db, err := openDB(t.Context(), path, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE theirs (x)`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := FileDatabase(t.Context(), path, true); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("database of another program: %v", err)
	}
	if _, err := FileDatabase(t.Context(), filepath.Join(t.TempDir(), "none.db"), false); err == nil {
		t.Error("a ledger that is not there was opened for reading")
	}
}

// TestReadWithoutLedger opens a lake as a machine does that has the catalog only.
func TestReadWithoutLedger(t *testing.T) {
	e := external{t.TempDir()}
	if err := os.Mkdir(e.lake(), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), e.lake(), Options{Tables: e.tables()}); !errors.Is(err, ErrNoLake) {
		t.Errorf("nothing there: %v, want ErrNoLake", err)
	}
	l := e.writer(t, e.tables())
	if err := put(t.Context(), l, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), e.lake(), Options{Tables: e.tables()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n := snapshot(t, r).Rows(); n != 10 {
		t.Errorf("%d rows, want 10", n)
	}
	if err := put(t.Context(), l, "b", day0, 5); err != nil {
		t.Fatal(err)
	}
	if n := snapshot(t, r).Rows(); n != 15 {
		t.Errorf("%d rows after another commit, want 15", n)
	}
	_, status := r.Status(t.Context())
	_, verify := r.Verify(t.Context(), VerifyOptions{})
	_, known := r.Known(t.Context(), []ObjectID{{"a", "1"}})
	for _, err := range []error{status, verify, known} {
		if !errors.Is(err, ErrNoLedger) {
			t.Errorf("%v, want ErrNoLedger", err)
		}
	}
	for _, err := range r.Objects(t.Context(), ObjectFilter{}) {
		if !errors.Is(err, ErrNoLedger) {
			t.Errorf("objects: %v, want ErrNoLedger", err)
		}
	}
}
