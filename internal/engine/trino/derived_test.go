package trino

import (
	"context"
	"testing"
	"time"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/engine/enginetest"
	"weir/internal/engine/trinotest"
	"weir/internal/lake"
)

// talks is a derived table with a column of every type.
var talks = &lake.Derived{Name: "talks", Columns: []lake.Column{
	{Name: lake.HourColumn, Type: lake.TimeType}, {Name: "client", Type: "varchar"}, {Name: "port", Type: "integer"},
	{Name: "bytes", Type: "bigint"}, {Name: "inside", Type: "boolean"}, {Name: "share", Type: "double"}, {Name: "last_seen", Type: lake.TimeType}}}

// talk makes the talks of an hour: three rows.
const talk = `SELECT CAST(? AS timestamp with time zone) AS hour, a AS client, CAST(b AS integer) AS port, CAST(b * 1000000000000 AS bigint) AS bytes,
	b = 22 AS inside, b / 7e0 AS share, CAST(? AS timestamp with time zone) + INTERVAL '1' MINUTE AS last_seen
	FROM (VALUES ('10.0.0.1', 22), ('ü', 443), (NULL, NULL)) AS t(a, b)`

// refine writes the talks of hours, as weir makes its own tables.
func refine(t *testing.T, l *lake.Lake, hours ...time.Time) {
	t.Helper()
	ids, err := l.FieldIDs(t.Context(), talks)
	if err != nil {
		t.Fatal(err)
	}
	r := lake.Replace{Table: talks, Hours: hours}
	for _, h := range hours {
		f, err := l.CreateDerived(talks, h)
		if err != nil {
			t.Fatal(err)
		}
		e, err := duckdb.Open(duckdb.Config{Threads: 1, Outputs: []string{f.Path()}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if f.Rows, err = e.Store(t.Context(), engine.Output{Path: f.Path(), IDs: ids}, talk, h, h); err != nil {
			t.Fatal(err)
		}
		e.Close()
		r.Files = append(r.Files, f)
	}
	if err := l.Replace(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

// TestEnginesDerived has Trino read a table that DuckDB wrote hour by hour: all of it, and some hours only.
func TestEnginesDerived(t *testing.T) {
	s := trinotest.Start(t)
	dir := t.TempDir()
	enginetest.Lake(t, enginetest.Folder(dir), map[*flowlog.Table][]enginetest.Row{flowlog.VPC: enginetest.Records(t, records)})
	l, err := lake.Open(t.Context(), dir, lake.Options{Write: true, Derived: []*lake.Derived{talks}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	hour := time.Date(2020, 5, 4, 0, 0, 0, 0, time.UTC)
	refine(t, l, hour, hour.Add(time.Hour), hour.Add(25*time.Hour))
	refine(t, l, hour.Add(time.Hour))
	if r, err := l.Verify(t.Context(), lake.VerifyOptions{Deep: true}); err != nil || !r.OK() {
		t.Errorf("verify: %v, %+v", err, r)
	}
	snap, err := l.DerivedSnapshot(t.Context(), talks)
	if err != nil || snap.Rows() != 9 {
		t.Fatalf("%v, %d rows", err, snap.Rows())
	}
	catalog := s.Lake(t, dir)
	for name, b := range map[string][2]time.Time{"all": {}, "bounded": {hour.Add(time.Hour), hour.Add(2 * time.Hour)}} {
		t.Run(name, func(t *testing.T) {
			table := engine.DerivedTable(talks)
			table.Since, table.Until = b[0], b[1]
			for _, f := range snap.Between(b[0], b[1]) {
				table.Files = append(table.Files, f.Path)
			}
			d, err := duckdb.Open(duckdb.Config{Threads: 1}, []engine.Table{table})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			estimate := Estimator(func(context.Context) (*lake.Lake, error) { return l, nil }, talks)
			e, err := Open(Config{URL: s.URL, User: "weir", Catalog: catalog, Since: b[0], Until: b[1],
				Derived: []engine.Table{engine.DerivedTable(talks)}, Estimate: estimate})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			enginetest.Same(t, d, e, []enginetest.Case{
				{Name: "rows", SQL: "SELECT * FROM talks"},
				{Name: "hours", SQL: "SELECT hour, count(*) AS n, sum(bytes) AS b FROM talks WHERE hour >= TIMESTAMP '2020-05-04 01:00:00 UTC' GROUP BY 1"},
			})
			plan, err := e.Explain(t.Context(), "SELECT client FROM talks WHERE hour = TIMESTAMP '2020-05-04 01:00:00 UTC'")
			if err != nil || len(plan.Tables) != 1 || plan.Tables[0].Files != 1 || plan.Tables[0].Bytes <= 0 {
				t.Errorf("plan of one hour: %+v, %v", plan, err)
			}
		})
	}
}
