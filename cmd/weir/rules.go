package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"weir/internal/check"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/network"
	"weir/internal/rule"
)

func newRulesCmd(a *app) *cobra.Command {
	list := func(*cobra.Command, []string) error { return listRules(a) }
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List, show and check detection rules",
		Long: `Lists the detection rules: those that weir brings, and your own. docs/rules.md has what each means and what to do about
it, docs/writing-rules.md how one is written.`,
		Example: "  weir rules\n  weir rules show exposed-datastore\n  weir rules check rules/my-rule.yaml",
		Args:    cobra.NoArgs,
		RunE:    list,
	}
	for _, s := range []*setting{&rulesDirSetting, &rulesDisableSetting, &rulesParamsSetting} {
		cmd.PersistentFlags().Var(&textFlag{name: s.valueName()}, s.flag, s.doc)
	}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List the rules", Example: "  weir rules list -o csv", Args: cobra.NoArgs, RunE: list},
		newRulesShowCmd(a),
		newRulesCheckCmd(a),
		newRulesTestCmd(a),
		newRulesBacktestCmd(a),
	)
	return cmd
}

func findRule(a *app, id string) (*rule.Rule, error) {
	all, err := allRules(a)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range all {
		if r.ID == id {
			return r, nil
		}
		ids = append(ids, r.ID)
	}
	return nil, fmt.Errorf("there is no rule %q%s", id, didYouMean(id, ids))
}

func completeRules(a *app) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return completeNames(func() (names []string) {
		all, err := allRules(a)
		if err != nil {
			return nil
		}
		for _, r := range all {
			names = append(names, r.ID)
		}
		return names
	})
}

func listRules(a *app) error {
	format, err := a.outputFormat("table", outputFormats...)
	if err != nil {
		return err
	}
	all, err := allRules(a)
	if err != nil {
		return err
	}
	l := &list{columns: []string{"id", "severity", "group", "window", "needs", "title"}}
	for _, r := range all {
		l.add(r.ID, r.Severity, r.Group, hoursText(r.Window), needsText(r), r.Title)
	}
	return l.write(a.stdout, format)
}

func newRulesShowCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:               "show ID",
		Short:             "Show a rule: what it means, what to do, its parameters and its SQL",
		Example:           "  weir rules show exposed-datastore",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeRules(a),
		RunE: func(_ *cobra.Command, args []string) error {
			format, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			r, err := findRule(a, args[0])
			if err != nil {
				return err
			}
			return showRule(a, format, r)
		},
	}
}

func newRulesCheckCmd(a *app) *cobra.Command {
	var quick bool
	cmd := &cobra.Command{
		Use:   "check FILE…",
		Short: "Check rules by their own examples",
		Long: `Reads rules, runs the examples in them on tables of their own, and compares rows. Then it changes each rule a little: a
parameter twice as large or half, a condition less, the window an hour longer or shorter. A change that no example
notices is listed: it says which example is missing. The exit status is 1 if a rule is wrong or an example fails.`,
		Example: "  weir rules check rules/my-rule.yaml\n  weir rules check -o json rules/*.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var list []*rule.Rule
			var broken []brokenRule
			for _, path := range args {
				text, err := os.ReadFile(path)
				if err != nil {
					return fmt.Errorf("read rule: %w", err)
				}
				r, err := rule.Parse(path, text)
				if err != nil {
					broken = append(broken, brokenRule{path, err})
					continue
				}
				list = append(list, r)
			}
			return checkRules(cmd.Context(), a, list, broken, check.Options{Mutants: !quick})
		},
	}
	cmd.Flags().BoolVar(&quick, "quick", false, "run the examples only")
	return cmd
}

func newRulesTestCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:               "test [ID…]",
		Short:             "Run the examples of the rules that are in force",
		Example:           "  weir rules test\n  weir rules test exposed-datastore",
		ValidArgsFunction: completeRules(a),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := allRules(a)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				list = nil
				for _, id := range args {
					r, err := findRule(a, id)
					if err != nil {
						return err
					}
					list = append(list, r)
				}
			}
			return checkRules(cmd.Context(), a, list, nil, check.Options{})
		},
	}
}

// brokenRule is a file that is no rule.
type brokenRule struct {
	path string
	err  error
}

// checkConfig is how examples are run. They do not know the networks of whoever runs them.
func checkConfig() (check.Config, error) {
	book, err := network.New(network.Config{})
	return check.Config{
		Open: func(tables []engine.Table) (engine.Engine, error) {
			return duckdb.Open(duckdb.Config{Threads: 1}, tables)
		},
		Store: func(_ context.Context, tables []engine.Table, outputs []string) (engine.Storer, error) {
			return duckdb.Open(duckdb.Config{Threads: 1, Outputs: outputs}, tables)
		},
		Ports: network.DefaultPorts(), Book: book,
	}, err
}

func checkRules(ctx context.Context, a *app, list []*rule.Rule, broken []brokenRule, o check.Options) error {
	format, err := a.outputFormat("table", outputFormats...)
	if err != nil {
		return err
	}
	cfg, err := checkConfig()
	if err != nil {
		return err
	}
	out := newCheckOutput(a, format)
	for _, b := range broken {
		out.broken(b)
	}
	for _, r := range list {
		res, err := check.Rule(ctx, cfg, r, o)
		if err != nil {
			return err
		}
		out.result(res)
	}
	if err := out.done(); err != nil {
		return err
	}
	if out.failed {
		return errNo
	}
	return nil
}

// checkOutput prints results as they come for people, and at the end for programs.
type checkOutput struct {
	a      *app
	format string
	list   *list
	failed bool
	files  int
}

func newCheckOutput(a *app, format string) *checkOutput {
	return &checkOutput{a: a, format: format, list: &list{columns: []string{"file", "rule", "ok", "examples", "failures", "mutants", "survived"}}}
}

func (o *checkOutput) broken(b brokenRule) {
	o.failed = true
	o.files++
	o.list.add(b.path, nil, false, 0, []string{b.err.Error()}, 0, []string{})
	o.print("%s\n", b.err)
}

func (o *checkOutput) result(r *check.Result) {
	o.files++
	o.failed = o.failed || !r.OK()
	failures, survived := []string{}, []string{}
	for _, f := range r.Failures {
		where := fmt.Sprintf("%s:%d", r.Rule.File, f.Line)
		if f.Example != "" {
			where += fmt.Sprintf(": example %q", f.Example)
		}
		failures = append(failures, where+": "+f.Text)
		o.print("%s:\n  %s\n", where, strings.ReplaceAll(f.Text, "\n", "\n  "))
	}
	for _, m := range r.Survived {
		survived = append(survived, m.Name)
	}
	if r.OK() {
		o.print("ok    %s: %s", r.Rule.ID, counted(r.Examples, "example"))
		if r.Mutants > 0 {
			o.print(", %d of %s noticed", r.Mutants-len(r.Survived), counted(r.Mutants, "change"))
		}
		o.print("\n")
		for _, m := range r.Survived {
			o.print("      no example notices: %s\n        wants %s\n", m.Name, m.Hint)
		}
	} else {
		o.print("FAIL  %s: %s\n", r.Rule.ID, counted(len(r.Failures), "failure"))
	}
	o.list.add(r.Rule.File, r.Rule.ID, r.OK(), r.Examples, failures, r.Mutants, survived)
}

func (o *checkOutput) print(format string, args ...any) {
	if o.format != "table" {
		return
	}
	fmt.Fprint(o.a.stdout, printableLines(fmt.Sprintf(format, args...)))
}

func (o *checkOutput) done() error {
	if o.format == "table" {
		return nil
	}
	return o.list.write(o.a.stdout, o.format)
}
