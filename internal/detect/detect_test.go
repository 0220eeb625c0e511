package detect

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/finding"
	"weir/internal/rule"
)

// traffic is what some hours hold, the same for every test.
func traffic(hours int) map[int][]exposure {
	rng := rand.New(rand.NewPCG(1, 2))
	out := map[int][]exposure{}
	for h := range hours {
		if h%7 == 5 {
			continue // a gap
		}
		for range rng.IntN(6) {
			out[h] = append(out[h], exposure{fmt.Sprintf("eni-%d", rng.IntN(3)), fmt.Sprintf("192.0.2.%d", h/9*4+rng.IntN(9)), 6379 + rng.IntN(2), rng.Int64N(1000)})
		}
		if out[h] == nil {
			out[h] = []exposure{}
		}
	}
	return out
}

func testRules(t testing.TB) []*rule.Rule {
	return []*rule.Rule{
		parse(t, "seen", seenSQL),
		parse(t, "many", "window: 3h\nseverity: low"+strings.Replace(seenSQL, "GROUP BY 1, 2", "GROUP BY 1, 2 HAVING count(DISTINCT client) >= 3", 1)),
		parse(t, "fresh", `window: 6h
every: 3h
needs: {history: 12h}
entity: [client]
message: "{client} is new"
sql: |
  SELECT client, min(hour) AS first_seen FROM exposures WHERE :window AND client NOT IN (SELECT client FROM exposures WHERE :history)
  GROUP BY 1`),
	}
}

// The order in which hours come, in how many runs, late or twice, does not change what is found.
func TestOrder(t *testing.T) {
	hours := traffic(24)
	rules, files := testRules(t), newFakeLake(t)
	var want string
	for n := range 4 {
		rng := rand.New(rand.NewPCG(3, uint64(n)))
		f, s := newFakeLake(t), openStore(t)
		f.written, f.dir = files.written, files.dir
		order := rng.Perm(24)
		if n == 0 { // all at once, in order
			for h := range 24 {
				order[h] = h
			}
		}
		var pending []func()
		for i, h := range order {
			rows, ok := hours[h]
			if !ok {
				continue
			}
			late := n > 0 && rng.IntN(4) == 0 && len(rows) > 1
			if late { // a part first, the whole later
				f.put(at(h), rows[:1]...)
				pending = append(pending, func() { f.put(at(h), rows...) })
			} else {
				f.put(at(h), rows...)
			}
			if n > 0 && i%11 == 3 {
				c := f.config(s, rules...)
				c.MaxSteps = []int{0, 5, 40}[rng.IntN(3)]
				detect(t, c)
			}
		}
		for _, late := range pending {
			late()
		}
		detect(t, f.config(s, rules...))
		if sum := detect(t, f.config(s, rules...)); sum.Steps != 0 {
			t.Errorf("run %d: %d steps were due again, and nothing came", n, sum.Steps)
		}
		got := found(t, s)
		if n == 0 {
			if want = got; strings.Count(want, "\n") < 8 || !strings.Contains(want, "fresh") {
				t.Fatalf("too little was found for a test:\n%s", want)
			}
			continue
		}
		if got != want {
			t.Errorf("order %d finds other things:\n%s\nwant:\n%s", n, got, want)
		}
	}
}

// What one more hour costs does not grow with the lake: only its reach is opened.
func TestReach(t *testing.T) {
	f, s := newFakeLake(t), openStore(t)
	for h := range 30 {
		f.put(at(h), exposure{"eni-1", "192.0.2.1", 22, 1})
	}
	rules := []*rule.Rule{parse(t, "seen", seenSQL), parse(t, "day", "window: 4h\nevery: 2h"+seenSQL)}
	if sum := detect(t, f.config(s, rules...)); sum.Steps != 30+15 {
		t.Errorf("%d steps, want one for each hour and one for each two", sum.Steps)
	}
	f.put(at(30))
	f.open = nil
	sum := detect(t, f.config(s, rules...))
	if sum.Steps != 2 {
		t.Errorf("%d steps after one hour came, want 2", sum.Steps)
	}
	if want := fmt.Sprint([][2]time.Time{{at(30), at(31)}, {at(28), at(32)}}); fmt.Sprint(f.open[:2]) != want {
		t.Errorf("opened %v, want %v", f.open[:2], want)
	}
	// A late hour makes due what reads it, and nothing else.
	f.put(at(10), exposure{"eni-1", "192.0.2.9", 22, 1})
	if sum := detect(t, f.config(s, rules...)); sum.Steps != 1+2 {
		t.Errorf("%d steps after hour 10 came again, want those that end at 11, 12 and 14", sum.Steps)
	}
	// A changed rule is another rule.
	rules[0] = parse(t, "seen", "severity: critical"+seenSQL)
	if sum := detect(t, f.config(s, rules...)); sum.Steps != 31 {
		t.Errorf("%d steps after a rule changed, want its 31", sum.Steps)
	}
}

