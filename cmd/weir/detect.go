package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/internal/detect"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/finding"
	"weir/internal/ingest"
	"weir/internal/lake"
	"weir/internal/notify"
	"weir/internal/refine"
	"weir/internal/rule"
	"weir/internal/source"
)

// detectFlags are the flags of weir detect.
type detectFlags struct {
	rules    []string
	failOn   string
	all      bool
	again    bool
	noNotify bool
	timings  string
	times    *timeWindow
}

// errRules ends a run in which a rule could not be evaluated. Which it was has been said.
var errRules = errors.New("some rules could not be evaluated; the findings are those of the rest")

func newDetectCmd(a *app) *cobra.Command {
	var f detectFlags
	cmd := &cobra.Command{
		Use:   "detect [SOURCE…]",
		Short: "Run the rules, and say what they found",
		Long: `Makes the tables that rules read (who called whom, what is open, what was logged) of the hours that got records, runs
the rules on the hours that changed, and prints what was found, the worst first. What is printed is what wants
attention now: open, come back, or being worked on. 'weir findings' has the rest, and notes what people decide.

With SOURCE nothing is kept: the logs there are read into a temporary lake, and what the rules find in them is
printed.

Whatever is interrupted is taken up by the next run. The same hours give the same findings, in whatever order they
came, and late records are looked at as the others. A finding is resolved when it was not seen for as long as its rule
says while its interface was logged; where it was not logged, nobody can tell, and it stays. No finding is no good
news by itself, so what was logged, and which rules could not see it, is always said.

Exit status 1 says that there are findings at or above --fail-on, 2 that a rule failed.`,
		Example: `  weir detect
  weir detect ./logs --fail-on high
  weir detect s3://bucket/AWSLogs/ --since 24h -o html > report.html
  weir detect --rule rules/my-rule.yaml --again`,
		RunE: func(cmd *cobra.Command, args []string) error { return runDetect(cmd.Context(), a, &f, args) },
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.rules, "rule", nil, "only this rule: an `ID`, or a file; may be given more than once")
	fl.StringVar(&f.failOn, "fail-on", "", "exit with status 1 from this `SEVERITY` on: "+strings.Join(finding.Severities, ", "))
	fl.BoolVar(&f.all, "all", false, "print findings of severity info, too")
	fl.BoolVar(&f.again, "again", false, "run the rules also on hours that did not change")
	fl.BoolVar(&f.noNotify, "no-notify", false, "tell nobody; the next run without it does")
	fl.StringVar(&f.timings, "timings", "", "say how long each rule took: table, json")
	fl.Lookup("timings").NoOptDefVal = "table"
	f.times = addTimeFlags(fl, time.Now)
	addSettingFlags(cmd, append([]string{"network", "memory_limit", "threads"}, findingSettings...)...)
	addSourceFlags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(finding.Severities, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("rule", completeRules(a))
	return cmd
}

func runDetect(ctx context.Context, a *app, f *detectFlags, args []string) (err error) {
	format, err := a.outputFormat("table", documentFormats()...)
	if err != nil {
		return err
	}
	if f.failOn != "" && finding.Rank(f.failOn) == 0 {
		return fmt.Errorf("--fail-on %q: must be one of %s%s", f.failOn, strings.Join(finding.Severities, ", "), didYouMean(f.failOn, finding.Severities))
	}
	if !slices.Contains([]string{"", "table", "json"}, f.timings) {
		return fmt.Errorf("--timings %q: must be table or json", f.timings)
	}
	window, err := f.times.window()
	if err != nil {
		return err
	}
	rules, err := chosenRules(a, f.rules)
	if err != nil {
		return err
	}
	d := &detection{a: a, flags: f, rules: rules, window: window}
	if d.sources = args; len(args) > 0 {
		err = d.source(ctx, args)
	} else {
		err = d.lake(ctx)
	}
	if err != nil && (ctx.Err() != nil || d.sum.Coverage == nil) {
		return err
	}
	if err := errors.Join(d.print(format), err, errors.Join(d.problems...)); err != nil {
		return err
	}
	return d.verdict()
}

// chosenRules are the rules of the flag --rule, by id or by file; all if there is none.
func chosenRules(a *app, names []string) ([]*rule.Rule, error) {
	if len(names) == 0 {
		return allRules(a)
	}
	var out []*rule.Rule
	for _, name := range names {
		var r *rule.Rule
		var err error
		if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") || strings.ContainsRune(name, os.PathSeparator) {
			var text []byte
			if text, err = os.ReadFile(name); err != nil {
				return nil, fmt.Errorf("read rule: %w", err)
			}
			r, err = rule.Parse(name, text)
		} else {
			r, err = findRule(a, name)
		}
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(o *rule.Rule) bool { return o.ID == r.ID }) {
			return nil, fmt.Errorf("--rule: %s is given twice", r.ID)
		}
		out = append(out, r)
	}
	return out, nil
}

// detection is one run of the command.
type detection struct {
	a      *app
	flags  *detectFlags
	rules  []*rule.Rule
	window source.Window
	thrown bool // the store is: there is nothing to show findings from later

	sources []string

	sum     detect.Summary
	refined refine.Summary
	told    notify.Summary
	found   []*finding.Finding // what is printed
	hidden  int                // of severity info

	problems []error // that did not stop the run
}

