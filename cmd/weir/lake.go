package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/flowlog"
	"weir/internal/lake"
)

func newLakeCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lake",
		Short: "Show, check and look after the lake",
		Long: `A lake is a folder: Apache Iceberg tables, their catalog, and the ledger of the objects that the records came from.
These commands show what is in it, prove that it adds up, and keep it small and quick.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLakeStatus(a), newLakeObjects(a), newLakeRejects(a), newLakeSnapshots(a), newLakeVerify(a), newLakeCompact(a), newLakeExpire(a))
	return cmd
}

// withLake opens the lake for as long as f runs.
func (a *app) withLake(ctx context.Context, write bool, f func(*lake.Lake) error) error {
	dir, err := a.lakeDir()
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if a.quiet {
		level = slog.LevelWarn
	}
	log := slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: level}))
	if write { // a typing error must not make a lake here: only ingest does
		r, err := lake.Open(ctx, dir, lake.Options{Log: log})
		if err != nil {
			return err
		}
		if err := r.Close(); err != nil {
			return err
		}
	}
	l, err := lake.Open(ctx, dir, lake.Options{Write: write, Log: log})
	if err != nil {
		return err
	}
	return errors.Join(f(l), l.Close())
}

// moment is a time as it is printed; nil for none.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func writeObject(w io.Writer, v any, indent bool) error {
	e := json.NewEncoder(w)
	if indent {
		e.SetIndent("", "  ")
	}
	return e.Encode(v)
}

func newLakeStatus(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Show what is in the lake",
		Example: "  weir lake status\n  weir lake status -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			return a.withLake(cmd.Context(), false, func(l *lake.Lake) error {
				s, err := l.Status(cmd.Context())
				if err != nil {
					return err
				}
				return writeStatus(a.stdout, s, out)
			})
		},
	}
}

func writeStatus(w io.Writer, s lake.Status, format string) error {
	tables := &list{columns: []string{"table", "rows", "files", "bytes", "small_files", "from", "to", "snapshots", "updated"}}
	for _, t := range s.Tables {
		tables.add(t.Table, t.Rows, t.Files, t.Bytes, t.Small, moment(t.From), moment(t.To), t.Snapshots, moment(t.Updated))
	}
	switch format {
	case "csv", "md":
		return tables.write(w, format)
	case "json", "jsonl":
		var rows strings.Builder
		if err := tables.writeJSON(&rows, true); err != nil {
			return err
		}
		return writeObject(w, struct {
			Lake     string          `json:"lake"`
			Objects  int64           `json:"objects"`
			Read     int64           `json:"records_read"`
			Rows     int64           `json:"records_stored"`
			Rejected int64           `json:"records_rejected"`
			NoData   int64           `json:"records_nodata"`
			SkipData int64           `json:"records_skipdata"`
			Bytes    int64           `json:"bytes_read"`
			Problems int64           `json:"objects_with_problems"`
			Failed   int64           `json:"objects_failed"`
			Pending  int64           `json:"commits_pending"`
			Last     any             `json:"last_ingest"`
			Tables   json.RawMessage `json:"tables"`
		}{s.Dir, s.Objects, s.Read, s.Rows, s.Rejected, s.NoData, s.SkipData, s.Bytes, s.Problems, s.Failed, s.Pending,
			moment(s.Last), json.RawMessage(rows.String())}, format == "json")
	}
	fmt.Fprintf(w, "%s\n\n", printable(s.Dir))
	fmt.Fprintf(w, "%s objects, %s of text; %s records read = %s stored + %s rejected\n",
		count(s.Objects), size(s.Bytes), count(s.Read), count(s.Rows), count(s.Rejected))
	if s.NoData+s.SkipData > 0 {
		fmt.Fprintf(w, "%s of them say NODATA, %s SKIPDATA\n", count(s.NoData), count(s.SkipData))
	}
	if !s.Last.IsZero() {
		fmt.Fprintf(w, "last object stored %s\n", s.Last.Format(time.RFC3339))
	}
	for _, n := range []struct {
		n    int64
		text string
	}{
		{s.Rejected, "lines were rejected: weir lake rejects"},
		{s.Problems, "objects were stored with a problem: weir lake objects --problem"},
		{s.Failed, "objects could not be read: weir lake objects --failed"},
		{s.Pending, "commits are under way; if nobody writes, the next writer undoes them"},
	} {
		if n.n > 0 {
			fmt.Fprintf(w, "%s %s\n", count(n.n), n.text)
		}
	}
	human := &list{columns: []string{"table", "rows", "files", "size", "small files", "from", "to", "snapshots"}}
	for _, t := range s.Tables {
		human.add(t.Table, count(t.Rows), count(t.Files), size(t.Bytes), count(t.Small), moment(t.From), moment(t.To), t.Snapshots)
	}
	fmt.Fprintln(w)
	if err := human.write(w, "table"); err != nil {
		return err
	}
	for _, t := range s.Tables {
		if len(t.Unknown) > 0 {
			fmt.Fprintf(w, "\n%s has columns that this weir does not know: %s\n", t.Table, printable(strings.Join(t.Unknown, ", ")))
		}
	}
	return nil
}

func newLakeObjects(a *app) *cobra.Command {
	var f lake.ObjectFilter
	var failed bool
	cmd := &cobra.Command{
		Use:   "objects [PREFIX]",
		Short: "List the source objects that are in the lake, or that could not be read",
		Long: `Lists the ledger: each source object whose records are in the lake, with what was read, stored and rejected of it.
