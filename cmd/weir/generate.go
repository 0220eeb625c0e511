package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/internal/traffic"
)

// newGenerateCmd is for scripts and benchmarks, so it is hidden: people have weir demo.
func newGenerateCmd(a *app) *cobra.Command {
	var (
		out, start, attacks, format string
		cfg                         traffic.Config
	)
	cmd := &cobra.Command{
		Use:    "generate --out DIR",
		Short:  "Make realistic flow logs, with known attacks and their labels",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return errors.New("generate: --out DIR is missing")
			}
			c := traffic.BenchConfig(cfg.Seed, cfg.Records, cfg.Objects)
			c.Duration, c.Accounts, c.Region, c.Interval, c.Layout = cfg.Duration, cfg.Accounts, cfg.Region, cfg.Interval, cfg.Layout
			if cfg.Interfaces > 0 {
				c.Interfaces = cfg.Interfaces
			}
			switch attacks {
			case "all":
				c.Attacks = traffic.AllAttacks()
			case "none", "":
			default:
				c.Attacks = strings.Split(attacks, ",")
			}
			if start != "" {
				t, err := time.Parse(time.DateOnly, start)
				if err != nil {
					return fmt.Errorf("generate: --start: %w", err)
				}
				c.Start = t
			}
			c.Fields = slices.Collect(strings.FieldsFuncSeq(format, func(r rune) bool { return r == ' ' || r == ',' }))
			for i, f := range c.Fields {
				c.Fields[i] = strings.TrimSuffix(strings.TrimPrefix(f, "${"), "}")
			}
			s, err := traffic.WriteDir(cmd.Context(), c, out)
			if err != nil {
				return err
			}
			s.Labels = nil // they lie in labels.jsonl
			return json.NewEncoder(a.stdout).Encode(s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "", "folder to write to; AWSLogs/… and labels.jsonl come into it")
	f.Uint64Var(&cfg.Seed, "seed", 1, "the same seed gives the same bytes")
	f.IntVar(&cfg.Records, "records", 200_000, "about how many records")
	f.IntVar(&cfg.Objects, "objects", 0, "how many objects (default two for every five minutes)")
	f.IntVar(&cfg.Interfaces, "interfaces", 0, "how many network interfaces (default by the number of records)")
	f.IntVar(&cfg.Interval, "interval", 60, "aggregation interval in seconds, 60 or 600")
	f.StringVar(&start, "start", "", "first day, YYYY-MM-DD")
	f.DurationVar(&cfg.Duration, "duration", 24*time.Hour, "time that the records cover")
	f.StringSliceVar(&cfg.Accounts, "account", nil, "account that owns a flow log; may be given several times")
	f.StringVar(&cfg.Region, "region", "us-east-1", "AWS Region")
	f.StringVar(&format, "format", "", "fields of a line (default: the 29 of versions 2 to 5)")
	f.StringVar(&attacks, "labels", "none", "attacks to put in and label: all, none, or names with commas")
	f.StringVar(&cfg.Layout.Prefix, "prefix", "", "folder of the bucket before AWSLogs/")
	f.BoolVar(&cfg.Layout.Hive, "hive", false, "Hive-compatible keys")
	f.BoolVar(&cfg.Layout.Hourly, "hourly", false, "a folder for each hour")
	f.BoolVar(&cfg.Layout.Plain, "plain", false, "text without gzip")
	return cmd
}
