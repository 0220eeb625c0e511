package ingest

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
	"strings"
	"testing"
	"time"

	"weir/internal/lake"
	"weir/internal/source"
	"weir/internal/source/dir"
)

// TestMain lets the test binary be another process, which can be killed, or run out of room.
func TestMain(m *testing.M) {
	if job := os.Getenv("WEIR_INGEST_CHILD"); job != "" {
		name, args, _ := strings.Cut(job, " ")
		if err := children[name](context.Background(), strings.Split(args, " ")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var children = map[string]func(ctx context.Context, args []string) error{
	"store":  storeAll,
	"full":   onFullDisk,
	"nobody": asNobodyRun,
}

func child(t testing.TB, job string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "WEIR_INGEST_CHILD="+job)
	return cmd
}

// storeAll brings a folder into a lake, a few hundred records in a commit, and compacts the lake if it is told to. It
// says what it is about to do.
func storeAll(ctx context.Context, args []string) error {
	folder, path, compact := args[0], args[1], args[2] == "compact"
	l, err := openAt(ctx, path, true)
	if err != nil {
		return err
	}
	src, err := dir.New(folder)
	if err != nil {
		return err
	}
	fmt.Println("ingest")
	s, err := Run(ctx, Config{Lake: l, Sources: []source.Source{src}, Workers: 2, BatchRows: 300})
	if err != nil {
		return err
	}
	if s.Failed > 0 {
		return fmt.Errorf("%d objects failed", s.Failed)
	}
	if compact {
		fmt.Println("compact")
		if _, err := l.Compact(ctx, lake.CompactOptions{}); err != nil {
			return err
		}
	}
	return l.Close()
}

// killFolder writes what is to be ingested: small objects and some larger than a batch, of several days, and two tables.
func killFolder(t *testing.T) (folder string, want rows, objects, rejected int64) {
	t.Helper()
	folder, want = t.TempDir(), rows{}
	for i := range 70 {
		name := filepath.Join(folder, fmt.Sprintf("%03d.log.gz", i))
		s := text(i, 1+i*13%120, day0+int64(i%4)*86400)
		switch {
		case i%20 == 7:
			s = text(i, 950, day0+int64(i%4)*86400)
		case i%20 == 13:
			s = "tgw-id start bytes\n" + strings.Repeat(fmt.Sprintf("tgw-%d %d %d\n", i, day0, i), 100)
		}
		want.add(name, s)
		if i%5 == 0 {
			s += "no flow\n"
			rejected++
		}
		if err := os.WriteFile(name, zip(t, s), 0o644); err != nil {
			t.Fatal(err)
		}
		objects++
	}
	return folder, want, objects, rejected
}

// TestKill kills a process that ingests and compacts, at random moments, and lets another go on. However often: each
// state that a reader sees adds up, and in the end each record of the input is in the lake once.
//
// WEIR_KILLS and WEIR_SEED choose how often, and which moments.
func TestKill(t *testing.T) {
	kills, rnd := killSettings(t)
	folder, want, objects, rejected := killFolder(t)

	// How long each part takes when nobody disturbs, and a lake that waits to be compacted.
	ingested := filepath.Join(t.TempDir(), "lake")
	took := map[string]time.Duration{}
	_, _, took["ingest"] = runChild(t, folder, ingested, "", "ingest", -1)
	dirs := 0
	fresh := func(from string) string {
		dirs++
		to := filepath.Join(t.TempDir(), fmt.Sprint("lake", dirs))
		if from != "" {
			if err := os.CopyFS(to, os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
		}
		return to
	}
	path := fresh(ingested)
	_, _, took["compact"] = runChild(t, folder, path, "compact", "compact", -1)
	took["open"] = took["compact"]
	checkKilled(t, path, want, objects, rejected)
	t.Logf("undisturbed: ingest %v, compact %v", took["ingest"], took["compact"])

	hit, late := map[string]int{}, map[string]int{}
	lakes := map[string]string{}
	for n := 0; n < kills; {
		phase := []string{"open", "ingest", "ingest", "ingest", "compact", "compact"}[rnd.IntN(6)]
		path := lakes[phase]
		if path == "" {
			if path = fresh(""); phase == "compact" {
				path = fresh(ingested)
			}
			lakes[phase] = path
		}
		after := time.Duration(rnd.Int64N(int64(took[phase])))
		killed, reached, _ := runChild(t, folder, path, "compact", phase, after)
		if killed {
			n++
			hit[reached]++
			checkReader(t, path, reached == "open")
			continue
		}
		late[phase]++
		checkKilled(t, path, want, objects, rejected)
		lakes[phase] = ""
	}
	for _, path := range lakes {
		if path != "" {
			runChild(t, folder, path, "compact", "ingest", -1)
			checkKilled(t, path, want, objects, rejected)
		}
	}
	t.Logf("%d kills: %d while it opened the lake, %d while it ingested, %d while it compacted; %d times the work was done before; %d lakes compared",
		kills, hit["open"], hit["ingest"], hit["compact"], late["open"]+late["ingest"]+late["compact"], dirs)
	if hit["ingest"] < kills/20 || hit["compact"] < kills/20 { // a busy machine shifts them
		t.Errorf("the moments do not hit: %v", hit)
	}
}

// killSettings are how often to kill, and the moments.
func killSettings(t *testing.T) (kills int, rnd *rand.Rand) {
	t.Helper()
	if testing.Short() {
		t.Skip("kills of another process, which no race detector looks into, left out by -short")
	}
	kills = 100
	if s := os.Getenv("WEIR_KILLS"); s != "" {
		kills, _ = strconv.Atoi(s)
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("WEIR_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("WEIR_KILLS=%d WEIR_SEED=%d", kills, seed)
	return kills, rand.New(rand.NewPCG(seed, 0))
}

// runChild lets another process do the work, and kills it some time after it began the phase ("open": after its start);
// never, if after is negative. It says whether the process was killed, in which phase, and how long that phase took.
func runChild(t *testing.T, folder, path, compact, phase string, after time.Duration) (killed bool, reached string, took time.Duration) {
	t.Helper()
	cmd := child(t, "store "+folder+" "+path+" "+compact)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reached = "open"
	began := time.Now()
	kill := func() {
		began = time.Now()
		if after >= 0 {
			time.AfterFunc(after, func() { cmd.Process.Kill() })
		}
	}
	if phase == "open" {
		kill()
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if reached = lines.Text(); reached == phase {
			kill()
		}
	}
	err = cmd.Wait()
	took = time.Since(began)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.Exited()) {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	return err != nil, reached, took
}

// checkReader looks at a lake as the killed process left it, before anybody tidied up.
func checkReader(t *testing.T, path string, opening bool) {
	t.Helper()
	l, err := openAt(t.Context(), path, false)
	if errors.Is(err, lake.ErrNoLake) || err != nil && opening && strings.Contains(err.Error(), "is not the catalog of a lake") {
		return // it was killed before there was one, or while it made one
	}
	if err != nil {
		t.Errorf("reader after a kill: %v", err)
		return
	}
	defer l.Close()
	r, err := l.Verify(t.Context(), lake.VerifyOptions{Deep: true})
	if err != nil || !r.OK() {
		t.Errorf("reader after a kill: %v, %+v", err, r)
	}
}

func checkKilled(t *testing.T, path string, want rows, objects, rejected int64) {
	t.Helper()
	l := openLake(t, path)
	defer l.Close()
	if r := checkLake(t, l, want); r != nil && (r.Objects != objects || r.Rejected != rejected) {
		t.Errorf("report: %+v", r)
	}
	if isShared(path) {
		return
	}
	if left, err := os.ReadDir(filepath.Join(path, "staging")); err != nil || len(left) > 0 {
		t.Errorf("%d files are left in staging, %v", len(left), err)
	}
}
