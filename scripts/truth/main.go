// Truth measures weir's rules on traffic of which everything is known: it generates companies with labelled attacks and
// look-alikes in them, has the program weir ingest and detect as a user would, and holds the findings against the labels.
//
// Start at corpora (corpus.go), what is generated; run.go has weir look at it; match.go says which finding is about which
// label; score.go makes the numbers, and baseline.go holds them against those that were once reached. docs/truth.md
// explains them.
//
//	go run ./scripts/truth               with bin/weir; exit 1 if a rule is worse than scripts/truth/baseline.csv says
//	go run ./scripts/truth -update       writes what is reached now to that file, to be reviewed
//
// What must hold: nothing is excused. A finding that no label explains is false, however plausible it sounds, and is
// printed with its sentence; what no label measures is called unmeasured.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"weir/rules"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := truth(ctx, os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "truth:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	weir     string // the program
	baseline string
	update   bool
	only     string // names of corpora, with commas
	json     string // file for the report, too
	dir      string // where to work; kept if it is named
	verbose  bool
}

func truth(ctx context.Context, args []string, out io.Writer) (ok bool, err error) {
	var o options
	f := flag.NewFlagSet("truth", flag.ContinueOnError)
	f.StringVar(&o.weir, "weir", "bin/weir", "the program to measure")
	f.StringVar(&o.baseline, "baseline", "scripts/truth/baseline.csv", "what was once reached")
	f.BoolVar(&o.update, "update", false, "write what is reached now to the baseline")
	f.StringVar(&o.only, "only", "", "names of corpora, with commas; the baseline is then not looked at")
	f.StringVar(&o.json, "json", "", "a file for the whole report, too")
	f.StringVar(&o.dir, "dir", "", "a folder to work in, which is kept (default: a temporary one)")
	f.BoolVar(&o.verbose, "v", false, "print the findings that are about an attack, too")
	if err := f.Parse(args); err != nil {
		return false, err
	}
	if o.weir, err = filepath.Abs(o.weir); err != nil {
		return false, err
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "weir-truth-*"); err != nil {
			return false, err
		}
		defer func() {
			if e := os.RemoveAll(o.dir); e != nil && err == nil {
				err = e
			}
		}()
	}
	results, err := runAll(ctx, &o, out)
	if err != nil {
		return false, err
	}
	rep := score(rules.All(), results)
	rep.print(out, o.verbose)
	if o.json != "" {
		b, err := json.MarshalIndent(rep, "", "  ")
		if err != nil {
			return false, err
		}
		if err := os.WriteFile(o.json, append(b, '\n'), 0o666); err != nil {
			return false, err
		}
	}
	if o.update {
		if o.only != "" {
			return false, fmt.Errorf("-update needs all corpora, and -only leaves out some")
		}
		return true, writeBaseline(o.baseline, rep)
	}
	worse := rep.Ordinary
	if o.only == "" {
		base, err := readBaseline(o.baseline)
		if err != nil {
			return false, err
		}
		worse = append(worse, base.compare(rep)...)
	}
	for _, w := range worse {
		fmt.Fprintln(out, "FAIL", w)
	}
	return len(worse) == 0, nil
}

// runAll runs the corpora that are asked for, two at a time: much of the work on a small one is waiting for one processor.
func runAll(ctx context.Context, o *options, out io.Writer) ([]*result, error) {
	var chosen []*corpus
	for _, c := range corpora() {
		if o.only == "" || slices.Contains(strings.Split(o.only, ","), c.name) {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("-only %s: no such corpus", o.only)
	}
	results := make([]*result, len(chosen))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for i, c := range chosen {
		g.Go(func() (err error) {
			if results[i], err = c.run(ctx, o); err != nil {
				return fmt.Errorf("corpus %s: %w", c.name, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, r := range results {
		fmt.Fprintln(out, r)
	}
	return results, nil
}