With --failed it lists the objects that could not be read at all instead; the next ingest tries those again.`,
		Example: "  weir lake objects s3://bucket/AWSLogs/ --since 7d\n  weir lake objects --failed",
		Args:    cobra.MaximumNArgs(1),
	}
	window := addTimeFlags(cmd.Flags(), time.Now)
	cmd.Flags().BoolVar(&failed, "failed", false, "objects that could not be read")
	cmd.Flags().BoolVar(&f.Problem, "problem", false, "only objects that were stored with a problem, such as a truncated gzip")
	cmd.Flags().BoolVar(&f.Rejected, "rejected", false, "only objects with rejected lines")
	cmd.Flags().StringVar(&f.Table, "table", "", "only objects whose records went to this `TABLE`")
	cmd.Flags().IntVar(&f.Limit, "limit", 0, "at most `N`")
	cmd.MarkFlagsMutuallyExclusive("failed", "problem")
	cmd.MarkFlagsMutuallyExclusive("failed", "rejected")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		out, err := a.outputFormat("table", outputFormats...)
		if err != nil {
			return err
		}
		w, err := window.window()
		if err != nil {
			return err
		}
		f.Since, f.Until = w.Start, w.End
		if len(args) > 0 {
			f.Prefix = args[0]
		}
		return a.withLake(cmd.Context(), false, func(l *lake.Lake) error {
			list, err := objectList(cmd.Context(), l, f, out == "table")
			if failed {
				list, err = failureList(cmd.Context(), l, f)
			}
			if err != nil {
				return err
			}
			return list.write(a.stdout, out)
		})
	}
	return cmd
}

func objectList(ctx context.Context, l *lake.Lake, f lake.ObjectFilter, human bool) (*list, error) {
	out := &list{columns: []string{"object", "version", "digest", "size", "format", "table", "records_read", "records_stored", "records_rejected",
		"records_nodata", "records_skipdata", "bytes", "problem", "commit", "time"}}
	if human {
		out.columns = []string{"stored at", "table", "rows", "rejected", "size", "object", "problem"}
	}
	for o, err := range l.Objects(ctx, f) {
		switch {
		case err != nil:
			return nil, err
		case human:
			out.add(moment(o.Time), o.Table, count(o.Rows), count(o.Rejected), size(o.Size), o.URI, o.Problem)
		default:
			out.add(o.URI, o.Version, o.Digest, o.Size, o.Format, o.Table, o.Rows+o.Rejected, o.Rows, o.Rejected,
				o.NoData, o.SkipData, o.Bytes, orNil(o.Problem), o.Commit, moment(o.Time))
		}
	}
	return out, nil
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func failureList(ctx context.Context, l *lake.Lake, f lake.ObjectFilter) (*list, error) {
	out := &list{columns: []string{"object", "version", "error", "first", "last", "attempts"}}
	for x, err := range l.Failures(ctx) {
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(x.URI, f.Prefix) && (f.Since.IsZero() || !x.Last.Before(f.Since)) && (f.Until.IsZero() || x.Last.Before(f.Until)) {
			out.add(x.URI, x.Version, x.Error, moment(x.First), moment(x.Last), x.Attempts)
		}
		if f.Limit > 0 && len(out.rows) == f.Limit {
			break
		}
	}
	return out, nil
}

func newLakeRejects(a *app) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:     "rejects [PREFIX]",
		Short:   "List the lines that did not parse, with the reason",
		Example: "  weir lake rejects\n  weir lake rejects s3://bucket/AWSLogs/123456789012/ -o jsonl",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			prefix := strings.Join(args, "")
			return a.withLake(cmd.Context(), false, func(l *lake.Lake) error {
				rejects := &list{columns: []string{"object", "line", "field", "token", "reason", "text"}}
				for r, err := range l.Rejects(cmd.Context(), prefix, limit) {
					if err != nil {
						return err
					}
					rejects.add(r.URI, r.Line, orNil(r.Field), r.Token, r.Reason, r.Text)
				}
				return rejects.write(a.stdout, out)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 0, "at most `N`")
	return cmd
}

func newLakeSnapshots(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "snapshots",
		Short:   "List the states of the tables that can still be read",
		Example: "  weir lake snapshots",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			return a.withLake(cmd.Context(), false, func(l *lake.Lake) error {
				// Ids need 64 bits, which JSON's readers do not all give to a number.
				snaps := &list{columns: []string{"table", "id", "parent", "time", "operation", "files", "rows", "commit", "current"}}
				for _, t := range flowlog.Tables {
					infos, err := l.Snapshots(cmd.Context(), t)
					if err != nil {
						return err
					}
					for _, s := range infos {
						var parent any
						if s.Parent != 0 {
							parent = fmt.Sprint(s.Parent)
						}
						snaps.add(s.Table, fmt.Sprint(s.ID), parent, moment(s.Time), s.Operation, number(s.Files), number(s.Rows), orNil(s.Commit), s.Current)
					}
				}
				return snaps.write(a.stdout, out)
			})
		},
	}
}

// number is a number of a snapshot's summary, which holds texts; nil if it is none.
func number(s string) any {
	var n int64
	if _, err := fmt.Sscan(s, &n); err != nil {
		return nil
	}
	return n
}

func newLakeVerify(a *app) *cobra.Command {
	var o lake.VerifyOptions
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove that objects, rows and rejected lines add up, and that every file is whole",
		Long: `Checks the catalog, that each data file is there with the size and the number of rows that the table says, that
