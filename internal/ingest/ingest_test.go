package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/flowlog"
	"weir/internal/lake"
	"weir/internal/source"
	"weir/internal/source/dir"
)

// The numbers of a run must be those of the ledger, and those of the rows that lie in the files.

// TestManySmall: ten thousand objects become few files and few commits.
func TestManySmall(t *testing.T) {
	objects, each := 10_000, 300
	if testing.Short() {
		objects = 500
	}
	m := &made{}
	var texts [][]byte
	for i := range 50 {
		texts = append(texts, []byte(text(i, each, day0)))
	}
	for i := range objects {
		m.objects = append(m.objects, object{uri: fmt.Sprint("s3://logs/", i), data: texts[i%len(texts)]})
	}
	l := openLake(t, t.TempDir())
	c := Config{Lake: l, Sources: []source.Source{m}, Workers: 2, BatchRows: 1 << 18}
	s := mustRun(t, c)
	n := int64(objects * each)
	if s.Objects != int64(objects) || s.Read != n || s.Stored != n || s.Rejected != 0 || s.NoData == 0 || s.SkipData == 0 {
		t.Errorf("summary: %+v", s)
	}
	// A worker commits at three quarters of its batch or more.
	if most := n*4/(3<<18) + 4; s.Files > most || s.Commits > most {
		t.Errorf("%d objects became %d files in %d commits, want at most %d", objects, s.Files, s.Commits, most)
	}
	st, err := l.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if st.Objects != s.Objects || st.Read != s.Read || st.Rows != s.Stored || st.NoData != s.NoData || st.SkipData != s.SkipData {
		t.Errorf("lake: %+v, run: %+v", st, s)
	}
	if r, err := l.Verify(t.Context(), lake.VerifyOptions{Deep: true}); err != nil || !r.OK() || r.Rows != n || r.Objects != s.Objects {
		t.Errorf("verify: %v, %+v", err, r)
	}
	again := mustRun(t, c)
	if again.Known != int64(objects) || again.Objects+again.Read+again.Commits+again.BytesRead != 0 {
		t.Errorf("again: %+v", again)
	}
}

// mixed are objects of every kind: larger than a batch, small, empty, of several days, without a start, of transit
// gateways, with unknown fields, with lines that are no records, and some that fail at different places.
func mixed() (m *made, want rows, fail []string) {
	m, want = &made{}, rows{}
	broken := errors.New("connection reset")
	add := func(uri, s string) {
		m.objects = append(m.objects, object{uri: uri, data: []byte(s)})
		want.add(uri, s)
	}
	failing := func(uri, s string, at int) {
		m.objects = append(m.objects, object{uri: uri, data: []byte(s), failAt: min(at, len(s)), fail: broken})
		fail = append(fail, uri)
	}
	days := func(o, n int) string {
		var b strings.Builder
		b.WriteString(defaultHead)
		for i := range n {
			b.WriteString(record(o, i, day0+int64(i%5-2)*86400) + "\n")
		}
		return b.String()
	}
	for i := range 12 {
		add(fmt.Sprint("small", i), text(i, 7*i%45, day0))
		switch i {
		case 1:
			add("large", text(100, 1230, day0))
			failing("large, fails at once", text(101, 700, day0), 0)
		case 2:
			failing("large, fails in the second batch", text(102, 700, day0), 15_000)
			add("days", days(103, 333))
		case 4:
			failing("large, fails at its end", days(104, 1000), 1<<30)
			add("empty", "")
			add("header only", defaultHead)
		case 5:
			add("transit gateway", "tgw-id start bytes\ntgw-1 1795132800 5\ntgw-2 1795132801 6\ntgw-3 - -\n")
			add("transit gateway, large", "tgw-id start bytes\n"+strings.Repeat("tgw-1 1795132800 5\n", 350))
		case 6:
			add("no start", "srcaddr new-field bytes\n10.0.0.1 x 5\n10.0.0.2 - 6\n")
			failing("transit gateway, fails", "tgw-id start bytes\n"+strings.Repeat("tgw-9 1795132800 5\n", 350), 5000)
		case 8:
			add("exactly a batch", text(105, 100, day0))
			add("exactly two", text(106, 200, day0))
			failing("small, fails", text(107, 30, day0), 1000)
		case 10:
			m.objects = append(m.objects, object{uri: "with rejects", data: []byte(text(108, 250, day0) + "no flow\n\n" + record(108, 7, day0) + "\nno flow again\n")})
			want.add("with rejects", text(108, 250, day0)+record(108, 7, day0)+"\n")
			m.objects = append(m.objects, object{uri: "only rejects", data: []byte(defaultHead + strings.Repeat("x\n", 300))})
			m.objects = append(m.objects, object{uri: "vanished", gone: &source.ObjectError{URI: "vanished", Err: source.ErrVanished}})
			m.objects = append(m.objects, object{uri: "archived", listErr: &source.ObjectError{URI: "archived", Err: source.ErrArchived}})
			m.objects = append(m.objects, object{uri: "no header", data: []byte(record(1, 1, day0))})
			m.objects = append(m.objects, object{uri: "damaged", data: append([]byte{0x1f, 0x8b, 8, 0}, make([]byte, 100)...)})
			fail = append(fail, "vanished", "archived", "no header", "damaged")
		}
	}
	return m, want, fail
}

