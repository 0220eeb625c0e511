package detect

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/finding"
	"weir/internal/lake"
	"weir/internal/rule"
)

// day is when everything in these tests happens.
var day = time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)

func at(hour int) time.Time { return day.Add(time.Duration(hour) * time.Hour) }

// columns are those of the derived tables that the tests' rules read.
var columns = map[string][]engine.Column{
	"exposures": list("hour account_id interface_id client server port:integer server_bytes:bigint"),
	"coverage": list("hour account_id region vpc_id subnet_id interface_id own_address records:bigint nodata:bigint skipdata:bigint accepts:bigint " +
		"rejects:bigint fields interval_seconds:integer delay_seconds:bigint first_seen last_seen"),
}

// list reads columns, name:type; hours and times are known by their names, the others are texts.
func list(text string) (out []engine.Column) {
	for _, f := range strings.Fields(text) {
		name, typ, ok := strings.Cut(f, ":")
		switch {
		case ok:
		case name == "hour" || strings.HasSuffix(name, "_seen"):
			typ = lake.TimeType
		default:
			typ = "varchar"
		}
		out = append(out, engine.Column{Name: name, Type: typ})
	}
	return out
}

// fakeLake has hours of derived tables in files, and numbers their makings.
type fakeLake struct {
	t     testing.TB
	dir   string
	seq   int64
	made  map[time.Time]int64
	files map[string]map[time.Time]string // by table and hour
	open  [][2]time.Time                  // what was asked for

	written map[string]string // files by what is in them: lakes of one test share them
}

func newFakeLake(t testing.TB) *fakeLake {
	return &fakeLake{t: t, dir: t.TempDir(), made: map[time.Time]int64{}, files: map[string]map[time.Time]string{"exposures": {}, "coverage": {}}, written: map[string]string{}}
}

// exposure is a row; answered is how many bytes the server sent.
type exposure struct {
	id, client string
	port       int
	bytes      int64
}

// put makes an hour anew, with an interface eni-1 that was logged, and others that rows are of.
func (f *fakeLake) put(hour time.Time, rows ...exposure) {
	f.t.Helper()
	values := []string{}
	logged := map[string]bool{"eni-1": true}
	for _, r := range rows {
		values = append(values, fmt.Sprintf("(%s, '1', '%s', '%s', '10.0.0.1', %d, %d)", engine.Trino.Instant(hour), r.id, r.client, r.port, r.bytes))
		logged[r.id] = true
	}
	f.write("exposures", hour, values)
	values = nil
	for _, id := range slices.Sorted(maps.Keys(logged)) {
		values = append(values, coverageOf(hour, id, "tcp_flags,vpc_id", 60))
	}
	f.write("coverage", hour, values)
	f.seq++
	f.made[hour] = f.seq
}

func coverageOf(hour time.Time, id, fields string, interval int) string {
	return fmt.Sprintf("(%s, '1', 'r', 'vpc', 'subnet', '%s', '10.0.0.1', 100, 0, 0, 90, 10, '%s', %d, 30, %[1]s, %[5]s)",
		engine.Trino.Instant(hour), id, fields, interval, engine.Trino.Instant(hour.Add(time.Hour)))
}

