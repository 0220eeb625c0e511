package lake_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/lake"
	"weir/internal/lake/laketest"
	"weir/internal/lake/postgres"
)

// day0 is the day of most rows.
var day0 = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// put commits an object of n rows, each with its number as bytes, and packets that do not compress.
func put(ctx context.Context, l *lake.Lake, uri string, day time.Time, n int, rejects ...lake.Reject) error {
	b := flowlog.NewBatch(flowlog.VPC, max(n, 1))
	start, bytes, packets := b.Use(flowlog.VPC.Field("start")), b.Use(flowlog.VPC.Field("bytes")), b.Use(flowlog.VPC.Field("packets"))
	b.Grow(n)
	rnd := rand.New(rand.NewPCG(1, uint64(day.Unix())))
	for i := range n {
		packets.Int64[i] = rnd.Int64()
		start.Int64[i], bytes.Int64[i] = day.Unix()+int64(i)%86400, int64(i)
		b.Object.Codes[i] = b.Object.Dict.Code([]byte(uri))
		b.Extra.Codes[i] = 0
	}
	b.Extend(n)
	f, err := l.Create(flowlog.VPC, day)
	if err != nil {
		return err
	}
	w := columnar.NewWriter(f, l.Schema(flowlog.VPC))
	for _, d := range columnar.Days(b) {
		if err := w.Write(b, d.Rows); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	f.Rows = w.Rows()
	return l.Commit(ctx, lake.Commit{Table: flowlog.VPC, Files: []*lake.File{f},
		Objects: []lake.ObjectRecord{{URI: uri, Version: "1", Rows: int64(n), Rejected: int64(len(rejects)), Rejects: rejects}}})
}

func open(t *testing.T, s *laketest.Shared, write bool) *lake.Lake {
	t.Helper()
	l, err := s.Open(t.Context(), lake.Options{Write: write})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func verified(t *testing.T, l *lake.Lake) *lake.Report {
	t.Helper()
	r, err := l.Verify(t.Context(), lake.VerifyOptions{Deep: true})
	if err != nil || !r.OK() {
		t.Fatalf("verify: %v, %+v", err, r)
	}
	return r
}

// sum reads the rows of a lake and adds their bytes up.
func sum(t *testing.T, l *lake.Lake, columns []string) (rows int, bytes int64) {
	t.Helper()
	snap, err := l.Snapshot(t.Context(), flowlog.VPC)
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.Fetch(t.Context(), snap.Files, columns, lake.Cache{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := func(f *flowlog.Field) bool { return f.Name == "bytes" }
	for _, path := range f.Paths {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		st, err := file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		r, err := columnar.OpenReader(file, st.Size(), flowlog.VPC, columnar.ReaderOptions{Want: want})
		if err != nil {
			t.Fatal(err)
		}
		b := flowlog.NewBatch(flowlog.VPC, 1<<12)
		for err == nil {
			b.Reset()
			_, err = r.Read(b, b.Limit())
			rows += b.Len()
			if c := b.Column(flowlog.VPC.Field("bytes").Index()); c != nil {
				for _, n := range c.Int64[:b.Len()] {
					bytes += n
				}
			}
		}
		if err != io.EOF {
			t.Fatal(err)
		}
		file.Close()
	}
	return rows, bytes
}

// TestEnginesShared has one process write a lake in S3 and Postgres while another reads it: commits, what the ledger
// keeps, compaction, expiry.
func TestEnginesShared(t *testing.T) {
	s := laketest.New(t)
	if _, err := s.Open(t.Context(), lake.Options{}); !errors.Is(err, lake.ErrNoLake) {
		t.Errorf("reading what is not there: %v", err)
	}
	w := open(t, s, true)
	r := open(t, s, false)
	// Keys and lines are any bytes; Postgres holds no NUL, and only UTF-8.
	uris := []string{"plain", "s3://b/é\x00\xff日", "s3://b/\U0010F700", strings.Repeat("long/", 200)}
	reject := lake.Reject{Line: 7, Field: "srcport", Token: "\x00\xfe", Reason: "not a number", Text: "2 \x00 \xfe\xff"}
	for i, uri := range uris {
		if err := put(t.Context(), w, uri, day0.AddDate(0, 0, i%2), 100, reject); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.RecordFailure(t.Context(), lake.ObjectID{URI: "bad\x00", Version: "1"}, errors.New("access denied")); err != nil {
		t.Fatal(err)
	}
	ids := []lake.ObjectID{{URI: "none", Version: "1"}, {URI: "plain", Version: "2"}}
	for _, uri := range uris {
		ids = append(ids, lake.ObjectID{URI: uri, Version: "1"})
	}
	states, err := r.Known(t.Context(), ids)
	if d := cmp.Diff([]lake.State{lake.New, lake.Changed, lake.Known, lake.Known, lake.Known, lake.Known}, states); err != nil || d != "" {
		t.Errorf("known: %v %s", err, d)
	}
	var got []string
	for o, err := range r.Objects(t.Context(), lake.ObjectFilter{Prefix: "s3://b/", Rejected: true, Until: time.Now().Add(time.Hour), Limit: 10}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%q %d %d", o.URI, o.Rows, o.Rejected))
	}
	if d := cmp.Diff([]string{fmt.Sprintf("%q 100 1", uris[1]), fmt.Sprintf("%q 100 1", uris[2])}, got); d != "" {
		t.Error(d)
	}
	n := 0
	for got, err := range r.Rejects(t.Context(), "", 0) {
		if err != nil {
			t.Fatal(err)
		}
		want := reject
		want.URI = uris[n]
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		n++
	}
	for f, err := range r.Failures(t.Context()) {
		if err != nil || f.URI != "bad\x00" || f.Attempts != 1 {
			t.Errorf("failure %+v, %v", f, err)
		}
	}
	before, err := r.Snapshot(t.Context(), flowlog.VPC)
	if err != nil || len(before.Files) != 4 || n != 4 {
		t.Fatalf("%d files, %d rejects, %v", len(before.Files), n, err)
	}
	if rows, bytes := sum(t, r, nil); rows != 400 || bytes != 4*99*50 {
		t.Errorf("%d rows with %d bytes", rows, bytes)
	}
	if c, err := w.Compact(t.Context(), lake.CompactOptions{}); err != nil || c.FilesBefore != 4 || c.FilesAfter != 2 {
		t.Errorf("compact: %+v, %v", c, err)
	}
	if rows, bytes := sum(t, r, []string{"bytes", "source_object"}); rows != 400 || bytes != 4*99*50 {
		t.Errorf("compacted: %d rows with %d bytes", rows, bytes)
	}
	if e, err := w.Expire(t.Context(), lake.ExpireOptions{DropDaysBefore: day0.AddDate(0, 0, 1)}); err != nil || e.Rows != 200 || e.FilesGone == 0 {
		t.Errorf("expire: %+v, %v", e, err)
	}
	verified(t, w)
	st, err := r.Status(t.Context())
	if err != nil || st.Objects != 4 || st.Rejected != 4 || st.Failed != 1 || st.Tables[0].Rows != 200 || st.Dir != s.URI {
		t.Errorf("status: %+v, %v", st, err)
	}
}

// TestEnginesDerived makes a table of records in a lake in S3 and Postgres, the ledger of which an older weir made.
func TestEnginesDerived(t *testing.T) {
	s := laketest.New(t)
	ctx := t.Context()
	old := open(t, s, true)
	if err := put(ctx, old, "a", day0, 2*3600); err != nil { // a record a second
		t.Fatal(err)
	}
	old.Close()
	db, err := postgres.Open(ctx, s.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	defer db.DB.Close()
	for _, stmt := range []string{"DROP TABLE weir_hour", "DROP TABLE weir_commit_hour", "DELETE FROM weir_meta WHERE key = 'hours'"} {
		if _, err := db.DB.ExecContext(ctx, stmt); err != nil {
			t.Fatal(err)
		}
	}
	stale := func(l *lake.Lake, want ...lake.Hour) {
		t.Helper()
		got, err := l.Stale(ctx, "v1")
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("stale (-want +got): %v\n%s", err, d)
		}
	}
	hours := []lake.Hour{{Start: day0, Mark: 1}, {Start: day0.Add(time.Hour), Mark: 1}}
	r, err := s.Open(ctx, lake.Options{Derived: []*lake.Derived{lake.Visits}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stale(r, hours...)
	if snap, err := r.DerivedSnapshot(ctx, lake.Visits); err != nil || len(snap.Files) != 0 {
		t.Errorf("visits of an older lake: %v, %v", snap, err)
	}
	w, err := s.Open(ctx, lake.Options{Write: true, Derived: []*lake.Derived{lake.Visits}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	stale(w, hours...)
	for i, h := range hours {
		if err := lake.ReplaceVisits(ctx, w, h.Start, "host", 3+i); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Settle(ctx, hours, "v1"); err != nil {
		t.Fatal(err)
	}
	if err := put(ctx, w, "b", day0, 10); err != nil {
		t.Fatal(err)
	}
	stale(r, lake.Hour{Start: day0, Mark: 2})
	if err := lake.ReplaceVisits(ctx, w, day0, "host", 1); err != nil {
		t.Fatal(err)
	}
	if err := w.Settle(ctx, []lake.Hour{{Start: day0, Mark: 2}}, "v1"); err != nil {
		t.Fatal(err)
	}
	stale(r)
	made, err := r.Made(ctx)
	if d := cmp.Diff([]lake.Made{{Start: day0, Seq: 2}, {Start: day0.Add(time.Hour), Seq: 1}}, made); err != nil || d != "" {
		t.Errorf("made (-want +got): %v\n%s", err, d)
	}
	snap, err := r.DerivedSnapshot(ctx, lake.Visits)
	if err != nil || snap.Rows() != 5 || len(snap.Between(day0, day0.Add(time.Hour))) != 1 {
		t.Fatalf("visits: %+v, %v", snap, err)
	}
	cache := lake.Cache{Dir: t.TempDir()}
	for i := range 2 {
		some, err := r.Fetch(ctx, snap.Files, []string{"host", lake.HourColumn}, cache)
		if err != nil || (some.Bytes == 0) != (i == 1) {
			t.Fatalf("time %d: %+v, %v", i+1, some, err)
		}
		some.Close()
	}
	verified(t, w)
	if _, err := w.Expire(ctx, lake.ExpireOptions{}); err != nil {
		t.Fatal(err)
	}
	if rep := verified(t, w); len(rep.Orphans) != 0 {
		t.Errorf("nothing needs %v", rep.Orphans)
	}
}

// TestEnginesLease lets a second writer come while the first lives, and take over when the first is taken for dead: the
// first then changes nothing any more, and what it had begun is undone.
func TestEnginesLease(t *testing.T) {
	s := laketest.New(t)
	first := open(t, s, true)
	if err := put(t.Context(), first, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	_, err := s.Open(t.Context(), lake.Options{Write: true})
	var locked *lake.LockedError
	if !errors.As(err, &locked) || locked.Left <= 0 || locked.Left > 31*time.Second || !strings.HasPrefix(locked.Holder, "process ") {
		t.Fatalf("second writer: %v", err)
	}
	// A reader needs no lease.
	open(t, s, false)

	// The first sleeps past its time: nobody renews, and the clock goes on.
	db, err := postgres.Open(t.Context(), s.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	defer db.DB.Close()
	if _, err := db.DB.ExecContext(t.Context(), `UPDATE weir_lease SET expires = 0`); err != nil {
		t.Fatal(err)
	}
	second := open(t, s, true)
	var lost *lake.LeaseError
	if err := put(t.Context(), first, "b", day0, 10); !errors.As(err, &lost) || !strings.HasPrefix(lost.Holder, "process ") {
		t.Errorf("commit without the lease: %v", err)
	}
	if r, err := first.Verify(t.Context(), lake.VerifyOptions{Repair: true}); err != nil || r.OK() || !strings.Contains(r.Faults[0].Reason, "lease") {
		t.Errorf("it removed files without the lease: %v, %+v", err, r)
	}
	if err := put(t.Context(), second, "b", day0, 20); err != nil {
		t.Fatal(err)
	}
	first.Close() // gives back what it does not have
	if err := put(t.Context(), second, "c", day0, 30); err != nil {
		t.Fatal(err)
	}
	if r := verified(t, second); r.Rows != 60 || len(r.Orphans) > 0 {
		t.Errorf("%+v", r)
	}
	second.Close()
	open(t, s, true) // at once: the lease was given back
}

// TestEnginesOrphans finds files that nothing needs, and removes them when they are old enough.
func TestEnginesOrphans(t *testing.T) {
	s := laketest.New(t)
	w := open(t, s, true)
	if err := put(t.Context(), w, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	_, prefix, _ := strings.Cut(strings.TrimPrefix(s.URI, "s3://"), "/")
	left := []string{"/warehouse/weir/flows/data/start_day=2026-11-20/x.parquet", "/warehouse/weir/flows/metadata/x.avro"}
	for _, key := range append(slices.Clone(left), "/warehouse/weir/flows/data/README") {
		s.Server.Put(t, s.Bucket, prefix+key, []byte("left behind"))
	}
	for _, c := range []struct {
		o    lake.VerifyOptions
		want int
	}{{lake.VerifyOptions{Grace: time.Hour}, 0}, {lake.VerifyOptions{}, 2}, {lake.VerifyOptions{Repair: true}, 2}, {lake.VerifyOptions{}, 0}} {
		r, err := w.Verify(t.Context(), c.o)
		if err != nil || !r.OK() || len(r.Orphans) != c.want {
			t.Errorf("%+v: %v, %+v", c.o, err, r)
		}
	}
	verified(t, w)
}

// TestEnginesOneLake refuses to take another lake's database for one's own.
func TestEnginesOneLake(t *testing.T) {
	s := laketest.New(t)
	open(t, s, true).Close()
	other := *s
	other.URI = "s3://" + s.Bucket + "/another"
	for _, write := range []bool{false, true} {
		_, err := other.Open(t.Context(), lake.Options{Write: write})
		if err == nil || !strings.Contains(err.Error(), s.URI) || !strings.Contains(err.Error(), other.URI) || strings.Contains(err.Error(), "weir@") {
			t.Errorf("write %v: %v", write, err)
		}
	}
	// A folder can have its catalog in Postgres, too: Trino on the same machine likes that.
	db, err := postgres.Open(t.Context(), laketest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lake.Open(t.Context(), t.TempDir(), lake.Options{Write: true, Database: db})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := put(t.Context(), l, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	if r := verified(t, l); r.Rows != 10 {
		t.Errorf("%+v", r)
	}
}

// TestEnginesFetch brings only what is asked for, once, and keeps the cache within its bounds.
func TestEnginesFetch(t *testing.T) {
	s := laketest.New(t)
	w := open(t, s, true)
	for i := range 3 {
		if err := put(t.Context(), w, fmt.Sprint(i), day0.AddDate(0, 0, i), 100_000); err != nil {
			t.Fatal(err)
		}
	}
	snap, err := w.Snapshot(t.Context(), flowlog.VPC)
	if err != nil {
		t.Fatal(err)
	}
	c := lake.Cache{Dir: t.TempDir()}
	fetch := func(columns []string) int64 {
		t.Helper()
		f, err := w.Fetch(t.Context(), snap.Files, columns, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		return f.Bytes
	}
	none, one := fetch([]string{}), fetch([]string{"bytes"})
	if again := fetch([]string{"bytes"}); again != 0 || none == 0 || one <= none {
		t.Errorf("brought %d for none, %d for a column, %d for the same again", none, one, again)
	}
	if all := fetch(nil); all != snap.Bytes() {
		t.Errorf("brought %d for all columns of %d bytes", all, snap.Bytes())
	}
	if again := fetch([]string{"start"}); again != 0 {
		t.Errorf("brought %d of what was there", again)
	}
	// A cache that may hold two files keeps the two that were used last.
	c.Bytes = snap.Files[0].Bytes * 5 / 2
	f, err := w.Fetch(t.Context(), snap.Files[:1], nil, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err = w.Fetch(t.Context(), snap.Files[:1], nil, c); err != nil || f.Bytes != 0 {
		t.Errorf("the file that was used last was removed: %d, %v", f.Bytes, err)
	}
	f.Close()
	if n := fetch(nil); n == 0 {
		t.Error("nothing was removed")
	}
	// A note that lies about a file that is gone does not count.
	files, err := os.ReadDir(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range files {
		if !d.IsDir() {
			continue
		}
		inside, _ := os.ReadDir(c.Dir + "/" + d.Name())
		for _, i := range inside {
			if strings.HasSuffix(i.Name(), ".parquet") {
				os.Remove(c.Dir + "/" + d.Name() + "/" + i.Name())
			}
		}
	}
	if n := fetch(nil); n != snap.Bytes() {
		t.Errorf("brought %d of %d", n, snap.Bytes())
	}
}
