package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/internal/lake"
)

func newLakeVerify(a *app) *cobra.Command {
	var o lake.VerifyOptions
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove that objects, rows and rejected lines add up, and that every file is whole",
		Long: `Checks the catalog, that each data file is there with the size and the number of rows that the table says, that
records read = rows stored + lines rejected, and that the tables hold the rows of the ledger's objects, no more and no
fewer. With --deep each row is read, and rows are compared object by object.

Files that nothing needs (a writer was killed) are waste, not a fault; so are uploads to a bucket that were not
finished. --repair removes both if they are older than --grace. Exit status 1: a fault.`,
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
			Uploads  int             `json:"unfinished_uploads"`
			Faults   json.RawMessage `json:"faults"`
		}{r.OK(), r.Objects, r.Read, r.Rows, r.Rejected, r.Dropped, r.Files, r.Bytes, r.Pending, len(r.Orphans), waste, removed, r.Uploads,
			json.RawMessage(rows.String())}, format == "json")
	}
	fmt.Fprintf(w, "%s: %s read = %s stored + %s rejected\n", counted(r.Objects, "object"), counted(r.Read, "record"), count(r.Rows), count(r.Rejected))
	if r.Dropped > 0 {
		fmt.Fprintf(w, "%s of them were dropped with old days\n", count(r.Dropped))
	}
	fmt.Fprintf(w, "%s, %s\n", counted(r.Files, "data file"), size(r.Bytes))
	if n := len(r.Orphans); n > 0 {
		text := "removed"
		if removed < n {
			text = "'weir lake verify --repair' removes them"
		}
		fmt.Fprintf(w, "%s that nothing needs, %s: %s\n", counted(n, "file"), size(waste), text)
	}
	if r.Uploads > 0 {
		fmt.Fprintf(w, "%s that a killed writer did not finish; --repair ends what is left so\n", counted(r.Uploads, "upload"))
	}
	if r.OK() {
		_, err := fmt.Fprintln(w, "ok")
		return err
	}
	fmt.Fprintf(w, "\n%s:\n", counted(len(r.Faults), "fault"))
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
				fmt.Fprintf(a.stderr, "%s became %s, %s\n", counted(r.FilesBefore, "file"), count(int64(r.FilesAfter)), counted(r.Rows, "row"))
			}
		}
		return a.withLake(cmd.Context(), true, func(l *lake.Lake) error {
			r, err := l.Compact(cmd.Context(), o)
			if err != nil {
				return &savedError{fmt.Sprintf("%s became %s; the same command goes on from there", counted(r.FilesBefore, "file"), count(int64(r.FilesAfter))), err}
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
so they are not ingested again. What was made of those records stays, unless --drop-derived is given: it is small, and
what later days are compared with.`,
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
	cmd.Flags().BoolVar(&o.DropDerived, "drop-derived", false, "with --drop-before: drop what was made of those records, too")
	cmd.Flags().DurationVar(&o.Grace, "grace", time.Hour, "leave files alone that are younger than `AGE`: another engine may be writing them")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "only say what would go")
	return cmd
}
