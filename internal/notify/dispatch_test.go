package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/internal/finding"
)

// ledger is a Log in memory.
type ledger struct {
	waiting []finding.Change
	done    map[string]string // key: how it ended
	failing error             // of Delivered: the process is killed before it is taken down
}

func (l *ledger) Pending(context.Context, string) (out []finding.Change, err error) {
	for _, c := range l.waiting {
		if l.done[c.Key] == "" {
			out = append(out, c)
		}
	}
	return out, nil
}

func (l *ledger) Delivered(_ context.Context, key, _ string, err error) error {
	if l.failing != nil {
		return l.failing
	}
	if err == nil {
		l.done[key] = "sent"
	}
	return nil
}

func (l *ledger) Drop(_ context.Context, key, _, why string) error { l.done[key] = why; return nil }

func newLedger(severities ...string) *ledger {
	l := &ledger{done: map[string]string{}}
	for i, s := range severities {
		id := fmt.Sprintf("r-%d", i)
		l.waiting = append(l.waiting, finding.Change{Key: "k" + id, Kind: finding.KindNew, Severity: s, At: noon, Finding: &finding.Finding{ID: id, Rule: "r", Severity: s, Title: id}})
	}
	return l
}

// box is a Notifier that keeps what it gets.
type box struct {
	got []Notice
	err error
}

func (b *box) Name() string { return "box" }
func (b *box) Send(_ context.Context, n Notice) error {
	if b.err != nil {
		return b.err
	}
	b.got = append(b.got, n)
	return nil
}

func (b *box) keys() (out []string) {
	for _, n := range b.got {
		out = append(out, n.Key)
	}
	return out
}

func TestDispatchWorstFirstAndFolds(t *testing.T) {
	l := newLedger(append(slices.Repeat([]string{"high"}, 30), "critical", "low")...)
	b := &box{}
	s, err := Dispatch(t.Context(), l, []Channel{{Notifier: b, Singles: 3, Digest: 24 * time.Hour}}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.got) != 4 || b.got[0].Severity() != "critical" {
		t.Fatalf("%d notices, the first is %s", len(b.got), b.got[0].Severity())
	}
	if f := b.got[3]; f.Kind != KindFolded || f.total() != 28 || len(f.Findings) != digestFindings || f.More != 8 || !strings.Contains(f.Text(), "and 8 more (28 high in all)") {
		t.Errorf("folded: %s of %d, %d shown:\n%s", f.Kind, f.total(), len(f.Findings), f.Text())
	}
	if want := (Summary{Sent: 4, Told: 31, Waiting: 1}); s != want {
		t.Errorf("summary %+v, want %+v", s, want)
	}
	if s, err = Dispatch(t.Context(), l, []Channel{{Notifier: b, Digest: 24 * time.Hour}}, noon.Add(time.Hour)); err != nil || s.Sent != 0 {
		t.Errorf("told twice: %+v, %v", s, err)
	}
}

func TestDispatchDigest(t *testing.T) {
	l := newLedger("low", "medium", "info")
	b := &box{}
	c := []Channel{{Notifier: b, Digest: 24 * time.Hour}}
	for _, step := range []struct {
		after time.Duration
		sent  int
	}{{23*time.Hour + 59*time.Minute, 0}, {24 * time.Hour, 1}, {49 * time.Hour, 0}} {
		s, err := Dispatch(t.Context(), l, c, noon.Add(step.after))
		if err != nil || s.Sent != step.sent {
			t.Errorf("after %s: %+v, %v; want %d sent", step.after, s, err, step.sent)
		}
	}
	if n := b.got[0]; n.Kind != KindDigest || n.Subject() != "[weir] digest: 3 findings (1 medium, 1 low, 1 info)" {
		t.Errorf("%s: %s", n.Kind, n.Subject())
	}
}

// What was found and got worse before a channel heard of it is one thing, and new; what it heard of got worse.
func TestDispatchOncePerFinding(t *testing.T) {
	l := newLedger("low", "high", "medium")
	worse := func(i int, severity string) {
		f := *l.waiting[i].Finding
		f.Severity = severity
		l.waiting[i].Finding = &f
		l.waiting = append(l.waiting, finding.Change{Key: f.ID + severity, Kind: finding.KindWorsened, Severity: severity, At: noon.Add(time.Minute), Finding: &f})
	}
	worse(0, "medium")
	worse(0, "high")
	worse(2, "medium") // stays below the line: with its digest
	b := &box{}
	c := []Channel{{Notifier: b, Digest: time.Hour}}
	s, err := Dispatch(t.Context(), l, c, noon)
	if want := (Summary{Sent: 2, Told: 4, Waiting: 2}); err != nil || s != want {
		t.Errorf("%+v, %v; want %+v", s, err, want)
	}
	if len(b.got) != 2 || b.got[0].Findings[0].ID != "r-0" || b.got[0].Kind != finding.KindNew || b.got[0].Severity() != "high" || b.got[0].Key != "r-0high" {
		t.Errorf("told %+v", b.got)
	}
	worse(1, "critical")
	if s, err = Dispatch(t.Context(), l, c, noon.Add(time.Hour)); err != nil || s.Sent != 2 || s.Told != 3 {
		t.Errorf("later: %+v, %v", s, err)
	}
	if len(b.got) != 4 || b.got[2].Kind != finding.KindWorsened || b.got[3].Kind != KindDigest || b.got[3].total() != 1 {
		t.Errorf("told %+v", b.got)
	}
}

// A channel that was told, and killed before that was taken down, is told again under the same keys.
func TestDispatchKilled(t *testing.T) {
	l := newLedger("high", "high", "high", "low")
	b := &box{}
	c := []Channel{{Notifier: b, Singles: 1, Digest: time.Hour}}
	l.failing = errors.New("killed")
	for range 3 { // each time it gets no further than the first notice
		if _, err := Dispatch(t.Context(), l, c, noon.Add(2*time.Hour)); err == nil {
			t.Fatal("no error")
		}
	}
	l.failing = nil
	if _, err := Dispatch(t.Context(), l, c, noon.Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	keys := b.keys()
	if len(keys) != 6 || keys[0] != keys[1] || keys[0] != keys[3] {
		t.Errorf("keys %v", keys)
	}
	if len(l.done) != 4 {
		t.Errorf("told %v", l.done)
	}
}

func TestDispatchFilters(t *testing.T) {
	l := newLedger("critical", "low", "high")
	l.waiting[2].Finding = &finding.Finding{ID: "x", Rule: "other", AccountID: "1"}
	b := &box{}
	s, err := Dispatch(t.Context(), l, []Channel{{Notifier: b, Rules: []string{"r*"}}}, noon)
	if err != nil || s.Sent != 1 || s.Dropped != 2 || l.done["kr-1"] == "" {
		t.Errorf("%+v, %v, %v", s, err, l.done)
	}
}

// One channel that is down keeps no other from being told, and is told later.
func TestDispatchFailure(t *testing.T) {
	down, up := &box{err: errors.New("down")}, &box{}
	a, b := newLedger("high", "high"), newLedger("high")
	s, err := Dispatch(t.Context(), a, []Channel{{Notifier: down}}, noon)
	if err == nil || s.Failed != 1 || len(a.done) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = Dispatch(t.Context(), b, []Channel{{Notifier: down}, {Notifier: up}}, noon); err == nil || s.Sent != 1 || len(up.got) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	down.err = nil
	if s, err = Dispatch(t.Context(), a, []Channel{{Notifier: down}}, noon); err != nil || s.Sent != 2 {
		t.Errorf("later: %+v, %v", s, err)
	}
}
