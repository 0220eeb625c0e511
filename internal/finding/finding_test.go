package finding

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clock is a time that tests move.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

var day = time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)

// hour is the step that ends so many hours into day.
func hour(n int) time.Time { return day.Add(time.Duration(n) * time.Hour) }

func openTest(t *testing.T, o Options) Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "findings.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

var redis = Rule{ID: "exposed-datastore", Version: 1, Title: "Datastore answers the internet", Severity: "critical", Techniques: []string{"T1190"}}

func intp(n int) *int { return &n }

// sighted is a sighting of port 6379 of an interface in the hour before a step.
func sighted(eni string, step int, severity string) Sighting {
	return Sighting{
		Entity: Entity{{"interface_id", eni}, {"port", int64(6379)}}, Severity: severity, Summary: "seen on " + eni,
		InterfaceID: eni, Server: "10.0.0.5", Port: intp(6379), First: hour(step).Add(-50 * time.Minute), Last: hour(step).Add(-10 * time.Minute), Count: 2,
		Evidence: Evidence{SQL: "SELECT * FROM exposures WHERE hour >= ? AND port = ?", Args: []any{hour(step - 1), int64(6379)}},
	}
}

func evaluation(step int, seq int64, s ...Sighting) Evaluation {
	return Evaluation{Rule: redis, Step: hour(step), Window: time.Hour, Seq: seq, Sightings: s}
}

func record(t *testing.T, s Store, ev Evaluation) (kinds []string) {
	t.Helper()
	changes, err := s.Record(t.Context(), ev)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		kinds = append(kinds, c.Kind+" "+c.Severity)
	}
	return kinds
}

func get(t *testing.T, s Store, id string) *Finding {
	t.Helper()
	f, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func want(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("got +, want -:\n%s", d)
	}
}

