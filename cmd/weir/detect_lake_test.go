package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/internal/traffic"
)

// What the whole program must hold, from delivered objects to findings and notices: that the order and the lateness of
// objects, and death at any moment, change nothing of what is found, and lose no notice.

// sixHours makes the logs of six hours of a small company, with attacks, and lists its objects in the order of their time.
func sixHours(t *testing.T) (root string, objects []string) {
	t.Helper()
	root = t.TempDir()
	_, err := traffic.WriteDir(t.Context(), traffic.Config{Seed: 5, Start: traffic.DefaultStart.Add(9 * time.Hour), Duration: 6 * time.Hour, Records: 9000, Objects: 36,
		Attacks: []string{"redis", "redis-closed", "ssh-guessing", "portscan-answered", "external-sweep", "beacon", "exposed-docker", "cleartext-ftp", "skips"}}, root)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(root, "AWSLogs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			objects = append(objects, path)
		}
		return err
	})
	if err != nil || len(objects) < 30 {
		t.Fatalf("%d objects, %v", len(objects), err)
	}
	return root, objects
}

// ruleFlags chooses rules whose windows are an hour, several hours and a day, and that look at different tables.
var ruleFlags = []string{"--rule", "exposed-datastore", "--rule", "exposed-admin", "--rule", "exposed-control-plane", "--rule", "password-guessing",
	"--rule", "external-vertical-scan", "--rule", "external-sweep", "--rule", "beacon", "--rule", "cleartext-service", "--rule", "log-records-skipped"}

// program is weir as another process, with a lake and settings of its own.
type program struct {
	t        *testing.T
	lake     string
	settings string
}

func newProgram(t *testing.T, settings string) *program {
	t.Helper()
	dir := t.TempDir()
	p := &program{t, filepath.Join(dir, "lake"), filepath.Join(dir, "weir.yaml")}
	if err := os.WriteFile(p.settings, []byte(settings), 0o666); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *program) command(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.CommandContext(p.t.Context(), self)
	cmd.Args = append([]string{"weir", "--config", p.settings, "--lake", p.lake, "--quiet"}, args...)
	cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(p.settings), "TZ=UTC")
	return cmd
}

// run runs it to its end. That it says no, with 1, is an answer.
func (p *program) run(args ...string) []byte {
	p.t.Helper()
	cmd := p.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != exitNo {
		p.t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, &errs)
	}
	return out.Bytes()
}

// killed runs it and kills it after some time, unless it is done before.
func (p *program) killed(after time.Duration, args ...string) (killed bool) {
	p.t.Helper()
	cmd := p.command(args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.Exited() && exit.ExitCode() != exitNo) {
		p.t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, &errs)
	}
	return err != nil && !exit.Exited()
}

