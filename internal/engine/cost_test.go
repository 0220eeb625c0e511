package engine

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPrice(t *testing.T) {
	athena := AthenaPrice(5)
	for bytes, want := range map[int64]string{0: "$0.00", 1: "$0.000050", 10e6: "$0.000050", 10e6 + 1: "$0.000055", 1e9: "$0.0050", 20e9: "$0.10", 1.2e12: "$6.00"} {
		if got := athena.Text(bytes); got != want {
			t.Errorf("%d bytes: got %s, want %s", bytes, got, want)
		}
	}
	if got := (Price{}).Text(1e12); got != "" {
		t.Errorf("no price: got %q", got)
	}
}

// fake is an engine that would scan scans, and then scans took.
type fake struct {
	scans []Scan
	took  int64
	err   error
	ran   int
}

func (f *fake) Query(context.Context, string, ...any) (Rows, error) {
	f.ran++
	if f.err != nil {
		return nil, f.err
	}
	return &fakeRows{f}, nil
}
func (f *fake) Explain(context.Context, string, ...any) (*Plan, error) {
	return &Plan{Tables: f.scans}, nil
}
func (f *fake) Close() error { return nil }

// cutOff is the error of a query that was ended after so many bytes.
type cutOff int64

func (c cutOff) Error() string       { return "cut off" }
func (c cutOff) BytesScanned() int64 { return int64(c) }

type fakeRows struct{ *fake }

func (r *fakeRows) Columns() []Column    { return nil }
func (r *fakeRows) Next() ([]any, error) { return nil, io.EOF }
func (r *fakeRows) BytesScanned() int64  { return r.took }
func (r *fakeRows) QueryID() string      { return "q" }

func TestGuard(t *testing.T) {
	check := func(scans []Scan, cutoff int64, want string) {
		t.Helper()
		f := &fake{scans: scans}
		_, err := Guard(f, Limits{MaxBytes: 100e9, Price: AthenaPrice(5), Cutoff: func(context.Context) (int64, error) { return cutoff, nil }}).Query(t.Context(), "SELECT 1")
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want || (f.ran == 1) != (want == "") {
			t.Errorf("got  %s, ran %d\nwant %s", got, f.ran, want)
		}
	}
	check([]Scan{{Bytes: 60e9}, {Bytes: 40e9}}, 0, "")
	check([]Scan{{Bytes: 700e9}, {Bytes: 500e9}}, 0, "query would scan 1.2 TB (about $6.00), more than max_bytes 100 GB")
	check([]Scan{{Bytes: 1.2e12, AtLeast: true}}, 50e9, "query would scan 1.2 TB (about $6.00) or more, more than max_bytes 100 GB")
	check([]Scan{{Table: "flows", Bytes: -1}}, 0, "nobody knows how much the query would scan of flows; max_bytes is 100 GB, and the engine has no limit of its own")
	check([]Scan{{Table: "flows", Bytes: -1}}, 1e12, "nobody knows how much the query would scan of flows; max_bytes is 100 GB, and the workgroup ends queries at 1 TB only")
	check([]Scan{{Table: "flows", Bytes: -1}}, 100e9, "")
	check([]Scan{{Bytes: 60e9, AtLeast: true}}, 0, "the query would scan 60 GB and more: there are more files than were looked at; max_bytes is 100 GB, and the engine has no limit of its own")

	f := &fake{scans: []Scan{{Bytes: 1e15}}}
	if _, err := Guard(f, Limits{MaxBytes: 1}).Query(t.Context(), "explain SELECT 1"); err != nil {
		t.Errorf("EXPLAIN costs nothing: %v", err)
	}
	if e := Guard(f, Limits{}); e != Engine(f) {
		t.Error("without limits there is no guard")
	}
}

func newBudget(t *testing.T, daily int64) *Budget {
	return &Budget{Path: filepath.Join(t.TempDir(), "state", "budget.json"), Daily: daily, Now: func() time.Time { return time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC) }}
}

func (b *Budget) used(t *testing.T) (s spent) {
	t.Helper()
	if err := b.change(t.Context(), func(now *spent) error { s = *now; return nil }); err != nil {
		t.Fatal(err)
	}
	return s
}

