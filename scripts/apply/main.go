// Apply proves the Terraform examples on a stand-in for AWS: it applies each, changes it, acts as AWS that delivers logs,
// has weir read them, and destroys it.
//
// Start at story (story.go), what happens to an example; terraform.go runs terraform and reads its plans; cloud.go is the
// stand-in, what is asked of it and what is left in it; deliver.go makes log objects as a flow log says.
//
//	scripts/test-terraform-apply        finds the real AWS provider and the stand-in, and runs this
//
// Examples run at once: most of the time the provider waits. Each has a stand-in of its own, on loopback, that ends with
// it. Every command is bounded in time. Output of commands is shown only if something fails.
//
// What must hold: nothing is skipped in silence. An example that is not applied, or a question that is not asked, is
// named, with the reason.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// limit bounds everything.
const limit = 14 * time.Minute

// told is how many of the last lines of output are shown if something fails. A plan has hundreds.
const told = 80

// planned are the examples that are only planned, by their own tests, or validated, and why that must do.
var planned = map[string]string{
	"adopt":           "it imports what must be there already, which no test here makes: it is validated only",
	"existing-bucket": "its flow log, table and policy are those of tutorial, for a bucket that is there",
	"organization":    "its flow logs are in other accounts, and the stand-in enforces no policy between accounts",
	"transit-gateway": "destroying an attachment takes minutes on the stand-in, and ends in an error of its own",
}

// expected are the examples without which a run proves too little.
var expected = []string{"tutorial", "complete", "cloudwatch"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ok, err := apply(ctx, os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "apply:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// tools are the programs that are run.
type tools struct {
	terraform, weir string
	python, standin string // what runs the stand-in: python standin --port 0
	source          string // folder of the modules and examples
}

func apply(ctx context.Context, args []string, out io.Writer) (ok bool, err error) {
	var t tools
	var only, work string
	f := flag.NewFlagSet("apply", flag.ContinueOnError)
	f.StringVar(&t.terraform, "terraform", "terraform", "terraform")
	f.StringVar(&t.weir, "weir", "bin/weir", "weir")
	f.StringVar(&t.python, "python", "python3", "Python that has what the stand-in needs")
	f.StringVar(&t.standin, "standin", "", "the stand-in's `serve.py`")
	f.StringVar(&t.source, "source", "terraform", "folder of modules and examples")
	f.StringVar(&only, "only", "", "only these `NAMES`, with commas")
	f.StringVar(&work, "work", "", "work in `DIR`, and leave it there (default: a temporary folder)")
	if err := f.Parse(args); err != nil {
		return false, err
	}
	for _, name := range []*string{&t.weir, &t.standin, &t.source} {
		if *name, err = filepath.Abs(*name); err != nil {
			return false, err
		}
	}
	if work == "" {
		if work, err = os.MkdirTemp("", "weir-apply."); err != nil {
			return false, err
		}
		defer os.RemoveAll(work)
	}
	found, err := stories(t, out)
	if err != nil {
		return false, err
	}
	var wg sync.WaitGroup
	var running []*story
	for _, s := range found {
		if only != "" && !slices.Contains(strings.Split(only, ","), s.name) {
			fmt.Fprintf(out, "NOT TESTED: %s, which -only leaves out\n", s.name)
			continue
		}
		s.tools, s.work = t, filepath.Join(work, s.name)
		running = append(running, s)
		wg.Go(func() { s.err = s.tell(ctx) })
	}
	wg.Wait()
	ok = len(running) > 0
	for _, s := range running {
		if s.err != nil {
			ok = false
			lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
			fmt.Fprintf(out, "\n%s\n", strings.Join(lines[max(0, len(lines)-told):], "\n"))
		}
		s.print(out)
	}
	return ok, nil
}

// stories are what is to happen to the examples that there are. What is not applied is said.
func stories(t tools, out io.Writer) (all []*story, err error) {
	entries, err := os.ReadDir(filepath.Join(t.source, "examples"))
	if err != nil {
		return nil, fmt.Errorf("list examples: %w", err)
	}
	for _, e := range entries {
		if why, ok := planned[e.Name()]; ok {
			fmt.Fprintf(out, "not applied: %s (%s)\n", e.Name(), why)
			continue
		}
		all = append(all, &story{name: e.Name(), example: e.Name(), changes: true})
	}
	for _, name := range expected {
		if !slices.ContainsFunc(all, func(s *story) bool { return s.name == name }) {
			return nil, fmt.Errorf("list examples: there is no %s", name)
		}
	}
	// Text is read by position, so its header counts; and here destroy may delete the logs.
	all = append(all, &story{name: "tutorial-text", example: "tutorial", override: map[string]any{
		"file_format": "plain-text", "format": "standard", "hive_compatible": true, "per_hour": true, "prefix": "network/logs", "force_destroy": true,
	}})
	return all, nil
}

// print says how it went, in two lines.
func (s *story) print(out io.Writer) {
	var b strings.Builder
	var total time.Duration
	for i, t := range s.times {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %.0f", t.name, t.took.Seconds())
		total += t.took
	}
	verdict := "ok    "
	if s.err != nil {
		verdict = "FAIL  "
	}
	fmt.Fprintf(out, "%s%-14s %3.0f s, processor %3.0f s: %s\n", verdict, s.name, total.Seconds(), s.cpu.Seconds(), b.String())
	for _, n := range s.notes {
		fmt.Fprintf(out, "      %s\n", n)
	}
	if s.err != nil {
		fmt.Fprintf(out, "      %s: %v\n", s.name, s.err)
	}
}
