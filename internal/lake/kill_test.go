package lake

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"weir/flowlog"

	"github.com/google/go-cmp/cmp"
)

// killObjects is how many objects the killed writer has to store. Each has its own number of rows and its own day.
const killObjects = 150

func killRows(i int) []row {
	return object(fmt.Sprint("s3://b/", i), day0.AddDate(0, 0, i%5), 1+i*7%40)
}

// writeUntilDone stores what is missing of the objects, a few in a commit, and compacts and expires in between. It goes on
// where a killed one left off.
func writeUntilDone(ctx context.Context, dir string) error {
	l, err := Open(ctx, dir, Options{Write: true, Derived: []*Derived{visits}})
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Println("ready")
	ids := make([]ObjectID, killObjects)
	for i := range ids {
		ids[i] = ObjectID{fmt.Sprint("s3://b/", i), "1"}
	}
	states, err := l.Known(ctx, ids)
	if err != nil {
		return err
	}
	var todo []int
	for i, s := range states {
		if s == New {
			todo = append(todo, i)
		}
	}
	for n := 0; len(todo) > 0; n++ {
		some := todo[:min(3, len(todo))]
		todo = todo[len(some):]
		days := map[time.Time][]row{}
		c := Commit{Table: flowlog.VPC}
		for _, i := range some {
			rows := killRows(i)
			day := day0.AddDate(0, 0, i%5)
			days[day] = append(days[day], rows...)
			c.Objects = append(c.Objects, ObjectRecord{URI: ids[i].URI, Version: "1", Rows: int64(len(rows)), Rejected: 1,
				Rejects: []Reject{{Line: 2, Reason: "test"}}})
		}
		for day, rows := range days {
			f, err := writeRows(l, flowlog.VPC, day, rows)
			if err != nil {
				return err
			}
			c.Files = append(c.Files, f)
		}
		if err := l.Commit(ctx, c); err != nil {
			return err
		}
		if err := refineVisits(ctx, l); err != nil {
			return err
		}
		switch n % 5 {
		case 3:
			if _, err := l.Compact(ctx, CompactOptions{}); err != nil {
				return err
			}
		case 4:
			if _, err := l.Expire(ctx, ExpireOptions{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// refineVisits makes the visits of stale hours: as many as the hour has a mark.
func refineVisits(ctx context.Context, l *Lake) error {
	hours, err := l.Stale(ctx, "test")
	if err != nil {
		return err
	}
	r := Replace{Table: visits}
	for _, h := range hours {
		f, err := writeVisits(ctx, l, h.Start, "a", int(h.Mark))
		if err != nil {
			return err
		}
		r.Hours, r.Files = append(r.Hours, h.Start), append(r.Files, f)
	}
	if err := l.Replace(ctx, r); err != nil {
		return err
	}
	return l.Settle(ctx, hours, "test")
}

// TestKill kills a writer at random moments, again and again, while another process reads. What is in the lake in the end
// is what it would have been without. WEIR_KILLS and WEIR_SEED choose how often, and which moments.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills of another process, which no race detector looks into, left out by -short")
	}
	kills := 20
	if s := os.Getenv("WEIR_KILLS"); s != "" {
		kills, _ = strconv.Atoi(s)
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("WEIR_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("WEIR_KILLS=%d WEIR_SEED=%d", kills, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := filepath.Join(t.TempDir(), "lake")
	killed, done := 0, 0
	for killed < kills {
		// Up to as long as a few commits take. A writer that gets done before, starts on a new lake.
		// One in five is killed while it opens.
		if !kill(t, dir, time.Duration(random.IntN(100_000))*time.Microsecond, random.IntN(5) > 0) {
			checkKilled(t, dir)
			done++
			dir = filepath.Join(t.TempDir(), fmt.Sprint("lake", done))
			continue
		}
		killed++
		if _, err := os.Stat(filepath.Join(dir, catalogName)); err != nil {
			continue
		}
		if l, err := Open(t.Context(), dir, Options{}); err == nil { // a reader, before anybody tidied up
			if _, err := content(t.Context(), l); err != nil {
				t.Errorf("after kill %d: %v", killed, err)
			}
			l.Close()
		} else if done > 0 || killed > 5 {
			t.Errorf("after kill %d: %v", killed, err)
		}
	}
	if out, err := child(t, "write", dir).CombinedOutput(); err != nil {
		t.Fatalf("the writer that was not killed: %v\n%s", err, out)
	}
	checkKilled(t, dir)
	t.Logf("%d kills, %d lakes", killed, done+1)
}

// kill starts a writer, and kills it some time after it is ready, or after its start. It says whether it came to that.
func kill(t *testing.T, dir string, after time.Duration, ready bool) bool {
	t.Helper()
	cmd := child(t, "write", dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if ready {
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			cmd.Wait()
			t.Fatalf("writer: %s", &stderr)
		}
	}
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	err = cmd.Wait()
	timer.Stop()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false
	case errors.As(err, &exit) && !exit.Exited():
		return true
	}
	t.Fatalf("writer: %v\n%s", err, &stderr)
	return false
}

// checkKilled compares a lake with what was to be stored in it.
func checkKilled(t *testing.T, dir string) {
	t.Helper()
	l := openDerived(t, dir, true)
	defer l.Close()
	checkVisits(t, l)
	var all [][]row
	for i := range killObjects {
		all = append(all, killRows(i))
	}
	got, err := content(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(counted(all...), got, cmp.AllowUnexported(row{})); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	r := verified(t, l)
	if r.Objects != killObjects || r.Rejected != killObjects || r.Pending != 0 {
		t.Errorf("report: %+v", r)
	}
	for _, o := range r.Orphans {
		if filepath.Ext(o.Path) == ".parquet" {
			t.Errorf("%s is left of a killed writer", o.Path)
		}
	}
	if files, err := os.ReadDir(filepath.Join(dir, stagingName)); err != nil || len(files) > 0 {
		t.Errorf("staging holds %d files, %v", len(files), err)
	}
	// Killed commits leave manifests, which Repair removes.
	if _, err := l.Verify(t.Context(), VerifyOptions{Repair: true}); err != nil {
		t.Error(err)
	}
	if r := verified(t, l); len(r.Orphans) != 0 {
		t.Errorf("after repair: %v", r.Orphans)
	}
	if again, err := content(t.Context(), l); err != nil || !cmp.Equal(again, got) {
		t.Errorf("after repair: %d of %d rows, %v", len(again), len(got), err)
	}
}

// checkVisits finds in each hour as many visits as it has a mark, and no hour stale: a commit that was killed either
// marked its hours and is visible, or neither.
func checkVisits(t *testing.T, l *Lake) {
	t.Helper()
	if err := refineVisits(t.Context(), l); err != nil { // what one did not who was killed after its last commit
		t.Fatal(err)
	}
	var want []string
	for h, err := range query(t.Context(), l.db, "read hours", scanHour, `SELECT start, mark FROM weir_hour ORDER BY start`) {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%s a %d", h.Start.Format("02T15"), h.Mark))
	}
	var commits int64
	if err := l.db.QueryRowContext(t.Context(), `SELECT coalesce(sum(mark), 0) FROM weir_hour`).Scan(&commits); err != nil || commits != killObjects {
		t.Errorf("hours have marks of %d, %v; want one for each day of each commit, %d", commits, err, killObjects)
	}
	if d := cmp.Diff(want, visitsOf(t, l)); d != "" {
		t.Errorf("visits (-want +got):\n%s", d)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	cmd := child(t, "lock", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), dir, Options{Write: true})
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("second writer: %v, want a LockedError", err)
	}
	if want := fmt.Sprintf("process %d on ", cmd.Process.Pid); !bytes.Contains([]byte(err.Error()), []byte(want)) {
		t.Errorf("error is %q, want %q in it", err, want)
	}
	r, err := Open(t.Context(), dir, Options{}) // readers do not care
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	l, err := Open(t.Context(), dir, Options{Write: true})
	if err != nil {
		t.Fatalf("after the holder died: %v", err)
	}
	l.Close()
	l, err = Open(t.Context(), dir, Options{Write: true})
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	l.Close()
}
