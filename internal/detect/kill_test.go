package detect

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"weir/internal/finding"
	"weir/internal/rule"
)

// childLake is a fakeLake on its way to another process.
type childLake struct {
	Made  map[int64]int64
	Files map[string]map[int64]string
}

// child detects in the lake and store that the environment names, and prints a line before each step.
func child() {
	var c childLake
	text, err := os.ReadFile(os.Getenv("DETECT_CHILD"))
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		panic(err)
	}
	f := &fakeLake{made: map[time.Time]int64{}, files: map[string]map[time.Time]string{}}
	for h, seq := range c.Made {
		f.made[time.Unix(h, 0).UTC()] = seq
	}
	for table, files := range c.Files {
		f.files[table] = map[time.Time]string{}
		for h, path := range files {
			f.files[table][time.Unix(h, 0).UTC()] = path
		}
	}
	s, err := finding.Open(context.Background(), os.Getenv("DETECT_STORE"), finding.Options{})
	if err != nil {
		panic(err)
	}
	cfg := f.config(s, killRules(nil)...)
	cfg.Progress = func(done, _ int) { fmt.Println(done) }
	if _, err := Run(context.Background(), cfg); err != nil {
		panic(err)
	}
	if err := s.Close(); err != nil {
		panic(err)
	}
}

func killRules(t testing.TB) []*rule.Rule {
	return []*rule.Rule{parse(t, "seen", seenSQL), parse(t, "wide", "window: 4h"+seenSQL)}
}

// Killed at any moment, a run loses no finding, and the next does not count one twice.
func TestKill(t *testing.T) {
	f := newFakeLake(t)
	for h, rows := range traffic(20) {
		f.put(at(h), rows...)
	}
	s := openStore(t)
	detect(t, f.config(s, killRules(t)...))
	want := found(t, s)

	c := childLake{Made: map[int64]int64{}, Files: map[string]map[int64]string{}}
	for h, seq := range f.made {
		c.Made[h.Unix()] = seq
	}
	for table, files := range f.files {
		c.Files[table] = map[int64]string{}
		for h, path := range files {
			c.Files[table][h.Unix()] = path
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	list, store := filepath.Join(t.TempDir(), "lake.json"), filepath.Join(t.TempDir(), "findings.db")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	killed := 0
	for done := false; !done; {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "DETECT_CHILD="+list, "DETECT_STORE="+store)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 1 + rng.IntN(9); n > 0 && lines.Scan(); n-- {
		}
		if killed < 8 {
			cmd.Process.Kill() // as it stands: between steps, or in one
			killed++
		}
		for lines.Scan() {
		}
		done = cmd.Wait() == nil
	}
	s, err = finding.Open(t.Context(), store, finding.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := found(t, s); got != want {
		t.Errorf("killed %d times, it found\n%s\nwant\n%s", killed, got, want)
	}
	if sum := detect(t, f.config(s, killRules(t)...)); sum.Steps != 0 {
		t.Errorf("%d steps were due after the run that was not killed", sum.Steps)
	}
}