records read = rows stored + lines rejected, and that the tables hold the rows of the ledger's objects, no more and no
fewer. With --deep each row is read, and rows are compared object by object.

Files that nothing needs (a writer was killed) are waste, not a fault; --repair removes them. Exit status 1: a fault.`,
		Example: "  weir lake verify\n  weir lake verify --deep --repair",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			return a.withLake(cmd.Context(), o.Repair, func(l *lake.Lake) error {
				r, err := l.Verify(cmd.Context(), o)
				if err != nil {
					return err
				}
				if err := writeReport(a.stdout, r, out); err != nil {
					return err
				}
				if !r.OK() {
					return errNo
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&o.Deep, "deep", false, "read every row")
	cmd.Flags().BoolVar(&o.Repair, "repair", false, "remove files that nothing needs")
	cmd.Flags().DurationVar(&o.Grace, "grace", lake.DefaultGrace, "leave such files alone that are younger than `AGE`")
	return cmd
}

func writeReport(w io.Writer, r *lake.Report, format string) error {
	faults := &list{columns: []string{"kind", "where", "reason"}}
	for _, f := range r.Faults {
		faults.add(f.Kind, f.Where, f.Reason)
	}
	var waste int64
	removed := 0
	for _, o := range r.Orphans {
		waste += o.Bytes
		if o.Removed {
			removed++
		}
	}
	switch format {
	case "csv", "md":
		return faults.write(w, format)
	case "json", "jsonl":
		var rows strings.Builder
		if err := faults.writeJSON(&rows, true); err != nil {
			return err
		}
		return writeObject(w, struct {
			OK       bool            `json:"ok"`
			Objects  int64           `json:"objects"`
			Read     int64           `json:"records_read"`
			Rows     int64           `json:"records_stored"`
			Rejected int64           `json:"records_rejected"`
			Dropped  int64           `json:"records_dropped"`
			Files    int             `json:"files"`
			Bytes    int64           `json:"bytes"`
			Pending  int64           `json:"commits_pending"`
			Orphans  int             `json:"unneeded_files"`
			Waste    int64           `json:"unneeded_bytes"`
			Removed  int             `json:"unneeded_files_removed"`
			Faults   json.RawMessage `json:"faults"`
		}{r.OK(), r.Objects, r.Read, r.Rows, r.Rejected, r.Dropped, r.Files, r.Bytes, r.Pending, len(r.Orphans), waste, removed,
			json.RawMessage(rows.String())}, format == "json")
	}
	fmt.Fprintf(w, "%s objects: %s records read = %s stored + %s rejected\n", count(r.Objects), count(r.Read), count(r.Rows), count(r.Rejected))
	if r.Dropped > 0 {
		fmt.Fprintf(w, "%s of them were dropped with old days\n", count(r.Dropped))
	}
	fmt.Fprintf(w, "%s data files, %s\n", count(int64(r.Files)), size(r.Bytes))
	if n := len(r.Orphans); n > 0 {
		text := "removed"
		if removed < n {
			text = "'weir lake verify --repair' removes them"
		}
		fmt.Fprintf(w, "%s files that nothing needs, %s: %s\n", count(int64(n)), size(waste), text)
	}
	if r.OK() {
		_, err := fmt.Fprintln(w, "ok")
		return err
	}
	fmt.Fprintf(w, "\n%s faults:\n", count(int64(len(r.Faults))))
	return faults.write(w, "table")
}

func newLakeCompact(a *app) *cobra.Command {
	var target string
	cmd := &cobra.Command{
		Use:   "compact",
		Short: "Merge small data files into large ones",
		Long: `Merges the small files of each day, and orders their rows so that queries read less. Readers see the same rows
