package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/internal/lake"
	"weir/internal/lake/laketest"
	"weir/internal/lake/postgres"
	"weir/internal/source"
	"weir/internal/source/dir"
	"weir/internal/source/s3test"
)

// shortLease lets tests wait for a killed writer's lease to end.
const shortLease = 500 * time.Millisecond

// A lake is named by its folder, or by endpoint, URI and catalog of a shared one.
func nameShared(s *laketest.Shared) string { return s.Endpoint + "|" + s.URI + "|" + s.Catalog }

func isShared(name string) bool { return strings.Contains(name, "|") }

// openAt opens a lake by its name. For the lease of a shared one it waits: the writer before may have been killed.
func openAt(ctx context.Context, name string, write bool) (*lake.Lake, error) {
	if !isShared(name) {
		return lake.Open(ctx, name, lake.Options{Write: write})
	}
	at := strings.Split(name, "|")
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		l, err := laketest.Open(ctx, at[0], at[1], at[2], lake.Options{Write: write, Lease: shortLease})
		var locked *lake.LockedError
		if !errors.As(err, &locked) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(locked.Left + time.Millisecond):
		}
	}
}

// another is a new lake on the same servers.
func another(t *testing.T, s *laketest.Shared, n int) *laketest.Shared {
	t.Helper()
	o := *s
	o.URI = fmt.Sprintf("s3://%s/lake%d", s.Bucket, n)
	o.Catalog = laketest.Postgres(t)
	return &o
}

// TestEnginesKillShared kills a process that ingests into a shared lake and compacts it, at random moments, and lets
// another go on: see TestKill.
func TestEnginesKillShared(t *testing.T) {
	servers := laketest.New(t)
	kills, rnd := killSettings(t)
	folder, want, objects, rejected := killFolder(t)

	lakes := 0
	fresh := func() string {
		lakes++
		return nameShared(another(t, servers, lakes))
	}
	name := fresh()
	took := map[string]time.Duration{}
	_, _, took["ingest"] = runChild(t, folder, name, "", "ingest", -1)
	_, _, took["compact"] = runChild(t, folder, name, "compact", "compact", -1)
	took["open"] = took["compact"]
	checkKilled(t, name, want, objects, rejected)
	t.Logf("undisturbed: ingest %v, compact %v", took["ingest"], took["compact"])

	hit := map[string]int{}
	for name, n := "", 0; n < kills; {
		if name == "" {
			name = fresh()
		}
		phase := []string{"open", "ingest", "ingest", "ingest", "compact", "compact"}[rnd.IntN(6)]
		if phase == "compact" && rnd.IntN(2) == 0 { // so that there is something to compact
			runChild(t, folder, name, "", "ingest", -1)
		}
		killed, reached, _ := runChild(t, folder, name, "compact", phase, time.Duration(rnd.Int64N(int64(took[phase]))))
		if killed {
			n++
			hit[reached]++
			checkReader(t, name, reached == "open")
			if n < kills {
				continue
			}
			runChild(t, folder, name, "compact", "ingest", -1)
		}
		checkKilled(t, name, want, objects, rejected)
		checkRepair(t, name)
		name = ""
	}
	t.Logf("%d kills: %d while it opened the lake, %d while it ingested, %d while it compacted; %d lakes compared",
		kills, hit["open"], hit["ingest"], hit["compact"], lakes)
	if hit["ingest"] < kills/20 || hit["compact"] < kills/20 {
		t.Errorf("the moments do not hit: %v", hit)
	}
}

// checkRepair removes what killed writers left in the bucket, and looks for the rest.
func checkRepair(t *testing.T, name string) {
	t.Helper()
	l := openLake(t, name)
	defer l.Close()
	if _, err := l.Expire(t.Context(), lake.ExpireOptions{}); err != nil {
		t.Error(err)
	}
	r, err := l.Verify(t.Context(), lake.VerifyOptions{Repair: true})
	if err != nil || !r.OK() {
		t.Errorf("repair: %v, %+v", err, r)
	}
	if r, err = l.Verify(t.Context(), lake.VerifyOptions{}); err != nil || len(r.Orphans) > 0 {
		t.Errorf("after repair: %v, %+v", err, r)
	}
}

// TestEnginesWritersAtOnce starts several writers at once on the same objects. Each record is in the lake once.
func TestEnginesWritersAtOnce(t *testing.T) {
	name := nameShared(laketest.New(t))
	folder, want, objects, rejected := killFolder(t)
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			cmd := child(t, "store "+folder+" "+name+" compact")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	writers.Wait()
	checkKilled(t, name, want, objects, rejected)
}

// TestEnginesFaultyShared ingests and compacts with an S3 that asks to slow down, cuts connections and sends too little,
// for a quarter of all requests, while the database drops its connections now and then.
func TestEnginesFaultyShared(t *testing.T) {
	s := laketest.New(t)
	folder, want, objects, rejected := killFolder(t)
	proxy := s.Server.Faulty(t, s3test.Faults{
		Seed: 1, SlowDown: 0.1, Cut: 0.1, Short: 0.05,
		Only: func(r *http.Request) bool { return r.Method != http.MethodHead },
	})
	s.Endpoint = proxy.Endpoint
	name := nameShared(s)
	admin, err := postgres.Open(t.Context(), s.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.DB.Close()
	drop := func() { // all connections but this one
		if _, err := admin.DB.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
			t.Error(err)
		}
	}
	src, err := dir.New(folder)
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for try := 0; ; try++ {
		err := func() error {
			l, err := openAt(t.Context(), name, true)
			if err != nil {
				return err
			}
			defer l.Close()
			commits := int64(0)
			_, err = Run(t.Context(), Config{Lake: l, Sources: []source.Source{src}, Workers: 2, BatchRows: 300,
				Progress: func(sum Summary) {
					if try < 8 && sum.Commits > commits { // later it is left alone, so that the work gets done
						commits = sum.Commits
						if commits%5 == 3 {
							drop()
						}
					}
				}})
			if err != nil {
				return err
			}
			_, err = l.Compact(t.Context(), lake.CompactOptions{})
			return err
		}()
		if err == nil {
			break
		}
		if failed++; try == 30 {
			t.Fatal(err)
		}
		checkReader(t, name, false)
	}
	checkKilled(t, name, want, objects, rejected)
	t.Logf("%d runs failed before one was done; requests to S3: %v", failed, proxy.Counts())
	if n := proxy.Counts(); n["503"] == 0 || n["cut"] == 0 {
		t.Errorf("nothing went wrong: %v", n)
	}
}