func TestHistory(t *testing.T) {
	f, s := newFakeLake(t), openStore(t)
	r := testRules(t)[2] // needs 12 hours before 6 hours
	for h := range 15 {
		f.put(at(h), exposure{"eni-1", "192.0.2.1", 22, 1})
	}
	sum := detect(t, f.config(s, r))
	if got := sum.Rules[0]; got.Steps != 0 || got.Learning != 5 || got.Have != 9*time.Hour {
		t.Errorf("with 15 hours: %+v, want 5 steps that wait with 9 hours of history", got)
	}
	for h := 15; h < 18; h++ {
		f.put(at(h), exposure{"eni-1", "192.0.2.7", 22, 1})
	}
	if sum = detect(t, f.config(s, r)); sum.Rules[0].Steps != 1 || sum.Sightings != 1 {
		t.Errorf("with 18 hours: %+v, want one step and 192.0.2.7", sum.Rules[0])
	}
}

// One bad rule is named and stops no other.
func TestBadRules(t *testing.T) {
	f, s := newFakeLake(t), openStore(t)
	f.put(at(0), exposure{"eni-1", "192.0.2.1", 22, 1})
	f.put(at(1), exposure{"eni-1", "192.0.2.1", 22, 1})
	wrong := parse(t, "wrong", "sql: |\n  SELECT interface_id, port, no_such FROM exposures WHERE :window")
	slow := parse(t, "slow", `sql: |
  SELECT a.interface_id, a.port, count(*) AS n FROM exposures a, UNNEST(sequence(1, 10000)) AS x(i), UNNEST(sequence(1, 10000)) AS y(j),
    UNNEST(sequence(1, 10000)) AS z(k) WHERE :window(a) AND i * j % 7 + k % 3 > 2 GROUP BY 1, 2`)
	many := parse(t, "many", `entity: [n]
message: "{n}"
sql: |
  SELECT i * 4000 + j AS n, CASE WHEN i * 4000 + j = 77 THEN 'critical' END AS severity
  FROM exposures a, UNNEST(sequence(0, 3999)) AS x(i), UNNEST(sequence(1, 4000)) AS y(j) WHERE :window(a)`)
	some := parse(t, "some", `entity: [n]
message: "{n}"
sql: |
  SELECT i AS n, CASE WHEN i > 2998 THEN 'critical' END AS severity FROM exposures a, UNNEST(sequence(1, 3000)) AS x(i) WHERE :window(a)`)
	nothing := parse(t, "nothing", "entity: [client]\nmessage: m\nsql: |\n  SELECT CAST(NULL AS varchar) AS client FROM exposures WHERE :window")
	c := f.config(s, wrong, slow, many, some, nothing, parse(t, "seen", seenSQL))
	c.Time, c.Rows = 2*time.Second, 50
	began := time.Now()
	sum := detect(t, c)
	if took := time.Since(began); took > 40*time.Second {
		t.Errorf("took %v", took)
	}
	got := map[string]RuleSummary{}
	for _, r := range sum.Rules {
		got[r.Rule.ID] = r
	}
	if r := got["wrong"]; r.Err == nil || !strings.Contains(r.Err.Error(), "no_such") || r.Steps != 0 {
		t.Errorf("wrong: %+v", r)
	}
	if r := got["slow"]; r.Slow != 2 || r.Steps != 0 || r.Slowest < 1.9 {
		t.Errorf("slow: %+v", r)
	}
	if r := got["many"]; r.Cut != 2 || r.Sightings != 100 {
		t.Errorf("many: %+v", r)
	}
	if r := got["some"]; r.Cut != 2 || r.Sightings != 100 {
		t.Errorf("some: %+v", r)
	}
	if r := got["nothing"]; r.Unread != 2 || r.Sightings != 0 {
		t.Errorf("nothing: %+v", r)
	}
	if r := got["seen"]; r.Steps != 2 || r.Sightings != 2 {
		t.Errorf("seen: %+v", r)
	}
	if n := len(sum.Failed()); n != 2 {
		t.Errorf("%d rules failed, want 2", n)
	}
	// Of what is cut the worst are kept, then the first, whatever the engine's order.
	list, err := s.List(t.Context(), finding.Filter{Rules: []string{"some"}, MinSeverity: "critical"})
	if err != nil || len(list) != 2 {
		t.Errorf("%d critical of rule some, %v, want 2", len(list), err)
	}
	// What failed is due again, and what did not is not.
	if sum = detect(t, f.config(s, parse(t, "seen", seenSQL))); sum.Steps != 0 {
		t.Errorf("%d steps again", sum.Steps)
	}
}

