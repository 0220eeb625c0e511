package main

import (
	"errors"
	"fmt"
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
		tables := flowlog.Tables
		if len(args) > 0 {
			t := tableNamed(args[0])
			if t == nil {
				return fmt.Errorf("no table %q in the lake%s", args[0], didYouMean(args[0], tableNames()))
			}
			tables = []*flowlog.Table{t}
		}
		l, err := openLake(cmd.Context(), a, readTables)
		if err != nil {
			return err
		}
		defer l.Close()
		files := &list{columns: []string{"table", "day", "rows", "bytes", "min_start", "max_start", "path"}}
		for _, t := range tables {
			s, err := l.Snapshot(cmd.Context(), t)
			if err != nil {
				return err
			}
			for _, f := range s.Between(w.Start, w.End) {
				files.add(t.Name, dayOf(f), f.Rows, f.Bytes, moment(f.MinStart), moment(f.MaxStart), f.Path)
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
	return names
}

func tableNamed(name string) *flowlog.Table {
	for _, t := range flowlog.Tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}