// What happens to a finding from its first sighting on.
func TestLife(t *testing.T) {
	c := &clock{hour(2)}
	s := openTest(t, Options{Now: c.now})
	id := ID("exposed-datastore", sighted("eni-1", 1, "").Entity)

	want(t, record(t, s, evaluation(1, 1, sighted("eni-1", 1, "medium"))), []string{"new medium"})
	want(t, record(t, s, evaluation(1, 1, sighted("eni-1", 1, "medium"))), []string(nil))
	want(t, record(t, s, evaluation(2, 2, sighted("eni-1", 2, "critical"))), []string{"worsened critical"})
	want(t, record(t, s, evaluation(3, 3, sighted("eni-1", 3, "low"))), []string(nil))
	f := get(t, s, id)
	port := 6379
	want(t, f, &Finding{
		ID: id, Rule: redis.ID, RuleVersion: 1, Title: redis.Title, Severity: "critical", State: StateOpen, Techniques: redis.Techniques,
		InterfaceID: "eni-1", Server: "10.0.0.5", Port: &port, FirstSeen: hour(0).Add(10 * time.Minute), LastSeen: hour(3).Add(-10 * time.Minute), Count: 6,
		Summary: "seen on eni-1", Evidence: Evidence{"SELECT * FROM exposures WHERE hour >= ? AND port = ?", []any{hour(1), int64(6379)}},
		Entity: Entity{{"interface_id", "eni-1"}, {"port", int64(6379)}}, Created: c.t, Updated: c.t,
	})

	// Acknowledged is not told again, unless it gets worse than it was then.
	record(t, s, evaluation(2, 4))
	c.t = hour(4)
	act(t, s, id, Action{ActAcknowledge, "ann", "on it"})
	want(t, get(t, s, id).Severity, "medium")
	want(t, record(t, s, evaluation(4, 5, sighted("eni-1", 4, "high"))), []string{"worsened high"})
	want(t, get(t, s, id).State, StateAcknowledged)

	// By evidence it is resolved if it was not seen since, and regresses when it is.
	resolve := func(before time.Time) (kinds []string) {
		changes, err := s.ResolveUnseen(t.Context(), []Unseen{{id, before, "not seen for 24h"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			kinds = append(kinds, c.Kind)
		}
		return kinds
	}
	want(t, resolve(hour(3)), []string(nil))
	want(t, resolve(hour(10)), []string{"resolved"})
	want(t, get(t, s, id).State, StateResolved)
	want(t, record(t, s, evaluation(9, 9, sighted("eni-1", 9, "high"))), []string(nil)) // late records from before
	want(t, get(t, s, id).State, StateResolved)
	want(t, record(t, s, evaluation(11, 11, sighted("eni-1", 11, "high"))), []string{"regressed high"})
	want(t, get(t, s, id).State, StateRegressed)

	// By a person, too.
	c.t = hour(12)
	act(t, s, id, Action{ActResolve, "ann", "security group closed"})
	want(t, record(t, s, evaluation(12, 12, sighted("eni-1", 12, "high"))), []string(nil))
	want(t, record(t, s, evaluation(13, 13, sighted("eni-1", 13, "high"))), []string{"regressed high"})

	history, err := s.History(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range history {
		told = append(told, e.Who+" "+e.Kind)
	}
	want(t, told, []string{"weir new", "weir worsened", "ann acknowledged", "weir worsened", "weir resolved", "weir regressed", "ann resolved", "weir regressed"})
}

func act(t *testing.T, s Store, id string, a Action) {
	t.Helper()
	if err := s.Act(t.Context(), id, a); err != nil {
		t.Fatal(err)
	}
}

// What later records explain goes, and comes back with other ones.
func TestWithdrawn(t *testing.T) {
	s := openTest(t, Options{})
	id := ID("exposed-datastore", sighted("eni-1", 1, "").Entity)
	record(t, s, evaluation(1, 2, sighted("eni-1", 1, "high"), sighted("eni-2", 1, "high")))
	want(t, record(t, s, evaluation(1, 1)), []string(nil)) // it read less than what is there
	want(t, get(t, s, id).State, StateOpen)
	want(t, record(t, s, evaluation(1, 3, sighted("eni-2", 1, "high"))), []string{"withdrawn high"})
	f := get(t, s, id)
	want(t, []string{f.State, f.Reason}, []string{StateResolved, "later records explain it"})
	want(t, record(t, s, evaluation(2, 4, sighted("eni-1", 2, "low"))), []string{"new low"})
	f = get(t, s, id)
	want(t, []string{f.State, f.Severity, f.Reason}, []string{StateOpen, "low", ""})

	got, err := s.Evaluated(t.Context(), redis)
	if err != nil {
		t.Fatal(err)
	}
	want(t, got, map[time.Time]int64{hour(1): 3, hour(2): 4})
	other := redis
	other.Hash = "other parameters"
	if got, err = s.Evaluated(t.Context(), other); err != nil || len(got) > 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

// The order of columns, their types in an engine, and the rule's version are not what a finding is.
func TestID(t *testing.T) {
	a := ID("r", Entity{{"interface_id", "eni-1"}, {"port", int64(22)}})
	for _, same := range []Entity{
		{{"port", int64(22)}, {"interface_id", "eni-1"}}, {{"port", int32(22)}, {"interface_id", "eni-1"}}, {{"port", 22.0}, {"interface_id", "eni-1"}},
	} {
		want(t, ID("r", same), a)
	}
	for _, other := range []Entity{
		{{"port", "22"}, {"interface_id", "eni-1"}}, {{"port", int64(23)}, {"interface_id", "eni-1"}}, {{"interface_id", "eni-1"}},
		{{"interface_id", `eni-1";"port"=22`}}, {{"port", nil}, {"interface_id", "eni-1"}},
	} {
		if ID("r", other) == a {
			t.Errorf("%v has the same id", other)
		}
	}
	want(t, ID("exposed-datastore", Entity{{"interface_id", "eni-0a1"}, {"port", int64(6379)}}), "exposed-datastore-fd9bd84357") // stays, in every release
}

// Windows that overlap count once: the count is of events that there were at least.
func TestCountOfWindowsThatOverlap(t *testing.T) {
	s := openTest(t, Options{})
	ev := func(step int, count int64) Evaluation {
		x := sighted("eni-1", step, "high")
		x.Count = count
		e := evaluation(step, int64(step), x)
		e.Window = 24 * time.Hour
		return e
	}
	id := ID("exposed-datastore", sighted("eni-1", 1, "").Entity)
	for _, step := range []struct{ step, count, want int }{{24, 5, 5}, {30, 7, 7}, {36, 6, 7}, {48, 2, 7}, {54, 1, 8}, {60, 5, 12}, {12, 100, 111}} {
		record(t, s, ev(step.step, int64(step.count)))
		if got := get(t, s, id).Count; got != int64(step.want) {
			t.Errorf("after step %d the count is %d, want %d", step.step, got, step.want)
		}
	}
}

func TestBadEvaluations(t *testing.T) {
	s := openTest(t, Options{})
	none := evaluation(1, 1, Sighting{Summary: "of nothing"})
	odd := evaluation(1, 1, sighted("eni-1", 1, "dreadful"))
	for _, ev := range []Evaluation{none, odd, {Rule: redis}, {}} {
		if _, err := s.Record(context.Background(), ev); err == nil {
			t.Errorf("%+v was recorded", ev)
		}
	}
}
