package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/internal/detect"
	"weir/internal/finding"
	"weir/internal/lake"
	"weir/internal/rule"
)

func newFindingsCmd(a *app) *cobra.Command {
	cmd := newFindingsList(a)
	cmd.Use = "findings"
	cmd.Short = "Show what was found, and say what became of it"
	cmd.Long = `Lists what the rules found, the worst first: what is open, came back, or is being worked on. Its commands show one with
its evidence and history, and note what people decided. Nothing is deleted: a suppression hides until it expires.

An id may be cut short as long as only one finding begins so.`
	cmd.Example = `  weir findings
  weir findings show exposed-datastore-fd9b
  weir findings ack exposed-datastore-fd9b --reason "closing the port today"
  weir findings --severity high --since 24h -o json
  weir findings --state all -o html >findings.html`
	cmd.AddCommand(newFindingsList(a), newFindingsShow(a),
		newFindingsAct(a, "ack", finding.ActAcknowledge, "acknowledged", "Note that somebody works on findings",
			"An acknowledged finding stays in the list, and is told again only if it gets worse or comes back.", `--reason "closing the port today"`),
		newFindingsAct(a, "resolve", finding.ActResolve, "resolved", "Note that findings are dealt with",
			"If it is seen again after now, it comes back as regressed.", `--reason "port closed, key rotated"`),
		newFindingsAct(a, "reopen", finding.ActReopen, "opened again", "Take back an acknowledgement or a resolution",
			"The finding is open again.", `--reason "the change was rolled back"`),
		newFindingsSuppress(a), newFindingsSuppressions(a), newFindingsUnsuppress(a))
	return cmd
}

// findingsCoverage is which interfaces and hours were logged, and which rules are blind where: no finding means nothing without
// it. It is nil where no lake can tell.
func findingsCoverage(ctx context.Context, a *app, rules []*rule.Rule) (_ *detect.Coverage, err error) {
	l, err := openLake(ctx, a, readAll)
	if errors.Is(err, lake.ErrNoLake) || errors.Is(err, errNoCatalog) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	tables, err := a.lakeTables(l)
	if err != nil {
		return nil, err
	}
	c, err := detect.ReadCoverage(ctx, detect.CoverageConfig{Tables: tables, Engine: a.ruleEngine, Rules: rules})
	if errors.Is(err, lake.ErrNoLedger) {
		return nil, nil
	}
	return c, err
}

// findingsRule returns what a rule says to people: what a finding of it means, and what to do today.
func findingsRule(a *app, id string) (explain, fix string) {
	all, err := allRules(a)
	if err != nil {
		return "", "" // what is wrong with a file of rules is for those who run them
	}
	for _, r := range all {
		if r.ID == id {
			return r.Explain, r.Fix
		}
	}
	return "", ""
}

func newFindingsList(a *app) *cobra.Command {
	var f finding.Filter
	var failOn string
	since := timeFlag{now: time.Now}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List findings, the worst first",
		Long: `Lists findings, the worst first, then the latest seen. Without --state these are the ones that want attention: open,
regressed (resolved, and seen again) and acknowledged.`,
		Example: "  weir findings list\n  weir findings list --state suppressed,resolved --since 30d\n  weir findings list --severity high --fail-on critical",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringSliceVar(&f.States, "state", nil, "only findings in this `STATE`: "+strings.Join(finding.States, ", ")+", or all; several with commas")
	cmd.Flags().StringVar(&f.MinSeverity, "severity", "", "only findings of at least this `SEVERITY`: "+strings.Join(finding.Severities, ", "))
	cmd.Flags().StringSliceVar(&f.Rules, "rule", nil, "only findings of the rule `ID`")
	cmd.Flags().StringVar(&f.InterfaceID, "interface", "", "only findings about the interface `ENI`")
	cmd.Flags().StringVar(&f.VPCID, "vpc", "", "only findings in the VPC `ID`")
	cmd.Flags().StringVar(&f.AccountID, "account", "", "only findings in the account `ID`")
	cmd.Flags().Var(&since, "since", "only findings seen then or later: 2026-11-01, 2026-11-01T08:00:00Z, or an age: 24h, 7d")
	cmd.Flags().IntVar(&f.Limit, "limit", 0, "at most `N`")
	cmd.Flags().StringVar(&failOn, "fail-on", "", "exit with status 1 if a finding that is listed wants attention and has at least this `SEVERITY`")
	addSettingFlags(cmd, findingSettings...)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		out, err := a.outputFormat("table", documentFormats()...)
		if err != nil {
			return err
		}
		f := f
		f.Since = since.Time
		if f.States, err = statesOf(f.States); err != nil {
			return err
		}
		for flag, v := range map[string]string{"severity": f.MinSeverity, "fail-on": failOn} {
			if v != "" && finding.Rank(v) == 0 {
				return fmt.Errorf("--%s %q: must be one of %s%s", flag, v, strings.Join(finding.Severities, ", "), didYouMean(v, finding.Severities))
			}
		}
		return a.withFindings(ctx, readFindings, func(s finding.Store) error {
			list, err := s.List(ctx, f)
			if err != nil {
				return err
			}
			if err := a.warnExpired(ctx, s); err != nil {
				return err
			}
			rules, err := allRules(a)
			if err != nil {
				return err
			}
			logged, err := findingsCoverage(ctx, a, rules)
			if err != nil {
				return err
			}
			switch {
			case len(list) == 0 && out == "table":
				fmt.Fprintln(a.stderr, "no finding is as asked for")
			case out == "table":
				err = writeFindings(a.stdout, out, list)
			default:
				err = a.writeDocument(out, list, rules, logged)
			}
			if err != nil {
				return err
			}
			if out == "table" {
				if err := a.sayHidden(ctx, s, f); err != nil {
					return err
				}
			}
			if !a.quiet || len(list) == 0 {
				line := "what was logged is not known: an empty list proves nothing"
				if logged != nil {
					line = coverageText(logged)
				}
				fmt.Fprintln(a.stderr, printable(line))
			}
			if failOn != "" && slices.ContainsFunc(list, func(x *finding.Finding) bool { return x.Active() && finding.Rank(x.Severity) >= finding.Rank(failOn) }) {
				return errNo
			}
			return nil
		})
	}
	return cmd
}