// source runs the rules on logs as they lie, in a lake and with a store that are thrown away.
func (d *detection) source(ctx context.Context, args []string) (err error) {
	tmp, err := os.MkdirTemp("", "weir-detect-*")
	if err != nil {
		return fmt.Errorf("make temporary lake: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	here := *d.a
	here.settings.Lake, here.settings.Catalog, here.settings.Ledger = filepath.Join(tmp, "lake"), "", ""
	here.settings.Findings = filepath.Join(tmp, "findings.db")
	sum, err := ingestSources(ctx, &here, ingest.Config{Window: d.window}, args)
	if err != nil {
		return err
	}
	rejected := &rejectNotes{a: d.a}
	rejected.done(sum.Rejected)
	given := d.a
	d.a, d.thrown = &here, true
	defer func() { d.a = given }()
	// --since and --until chose objects by their names, which is coarser than hours.
	err = d.lake(ctx)
	if sum.Failed > 0 {
		err = errors.Join(err, unreadObjects(sum))
	}
	return err
}

// lake runs the rules on the lake of the settings.
func (d *detection) lake(ctx context.Context) (err error) {
	l, err := openLake(ctx, d.a, writeAll)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	known, err := d.a.networks(time.Now())
	if err != nil {
		return err
	}
	if d.refined, err = refineLake(ctx, d.a, l, known, false); err != nil {
		return err
	}
	store, err := d.a.openFindings(ctx, createFindings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	channels, err := d.channels(ctx, store)
	if err != nil {
		return err
	}
	tables, err := d.a.lakeTables(l)
	if err != nil {
		return err
	}
	bar := newProgress(d.a.stderr, isTerminal(d.a.stderr), d.a.quiet, time.Now)
	d.sum, err = detect.Run(ctx, detect.Config{
		Tables: tables, Engine: d.a.ruleEngine, Rules: d.rules, Ports: known.Ports, Store: store,
		Since: d.window.Start, Until: d.window.End, Again: d.flags.again, Log: d.a.logger(),
		Progress: func(done, total int) {
			bar.Update(progressState{Doing: "steps of rules", Objects: int64(done), ObjectsTotal: int64(total)})
		},
	})
	bar.Done()
	if ctx.Err() != nil {
		return &savedError{fmt.Sprintf("%s of rules evaluated and their findings kept; the same command goes on from there", counted(d.sum.Steps, "step")), ctx.Err()}
	}
	if err != nil {
		return err
	}
	if d.told, err = notify.Dispatch(ctx, store, channels, time.Now()); err != nil {
		d.problems = append(d.problems, err) // the findings are printed all the same
	}
	return d.list(ctx, store)
}

// channels are those that are told of what changes, from this run on.
func (d *detection) channels(ctx context.Context, s finding.Store) ([]notify.Channel, error) {
	if d.thrown {
		return nil, nil
	}
	var names []string
	for _, c := range d.a.settings.Notify {
		names = append(names, c.Name)
	}
	// What changes waits for them, also if they are told by another run only.
	if err := s.Subscribe(ctx, names...); err != nil || d.flags.noNotify {
		return nil, err
	}
	return openChannels(ctx, d.a)
}

// list finds what to print: what wants attention, of these rules and this time.
func (d *detection) list(ctx context.Context, s finding.Store) error {
	var ids []string
	for _, r := range d.rules {
		ids = append(ids, r.ID)
	}
	all, err := s.List(ctx, finding.Filter{States: []string{finding.StateOpen, finding.StateRegressed, finding.StateAcknowledged}, Rules: ids, Since: d.window.Start})
	if err != nil {
		return err
	}
	for _, f := range all {
		switch {
		case !d.window.End.IsZero() && !f.FirstSeen.Before(d.window.End):
		case f.Severity == "info" && !d.flags.all:
			d.hidden++
		default:
			d.found = append(d.found, f)
		}
	}
	return nil
}

// verdict is what the exit status says.
func (d *detection) verdict() error {
	switch {
	case len(d.sum.Failed()) > 0:
		return errRules
	case d.flags.failOn == "":
		return nil
	case slices.ContainsFunc(d.found, func(f *finding.Finding) bool { return finding.Rank(f.Severity) >= finding.Rank(d.flags.failOn) }):
		return errNo
	}
	return nil
}

// ruleEngine is the engine that rules run on, whatever runs queries: it is here, and bounded.
func (a *app) ruleEngine(_ context.Context, tables []engine.Table) (engine.Engine, error) {
	e, err := duckdb.Open(duckdb.Config{
		Memory: queryMemory(a.settings.MemoryLimit), Threads: a.settings.Threads,
		TempDir: filepath.Join(os.TempDir(), fmt.Sprintf("weir-detect-%d", os.Getpid())),
	}, tables)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// lakeTables are the derived tables of a lake, for rules.
func (a *app) lakeTables(l *lake.Lake) (detect.Tables, error) {
	cache, err := a.cache()
	if err != nil {
		return nil, err
	}
	return &detect.LakeTables{Lake: l, Derived: refine.Tables, Cache: cache}, nil
}
