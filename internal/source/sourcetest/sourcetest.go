// Package sourcetest is what every source of objects must pass. Run it from the test of a child of package source.
//
// Start at Place: what a child must provide, a place of its own that the tests can fill. The tests speak of the
// contract only; what is peculiar to a child (links, storage classes) is tested there.
package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/internal/source"
)

// Place is an empty place that a source reads.
type Place interface {
	// Put stores an object under a key with '/' between its parts, over the one that may be there.
	Put(t testing.TB, key string, content []byte)
	// Remove deletes it.
	Remove(t testing.TB, key string)
	// URI is what an Object of that key is called.
	URI(key string) string
	// Source is a source of all that is in the place.
	Source(t *testing.T) source.Source
}

// Run runs the contract. The function makes a new place for each part of it.
func Run(t *testing.T, place func(t *testing.T) Place) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Place)
	}{
		{"Empty", testEmpty},
		{"List", testList},
		{"Order", testOrder},
		{"Window", testWindow},
		{"WindowBorder", testWindowBorder},
		{"Skipped", testSkipped},
		{"Open", testOpen},
		{"OpenConcurrently", testOpenConcurrently},
		{"Vanished", testVanished},
		{"Changed", testChanged},
		{"Grows", testGrows},
		{"HostileNames", testHostileNames},
		{"Cancel", testCancel},
		{"Stop", testStop},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, place(t)) })
	}
}

// all is the window that leaves nothing out.
var all source.Window

// list reads a listing that must have no error.
func list(t *testing.T, s source.Source, w source.Window) []source.Object {
	t.Helper()
	var got []source.Object
	for o, err := range s.List(t.Context(), w) {
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		got = append(got, o)
	}
	return got
}

func uris(objects []source.Object) []string {
	got := []string{}
	for _, o := range objects {
		got = append(got, o.URI)
	}
	return got
}

func sorted(s []string) []string {
	s = append([]string{}, s...)
	slices.Sort(s)
	return s
}

// content is text of n bytes that differs from place to place.
func content(n int, seed uint64) []byte {
	rnd := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(' ' + rnd.IntN(64))
	}
	return b
}