// The evidence of a finding shows it again, and nothing else.
func TestEvidence(t *testing.T) {
	f, s := newFakeLake(t), openStore(t)
	f.put(at(9), exposure{"eni-1", "192.0.2.1", 22, 5}, exposure{"eni-1", "192.0.2.2", 22, 6}, exposure{"eni-2", "192.0.2.1", 23, 7})
	detect(t, f.config(s, parse(t, "seen", seenSQL)))
	list, err := s.List(t.Context(), finding.Filter{InterfaceID: ""})
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	tables, _, _ := f.Open(t.Context(), []string{"exposures"}, at(0), at(24))
	e, err := duckdb.Open(duckdb.Config{Threads: 1}, tables)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, fd := range list {
		n := 0
		err := read(t.Context(), e, fd.Evidence.SQL, fd.Evidence.Args, 10, func(_ []engine.Column, v []any) {
			if n++; v[0] != fd.InterfaceID || v[1] != int64(*fd.Port) {
				t.Errorf("evidence of %s shows %v", fd.ID, v)
			}
		})
		if err != nil || n != 1 {
			t.Errorf("evidence of %s has %d rows, %v, want 1\n%s", fd.ID, n, err, fd.Evidence.SQL)
		}
	}
}

// The hour in which most left speaks for a finding, not the latest.
func TestWeight(t *testing.T) {
	f, s := newFakeLake(t), openStore(t)
	for h, bytes := range map[int]int64{9: 60, 10: 57_000_000, 11: 660} {
		f.put(at(h), exposure{"eni-1", "192.0.2.1", 22, bytes})
	}
	detect(t, f.config(s, parse(t, "seen", strings.Replace(seenSQL, "count(*)", "sum(server_bytes) AS weight, count(*)", 1))))
	list, err := s.List(t.Context(), finding.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	got := list[0]
	if d := cmp.Diff(map[string]any{"clients": int64(1), "server_bytes": int64(57_000_000)}, got.Details); d != "" {
		t.Errorf("details, got +, want -:\n%s", d)
	}
	if got.Count != 3 || !got.LastSeen.After(at(11)) {
		t.Errorf("count %d, last seen %s: they are of all hours", got.Count, got.LastSeen)
	}
}

func TestCancel(t *testing.T) {
	f, s := newFakeLake(t), openStore(t)
	for h := range 20 {
		f.put(at(h), exposure{"eni-1", "192.0.2.1", 22, 1})
	}
	c := f.config(s, parse(t, "seen", seenSQL))
	ctx, cancel := context.WithCancel(t.Context())
	c.Progress = func(done, _ int) {
		if done == 7 {
			cancel()
		}
	}
	if sum, err := Run(ctx, c); err == nil || sum.Steps < 6 || sum.Steps > 7 {
		t.Errorf("cancelled after 7 steps: %d recorded, %v", sum.Steps, err)
	}
	if sum := detect(t, f.config(s, parse(t, "seen", seenSQL))); sum.Steps < 13 || sum.Steps > 14 {
		t.Errorf("the next run took %d steps", sum.Steps)
	}
}