// TestMixed reads them with any number of workers and any size of batch, twice: the second time those that failed do not.
func TestMixed(t *testing.T) {
	for _, c := range []struct{ workers, rows int }{{1, 100}, {1, 1}, {2, 100}, {3, 37}, {4, 1000}, {1, 1 << 20}} {
		if testing.Short() && c.rows == 1 {
			continue
		}
		t.Run(fmt.Sprint(c.workers, " workers, batches of ", c.rows), func(t *testing.T) {
			m, want, fail := mixed()
			if c.rows == 1 { // a commit an object, so fewer of them
				m.objects = m.objects[:9]
				want, fail = rows{}, nil
				for i := range m.objects {
					if o := &m.objects[i]; o.fail != nil {
						o.data = o.data[:1+strings.LastIndexByte(string(o.data[:2000]), '\n')]
						o.failAt = min(o.failAt, len(o.data))
						fail = append(fail, o.uri)
					} else {
						o.data = o.data[:min(len(o.data), len(defaultHead)+1000)]
						o.data = o.data[:1+strings.LastIndexByte(string(o.data), '\n')]
						want.add(o.uri, string(o.data))
					}
				}
			}
			l := openLake(t, t.TempDir())
			cfg := Config{Lake: l, Sources: []source.Source{m}, Workers: c.workers, BatchRows: c.rows}
			var told problems
			told.on(&cfg)
			s := mustRun(t, cfg)
			if s.Stored != want.len() || s.Failed != int64(len(fail)) || s.Objects != int64(len(m.objects)-len(fail)) {
				t.Errorf("summary: %+v, want %d rows and %d failed", s, want.len(), len(fail))
			}
			if c.rows > 1 && (s.Rejected != 303 || s.Unknown["new-field"] != 2) {
				t.Errorf("%d rejected, unknown %v", s.Rejected, s.Unknown)
			}
			r := checkLake(t, l, want)
			if r != nil && (r.Objects != s.Objects || r.Rejected != s.Rejected || r.Read != s.Read) {
				t.Errorf("report %+v, summary %+v", r, s)
			}
			for _, uri := range fail {
				if text := told.of(uri); !strings.Contains(text, uri) {
					t.Errorf("%s failed, but was told: %q", uri, text)
				}
			}
			var failed []string
			for f, err := range l.Failures(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				failed = append(failed, f.URI)
			}
			if len(failed) != len(fail) {
				t.Errorf("the lake knows of failures %v, want %v", failed, fail)
			}
			if left, _ := os.ReadDir(filepath.Join(l.Dir(), "staging")); len(left) > 0 {
				t.Errorf("%d files are left in staging", len(left))
			}

			// The network is back.
			for i := range m.objects {
				o := &m.objects[i]
				if o.fail != nil {
					o.fail = nil
					want.add(o.uri, string(o.data))
				}
			}
			before := s
			s = mustRun(t, cfg)
			if s.Known != before.Objects || before.Stored+s.Stored != want.len() {
				t.Errorf("second run: %+v", s)
			}
			checkLake(t, l, want)
		})
	}
}

