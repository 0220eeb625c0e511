package finding

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	gocmp "github.com/google/go-cmp/cmp"
)

// randomEvaluations makes some for a few steps of two rules, with several for a step: of those the one with the largest
// Seq counts. Windows overlap for one of the rules.
func randomEvaluations(r *rand.Rand) (evs []Evaluation) {
	for n := range 12 + r.IntN(20) {
		rule, window := redis, time.Hour
		if r.IntN(2) == 0 {
			rule, window = Rule{ID: "wide", Version: 1, Title: "Wide", Severity: "low", Resolve: 6 * time.Hour}, 4*time.Hour
		}
		step := 1 + r.IntN(12)
		rule.Version = 1 + n%2
		ev := Evaluation{Rule: rule, Step: hour(step), Window: window, Seq: int64(n)}
		for range r.IntN(8) {
			s := sighted(fmt.Sprintf("eni-%d", r.IntN(3)), step, Severities[r.IntN(5)])
			s.Count = int64(1 + r.IntN(9))
			s.Weight = float64(r.IntN(3)) / 2 // often equal
			s.First, s.Last = hour(step).Add(-time.Duration(1+r.Int64N(int64(window)))), hour(step).Add(-time.Duration(r.Int64N(int64(time.Minute)))).Truncate(time.Microsecond)
			s.First = s.First.Truncate(time.Microsecond)
			s.Summary = fmt.Sprintf("%d %d", n, r.IntN(1000))
			s.Details = map[string]any{"n": int64(n)}
			ev.Sightings = append(ev.Sightings, s)
		}
		evs = append(evs, ev)
	}
	return evs
}

// obvious is the slow twin of Record: the findings that a set of evaluations gives, as its documentation says.
func obvious(t *testing.T, evs []Evaluation) map[string]*Finding {
	type key struct {
		rule string
		step time.Time
	}
	latest := map[key]Evaluation{}
	for _, ev := range evs {
		if old, ok := latest[key{ev.Rule.ID, ev.Step}]; !ok || ev.Seq >= old.Seq {
			latest[key{ev.Rule.ID, ev.Step}] = ev
		}
	}
	type one struct {
		ev Evaluation
		s  *seen
	}
	by := map[string][]one{}
	for _, ev := range latest {
		merged, err := ev.merged()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range merged {
			id := ID(ev.Rule.ID, s.entity)
			by[id] = append(by[id], one{ev, s})
		}
	}
	out := map[string]*Finding{}
	for id, all := range by {
		slices.SortFunc(all, func(a, b one) int { return a.ev.Step.Compare(b.ev.Step) })
		last := all[len(all)-1]
		f := &Finding{ID: id, Rule: last.ev.Rule.ID, RuleVersion: last.ev.Rule.Version, State: StateOpen, FirstSeen: all[0].s.first}
		var speaker one
		for _, o := range all {
			if o.s.first.Before(f.FirstSeen) {
				f.FirstSeen = o.s.first
			}
			if o.s.last.After(f.LastSeen) {
				f.LastSeen = o.s.last
			}
			if o.ev.Step.After(last.ev.Step.Add(-cmp.Or(last.ev.Rule.Resolve, 24*time.Hour))) {
				if speaker.s == nil || o.s.severity > speaker.s.severity || o.s.severity == speaker.s.severity && o.s.weight >= speaker.s.weight {
					speaker = o
				}
			}
		}
		f.Severity, f.Summary, f.Details = Severities[speaker.s.severity-1], speaker.s.text.Summary, speaker.s.text.Details
		for set := range 1 << len(all) { // every choice of sightings
			var count int64
			end := time.Time{}
			for i, o := range all {
				if set&(1<<i) == 0 {
					continue
				}
				if o.ev.Step.Add(-o.ev.Window).Before(end) {
					count = -1
					break
				}
				end = o.ev.Step
				count += o.s.count
			}
			f.Count = max(f.Count, count)
		}
		out[id] = f
	}
	return out
}

// The same evaluations give the same findings: in any order, some of them repeated, folded or not in between.
func TestOrderDoesNotMatter(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 7))
		evs := randomEvaluations(r)
		twin := obvious(t, evs)
		for try := range 3 {
			s := openTest(t, Options{Now: func() time.Time { return hour(13) }})
			order := slices.Concat(evs, evs[:r.IntN(len(evs))])
			if try > 0 {
				r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			}
			for _, ev := range order {
				if ev.Sightings = slices.Clone(ev.Sightings); try > 0 {
					r.Shuffle(len(ev.Sightings), func(i, j int) { ev.Sightings[i], ev.Sightings[j] = ev.Sightings[j], ev.Sightings[i] })
				}
				record(t, s, ev)
			}
			all, err := s.List(t.Context(), Filter{})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]*Finding{}
			for _, f := range all {
				if f.State != StateResolved { // withdrawn: only some orders saw it at all
					got[f.ID] = f
				}
			}
			ignore := cmpopts.IgnoreFields(Finding{}, "Created", "Updated", "Title", "Techniques", "InterfaceID", "Server", "Port", "Entity", "Evidence")
			if d := gocmp.Diff(twin, got, ignore, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("seed %d, try %d: store +, twin -:\n%s", seed, try, d)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Folding forgets texts, and changes no finding, whatever is recorded after it.
func TestFold(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 8))
		evs := randomEvaluations(r)
		var lists [2][]*Finding
		for i := range lists {
			s := openTest(t, Options{Now: func() time.Time { return day.Add(100 * 24 * time.Hour) }})
			for _, ev := range evs {
				record(t, s, ev)
				if i == 1 && ev.Step.After(hour(6)) {
					if err := s.Fold(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			var err error
			if lists[i], err = s.List(t.Context(), Filter{}); err != nil {
				t.Fatal(err)
			}
		}
		// The text of a finding whose latest sighting was withdrawn after folding is the one that it had.
		if d := gocmp.Diff(lists[0], lists[1], cmpopts.IgnoreFields(Finding{}, "Summary", "Details", "Evidence")); d != "" {
			t.Fatalf("seed %d: folded +, not folded -:\n%s", seed, d)
		}
	}
	s := openTest(t, Options{Now: func() time.Time { return day.Add(100 * 24 * time.Hour) }})
	for step := range 20 {
		record(t, s, evaluation(step, 1, sighted("eni-1", step, "high"), sighted(fmt.Sprint("eni-", step), step, "low")))
	}
	if err := s.Fold(t.Context()); err != nil {
		t.Fatal(err)
	}
	var texts, sightings int
	if err := s.(*sqliteStore).db.QueryRow(`SELECT (SELECT count(*) FROM sighting_text), (SELECT count(*) FROM sighting)`).Scan(&texts, &sightings); err != nil {
		t.Fatal(err)
	}
	want(t, []int{texts, sightings}, []int{20, 39}) // eni-1 itself came up at step 1, once
}