// The estimate is reserved while a query runs, and what it took is kept.
func TestBudget(t *testing.T) {
	b := newBudget(t, 1e12)
	f := &fake{scans: []Scan{{Bytes: 600e9}}, took: 100e9}
	e := Guard(f, Limits{Budget: b, Price: AthenaPrice(5)})
	rows, err := e.Query(t.Context(), "SELECT 1")
	if err != nil || b.used(t).Bytes != 600e9 {
		t.Fatalf("%v, reserved %d", err, b.used(t).Bytes)
	}
	_, err = e.Query(t.Context(), "SELECT 1")
	var over *CostError
	if want := "query would scan 600 GB (about $3.00); with the 600 GB of today that is more than daily_bytes 1 TB"; !errors.As(err, &over) || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if _, err := rows.Next(); err != io.EOF {
		t.Fatal(err)
	}
	if err := rows.Close(); err != nil || b.used(t) != (spent{"2026-11-24", 100e9}) {
		t.Errorf("%v, %+v", err, b.used(t))
	}
	if s := rows.(Scanned); s.BytesScanned() != 100e9 || s.QueryID() != "q" {
		t.Errorf("got %d, %s", s.BytesScanned(), s.QueryID())
	}

	// Failures are not charged; who is interrupted is.
	f.err = errors.New("no")
	if _, err := e.Query(t.Context(), "SELECT 1"); !errors.Is(err, f.err) || b.used(t).Bytes != 100e9 {
		t.Errorf("%v, %+v", err, b.used(t))
	}
	f.err = cutOff(7e9)
	if _, err := e.Query(t.Context(), "SELECT 1"); !errors.Is(err, f.err) || b.used(t).Bytes != 107e9 {
		t.Errorf("%v, %+v", err, b.used(t))
	}
	ctx, cancel := context.WithCancel(t.Context())
	b.Now = func() time.Time { cancel(); return time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC) } // it is asked in the midst of it
	if _, err := e.Query(ctx, "SELECT 1"); !errors.Is(err, f.err) || b.used(t).Bytes != 707e9 {
		t.Errorf("%v, %+v", err, b.used(t))
	}

	// The next day begins at nothing, and what was reserved the day before is not its.
	b.Now = func() time.Time { return time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC) }
	f.err = nil
	if rows, err = e.Query(t.Context(), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	b.Now = func() time.Time { return time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC) }
	if err := rows.Close(); err != nil || b.used(t) != (spent{"2026-11-26", 0}) {
		t.Errorf("%v, %+v", err, b.used(t))
	}

	// Where nobody knows, the engine's own limit is reserved; without one the query is refused.
	f.scans = []Scan{{Table: "flows", Bytes: -1}}
	if _, err := e.Query(t.Context(), "SELECT 1"); err == nil || !strings.Contains(err.Error(), "daily_bytes is set") {
		t.Errorf("got %v", err)
	}
	e = Guard(f, Limits{Budget: b, Cutoff: func(context.Context) (int64, error) { return 300e9, nil }})
	if _, err := e.Query(t.Context(), "SELECT 1"); err != nil || b.used(t).Bytes != 300e9 {
		t.Errorf("%v, %+v", err, b.used(t))
	}
}

func TestBudgetFile(t *testing.T) {
	b := newBudget(t, 100)
	if err := os.MkdirAll(filepath.Dir(b.Path), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{", "[]", `{"day":"x","bytes":1}`, `{"day":"2026-11-24","bytes":-1}`} {
		if err := os.WriteFile(b.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Reserve(t.Context(), 1); err == nil || !strings.Contains(err.Error(), b.Path+" is damaged") {
			t.Errorf("%q: got %v", text, err)
		}
	}
	// A clock that goes back gives no second budget.
	if err := os.WriteFile(b.Path, []byte(`{"day":"2026-11-25","bytes":99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var over *CostError
	if _, err := b.Reserve(t.Context(), 2); !errors.As(err, &over) {
		t.Errorf("got %v", err)
	}
}

// Many at once reserve no more than there is, and settle to what they took.
func TestBudgetAtOnce(t *testing.T) {
	b := newBudget(t, 100)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var settles []func(int64) error
	for range 40 {
		wg.Go(func() {
			settle, err := b.Reserve(t.Context(), 5)
			var over *CostError
			if err != nil && !errors.As(err, &over) {
				t.Error(err)
			}
			if err == nil {
				mu.Lock()
				settles = append(settles, settle)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(settles) != 20 {
		t.Errorf("%d reserved, want 20", len(settles))
	}
	for _, settle := range settles {
		wg.Go(func() {
			if err := settle(1); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := b.used(t).Bytes; got != 20 {
		t.Errorf("used %d, want 20", got)
	}
	left, err := os.ReadDir(filepath.Dir(b.Path))
	if err != nil || len(left) != 2 {
		t.Errorf("%v %v", left, err)
	}
}

func TestReadings(t *testing.T) {
	a := IOColumn{Column: Column{"day", "varchar"}}
	io := &IOPlan{Tables: []IOTable{{Table: "Flows", Columns: []IOColumn{a}}, {Table: "t"}, {Table: "t", Columns: []IOColumn{a}}, {Table: "lone", Columns: []IOColumn{a}}}}
	got := Readings(io, []PlanScan{{"flows", []string{"x"}}, {"flows", nil}, {"t", []string{"y"}}, {"elsewhere", nil}})
	want := []Reading{{"flows", []string{"x"}, []IOColumn{a}}, {"flows", nil, []IOColumn{a}}, {"t", []string{"y"}, nil}, {"lone", nil, []IOColumn{a}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