meanwhile. It can be interrupted at any time, and goes on next time. The old files stay until 'weir lake expire'.`,
		Example: "  weir lake compact\n  weir lake compact --since 7d --target 128MiB",
		Args:    cobra.NoArgs,
	}
	window := addTimeFlags(cmd.Flags(), time.Now)
	cmd.Flags().StringVar(&target, "target", "256MiB", "aim at files of this `SIZE`")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		out, err := a.outputFormat("table", outputFormats...)
		if err != nil {
			return err
		}
		w, err := window.window()
		if err != nil {
			return err
		}
		o := lake.CompactOptions{From: w.Start, Until: w.End}
		if o.TargetBytes, err = parseSize(target); err != nil {
			return fmt.Errorf("--target %q: %w", target, err)
		}
		o.Progress = func(r lake.CompactResult) {
			if !a.quiet {
				fmt.Fprintf(a.stderr, "%s files became %s, %s rows\n", count(int64(r.FilesBefore)), count(int64(r.FilesAfter)), count(r.Rows))
			}
		}
		return a.withLake(cmd.Context(), true, func(l *lake.Lake) error {
			r, err := l.Compact(cmd.Context(), o)
			if err != nil {
				return &savedError{fmt.Sprintf("%s files became %s; the same command goes on from there", count(int64(r.FilesBefore)), count(int64(r.FilesAfter))), err}
			}
			res := &list{columns: []string{"days", "files_before", "files_after", "rows", "bytes_before", "bytes_after"}}
			res.add(r.Days, r.FilesBefore, r.FilesAfter, r.Rows, r.BytesBefore, r.BytesAfter)
			return res.write(a.stdout, out)
		})
	}
	return cmd
}

func newLakeExpire(a *app) *cobra.Command {
	o := lake.ExpireOptions{}
	drop := timeFlag{now: time.Now}
	older := "1d"
	cmd := &cobra.Command{
		Use:   "expire",
		Short: "Remove old snapshots and the files that only they need; with --drop-before, old days",
		Long: `Removes the snapshots that were replaced longer ago than --older-than, and then the files that no snapshot needs.
A query may run for as long as its snapshot is kept.

With --drop-before it first drops the records of whole days (UTC) before that one. Their objects stay in the ledger, and
so they are not ingested again.`,
		Example: "  weir lake expire\n  weir lake expire --drop-before 90d --dry-run",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			if o.OlderThan, err = parseAge(older); err != nil {
				return fmt.Errorf("--older-than: %w", err)
			}
			if o.RetainLast < 1 {
				return fmt.Errorf("--keep %d: the present snapshot is always kept", o.RetainLast)
			}
			o.DropDaysBefore = drop.Time
			return a.withLake(cmd.Context(), true, func(l *lake.Lake) error {
				r, err := l.Expire(cmd.Context(), o)
				if err != nil {
					return &savedError{"what is done is done; the same command goes on from there", err}
				}
				res := &list{columns: []string{"days_dropped", "rows_dropped", "snapshots_removed", "files_removed", "bytes_removed"}}
				res.add(r.Days, r.Rows, r.Snapshots, r.FilesGone, r.BytesGone)
				return res.write(a.stdout, out)
			})
		},
	}
	cmd.Flags().StringVar(&older, "older-than", older, "remove snapshots that were replaced this `AGE` ago")
	cmd.Flags().IntVar(&o.RetainLast, "keep", 1, "keep the last `N` snapshots of a table in any case")
	cmd.Flags().Var(&drop, "drop-before", "drop the records of whole days before this one: a date, or an age such as 90d")
	cmd.Flags().DurationVar(&o.Grace, "grace", time.Hour, "leave files alone that are younger than `AGE`: another engine may be writing them")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "only say what would go")
	return cmd
}
