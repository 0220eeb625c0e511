package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/internal/detect"
)

func newCoverageCmd(a *app) *cobra.Command {
	var times *timeWindow
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "Say what was logged, and which rules are blind where",
		Long: `Lists the interfaces of the lake with the hours in which they were logged, the gaps, the fields that rules need and
the log does not have, the aggregation interval, how much AWS skipped (SKIPDATA), and how late records came. A rule is
blind on an interface whose log lacks a field that it needs, or is aggregated for longer than it can use.

It shows the last day of the lake, or the time of --since and --until; interfaces that were logged in the week before,
and not any more, have 0 hours. It tells of hours whose tables are made: 'weir detect' makes them.`,
		Example: "  weir coverage\n  weir coverage --since 7d -o csv\n  weir coverage -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			window, err := times.window()
			if err != nil {
				return err
			}
			rules, err := allRules(a)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			l, err := openLake(ctx, a, readAll)
			if err != nil {
				return err
			}
			defer l.Close()
			tables, err := a.lakeTables(l)
			if err != nil {
				return err
			}
			c, err := detect.ReadCoverage(ctx, detect.CoverageConfig{Tables: tables, Engine: a.ruleEngine, Since: window.Start, Until: window.End, Rules: rules})
			if err != nil {
				return err
			}
			if c == nil {
				c = &detect.Coverage{}
				fmt.Fprintln(a.stderr, "warning: no hour of the lake is refined yet; 'weir detect' does it")
			}
			if err := coverageList(c, out).write(a.stdout, out); err != nil {
				return err
			}
			if !a.quiet && !c.Until.IsZero() {
				fmt.Fprintln(a.stderr, printable(coverageText(c)))
				for _, b := range c.Blind {
					fmt.Fprintf(a.stderr, "blind: %s on %s, %s: %s\n", printable(b.Rule.ID), counted(b.Interfaces, "interface"), counted(b.Hours, "interface hour"), printable(strings.Join(b.Reasons, "; ")))
				}
			}
			return nil
		},
	}
	times = addTimeFlags(cmd.Flags(), time.Now)
	addSettingFlags(cmd, "memory_limit", "threads")
	return cmd
}

func coverageList(c *detect.Coverage, format string) *list {
	l := &list{columns: []string{"account_id", "region", "vpc_id", "subnet_id", "interface_id", "address", "hours", "of_hours", "gaps", "missing", "interval_seconds",
		"records", "skipdata_percent", "delay_seconds", "last_seen", "blind_rules"}}
	short := format == "table" || format == "md"
	if short {
		l.columns = []string{"interface_id", "address", "hours", "gaps", "missing", "interval", "skipped", "delay", "last seen", "blind rules"}
	}
	for _, i := range c.Interfaces {
		if short {
			delay := ""
			if i.Delay >= 0 {
				delay = i.Delay.String()
			}
			interval, skipped := "", ""
			if i.Hours > 0 {
				interval, skipped = fmt.Sprintf("%ds", i.Interval), fmt.Sprintf("%.1f%%", 100*i.SkipShare())
			}
			l.add(i.InterfaceID, i.Address, fmt.Sprintf("%d of %d", i.Hours, c.Hours), gapText(i.Gaps), strings.Join(i.Missing, ","), interval, skipped, delay,
				i.Last.Format("2006-01-02 15:04"), fewNames(i.Blind, 3))
			continue
		}
		var delay any
		if i.Delay >= 0 {
			delay = int64(i.Delay / time.Second)
		}
		gaps, missing, blind := [][2]string{}, []string{}, []string{}
		for _, g := range i.Gaps {
			gaps = append(gaps, [2]string{g.From.Format(time.RFC3339), g.To.Format(time.RFC3339)})
		}
		missing, blind = append(missing, i.Missing...), append(blind, i.Blind...)
		values := []any{nullIfEmpty(i.AccountID), nullIfEmpty(i.Region), nullIfEmpty(i.VPCID), nullIfEmpty(i.SubnetID), i.InterfaceID, nullIfEmpty(i.Address), i.Hours, c.Hours,
			gaps, missing, i.Interval, i.Records, 100 * i.SkipShare(), delay, i.Last.Format(time.RFC3339), blind}
		if format == "csv" {
			values[8], values[9], values[15] = gapText(i.Gaps), strings.Join(missing, " "), strings.Join(blind, " ")
		}
		l.add(values...)
	}
	return l
}

// gapText names the first gap, and counts the others.
func gapText(gaps []detect.Gap) string {
	if len(gaps) == 0 {
		return ""
	}
	text := gaps[0].From.Format("01-02 15:04") + "–" + gaps[0].To.Format("01-02 15:04")
	if len(gaps) > 1 {
		text += fmt.Sprintf(" and %d more", len(gaps)-1)
	}
	return text
}

func fewNames(names []string, most int) string {
	if len(names) > most {
		return strings.Join(names[:most-1], ", ") + fmt.Sprintf(" and %d more", len(names)-most+1)
	}
	return strings.Join(names, ", ")
}
