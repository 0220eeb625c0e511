package lake

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/flowlog"
)

// at puts one record of the object into the lake for each time.
func at(t *testing.T, l *Lake, uri string, times ...time.Time) {
	t.Helper()
	c := Commit{Table: flowlog.VPC, Objects: []ObjectRecord{{URI: uri, Version: "1", Rows: int64(len(times))}}}
	for _, at := range times {
		f, err := writeRows(l, flowlog.VPC, at.Truncate(24*time.Hour), []row{{start: at.Unix(), object: uri}})
		if err != nil {
			t.Fatal(err)
		}
		c.Files = append(c.Files, f)
	}
	if err := l.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func TestHours(t *testing.T) {
	l := openDerived(t, t.TempDir(), true)
	ctx := t.Context()
	hour := func(n int) time.Time { return day0.Add(time.Duration(n) * time.Hour) }
	stale := func(made string, want ...Hour) []Hour {
		t.Helper()
		got, err := l.Stale(ctx, made)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("stale (-want +got): %v\n%s", err, d)
		}
		return got
	}
	settle := func(made string, hours ...Hour) {
		t.Helper()
		if err := l.Settle(ctx, hours, made); err != nil {
			t.Fatal(err)
		}
	}
	made := func(want ...Made) {
		t.Helper()
		got, err := l.Made(ctx)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("made (-want +got): %v\n%s", err, d)
		}
	}
	stale("v1")
	at(t, l, "a", hour(3).Add(time.Hour-time.Second), hour(26)) // two days in a commit
	first := stale("v1", Hour{hour(3), 1}, Hour{hour(26), 1})
	// Records that come while the tables are made leave the hour stale.
	at(t, l, "b", hour(3))
	settle("v1", first...)
	made(Made{hour(3), 1}, Made{hour(26), 1})
	second := stale("v1", Hour{hour(3), 2})
	settle("v1", second...)
	made(Made{hour(3), 2}, Made{hour(26), 1})
	stale("v1")
	stale("v2", Hour{hour(3), 2}, Hour{hour(26), 1})

	// Compaction makes no hour stale, and neither do records without a start, or none, or of a transit gateway.
	if r, err := l.Compact(ctx, CompactOptions{}); err != nil || r.Commits != 1 {
		t.Fatalf("compact: %+v, %v", r, err)
	}
	f, err := writeRows(l, flowlog.VPC, time.Time{}, []row{{object: "c"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(ctx, Commit{Table: flowlog.VPC, Files: []*File{f}, Objects: []ObjectRecord{{URI: "c", Version: "1", Rows: 1}, {URI: "d", Version: "1"}}}); err != nil {
		t.Fatal(err)
	}
	stale("v1")
	if t.Failed() {
		return
	}

	// The records of the first day go. What was made of them stays, however it would be made today; an hour that never
	// was made is forgotten.
	at(t, l, "e", hour(5))
	for _, h := range []int{3, 26} {
		if err := replaceVisits(ctx, l, hour(h), "a", 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Expire(ctx, ExpireOptions{DropDaysBefore: hour(24)}); err != nil {
		t.Fatal(err)
	}
	stale("v2", Hour{hour(26), 1})
	made(Made{hour(3), 2}, Made{hour(26), 1})
	if d := cmp.Diff([]string{"20T03 a 1", "21T02 a 1"}, visitsOf(t, l)); d != "" {
		t.Error(d)
	}
	at(t, l, "f", hour(3)) // a latecomer is not all of its hour
	stale("v2", Hour{hour(26), 1})
	verified(t, l)
	if r, err := l.Expire(ctx, ExpireOptions{DropDaysBefore: hour(24), DropDerived: true}); err != nil || r.Rows != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	made(Made{hour(26), 1})
	settle("v2", stale("v2", Hour{hour(26), 1})...)
	made(Made{hour(26), 3}) // later than all that were
	if d := cmp.Diff([]string{"21T02 a 1"}, visitsOf(t, l)); d != "" {
		t.Error(d)
	}
	verified(t, l)
}

func TestHoursBetween(t *testing.T) {
	check := func(low, high time.Time, first time.Time, n int) {
		t.Helper()
		got := hoursBetween(low, high)
		if len(got) != n || n > 0 && !got[0].Equal(first) {
			t.Errorf("hours from %v to %v: %v, want %d from %v", low, high, got, n, first)
		}
	}
	end := day0.Add(24*time.Hour - time.Microsecond)
	check(day0, end, day0, 24)
	check(day0.Add(time.Minute), day0.Add(time.Hour), day0, 2)
	check(day0, day0, day0, 1)
	check(day0, day0.AddDate(1, 0, 0), day0, 24)
	check(time.Time{}, time.Time{}, day0, 0)
}
