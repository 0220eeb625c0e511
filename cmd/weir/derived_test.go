package main

import (
	"strings"
	"testing"
	"time"

	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/lake"
)

// TestDerivedTables asks and shows a table that weir made of records.
func TestDerivedTables(t *testing.T) {
	talks := &lake.Derived{Name: "talks", Columns: []lake.Column{{Name: lake.HourColumn, Type: lake.TimeType}, {Name: "client", Type: "varchar"}}}
	was := derivedTables
	derivedTables = []*lake.Derived{talks}
	t.Cleanup(func() { derivedTables = was })
	dir := t.TempDir()
	l, err := lake.Open(t.Context(), dir, lake.Options{Write: true, Derived: derivedTables})
	if err != nil {
		t.Fatal(err)
	}
	ids, err := l.FieldIDs(t.Context(), talks)
	if err != nil {
		t.Fatal(err)
	}
	r := lake.Replace{Table: talks}
	for _, h := range []int{3, 4} {
		hour := time.Date(2026, 11, 20, h, 0, 0, 0, time.UTC)
		f, err := l.CreateDerived(talks, hour)
		if err != nil {
			t.Fatal(err)
		}
		e, err := duckdb.Open(duckdb.Config{Threads: 1, Outputs: []string{f.Path()}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if f.Rows, err = e.Store(t.Context(), engine.Output{Path: f.Path(), IDs: ids}, "SELECT CAST(? AS timestamp with time zone) AS hour, CAST(? AS varchar) AS client", hour, "host"+string(rune('0'+h))); err != nil {
			t.Fatal(err)
		}
		e.Close()
		r.Hours, r.Files = append(r.Hours, hour), append(r.Files, f)
	}
	if err := l.Replace(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	check := func(want string, args ...string) {
		t.Helper()
		var stdout, stderr strings.Builder
		status := run(append(args, "--lake", dir), strings.NewReader(""), &stdout, &stderr)
		if status != 0 || !strings.Contains(stdout.String(), want) {
			t.Errorf("weir %s: %d, %s%s; want %q", strings.Join(args, " "), status, &stdout, &stderr, want)
		}
	}
	check("c,n\nhost3,1\nhost4,1\n", "query", "-o", "csv", "SELECT client AS c, count(*) AS n FROM talks GROUP BY 1 ORDER BY 1")
	check("client\nhost4\n", "query", "-o", "csv", "--since", "2026-11-20T04:00:00Z", "SELECT client FROM talks")
	check("client\nhost3\n", "query", "-o", "csv", "--until", "2026-11-20T04:00:00Z", "SELECT client FROM talks")
	check("n\n0\n", "query", "-o", "csv", "SELECT count(*) AS n FROM flows")
	check("talks,2026-11-20,1,", "lake", "files", "-o", "csv", "talks", "--since", "2026-11-20T04:00:00Z")
	check("talks,2,2,", "lake", "status", "-o", "csv")
	check("hours      0 made into tables, 0 have new records\n", "lake", "status")
	check("talks,", "lake", "snapshots", "-o", "csv")
	check("ok\n", "lake", "verify", "--deep")
}
