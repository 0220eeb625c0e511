package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/internal/check"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/network"
	"weir/internal/rule"
	"weir/internal/source"
)

func newRulesBacktestCmd(a *app) *cobra.Command {
	var times *timeWindow
	cmd := &cobra.Command{
		Use:   "backtest ID|FILE",
		Short: "What a rule would have found in the lake",
		Long: `Runs every step of a rule over what is in the lake, and says how many findings there would have been on each day, and
which. It stores nothing and tells nobody: it is for choosing parameters, and before a new rule goes to work.`,
		Example:           "  weir rules backtest beacon --since 30d\n  weir rules backtest beacon --since 30d --rules-params beacon.calls=48\n  weir rules backtest my-rule.yaml --since 7d -o json",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeRules(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := times.window()
			if err != nil {
				return err
			}
			return backtest(cmd.Context(), a, args[0], w)
		},
	}
	times = addTimeFlags(cmd.Flags(), time.Now)
	addSettingFlags(cmd, "memory_limit", "threads")
	return cmd
}

// ruleOf is the rule of an id, or of a file.
func ruleOf(a *app, arg string) (*rule.Rule, error) {
	if ext := filepath.Ext(arg); ext != ".yaml" && ext != ".yml" {
		return findRule(a, arg)
	}
	text, err := os.ReadFile(arg)
	if err != nil {
		return nil, fmt.Errorf("read rule: %w", err)
	}
	return rule.Parse(arg, text)
}

func backtest(ctx context.Context, a *app, arg string, w source.Window) error {
	format, err := a.outputFormat("table", outputFormats...)
	if err != nil {
		return err
	}
	r, err := ruleOf(a, arg)
	if err != nil {
		return err
	}
	if w.Start.IsZero() {
		return errors.New("backtest: say from when on: --since 30d")
	}
	if w.End.IsZero() {
		w.End = time.Now().UTC()
	}
	w.Start = w.Start.Truncate(time.Hour)
	// A step at the beginning reads what lies before it, too.
	needs := lakeNeeds{tables: tablesOf(r), window: source.Window{Start: w.Start.Add(-r.Reach()), End: w.End}}
	tables, done, err := openLakeTables(ctx, a, needs)
	if err != nil {
		return err
	}
	defer done()
	cfg := duckdb.Config{Memory: queryMemory(a.settings.MemoryLimit), Threads: a.settings.Threads}
	cfg.TempDir = filepath.Join(os.TempDir(), fmt.Sprintf("weir-backtest-%d", os.Getpid()))
	eng, err := duckdb.Open(cfg, tables)
	if err != nil {
		return err
	}
	defer eng.Close()
	bar := newProgress(a.stderr, isTerminal(a.stderr), a.quiet, time.Now)
	res, err := check.RunBacktest(ctx, check.BacktestConfig{Engine: eng, Ports: network.DefaultPorts(), From: w.Start, To: w.End,
		Progress: func(n, all int) {
			bar.Update(progressState{Doing: "steps", Objects: int64(n), ObjectsTotal: int64(all)})
		}}, r)
	bar.Done()
	if err != nil {
		return err
	}
	return printBacktest(a, format, r, res)
}

// tablesOf are the derived tables that the text of a rule names: perhaps more than it reads, never fewer.
func tablesOf(r *rule.Rule) []string {
	out := []string{}
	for _, t := range engine.Tokens(r.SQL) {
		for _, name := range rule.ExampleTables {
			if strings.EqualFold(t.Value(), name) {
				out = append(out, name)
			}
		}
	}
	return out
}

func printBacktest(a *app, format string, r *rule.Rule, res *check.Backtest) error {
	l := &list{columns: []string{"rule", "severity", "entity", "first_seen", "last_seen", "steps", "summary"}}
	for _, f := range res.Findings {
		l.add(r.ID, f.Severity, f.Entity, f.First.Format(time.RFC3339), f.Last.Format(time.RFC3339), f.Steps, f.Message)
	}
	if format != "table" {
		return l.write(a.stdout, format)
	}
	days := &list{columns: []string{"day", "steps", "rows", "new findings"}}
	for _, d := range res.Days {
		days.add(d.Date.Format(time.DateOnly), d.Steps, d.Rows, d.Findings)
	}
	if err := days.writeTable(a.stdout); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\n%s: %s in %s\n", r.ID, counted(len(res.Findings), "finding"), counted(res.Steps, "step"))
	for _, f := range res.Findings {
		fmt.Fprint(a.stdout, printableLines(fmt.Sprintf("  %-8s  %s  %s\n", f.Severity, f.First.Format("2006-01-02 15:04"), f.Message)))
	}
	return nil
}
