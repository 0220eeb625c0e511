package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/lake"
	"weir/internal/refine"
)

func newRefineCmd(a *app) *cobra.Command {
	var again bool
	cmd := &cobra.Command{
		Use:   "refine",
		Short: "Make conversations, exposures, edges and coverage of new records",
		Long: `Makes the tables that rules and people ask of the records in flows: addresses, conversations, exposures, edges and
and coverage (docs/conversations.md). They are made by UTC hour: of the hours that got records since, and of all where
weir or the file of the setting network changed what comes out.

Stopped at any moment, what was made stays, and the next run goes on.`,
		Example: "  weir refine\n  weir refine --again -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := a.outputFormat("table", "table", "json")
			if err != nil {
				return err
			}
			sum, err := runRefine(cmd.Context(), a, again)
			if err != nil {
				return err
			}
			if out == "json" {
				return writeObject(a.stdout, sum, false)
			}
			if sum.Hours == 0 {
				fmt.Fprintln(a.stdout, "nothing to do: no hour got records since its tables were made")
				return nil
			}
			fmt.Fprintf(a.stdout, "%s: %s, %s, %s of %s in %.1f s\n", counted(sum.Hours, "hour"), counted(sum.Conversations, "conversation"),
				counted(sum.Exposures, "exposure"), counted(sum.Edges, "edge"), counted(sum.Interfaces, "interface-hour"), sum.Seconds)
			return nil
		},
	}
	cmd.Flags().BoolVar(&again, "again", false, "make the tables of all hours")
	addSettingFlags(cmd, "network", "memory_limit", "threads")
	return cmd
}

// runRefine makes the tables of the settings' lake.
func runRefine(ctx context.Context, a *app, again bool) (sum refine.Summary, err error) {
	known, err := a.networks(time.Now())
	if err != nil {
		return sum, err
	}
	l, err := openLake(ctx, a, writeAll)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return refineLake(ctx, a, l, known, again)
}

// refineLake makes the tables of a lake that is open for writing.
func refineLake(ctx context.Context, a *app, l *lake.Lake, known *knownNetworks, again bool) (refine.Summary, error) {
	cache, err := a.cache()
	if err != nil {
		return refine.Summary{}, err
	}
	bar := newProgress(a.stderr, isTerminal(a.stderr), a.quiet, time.Now)
	defer bar.Done()
	sum, err := refine.Run(ctx, refine.Config{
		Lake: l, Book: known.Book, Ports: known.Ports, Again: again,
		Open: func(_ context.Context, tables []engine.Table, outputs []string) (engine.Storer, error) {
			return duckdb.Open(duckdb.Config{Memory: queryMemory(a.settings.MemoryLimit), Threads: a.settings.Threads, Outputs: outputs,
				TempDir: filepath.Join(os.TempDir(), fmt.Sprintf("weir-refine-%d", os.Getpid()))}, tables)
		},
		Fetch: func(ctx context.Context, files []lake.DataFile, columns []string) ([]string, func() error, error) {
			got, err := l.Fetch(ctx, files, columns, cache)
			if err != nil {
				return nil, nil, err
			}
			return got.Paths, got.Close, nil
		},
		Progress: func(done, total int) {
			bar.Update(progressState{Doing: "hours", Objects: int64(done), ObjectsTotal: int64(total)})
		},
	})
	if ctx.Err() != nil {
		return sum, &savedError{fmt.Sprintf("refined %s; the same command goes on from there", counted(sum.Hours, "hour")), ctx.Err()}
	}
	return sum, err
}