// findings are all that it knows, by rule, without when it learnt of them.
func (p *program) findings() []string {
	p.t.Helper()
	var list []map[string]any
	if err := json.Unmarshal(p.run("findings", "list", "--state", "all", "-o", "json"), &list); err != nil {
		p.t.Fatal(err)
	}
	var lines []string
	for _, f := range list {
		line := fmt.Sprint(f["rule"], " ", f["id"])
		for _, k := range slices.Sorted(maps.Keys(f)) {
			switch k {
			case "id", "rule", "evidence", "created_at", "updated_at":
			default:
				v, _ := json.Marshal(f[k])
				line += fmt.Sprintf("\n  %s %s", k, v)
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

// The order in which objects come, in how many deliveries, and how late, changes nothing of what is found.
func TestDetectOrder(t *testing.T) {
	_, objects := sixHours(t)
	whole := newProgram(t, "")
	whole.run(append([]string{"ingest"}, objects...)...)
	whole.run(append([]string{"detect"}, ruleFlags...)...)
	want := whole.findings()
	for _, rule := range []string{"exposed-datastore", "external-vertical-scan", "password-guessing"} {
		if !slices.ContainsFunc(want, func(s string) bool { return strings.HasPrefix(s, rule+" ") }) {
			t.Fatalf("rule %s found nothing, which is too little for a test:\n%s", rule, strings.Join(want, "\n"))
		}
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("WEIR_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("WEIR_SEED=%d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	p := newProgram(t, "")
	for order := rnd.Perm(len(objects)); len(order) > 0; {
		some := min(len(order), 3+rnd.IntN(10))
		args := []string{"ingest"}
		for _, i := range order[:some] {
			args = append(args, objects[i])
		}
		order = order[some:]
		p.run(args...)
		p.run(append([]string{"detect"}, ruleFlags...)...)
	}
	if d := cmp.Diff(want, p.findings()); d != "" {
		t.Errorf("shuffled: got +, want -:\n%s", d)
	}
	p.run(append([]string{"detect"}, ruleFlags...)...)
	if d := cmp.Diff(want, p.findings()); d != "" {
		t.Errorf("once more, and nothing new came: got +, want -:\n%s", d)
	}
}

// Killed at whatever moment, of ingest, of refine, of the rules or of telling: no finding is lost or wrong, each is told
// at least once, and a repeat has the key of the first.
//
// WEIR_KILLS and WEIR_SEED choose how often, and which moments.
func TestDetectKill(t *testing.T) {
	kills := 12
	if s := os.Getenv("WEIR_KILLS"); s != "" {
		kills, _ = strconv.Atoi(s)
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("WEIR_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("WEIR_KILLS=%d WEIR_SEED=%d", kills, seed)
	rnd := rand.New(rand.NewPCG(seed, 0))

	hook := &receiver{keys: map[string]string{}, told: map[string]int{}}
	server := httptest.NewServer(hook)
	defer server.Close()
	settings := fmt.Sprintf("notify:\n  - {name: ops, type: webhook, url: %q, min_severity: info, singles: 1000}\n", server.URL)

	root, objects := sixHours(t)
	logs := filepath.Join(root, "AWSLogs")
	detect := append([]string{"detect"}, ruleFlags...)
	calm := newProgram(t, "")
	calm.run("ingest", logs)
	began := time.Now()
	calm.run(detect...)
	took := time.Since(began)
	want := calm.findings()

	p := newProgram(t, settings)
	died := 0
	for died < kills {
		if died%3 == 0 { // a part of the logs comes, so that each time there is something to do
			end := min(len(objects), (died+3)*len(objects)/kills)
			p.killed(time.Duration(rnd.Int64N(int64(took))), append([]string{"ingest"}, objects[:end]...)...)
			p.run(append([]string{"ingest"}, objects[:end]...)...)
		}
		if p.killed(time.Duration(rnd.Int64N(int64(took))), detect...) {
			died++
		} else {
			took = took * 9 / 10 // less is left to do than at first
			if took < 20*time.Millisecond {
				t.Fatalf("only %d of %d kills hit", died, kills)
			}
		}
	}
	p.run("ingest", logs)
	p.run(detect...)
	if d := cmp.Diff(want, p.findings()); d != "" {
		t.Errorf("after %d kills: got +, want -:\n%s", died, d)
	}
	var list []struct{ ID, Rule string }
	if err := json.Unmarshal(p.run("findings", "list", "--state", "all", "-o", "json"), &list); err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if hook.told[f.ID] == 0 {
			t.Errorf("finding %s of rule %s was never told", f.ID, f.Rule)
		}
	}
	for _, e := range hook.wrong {
		t.Error(e)
	}
	t.Logf("%d kills, %d findings, %d notices, %d of them repeats", died, len(list), hook.notices, hook.repeats)
}

// receiver takes the notices of a webhook, and remembers by which key each came.
type receiver struct {
	sync.Mutex
	keys             map[string]string // what a key told
	told             map[string]int    // notices by finding
	notices, repeats int
	wrong            []string
}

func (h *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.Lock()
	defer h.Unlock()
	body, err := io.ReadAll(r.Body)
	var n struct {
		Key, Kind string
		Findings  []struct{ ID string }
	}
	if e := json.Unmarshal(body, &n); err != nil || e != nil || n.Key == "" || n.Key != r.Header.Get("Idempotency-Key") || len(n.Findings) == 0 {
		h.wrong = append(h.wrong, fmt.Sprintf("a notice that cannot be read: %v, %v, %.300s", err, e, body))
		return
	}
	h.notices++
	what := n.Kind
	for _, f := range n.Findings {
		h.told[f.ID]++
		what += " " + f.ID
	}
	if before, ok := h.keys[n.Key]; ok {
		h.repeats++
		if before != what {
			h.wrong = append(h.wrong, fmt.Sprintf("key %s told %q, then %q", n.Key, before, what))
		}
	}
	h.keys[n.Key] = what
}
