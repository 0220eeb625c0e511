package refine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/engine/enginetest"
	"weir/internal/lake"
	"weir/internal/network"
)

// folder is a lake in a folder, with the tables of this package.
func folder(dir string) enginetest.Opener {
	return func(ctx context.Context, o lake.Options) (*lake.Lake, error) {
		o.Derived = Tables
		return lake.Open(ctx, dir, o)
	}
}

func openLake(t testing.TB, open enginetest.Opener, write bool) *lake.Lake {
	t.Helper()
	l, err := open(t.Context(), lake.Options{Write: write})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// derivedOf are the lake's tables, for an engine.
func derivedOf(t testing.TB, l *lake.Lake) []engine.Table {
	t.Helper()
	var tables []engine.Table
	for _, d := range Tables {
		snap, err := l.DerivedSnapshot(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		et := engine.DerivedTable(d)
		for _, f := range snap.Files {
			et.Files = append(et.Files, f.Path)
		}
		tables = append(tables, et)
	}
	return tables
}

func run(t testing.TB, open enginetest.Opener, change func(*Config)) (Summary, error) {
	t.Helper()
	l := openLake(t, open, true)
	defer l.Close()
	c := Config{Lake: l, Open: opener(t), Book: book}
	if change != nil {
		change(&c)
	}
	return Run(t.Context(), c)
}

func askLake(t testing.TB, open enginetest.Opener, sql string) []string {
	t.Helper()
	l := openLake(t, open, false)
	defer l.Close()
	e, err := duckdb.Open(duckdb.Config{Threads: 1}, derivedOf(t, l))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return ask(t, e, sql)
}

// TestRun: an hour is made once, again when records came late, and not at all where nothing changed.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	open := folder(dir)
	enginetest.LakeText(t, open, flowlog.VPC, "one", v5+in("8.8.4.4", "10.0.0.5", "40000 6379", "2")+
		line("eni-1", "i-1", "8.8.4.4", "10.0.0.5", "8.8.4.4", "10.0.0.5", "40000 22", 6, 1, 40, 7200, "REJECT", "2", "ingress"))
	check := func(hours int, want ...string) {
		t.Helper()
		sum, err := run(t, open, nil)
		if err != nil {
			t.Fatal(err)
		}
		if sum.Hours != hours {
			t.Errorf("%d hours were made, want %d", sum.Hours, hours)
		}
		if got := askLake(t, open, "SELECT hour, server_port, state FROM conversations"); !slices.Equal(got, want) {
			t.Errorf("conversations %q, want %q", got, want)
		}
	}
	// The ledger marks the hours from the first to the last of a file; the one between is made, of nothing.
	check(3, "00:00:00 6379 REACHABLE", "02:00:00 22 TRIED")
	check(0, "00:00:00 6379 REACHABLE", "02:00:00 22 TRIED")
	enginetest.LakeText(t, open, flowlog.VPC, "late", v5+out("10.0.0.5", "8.8.4.4", "6379 40000", "18"))
	check(1, "00:00:00 6379 ANSWERED", "02:00:00 22 TRIED")
	if got := askLake(t, open, "SELECT port, state, clients_answered FROM exposures"); !slices.Equal(got, []string{"22 TRIED 0", "6379 ANSWERED 1"}) {
		t.Errorf("exposures %q", got)
	}
	sum, err := run(t, open, func(c *Config) { c.Again = true })
	if err != nil || sum.Hours != 3 {
		t.Errorf("again: %+v, %v", sum, err)
	}
	check(0, "00:00:00 6379 ANSWERED", "02:00:00 22 TRIED")
	// Another book knows the address, and all is made anew.
	other, err := network.New(network.Config{Networks: []network.Network{{Name: "office", Prefixes: []netip.Prefix{netip.MustParsePrefix("8.8.4.0/24")}, Trusted: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := run(t, open, func(c *Config) { c.Book = other }); err != nil || sum.Hours != 3 || sum.Exposures != 0 {
		t.Errorf("with another book: %+v, %v", sum, err)
	}
	l := openLake(t, open, true)
	if r, err := l.Verify(t.Context(), lake.VerifyOptions{Deep: true}); err != nil || !r.OK() || len(r.Orphans) > 0 {
		t.Errorf("verify: %+v, %v", r, err)
	}
}

// TestRunCancelled: what was not made visible is made by the next run, and nothing lies about.
func TestRunCancelled(t *testing.T) {
	open := folder(t.TempDir())
	enginetest.LakeText(t, open, flowlog.VPC, "one", v5+in("8.8.4.4", "10.0.0.5", "40000 6379", "2"))
	l := openLake(t, open, true)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Run(ctx, Config{Lake: l, Book: book,
		Open: func(ctx context.Context, tables []engine.Table, outputs []string) (engine.Storer, error) {
			cancel()
			return opener(t)(ctx, tables, outputs)
		}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled run: %v", err)
	}
	if hours, err := l.Stale(t.Context(), "x"); err != nil || len(hours) != 1 {
		t.Errorf("stale: %v, %v", hours, err)
	}
	l.Close()
	if sum, err := run(t, open, nil); err != nil || sum.Conversations != 1 {
		t.Errorf("next run: %+v, %v", sum, err)
	}
}

// TestBatches: hours far apart are not read as one.
func TestBatches(t *testing.T) {
	open := folder(t.TempDir())
	for i, at := range []int{0, 3600, 40 * 24 * 3600} {
		enginetest.LakeText(t, open, flowlog.VPC, fmt.Sprint(i), v5+line("eni-1", "i-1", "8.8.4.4", "10.0.0.5", "8.8.4.4", "10.0.0.5", "40000 22",
			6, 1, 40, at, "ACCEPT", "2", "ingress"))
	}
	var steps []int
	sum, err := run(t, open, func(c *Config) { c.Progress = func(done, total int) { steps = append(steps, done, total) } })
	if err != nil || sum.Conversations != 3 {
		t.Fatalf("%+v, %v", sum, err)
	}
	// A record ends in the hour that it starts in, here.
	if want := []int{0, 3, 2, 3, 3, 3}; !slices.Equal(steps, want) {
		t.Errorf("progress %v, want %v", steps, want)
	}
	if got := askLake(t, open, "SELECT count(DISTINCT hour) FROM coverage"); got[0] != "3" {
		t.Errorf("hours of coverage: %v", got)
	}
}

// TestColumns: the SQL gives the columns that the tables say, in their order.
func TestColumns(t *testing.T) {
	flows := enginetest.Write(t, flowlog.VPC, enginetest.Records(t, v5+in("8.8.4.4", "10.0.0.5", "40000 6379", "2"))...)
	e, err := duckdb.Open(duckdb.Config{}, []engine.Table{flows, engine.DerivedTable(Addresses), engine.DerivedTable(Conversations)})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, d := range Tables[1:] {
		sql, args := bind(SQL(d.Name, network.DefaultPorts()), span{time.Unix(0, 0), time.Unix(1, 0)})
		a, err := enginetest.Ask(t, e, enginetest.Case{SQL: sql, Args: args})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.Columns, engine.DerivedTable(d).Columns) {
			t.Errorf("%s has the columns\n%v, its SQL gives\n%v", d.Name, engine.DerivedTable(d).Columns, a.Columns)
		}
	}
}
