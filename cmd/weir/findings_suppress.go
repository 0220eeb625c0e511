package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/internal/finding"
)

func newFindingsSuppress(a *app) *cobra.Command {
	var s finding.Suppression
	var expires, as string
	cmd := &cobra.Command{
		Use:   "suppress [ID…]",
		Short: "Hide findings for some time",
		Long: `Hides the findings named, or all that are in a scope: all that is given of rule, interface, ports and so on must hold.
Findings are seen and counted meanwhile. When the suppression expires, or 'weir findings unsuppress' ends it, they are
back with their history. Suppressions can also be kept in git, in the file of the setting suppressions.`,
		Example: `  weir findings suppress exposed-datastore-fd9b --reason "honeypot" --expires 90d
  weir findings suppress --rule 'horizontal-*' --client 10.0.8.0/24 --owner net@example.com --reason "our scanner" --expires 2027-06-30`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			now := time.Now()
			if expires == "" {
				return errors.New("suppress findings: say until when with --expires, such as 30d: nothing is hidden for ever")
			}
			if s.Expires, err = parseExpiry(expires, now); err != nil {
				return fmt.Errorf("--expires: %w", err)
			}
			s.Owner = whoAmI(s.Owner)
			if as != "" && !cmd.Flags().Changed("owner") {
				s.Owner = as
			}
			s.Scope.Findings = args
			return a.withFindings(ctx, changeFindings, func(store finding.Store) error {
				made, err := store.Suppress(ctx, s)
				if err != nil {
					return err
				}
				all, err := store.Suppressions(ctx)
				if err != nil {
					return err
				}
				all = slices.DeleteFunc(all, func(x finding.Suppression) bool { return x.ID != made.ID || x.From != "" })
				if out != "table" {
					return writeSuppressions(a, out, all)
				}
				for _, x := range all {
					fmt.Fprintf(a.stdout, "suppression %s hides %s until %s\n", x.ID, hides(x), x.Expires.Format(time.RFC3339))
				}
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.Scope.Rule, "rule", "", "findings of the rule `ID`, or of rules by a pattern such as 'exposed-*'")
	f.StringVar(&s.Scope.InterfaceID, "interface", "", "findings about the interface `ENI`")
	f.StringVar(&s.Scope.VPCID, "vpc", "", "findings in the VPC `ID`")
	f.StringVar(&s.Scope.AccountID, "account", "", "findings in the account `ID`")
	f.StringVar(&s.Scope.Client, "client", "", "findings whose client is this address or in this `CIDR`")
	f.StringVar(&s.Scope.Server, "server", "", "findings whose server is this address or in this `CIDR`")
	f.StringSliceVar(&s.Scope.Ports, "port", nil, "findings about the `PORT`, or a range such as 8000-8100; several with commas")
	f.StringVar(&s.Scope.Network, "network", "", "findings with an end in the network `NAME` of the settings")
	f.StringVar(&s.Owner, "owner", "", "who answers for it, a `NAME` (default: the login name, or --as)")
	f.StringVar(&s.Reason, "reason", "", "why, as `TEXT`; needed")
	f.StringVar(&expires, "expires", "", "until `WHEN`: 30d, 12h, or a date; needed")
	f.BoolVar(&s.LongTerm, "long-term", false, "allow more than a year")
	f.StringVar(&as, "as", "", "note it under this `NAME` instead of the login name")
	addSettingFlags(cmd, findingSettings...)
	return cmd
}

// parseExpiry reads a moment to come: a date, a time, or how long from now.
func parseExpiry(s string, now time.Time) (time.Time, error) {
	if age, err := parseAge(s); err == nil {
		return now.UTC().Add(age), nil
	}
	t, err := parseTime(s, now)
	if err != nil {
		return t, fmt.Errorf("%q is not a date, a time in RFC 3339, or how long from now, such as 30d", s)
	}
	return t, nil
}

func hides(s finding.Suppression) string {
	switch n := len(s.Hidden); n {
	case 0:
		return "nothing now"
	case 1:
		return "1 finding (" + printable(s.Hidden[0]) + ")"
	default:
		return counted(n, "finding")
	}
}

func newFindingsSuppressions(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "suppressions",
		Short: "List suppressions, with what each hides now",
		Long: `Lists the suppressions of the file and of 'weir findings suppress', with what each hides now. Those that have expired
hide nothing any more; they are listed until they are removed.`,
		Example: "  weir findings suppressions\n  weir findings suppressions -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			return a.withFindings(cmd.Context(), readFindings, func(s finding.Store) error {
				all, err := s.Suppressions(cmd.Context())
				if err != nil {
					return err
				}
				if err := a.warnExpired(cmd.Context(), s); err != nil {
					return err
				}
				if out == "table" && len(all) == 0 {
					fmt.Fprintln(a.stderr, "nothing is suppressed")
					return nil
				}
				return writeSuppressions(a, out, all)
			})
		},
	}
	addSettingFlags(cmd, findingSettings...)
	return cmd
}

func writeSuppressions(a *app, format string, all []finding.Suppression) error {
	if format == "json" || format == "jsonl" {
		return writeJSONValues(a.stdout, format, all)
	}
	l := &list{columns: []string{"id", "hides", "expires", "owner", "scope", "reason", "from"}}
	for _, s := range all {
		expires := s.Expires.Format(time.DateOnly)
		if s.Expired {
			expires = "EXPIRED " + expires
		}
		from := s.From
		if from == "" {
			from = "command, " + s.Created.Format(time.DateOnly)
		}
		l.add(s.ID, len(s.Hidden), expires, s.Owner, scopeText(s.Scope), s.Reason, from)
	}
	if err := l.write(a.stdout, format); err != nil || format != "table" {
		return err
	}
	for _, s := range all {
		for i, id := range s.Hidden {
			if i == 0 {
				fmt.Fprintf(a.stdout, "\n%s hides\n", printable(s.ID))
			}
			fmt.Fprintf(a.stdout, "  %s\n", printable(id))
		}
	}
	return nil
}

func scopeText(s finding.Scope) string {
	var parts []string
	for _, p := range []struct{ name, value string }{{"rule", s.Rule}, {"interface", s.InterfaceID}, {"vpc", s.VPCID}, {"account", s.AccountID}, {"client", s.Client},
		{"server", s.Server}, {"port", strings.Join(s.Ports, ",")}, {"network", s.Network}} {
		if p.value != "" {
			parts = append(parts, p.name+" "+p.value)
		}
	}
	return strings.Join(append(parts, s.Findings...), ", ")
}

func newFindingsUnsuppress(a *app) *cobra.Command {
	var why, as string
	cmd := &cobra.Command{
		Use:     "unsuppress ID…",
		Short:   "End suppressions: what they hid is there again",
		Long:    "Ends suppressions that 'weir findings suppress' made. One that is in a file is ended there.",
		Example: "  weir findings suppressions\n  weir findings unsuppress s-1f0c9a42 --reason \"the test system is gone\"",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("findings unsuppress: which? 'weir findings suppressions' lists their ids")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withFindings(cmd.Context(), changeFindings, func(s finding.Store) error {
				for _, id := range args {
					if err := s.Unsuppress(cmd.Context(), id, whoAmI(as), why); err != nil {
						return err
					}
					fmt.Fprintf(a.stdout, "ended %s\n", printable(id))
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&why, "reason", "", "why, as `TEXT`")
	cmd.Flags().StringVar(&as, "as", "", "note it under this `NAME` instead of the login name")
	addSettingFlags(cmd, findingSettings...)
	return cmd
}
