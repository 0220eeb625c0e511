package main

import (
	"maps"
	"strings"
	"testing"
	"time"

	"weir/internal/finding"
)

// clock is a time that a test moves on.
type clock struct{ t time.Time }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

func TestProgressOnTerminal(t *testing.T) {
	var out strings.Builder
	c := &clock{testNow}
	p := newProgress(&out, true, false, c.now)
	p.Update(progressState{Objects: 1})
	if out.Len() > 0 {
		t.Errorf("%q is shown at once: work that takes no time should show nothing", out.String())
	}
	c.advance(4 * time.Second)
	p.Update(progressState{Objects: 1204, ObjectsTotal: 9800, Records: 3_140_000, Bytes: 64e6, BytesTotal: 512e6})
	p.Update(progressState{Objects: 1205, ObjectsTotal: 9800})
	want := "\r1,204 of 9,800 objects, 3.1 M records (785 k/s), 64 MB of 512 MB, 28s left\x1b[K"
	if out.String() != want {
		t.Errorf("shown %q, want %q", out.String(), want)
	}
	out.Reset()
	p.Print("a warning")
	p.Print("another")
	if want := "\r\x1b[Ka warning\nanother\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
	c.advance(progressTerminal)
	p.Update(progressState{Objects: 1206, Records: 5})
	out.Reset()
	p.Done()
	p.Update(progressState{Objects: 1207})
	if want := "\r\x1b[K"; out.String() != want {
		t.Errorf("Done left %q, want %q", out.String(), want)
	}
}

func TestProgressInLog(t *testing.T) {
	var out strings.Builder
	c := &clock{testNow}
	p := newProgress(&out, false, false, c.now)
	for range 60 { // a minute, an update each second
		c.advance(time.Second)
		p.Update(progressState{Objects: 7, Records: 12, Bytes: 999})
	}
	p.Done()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 6 || lines[0] != "7 objects, 12 records (1/s), 999 B" {
		t.Errorf("a minute gave %d lines %q, want 6", len(lines), lines)
	}
	if strings.ContainsAny(out.String(), "\r\x1b") {
		t.Errorf("%q: a log is no terminal", out.String())
	}
}

func TestProgressQuiet(t *testing.T) {
	var out strings.Builder
	c := &clock{testNow}
	p := newProgress(&out, true, true, c.now)
	c.advance(time.Hour)
	p.Update(progressState{Objects: 1})
	p.Done()
	if out.Len() > 0 {
		t.Errorf("quiet shows %q", out.String())
	}
}

func TestTimeLeft(t *testing.T) {
	for _, c := range []struct {
		state   progressState
		elapsed time.Duration
		want    string
	}{
		{progressState{Bytes: 10, BytesTotal: 100}, time.Second, ""}, // too early to tell
		{progressState{Bytes: 10, BytesTotal: 100}, 10 * time.Second, "1m30s"},
		{progressState{Objects: 50, ObjectsTotal: 100}, 10 * time.Second, "10s"},
		{progressState{Bytes: 99, BytesTotal: 100, Objects: 1, ObjectsTotal: 100}, 10 * time.Second, "1s"},
		{progressState{Bytes: 0, BytesTotal: 100}, time.Hour, ""},
		{progressState{Bytes: 100, BytesTotal: 100}, time.Hour, ""},
		{progressState{Bytes: 110, BytesTotal: 100}, time.Hour, ""}, // an object grew
		{progressState{Bytes: 10, BytesTotal: 100}, time.Hour, "9h0m0s"},
		{progressState{Bytes: 1, BytesTotal: 1 << 40}, time.Hour, ""}, // for ever
		{progressState{Records: 5}, time.Hour, ""},
	} {
		got := ""
		if d, ok := c.state.left(c.elapsed); ok {
			got = d.String()
		}
		if got != c.want {
			t.Errorf("%+v after %v: %q left, want %q", c.state, c.elapsed, got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1: "-1"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1.0 k", 9949: "9.9 k", 9960: "10 k", 999_499: "999 k", 999_500: "1.0 M", 5e18: "5000000 T"} {
		if got := short(n); got != want {
			t.Errorf("short(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestCounted(t *testing.T) {
	for n, want := range map[int]string{0: "0 findings", 1: "1 finding", 36: "36 findings", 1204: "1,204 findings"} {
		if got := counted(n, "finding"); got != want {
			t.Errorf("counted(%d) is %q, want %q", n, got, want)
		}
	}
}

// What came up in a run is not worse in it, too; what was known is.
func TestChangeCounts(t *testing.T) {
	change := func(id, kind string) finding.Change {
		return finding.Change{Kind: kind, Finding: &finding.Finding{ID: id}}
	}
	got := changeCounts([]finding.Change{
		change("a", finding.KindNew), change("b", finding.KindWorsened), change("a", finding.KindWorsened), change("c", finding.KindRegressed),
		change("b", finding.KindWorsened), change("c", finding.KindWorsened), change("d", finding.KindResolved),
	})
	want := map[string]int{finding.KindNew: 1, finding.KindWorsened: 1, finding.KindRegressed: 1, finding.KindResolved: 1}
	if !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}
