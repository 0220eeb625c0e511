package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"weir/flowlog"
	"weir/internal/lake"
)

func newLakeFiles(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "files [TABLE]",
		Short: "List the data files of the tables as they are now, for programs that read Parquet",
		Long: `Lists the Parquet files that together are a table's rows now: day (of UTC; none for records without a start), rows,
bytes, the first and last start in it, and path. Anything that reads Parquet can read them. --since and --until leave
out files without a record that starts then; files that are listed may have others, too.

The files stay as they are until 'weir lake expire' removes them, a day after they were replaced if not told otherwise.`,
		Example:   "  weir lake files\n  weir lake files flows --since 7d -o jsonl",
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: tableNames(),
	}
	window := addTimeFlags(cmd.Flags(), time.Now)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		out, err := a.outputFormat("table", outputFormats...)
		if err != nil {
			return err
		}
		w, err := window.window()
		if err != nil {
			return err
		}
		names := tableNames()
		if len(args) > 0 {
			if !slices.Contains(names, args[0]) {
				return fmt.Errorf("no table %q in the lake%s", args[0], didYouMean(args[0], names))
			}
			names = args
		}
		l, err := openLake(cmd.Context(), a, readTables)
		if err != nil {
			return err
		}
		defer l.Close()
		files := &list{columns: []string{"table", "day", "rows", "bytes", "min_start", "max_start", "path"}}
		for _, name := range names {
			s, err := snapshotNamed(cmd.Context(), l, name)
			if err != nil {
				return err
			}
			for _, f := range s.Between(w.Start, w.End) {
				files.add(name, dayOf(f), f.Rows, f.Bytes, moment(f.MinStart), moment(f.MaxStart), f.Path)
			}
		}
		return errors.Join(files.write(a.stdout, out), l.Close())
	}
	return cmd
}

// dayOf is the day of a file's rows; nil for rows without a start.
func dayOf(f lake.DataFile) any {
	if f.Day.IsZero() {
		return nil
	}
	return f.Day.Format(time.DateOnly)
}

func tableNames() []string {
	var names []string
	for _, t := range flowlog.Tables {
		names = append(names, t.Name)
	}
	for _, d := range derivedTables {
		names = append(names, d.Name)
	}
	return names
}

// snapshotNamed is the present state of one of tableNames.
func snapshotNamed(ctx context.Context, l *lake.Lake, name string) (*lake.Snapshot, error) {
	for _, d := range derivedTables {
		if d.Name == name {
			return l.DerivedSnapshot(ctx, d)
		}
	}
	for _, t := range flowlog.Tables {
		if t.Name == name {
			return l.Snapshot(ctx, t)
		}
	}
	panic("BUG: no table " + name)
}