func (f *fakeLake) write(table string, hour time.Time, values []string) {
	f.t.Helper()
	delete(f.files[table], hour)
	if len(values) == 0 {
		return
	}
	key := table + strings.Join(values, ",")
	if path, ok := f.written[key]; ok {
		f.files[table][hour] = path
		return
	}
	path := filepath.Join(f.dir, fmt.Sprintf("%s-%d.parquet", table, len(f.written)))
	var sel []string
	for i, c := range columns[table] {
		sel = append(sel, fmt.Sprintf("CAST(c%d AS %s) AS %s", i, strings.Replace(c.Type, "(6)", "", 1), c.Name))
	}
	names := []string{}
	for i := range columns[table] {
		names = append(names, fmt.Sprintf("c%d", i))
	}
	e, err := duckdb.Open(duckdb.Config{Threads: 1, Output: path}, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	defer e.Close()
	sql := fmt.Sprintf("SELECT %s FROM (VALUES %s) AS v(%s)", strings.Join(sel, ", "), strings.Join(values, ", "), strings.Join(names, ", "))
	if _, err := e.WriteParquet(context.Background(), sql); err != nil {
		f.t.Fatal(err)
	}
	f.files[table][hour] = path
	f.written[key] = path
}

func (f *fakeLake) Made(context.Context) ([]lake.Made, error) {
	var out []lake.Made
	for h, seq := range f.made {
		out = append(out, lake.Made{Start: h, Seq: seq})
	}
	rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out, nil
}

func (f *fakeLake) Open(_ context.Context, names []string, from, to time.Time) ([]engine.Table, func() error, error) {
	f.open = append(f.open, [2]time.Time{from, to})
	var out []engine.Table
	for name, cols := range columns {
		t := engine.Table{Name: name, Columns: cols}
		for h, path := range f.files[name] {
			if slices.Contains(names, name) && !h.Before(from) && h.Before(to) {
				t.Files = append(t.Files, path)
			}
		}
		slices.Sort(t.Files)
		out = append(out, t)
	}
	return out, func() error { return nil }, nil
}

func openDuck(_ context.Context, tables []engine.Table) (engine.Engine, error) {
	return duckdb.Open(duckdb.Config{Threads: 2, Memory: 512 << 20}, tables)
}

func openStore(t testing.TB) finding.Store {
	t.Helper()
	s, err := finding.Open(t.Context(), filepath.Join(t.TempDir(), "findings.db"), finding.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// noPorts has no sets.
type noPorts struct{}

func (noPorts) Condition(set, _ string) (string, error) { return "", fmt.Errorf("no set %s", set) }

// parse reads a rule: the lines that matter, the rest is filled in.
func parse(t testing.TB, id, lines string) *rule.Rule {
	if t != nil {
		t.Helper()
	}
	text := "id: " + id + "\n"
	for _, d := range []string{"version: 1", "title: A test", "severity: high", "group: exposure", "needs: {}", "window: 1h", "every: 1h", "resolve: 24h",
		"entity: [interface_id, port]", "message: \"{interface_id} port {port}\"", "explain: why", "fix: what",
		"examples: [{name: none, exposures: \"hour port\\n2026-11-03T00:00Z 1\\n\", want: []}]"} {
		key, _, _ := strings.Cut(d, ":")
		if !strings.Contains("\n"+lines, "\n"+key+":") {
			text += d + "\n"
		}
	}
	r, err := rule.Parse(id+".yaml", []byte(text+lines))
	if err != nil {
		panic(fmt.Sprintf("%v\n%s", err, text+lines)) // a child has no test
	}
	return r
}

const seenSQL = `
sql: |
  SELECT interface_id, port, max(account_id) AS account_id, count(DISTINCT client) AS clients, sum(server_bytes) AS server_bytes, count(*) AS count
  FROM exposures WHERE :window GROUP BY 1, 2`

// config is a run over the fake lake.
func (f *fakeLake) config(s finding.Store, rules ...*rule.Rule) Config {
	return Config{Tables: f, Engine: openDuck, Rules: rules, Ports: noPorts{}, Store: s, Now: func() time.Time { return at(1000) }}
}

func detect(t testing.TB, c Config) Summary {
	t.Helper()
	sum, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// found is all that is in a store, as text: what must not depend on the order of things.
func found(t testing.TB, s finding.Store) string {
	t.Helper()
	list, err := s.List(t.Context(), finding.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s %s %s-%s %d %s %v %v\n", f.ID, f.Severity, f.FirstSeen.Format("02T15:04"), f.LastSeen.Format("02T15:04"), f.Count, f.Summary,
			f.Evidence.Args, f.Details)
	}
	return b.String()
}

func TestMain(m *testing.M) {
	if os.Getenv("DETECT_CHILD") != "" {
		child()
		return
	}
	os.Exit(m.Run())
}
