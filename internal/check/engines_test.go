package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"weir/internal/columnar"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/engine/enginetest"
	"weir/internal/engine/trino"
	"weir/internal/engine/trinotest"
	"weir/internal/lake"
	"weir/internal/refine"
	"weir/internal/rule"
	"weir/rules"
)

// TestEnginesRules runs every example that fires, of every rule, on DuckDB and on a real Trino, over one lake. An example finds
// there what it finds alone, and so each rule has rows on both. Examples that find nothing are run on DuckDB only, by the
// test of the rules themselves: no rows on two engines prove little, and their hours would be half of the lake.
func TestEnginesRules(t *testing.T) {
	s := trinotest.Start(t)
	dir := t.TempDir()
	l, err := lake.Open(t.Context(), dir, lake.Options{Write: true, Derived: refine.Tables})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := newHourWriter(l)
	placed := map[string][]placedExample{}
	var last time.Time // nothing of the examples so far is read or lies later
	for _, r := range rules.All() {
		for i := range r.Examples {
			if len(r.Examples[i].Want) == 0 {
				continue
			}
			p, err := placeExample(t.Context(), w, r, &r.Examples[i], last)
			if err != nil {
				t.Fatalf("%s: example %q: %v", r.ID, r.Examples[i].Name, err)
			}
			placed[r.ID] = append(placed[r.ID], p)
			last = p.last
		}
		if placed[r.ID] == nil {
			t.Fatalf("%s: no example fires", r.ID)
		}
	}
	w.commit(t)

	server := openTrino(t, s, dir)
	for _, r := range rules.All() {
		t.Run(r.ID, func(t *testing.T) {
			inside := openDuck(t, l, placed[r.ID][0].first, placed[r.ID][len(placed[r.ID])-1].last)
			var cases []enginetest.Case
			for _, p := range placed[r.ID] {
				sql, args, err := r.BindSpan(r.Span(p.end), p.end, p.ex.Params, examples.Ports)
				if err != nil {
					t.Fatal(err)
				}
				c := enginetest.Case{Name: p.ex.Name, SQL: sql, Args: args}
				a, err := enginetest.Ask(t, inside, c)
				if err != nil || len(a.Rows) != len(p.ex.Want) {
					t.Fatalf("%s: %v; in its own place it has %d rows", p.ex.Name, err, len(p.ex.Want))
				}
				cases = append(cases, c)
			}
			enginetest.Same(t, inside, server, cases)
		})
	}
}

// examples is what they are run with.
var examples = config()

// placedExample is an example whose rows lie in a lake, some weeks later than it says, where no other example's are.
type placedExample struct {
	ex          *rule.Example
	end         time.Time // of its step
	first, last time.Time // what it reads or has lies between
}

const week = 7 * 24 * time.Hour // by which hours of the day, days of the week and the grid of steps stay

func placeExample(ctx context.Context, w *hourWriter, r *rule.Rule, ex *rule.Example, after time.Time) (p placedExample, err error) {
	cfg := examples
	st, err := newStage(ctx, cfg, r, ex)
	if err != nil {
		return p, err
	}
	defer func() {
		err = errors.Join(err, st.engine.Close())
		st.done()
	}()
	p = placedExample{ex: ex, end: st.end, first: st.end.Add(-r.Reach()), last: st.end}
	tables := map[*lake.Derived][][]any{}
	for _, d := range refine.Tables {
		a, err := ask(ctx, st.engine, "SELECT * FROM "+d.Name)
		if err != nil {
			return p, err
		}
		for _, row := range a {
			hour, ok := row[0].(time.Time)
			if !ok {
				return p, fmt.Errorf("a row of %s has no hour", d.Name)
			}
			if hour.Before(p.first) {
				p.first = hour
			}
			if until := hour.Add(time.Hour); until.After(p.last) {
				p.last = until
			}
		}
		tables[d] = a
	}
	var shift time.Duration
	if p.first.Before(after) {
		shift = (after.Sub(p.first) + week - 1) / week * week
	}
	for d, rows := range tables {
		for _, row := range rows {
			for i, v := range row {
				if at, ok := v.(time.Time); ok {
					row[i] = at.Add(shift)
				}
			}
		}
		w.add(d, rows)
	}
	p.end, p.first, p.last = p.end.Add(shift), p.first.Add(shift), p.last.Add(shift)
	return p, nil
}

func ask(ctx context.Context, e engine.Engine, sql string) ([][]any, error) {
	rows, columns, err := collect(ctx, e, sql, nil)
	if err != nil {
		return nil, err
	}
	var out [][]any
	for _, row := range rows {
		values := make([]any, len(columns))
		for i, c := range columns {
			values[i] = row[c.Name]
		}
		out = append(out, values)
	}
	return out, nil
}

// hourWriter puts rows of derived tables into a lake.
type hourWriter struct {
	l    *lake.Lake
	rows map[*lake.Derived]map[time.Time][][]any
}

func newHourWriter(l *lake.Lake) *hourWriter {
	return &hourWriter{l: l, rows: map[*lake.Derived]map[time.Time][][]any{}}
}

func (w *hourWriter) add(d *lake.Derived, rows [][]any) {
	if w.rows[d] == nil {
		w.rows[d] = map[time.Time][][]any{}
	}
	for _, row := range rows {
		hour := row[0].(time.Time)
		w.rows[d][hour] = append(w.rows[d][hour], row)
	}
}

// commit makes a file of each hour's rows.
func (w *hourWriter) commit(t testing.TB) {
	t.Helper()
	for d, hours := range w.rows {
		ids, err := w.l.FieldIDs(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		var columns []columnar.RowColumn
		for _, c := range d.Columns {
			columns = append(columns, columnar.RowColumn{Name: c.Name, Type: c.Type, ID: ids[c.Name]})
		}
		r := lake.Replace{Table: d}
		for hour, rows := range hours {
			f, err := w.l.CreateDerived(d, hour)
			if err != nil {
				t.Fatal(err)
			}
			to, err := columnar.NewRowWriter(f, columns)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				if err := to.Write(row...); err != nil {
					t.Fatal(err)
				}
			}
			f.Rows = to.Rows()
			if err := errors.Join(to.Close(), f.Close()); err != nil {
				t.Fatal(err)
			}
			r.Hours, r.Files = append(r.Hours, hour), append(r.Files, f)
		}
		if err := w.l.Replace(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// openDuck opens the derived tables' hours from since to until.
func openDuck(t testing.TB, l *lake.Lake, since, until time.Time) engine.Engine {
	t.Helper()
	var tables []engine.Table
	for _, d := range refine.Tables {
		snap, err := l.DerivedSnapshot(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		et := engine.DerivedTable(d)
		for _, f := range snap.Between(since, until) {
			et.Files = append(et.Files, f.Path)
		}
		slices.Sort(et.Files)
		tables = append(tables, et)
	}
	e, err := duckdb.Open(duckdb.Config{Threads: 1}, tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func openTrino(t testing.TB, s *trinotest.Server, dir string) engine.Engine {
	t.Helper()
	var derived []engine.Table
	for _, d := range refine.Tables {
		derived = append(derived, engine.DerivedTable(d))
	}
	e, err := trino.Open(trino.Config{URL: s.URL, User: "weir", Catalog: s.Lake(t, dir), Derived: derived})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}
