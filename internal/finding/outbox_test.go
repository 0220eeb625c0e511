package finding

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func pending(t *testing.T, s Store, channel string) (out []string) {
	t.Helper()
	changes, err := s.Pending(t.Context(), channel)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		out = append(out, fmt.Sprintf("%s %s %d", c.Kind, c.Finding.InterfaceID, c.Attempts))
	}
	return out
}

// A change waits for each channel until that channel was told, or will never be.
func TestOutbox(t *testing.T) {
	c := &clock{hour(1)}
	s := openTest(t, Options{Now: c.now})
	record(t, s, evaluation(1, 1, sighted("eni-0", 1, "high")))
	c.t = hour(2)
	if err := s.Subscribe(t.Context(), "slack", "mail"); err != nil {
		t.Fatal(err)
	}
	want(t, pending(t, s, "slack"), []string(nil)) // from before it was there
	changes, err := s.Record(t.Context(), evaluation(2, 2, sighted("eni-1", 2, "high"), sighted("eni-2", 2, "low")))
	if err != nil || len(changes) != 2 {
		t.Fatal(changes, err)
	}
	want(t, len(pending(t, s, "slack")), 2)
	want(t, len(pending(t, s, "late")), 3) // never subscribed: it gets the last day
	key := map[string]string{}
	for _, c := range changes {
		key[c.Finding.InterfaceID] = c.Key
	}
	id := ID(redis.ID, sighted("eni-1", 1, "").Entity)
	want(t, key["eni-1"], id+":new:high:1")

	deliver := func(key, channel string, failure error) {
		t.Helper()
		if err := s.Delivered(t.Context(), key, channel, failure); err != nil {
			t.Fatal(err)
		}
	}
	deliver(key["eni-1"], "slack", errors.New("HTTP 500"))
	deliver(key["eni-1"], "slack", errors.New("HTTP 503"))
	if err := s.Drop(t.Context(), key["eni-2"], "slack", "below the severity of the channel"); err != nil {
		t.Fatal(err)
	}
	want(t, pending(t, s, "slack"), []string{"new eni-1 2"})
	want(t, len(pending(t, s, "mail")), 2)
	deliver(key["eni-1"], "slack", nil)
	want(t, pending(t, s, "slack"), []string(nil))
	got, err := s.Deliveries(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	want(t, got, []Delivery{
		{key["eni-1"], id, "slack", "new", c.t, 1, DeliveryFailed, "HTTP 500"},
		{key["eni-1"], id, "slack", "new", c.t, 2, DeliveryFailed, "HTTP 503"},
		{key["eni-1"], id, "slack", "new", c.t, 3, DeliverySent, ""},
	})

	// What later records explain is not told any more; what is suppressed waits.
	record(t, s, evaluation(2, 3, sighted("eni-1", 2, "high")))
	want(t, pending(t, s, "mail"), []string{"new eni-1 0"})
	sup, err := s.Suppress(t.Context(), Suppression{Owner: "ann", Reason: "known", Expires: hour(5), Scope: Scope{InterfaceID: "eni-1"}})
	if err != nil {
		t.Fatal(err)
	}
	want(t, pending(t, s, "mail"), []string(nil))
	if err := s.Unsuppress(t.Context(), sup.ID, "ann", ""); err != nil {
		t.Fatal(err)
	}
	want(t, pending(t, s, "mail"), []string{"new eni-1 0"})
	if err := s.Delivered(t.Context(), "no such key", "mail", nil); err == nil {
		t.Error("a notice that is not there was delivered")
	}
}

// What was withdrawn and is seen again is nothing new to a channel that was told of it, and is to one that was not.
func TestOutboxSeenAgain(t *testing.T) {
	s := openTest(t, Options{})
	if err := s.Subscribe(t.Context(), "told", "tried", "late"); err != nil {
		t.Fatal(err)
	}
	changes, err := s.Record(t.Context(), evaluation(1, 1, sighted("eni-1", 1, "high")))
	if err != nil || len(changes) != 1 {
		t.Fatal(changes, err)
	}
	for channel, failure := range map[string]error{"told": nil, "tried": errors.New("HTTP 500")} {
		if err := s.Delivered(t.Context(), changes[0].Key, channel, failure); err != nil {
			t.Fatal(err)
		}
	}
	want(t, record(t, s, evaluation(1, 2)), []string{"withdrawn high"})
	for _, channel := range []string{"told", "tried", "late"} {
		want(t, pending(t, s, channel), []string(nil))
	}
	record(t, s, evaluation(2, 3, sighted("eni-1", 2, "high")))
	want(t, pending(t, s, "told"), []string{"regressed eni-1 0"})
	want(t, pending(t, s, "tried"), []string{"new eni-1 0"})
	want(t, pending(t, s, "late"), []string{"new eni-1 0"})
	history, err := s.History(t.Context(), changes[0].Finding.ID)
	if err != nil || len(history) != 3 || history[2].Why != seenAgain {
		t.Errorf("history %+v, %v", history, err)
	}
}

// Whatever fails in a transaction, nothing of it stays: neither the findings without the notice nor the step.
func TestAllOrNothing(t *testing.T) {
	s := openTest(t, Options{})
	db := s.(*sqliteStore).db
	if _, err := db.Exec(`CREATE TRIGGER broken BEFORE INSERT ON notice WHEN NEW.id > 1 OR (SELECT count(*) FROM notice) > 0 BEGIN SELECT RAISE(ABORT, 'broken'); END`); err != nil {
		t.Fatal(err)
	}
	ev := evaluation(1, 1, sighted("eni-1", 1, "high"), sighted("eni-2", 1, "high"))
	if _, err := s.Record(t.Context(), ev); err == nil {
		t.Fatal("the second notice was queued")
	}
	all, err := s.List(t.Context(), Filter{})
	steps, err2 := s.Evaluated(t.Context(), redis)
	if err != nil || err2 != nil || len(all) > 0 || len(steps) > 0 || len(pending(t, s, "mail")) > 0 {
		t.Errorf("left: %v %v %v %v", all, steps, err, err2)
	}
	if _, err := db.Exec(`DROP TRIGGER broken`); err != nil {
		t.Fatal(err)
	}
	want(t, record(t, s, ev), []string{"new high", "new high"})
	want(t, len(pending(t, s, "mail")), 2)
}

// TestMain lets the test binary be the writer that TestKill kills.
func TestMain(m *testing.M) {
	path := os.Getenv("WEIR_FINDING_WRITER")
	if path == "" {
		os.Exit(m.Run())
	}
	s, err := Open(context.Background(), path, Options{})
	for step := 1; err == nil; step++ {
		_, err = s.Record(context.Background(), evaluation(step, 1, sighted(fmt.Sprint("eni-", step), step, "high"), sighted("eni-0", step, Severities[step%5])))
		fmt.Println(step)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// A writer that is killed loses no step that it said it had recorded, and no notice of one.
func TestKill(t *testing.T) {
	for _, after := range []int{1, 7, 23} {
		path := filepath.Join(t.TempDir(), "findings.db")
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "WEIR_FINDING_WRITER="+path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan() && after > 1; after-- {
		}
		_ = cmd.Process.Kill() // it runs for ever
		_ = cmd.Wait()
		s, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		steps, err := s.Evaluated(t.Context(), redis)
		if err != nil || len(steps) < after {
			t.Errorf("%d steps, %v; it said %d", len(steps), err, after)
		}
		all, err := s.List(t.Context(), Filter{})
		if err != nil || len(all) != len(steps)+1 {
			t.Errorf("%d findings of %d steps, %v", len(all), len(steps), err)
		}
		told := map[string]bool{}
		changes, err := s.Pending(t.Context(), "mail")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			told[c.Finding.ID] = true
		}
		if len(told) != len(all) {
			t.Errorf("notices of %d findings wait, there are %d", len(told), len(all))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Writers wait for each other, and readers for nobody: each sees whole steps.
func TestWritersAndReaders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "findings.db")
	const writers, steps, each = 3, 20, 5
	open := func(o Options) Store {
		s, err := Open(t.Context(), path, o)
		if err != nil {
			t.Error(err)
		}
		return s
	}
	open(Options{}).Close()
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	reads := make([]int, 2)
	for i := range reads {
		reading.Go(func() {
			s := open(Options{ReadOnly: true})
			defer s.Close()
			for last := 0; ; reads[i]++ {
				all, err := s.List(t.Context(), Filter{})
				if err != nil || len(all)%each != 0 || len(all) < last {
					t.Errorf("a reader saw %d findings after %d: %v", len(all), last, err)
					return
				}
				last = len(all)
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for w := range writers {
		writing.Go(func() {
			s := open(Options{})
			defer s.Close()
			for step := range steps {
				ev := Evaluation{Rule: Rule{ID: fmt.Sprint("rule-", w), Severity: "low"}, Step: hour(step), Window: time.Hour}
				for n := range each {
					ev.Sightings = append(ev.Sightings, sighted(fmt.Sprintf("eni-%d-%d", step, n), step, "low"))
				}
				if _, err := s.Record(t.Context(), ev); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	s := open(Options{ReadOnly: true})
	defer s.Close()
	all, err := s.List(t.Context(), Filter{})
	if err != nil || len(all) != writers*steps*each {
		t.Errorf("%d findings, %v", len(all), err)
	}
	if reads[0]+reads[1] < 2 {
		t.Errorf("readers looked %v times", reads)
	}
	if _, err := s.Record(t.Context(), evaluation(1, 1)); err == nil {
		t.Error("a reader wrote")
	}
}