// withFindings opens the store for as long as f runs.
func (a *app) withFindings(ctx context.Context, how findingsMode, f func(finding.Store) error) error {
	s, err := a.openFindings(ctx, how)
	if err != nil {
		return err
	}
	err = f(s)
	if e := s.Close(); err == nil {
		err = e
	}
	return err
}

// attention are the states of what somebody should look at.
var attention = []string{finding.StateOpen, finding.StateRegressed, finding.StateAcknowledged}

func statesOf(given []string) ([]string, error) {
	if len(given) == 0 {
		return attention, nil
	}
	if slices.Contains(given, "all") {
		return nil, nil
	}
	for _, s := range given {
		if !slices.Contains(finding.States, s) {
			return nil, fmt.Errorf("--state %q: must be one of %s, all%s", s, strings.Join(finding.States, ", "), didYouMean(s, append(slices.Clone(finding.States), "all")))
		}
	}
	return given, nil
}

// sayHidden says how many findings the same question has in states that are not listed.
func (a *app) sayHidden(ctx context.Context, s finding.Store, f finding.Filter) error {
	if f.States == nil {
		return nil
	}
	all := f
	all.States, all.Limit = nil, 0
	list, err := s.List(ctx, all)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	shown := 0
	for _, x := range list {
		if slices.Contains(f.States, x.State) {
			shown++
		} else {
			counts[x.State]++
		}
	}
	var parts []string
	for _, state := range finding.States {
		if n := counts[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", count(int64(n)), state))
		}
	}
	if f.Limit > 0 && shown > f.Limit {
		parts = append(parts, count(int64(shown-f.Limit))+" beyond --limit")
	}
	if len(parts) > 0 {
		fmt.Fprintf(a.stderr, "not listed: %s; --state all lists every state\n", strings.Join(parts, ", "))
	}
	return nil
}

// newFindingsAct makes the commands that note what a person decided.
func newFindingsAct(a *app, name, action, done, short, long, example string) *cobra.Command {
	var why, as string
	cmd := &cobra.Command{
		Use:     name + " ID…",
		Short:   short,
		Long:    short + ".\n\n" + long,
		Example: "  weir findings " + name + " exposed-datastore-fd9b " + example,
		Args:    needIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			if strings.TrimSpace(why) == "" {
				return fmt.Errorf("%s findings: say why with --reason", name)
			}
			return a.withFindings(ctx, changeFindings, func(s finding.Store) error {
				ids, err := findingIDs(ctx, s, args)
				if err != nil {
					return err
				}
				var list []*finding.Finding
				for _, id := range ids {
					if err = s.Act(ctx, id, finding.Action{Kind: action, Who: whoAmI(as), Why: why}); err != nil {
						break
					}
					f, e := s.Get(ctx, id)
					if err = e; err != nil {
						break
					}
					list = append(list, f)
					if out == "table" {
						fmt.Fprintf(a.stdout, "%s %s: %s\n", done, printable(f.ID), printable(f.Summary))
						if f.State == finding.StateSuppressed {
							fmt.Fprintf(a.stdout, "  it stays hidden by suppression %s\n", printable(f.Suppression))
						}
					}
				}
				if out != "table" {
					err = errors.Join(err, writeFindings(a.stdout, out, list))
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&why, "reason", "", "why, as `TEXT`; needed")
	cmd.Flags().StringVar(&as, "as", "", "note it under this `NAME` instead of the login name")
	addSettingFlags(cmd, findingSettings...)
	return cmd
}

func needIDs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("%s: which? 'weir findings' lists their ids", strings.TrimPrefix(cmd.CommandPath(), "weir "))
	}
	return nil
}

// findingIDs are the whole ids of what was typed, each once. All must be known before anything is done.
func findingIDs(ctx context.Context, s finding.Store, typed []string) (ids []string, err error) {
	for _, t := range typed {
		f, err := s.Get(ctx, t)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, f.ID) {
			ids = append(ids, f.ID)
		}
	}
	return ids, nil
}