// Keys makes keys of all the layouts for the days, a few to each.
func Keys(days ...time.Time) []string {
	var keys []string
	for i, d := range days {
		for h := range 2 {
			slot := d.Add(time.Duration(h*23)*time.Hour + 55*time.Minute)
			for n, account := range []string{"111122223333", "444455556666"} {
				region := []string{"us-east-1", "eu-central-1", "us-gov-west-1"}[(i+n)%3]
				name := fmt.Sprintf("%s_vpcflowlogs_%s_fl-0a1b2c3d_%s_%08x.log.gz", account, region, slot.Format("20060102T1504Z"), h)
				plain := fmt.Sprintf("%s/vpcflowlogs/%s/%s", account, region, d.Format("2006/01/02"))
				hive := fmt.Sprintf("aws-account-id=%s/aws-service=vpcflowlogs/aws-region=%s/%s", account, region, d.Format("year=2006/month=01/day=02"))
				keys = append(keys,
					"AWSLogs/"+plain+"/"+name,
					"AWSLogs/"+plain+"/"+slot.Format("15")+"/h"+name,
					"org/AWSLogs/o-abcdefghij/"+plain+"/"+name,
					"hive/AWSLogs/"+hive+"/"+name,
					"hive/AWSLogs/"+hive+"/hour="+slot.Format("15")+"/h"+name,
					"tgw/AWSLogs/"+strings.Replace(hive, "aws-service", "service", 1)+"/"+name,
					"copy/"+d.Format("2006/01/02")+"/"+account+region+fmt.Sprint(h)+".log",
					"flat/"+name,
				)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func testEmpty(t *testing.T, p Place) {
	if got := list(t, p.Source(t), all); len(got) > 0 {
		t.Errorf("an empty place lists %v", uris(got))
	}
}

func testList(t *testing.T, p Place) {
	var want []string
	sizes := map[string]int64{}
	for i, key := range append(Keys(date(2026, 11, 20)), "loose.log", "exports/0f6a3c9e/eni-0a1-all/000000.gz") {
		p.Put(t, key, content(i*37, 1))
		want = append(want, p.URI(key))
		sizes[p.URI(key)] = int64(i * 37)
	}
	got := list(t, p.Source(t), all)
	if diff := cmp.Diff(sorted(want), sorted(uris(got))); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	versions := map[string]int{}
	for _, o := range got {
		if o.Size != sizes[o.URI] {
			t.Errorf("%s: size %d, want %d", o.URI, o.Size, sizes[o.URI])
		}
		if o.Version == "" || o.ModTime.IsZero() || time.Since(o.ModTime).Abs() > time.Hour {
			t.Errorf("%s: version %q, modified %v", o.URI, o.Version, o.ModTime)
		}
		if k := source.ParseKey(o.URI); o.Key != k {
			t.Errorf("%s: key %+v, want %+v", o.URI, o.Key, k)
		}
		versions[o.Version]++
	}
	if len(versions) < len(got)/2 {
		t.Errorf("%d versions of %d different contents", len(versions), len(got))
	}
}

func testOrder(t *testing.T, p Place) {
	for _, key := range append(Keys(date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2), date(2026, 11, 20)), "zz.log", "aa.log") {
		p.Put(t, key, []byte(key))
	}
	s := p.Source(t)
	got := list(t, s, all)
	for i := 1; i < len(got); i++ {
		if got[i].Day().Before(got[i-1].Day()) {
			t.Errorf("%s of %v comes after %s of %v", got[i].URI, got[i].Day(), got[i-1].URI, got[i-1].Day())
		}
	}
	if diff := cmp.Diff(uris(got), uris(list(t, s, all))); diff != "" {
		t.Errorf("listed again (-first +second):\n%s", diff)
	}
}

// A window gives what is left of the whole when each object is asked: leaving folders out must not leave out more.
func testWindow(t *testing.T, p Place) {
	days := []time.Time{date(2024, 2, 29), date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 9)}
	for _, key := range append(Keys(days...), "zz.log") {
		p.Put(t, key, []byte(key))
	}
	s := p.Source(t)
	whole := list(t, s, all)
	rnd := rand.New(rand.NewPCG(7, 7))
	border := func() time.Time {
		switch d := days[rnd.IntN(len(days))]; rnd.IntN(4) {
		case 0:
			return d
		case 1:
			return d.AddDate(0, 0, 1)
		case 2:
			return time.Time{}
		default:
			return d.Add(time.Duration(rnd.IntN(24*12)) * 5 * time.Minute)
		}
	}
	some := 0
	for range 10 {
		w := source.Window{Start: border(), End: border()}
		if !w.End.IsZero() && w.End.Before(w.Start) {
			w.Start, w.End = w.End, w.Start
		}
		var want []string
		for _, o := range whole {
			if w.Has(o) {
				want = append(want, o.URI)
			}
		}
		if len(want) > 0 && len(want) < len(whole) {
			some++
		}
		if diff := cmp.Diff(sorted(want), sorted(uris(list(t, s, w)))); diff != "" {
			t.Errorf("from %v to %v (-want +got):\n%s", w.Start, w.End, diff)
		}
	}
	if some < 4 {
		t.Errorf("only %d windows are a real part of the whole", some)
	}
}

func testWindowBorder(t *testing.T, p Place) {
	key := func(stamp string) string {
		return "AWSLogs/111122223333/vpcflowlogs/us-east-1/" + stamp[:4] + "/" + stamp[4:6] + "/" + stamp[6:8] +
			"/111122223333_vpcflowlogs_us-east-1_fl-0a1b2c3d_" + stamp + "_0badcafe.log.gz"
	}
	stamps := []string{"20261119T2355Z", "20261120T0000Z", "20261120T2355Z", "20261121T0000Z"}
	for _, s := range stamps {
		p.Put(t, key(s), []byte(s))
	}
	p.Put(t, "no-time.log", []byte("now"))
	s := p.Source(t)
	check := func(w source.Window, want ...string) {
		t.Helper()
		keys := []string{}
		for _, s := range want {
			if s != "no-time.log" {
				s = key(s)
			}
			keys = append(keys, p.URI(s))
		}
		if diff := cmp.Diff(sorted(keys), sorted(uris(list(t, s, w)))); diff != "" {
			t.Errorf("from %v to %v (-want +got):\n%s", w.Start, w.End, diff)
		}
	}
	nov20, nov21 := date(2026, 11, 20), date(2026, 11, 21)
	check(source.Window{Start: nov20, End: nov21}, stamps[1:3]...)
	check(source.Window{End: nov20}, stamps[0])
	check(source.Window{Start: nov20.Add(2 * time.Minute), End: nov20.Add(3 * time.Minute)}, stamps[1])
	check(source.Window{Start: nov20.Add(5 * time.Minute), End: nov21.Add(-5 * time.Minute)})
	check(source.Window{Start: nov20.Add(24*time.Hour - 5*time.Minute), End: nov20.Add(24*time.Hour - 1)}, stamps[2])
	now := time.Now()
	check(source.Window{Start: now.Add(-time.Hour), End: now.Add(time.Hour)}, slices.Concat([]string{"no-time.log"}, within(stamps, now))...)
	check(source.Window{Start: now.Add(24 * 365 * time.Hour)})
}

// within is for the unlikely day on which this test runs in the time that its keys name.
func within(stamps []string, now time.Time) []string {
	var in []string
	for _, s := range stamps {
		at, _ := time.Parse("20060102T1504Z", s)
		if at.Before(now.Add(time.Hour)) && at.Add(source.Slot).After(now.Add(-time.Hour)) {
			in = append(in, s)
		}
	}
	return in
}

func testSkipped(t *testing.T, p Place) {
	keep := []string{
		"AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/11/20/a.log.gz",
		"exports/0f6a3c9e/eni-0a1-all/000000.gz",
	}
	drop := []string{
		".hidden", "_SUCCESS", "exports/aws-logs-write-test", "_temporary/0/a.log",
		"AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/11/20/.a.log.gz.Xy12",
		"AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/20/a.json.gz",
		"AWSLogs/aws-account-id=111122223333/aws-service=other/aws-region=us-east-1/year=2026/month=11/day=20/a.log.gz",
	}
	for _, key := range slices.Concat(keep, drop) {
		p.Put(t, key, []byte(key))
	}
	s := p.Source(t)
	var want []string
	for _, key := range keep {
		want = append(want, p.URI(key))
	}
	if diff := cmp.Diff(sorted(want), sorted(uris(list(t, s, all)))); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	counts := map[string]int{source.SkipHidden: 4, source.SkipTest: 1, source.SkipForeign: 2}
	if diff := cmp.Diff(counts, s.(source.Skipper).Skipped()); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
	list(t, s, source.Window{End: date(2000, 1, 1)})
	if got := s.(source.Skipper).Skipped(); got[source.SkipHidden] > 4 || got[source.SkipWindow] == 0 {
		t.Errorf("skipped by a second listing, outside its window: %v", got)
	}
}

// Who follows a growing place lists it again and again.
func testGrows(t *testing.T, p Place) {
	s := p.Source(t)
	var want []string
	for i, key := range Keys(date(2026, 11, 20), date(2026, 11, 21))[:12] {
		p.Put(t, key, content(i, 1))
		want = append(want, p.URI(key))
		if i%4 != 0 {
			continue
		}
		if diff := cmp.Diff(sorted(want), sorted(uris(list(t, s, all)))); diff != "" {
			t.Errorf("after %d objects (-want +got):\n%s", i+1, diff)
		}
	}
}

func testHostileNames(t *testing.T, p Place) {
	keys := []string{
		"a b+c%20d&e.log", "ü/日本.log", "'; DROP TABLE flows; --.log", "a=b/c=d.log",
		"%41.log", `back\slash.log`, "*?[x].log",
		"\u202egol.gpj.log", // turns round what follows it
	}
	want := []string{}
	for _, key := range keys {
		p.Put(t, key, []byte(key))
		want = append(want, p.URI(key))
	}
	s := p.Source(t)
	got := list(t, s, all)
	if diff := cmp.Diff(sorted(want), sorted(uris(got))); diff != "" {
		t.Fatalf("objects (-want +got):\n%s", diff)
	}
	for _, o := range got {
		if b, err := read(t, s, o); err != nil || !strings.HasSuffix(o.URI, string(b)) {
			t.Errorf("%q: got %q, error %v", o.URI, b, err)
		}
	}
	reversed := keys[len(keys)-1]
	p.Remove(t, reversed)
	for _, o := range got {
		if o.URI != p.URI(reversed) {
			continue
		}
		if _, err := read(t, s, o); err == nil || strings.ContainsAny(err.Error(), "\u202e") {
			t.Errorf("error text %q could speak to a terminal", err)
		}
	}
}

func testCancel(t *testing.T, p Place) {
	for _, key := range Keys(date(2026, 11, 20), date(2026, 11, 21)) {
		p.Put(t, key, content(100_000, 1))
	}
	s := p.Source(t)
	ctx, cancel := context.WithCancel(t.Context())
	var first source.Object
	var last error
	n := 0
	for o, err := range s.List(ctx, all) {
		if n++; n == 1 {
			first = o
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("a listing that was cancelled ends with %v after %d objects", last, n)
	}
	if _, err := s.Open(ctx, first); !errors.Is(err, context.Canceled) {
		t.Errorf("open, cancelled: %v", err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	r, err := s.Open(ctx, first)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		t.Errorf("read, cancelled: %v", err)
	}
}

// Who stops listening leaves nothing running.
func testStop(t *testing.T, p Place) {
	for _, key := range Keys(date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)) {
		p.Put(t, key, []byte(key))
	}
	s := p.Source(t)
	list(t, s, all) // connections are opened
	before := runtime.NumGoroutine()
	for range 6 {
		for range s.List(t.Context(), all) {
			break
		}
	}
	// Connections that were in use are closed in the background.
	for range 500 {
		if runtime.NumGoroutine() <= before+5 {
			return
		}
		runtime.Gosched()
		time.Sleep(2 * time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}