// TestRejectsKept: each rejected line is in the lake, with its place and reason.
func TestRejectsKept(t *testing.T) {
	l := openLake(t, t.TempDir())
	s := text(1, 3, day0) + "2 few\n" + strings.Replace(record(1, 1, day0), "10.0.1.1", "10.0.1.999", 1) + "\n"
	m := &made{objects: []object{{uri: "a", data: []byte(s)}, {uri: "b", data: []byte(defaultHead + strings.Repeat("x\n", maxRejects+5))}}}
	var told problems
	c := Config{Lake: l, Sources: []source.Source{m}, Workers: 1}
	told.on(&c)
	sum := mustRun(t, c)
	if sum.Rejected != maxRejects+7 || sum.Problems != 1 {
		t.Errorf("summary: %+v", sum)
	}
	var got []lake.Reject
	for r, err := range l.Rejects(t.Context(), "a", 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	want := []lake.Reject{
		{URI: "a", Line: 5, Field: "account-id", Token: "few", Reason: "line has fewer values than the format", Text: "2 few"},
		{URI: "a", Line: 6, Field: "srcaddr", Token: "10.0.1.999", Reason: "not an address", Text: strings.Replace(record(1, 1, day0), "10.0.1.1", "10.0.1.999", 1)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rejects (-want +got):\n%s", d)
	}
	if p := told.of("b"); !strings.Contains(p, "10000 of 10005 rejected lines were kept") {
		t.Errorf("told of b: %q", p)
	}
	checkLake(t, l, func() rows { r := rows{}; r.add("a", text(1, 3, day0)); return r }())
}

// TestTouchedAndChanged: a file with another time and the same bytes is known; one with other bytes is reported.
func TestTouchedAndChanged(t *testing.T) {
	l := openLake(t, t.TempDir())
	folder := t.TempDir()
	name := filepath.Join(folder, "flow.log")
	write := func(s string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(name, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	src, err := dir.New(folder)
	if err != nil {
		t.Fatal(err)
	}
	var told problems
	c := Config{Lake: l, Sources: []source.Source{src}, Workers: 1}
	told.on(&c)
	one, other := text(1, 10, day0), text(2, 10, day0)
	want := rows{}
	want.add(name, one)

	write(one, time.Unix(1000, 0))
	if s := mustRun(t, c); s.Objects != 1 || s.Stored != 10 {
		t.Errorf("first: %+v", s)
	}
	write(one, time.Unix(2000, 0))
	for range 2 {
		if s := mustRun(t, c); s.Known != 1 || s.Objects != 0 || s.Failed != 0 || s.Listed != 1 {
			t.Errorf("touched: %+v", s)
		}
	}
	write(other, time.Unix(3000, 0))
	for range 2 {
		if s := mustRun(t, c); s.Changed != 1 || s.Failed != 1 || s.Objects != 0 || s.Known != 0 {
			t.Errorf("changed: %+v", s)
		}
		if p := told.of(name); !strings.Contains(p, name) || !strings.Contains(p, "not what was ingested before") {
			t.Errorf("told: %q", p)
		}
		told = nil
	}
	checkLake(t, l, want)
	write(one, time.Unix(4000, 0)) // and back
	if s := mustRun(t, c); s.Known != 1 || s.Failed != 0 {
		t.Errorf("changed back: %+v", s)
	}
	for f, err := range l.Failures(t.Context()) {
		t.Errorf("changed back, but still a failure: %+v, %v", f, err)
	}
	checkLake(t, l, want)
}

// TestStdinTwice: the same bytes through standard input are stored once; other bytes are stored. So are large ones.
func TestStdinTwice(t *testing.T) {
	l := openLake(t, t.TempDir())
	want := rows{}
	run := func(s string, now int64) Summary {
		t.Helper()
		return mustRun(t, Config{Lake: l, Sources: []source.Source{source.Stdin(strings.NewReader(s), time.Unix(now, 0))}, Workers: 2, BatchRows: 50})
	}
	for i, s := range []string{text(1, 10, day0), text(2, 230, day0)} {
		want.add("-", s)
		if got := run(s, int64(3*i)); got.Objects != 1 || got.Known != 0 {
			t.Errorf("first: %+v", got)
		}
		checkLake(t, l, want)
		if got := run(s, int64(3*i+1)); got.Objects != 0 || got.Known != 1 || got.Read != 0 || got.Commits != 0 {
			t.Errorf("again: %+v", got)
		}
		checkLake(t, l, want)
	}
}

// TestOverlap: sources that hold the same object, or one named twice, store it once.
func TestOverlap(t *testing.T) {
	for _, workers := range []int{1, 4} {
		m, want, fail := mixed()
		l := openLake(t, t.TempDir())
		s := mustRun(t, Config{Lake: l, Sources: []source.Source{m, m, m}, Workers: workers, BatchRows: 100})
		if s.Objects != int64(len(m.objects)-len(fail)) || s.Stored != want.len() {
			t.Errorf("%d workers: %+v", workers, s)
		}
		checkLake(t, l, want)
	}
}

// TestLateRecords: records lie in the day of their start, whatever the day of their object; extreme times, too.
func TestLateRecords(t *testing.T) {
	l := openLake(t, t.TempDir())
	var b strings.Builder
	b.WriteString("start end bytes\n")
	n := int64(0)
	for _, start := range []int64{day0, day0 - 1, day0 + 86399, day0 + 86400, 0, 1, 86399, 86400, 253402300799, 99_999_999_999} {
		fmt.Fprintf(&b, "%d %d %d\n", start, min(start+60, 99_999_999_999), n)
		n++
	}
	b.WriteString("- - 77\n")
	want := rows{}
	s := b.String()
	want.add("a", strings.ReplaceAll(s, "253402300799 99999999999", "253402300 99999999999"))
	m := &made{objects: []object{{uri: "a", data: []byte(s)}}}
	mustRun(t, Config{Lake: l, Sources: []source.Source{m}, Workers: 1, BatchRows: 4})
	checkLake(t, l, want)
	snap, err := l.Snapshot(t.Context(), flowlog.VPC)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range snap.Files {
		if !f.MinStart.IsZero() && (f.MinStart.Before(f.Day) || !f.MaxStart.Before(f.Day.AddDate(0, 0, 1))) {
			t.Errorf("%s: day %v, records from %v to %v", f.Path, f.Day, f.MinStart, f.MaxStart)
		}
	}
}

// TestHostileTimes: numbers that are no times of this universe must not end the run, nor be stored as another time.
func TestHostileTimes(t *testing.T) {
	l := openLake(t, t.TempDir())
	var b strings.Builder
	b.WriteString("start bytes\n")
	for i, start := range []string{"9223372036854775807", "9223372036854", "99999999999", "100000000000", "9223372036854775", "253402300800000", "253402300799999"} {
		fmt.Fprintf(&b, "%s %d\n", start, i)
	}
	m := &made{objects: []object{{uri: "a", data: []byte(b.String())}, {uri: "b", data: []byte(text(1, 10, day0))}}}
	s := mustRun(t, Config{Lake: l, Sources: []source.Source{m}, Workers: 1})
	if s.Read != 17 || s.Failed != 0 || s.Rejected != 3 {
		t.Errorf("summary: %+v", s)
	}
	r, err := l.Verify(t.Context(), lake.VerifyOptions{Deep: true})
	if err != nil || !r.OK() {
		t.Errorf("verify: %v, %+v", err, r)
	}
	got, err := lakeRows(t.Context(), l)
	if err != nil || got.len() != s.Stored {
		t.Errorf("%d rows, %v; summary %+v", got.len(), err, s)
	}
}

// TestManyDays: an object whose records are strewn over thousands of days is stored, in as many files.
func TestManyDays(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 50
	}
	var b strings.Builder
	b.WriteString("start bytes\n")
	for i := range n {
		fmt.Fprintf(&b, "%d %d\n", i*86400, i)
	}
	want := rows{}
	want.add("a", b.String())
	l := openLake(t, t.TempDir())
	m := &made{objects: []object{{uri: "a", data: []byte(b.String())}}}
	if s := mustRun(t, Config{Lake: l, Sources: []source.Source{m}, Workers: 1}); s.Files != int64(n) {
		t.Errorf("%d files", s.Files)
	}
	checkLake(t, l, want)
}

// TestListingFails: what was listed before is stored, and the error is the run's.
func TestListingFails(t *testing.T) {
	l := openLake(t, t.TempDir())
	down := errors.New("no such bucket")
	m := &made{objects: []object{{uri: "a", data: []byte(text(1, 10, day0))}}, then: down}
	if _, err := Run(t.Context(), Config{Lake: l, Sources: []source.Source{m}, Workers: 1}); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	s := mustRun(t, Config{Lake: l, Sources: []source.Source{&made{objects: m.objects}}, Workers: 1})
	if s.Known+s.Objects != 1 {
		t.Errorf("next run: %+v", s)
	}
	want := rows{}
	want.add("a", text(1, 10, day0))
	checkLake(t, l, want)
}

// TestCancel: what was read whole before Ctrl-C is saved, and the next run has the rest.
func TestCancel(t *testing.T) {
	for after := int64(0); after < 60; after += 13 {
		m, want, _ := mixed()
		l := openLake(t, t.TempDir())
		ctx, cancel := context.WithCancel(t.Context())
		c := Config{Lake: l, Sources: []source.Source{m}, Workers: 2, BatchRows: 100}
		n := int64(0)
		c.Workers = 1
		c.Progress = func(Summary) {
			if n++; n > after {
				cancel()
			}
		}
		s, err := Run(ctx, c)
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		r, verr := l.Verify(t.Context(), lake.VerifyOptions{Deep: true})
		if verr != nil || !r.OK() || r.Rows != s.Stored || r.Objects != s.Objects {
			t.Errorf("after %d: %v, %+v; summary %+v", after, verr, r, s)
		}
		c.Progress = nil
		if next := mustRun(t, c); next.Known != s.Objects {
			t.Errorf("after %d: %d were stored, then %d known", after, s.Objects, next.Known)
		}
		checkLake(t, l, want)
	}
}
