package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
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
	cmd.AddCommand(newLakeStatus(a), newLakeObjects(a), newLakeRejects(a), newLakeSnapshots(a), newLakeFiles(a), newLakeVerify(a), newLakeCompact(a), newLakeExpire(a), newLakePublish(a))
	return cmd
}

// withLake opens the lake for as long as f runs.
func (a *app) withLake(ctx context.Context, write bool, f func(*lake.Lake) error) error {
	if write { // a typing error must not make a lake here: only ingest does
		r, err := openLake(ctx, a, readAll)
		if err != nil {
			return err
		}
		if err := r.Close(); err != nil {
			return err
		}
	}
	how := readAll
	if write {
		how = writeAll
	}
	l, err := openLake(ctx, a, how)
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
			Size     int64           `json:"bytes_read"`
			Bytes    int64           `json:"bytes_text"`
			Problems int64           `json:"objects_problem"`
			Failed   int64           `json:"objects_failed"`
			Pending  int64           `json:"commits_pending"`
			Last     any             `json:"last_ingest"`
			Made     int64           `json:"hours_made"`
			Stale    int64           `json:"hours_stale"`
			Tables   json.RawMessage `json:"tables"`
		}{s.Dir, s.Objects, s.Read, s.Rows, s.Rejected, s.NoData, s.SkipData, s.Size, s.Bytes, s.Problems, s.Failed, s.Pending,
			moment(s.Last), s.HoursMade, s.HoursStale, json.RawMessage(rows.String())}, format == "json")
	}
	line := func(head, format string, args ...any) {
		fmt.Fprintf(w, "%-10s %s\n", head, fmt.Sprintf(format, args...))
	}
	line("lake", "%s", printable(s.Dir))
	line("objects", "%s stored, %s, %s of text", count(s.Objects), size(s.Size), size(s.Bytes))
	if !s.Last.IsZero() {
		line("", "the last one %s", s.Last.Format(time.RFC3339))
	}
	if s.Problems > 0 {
		line("", "%s of them with a problem: 'weir lake objects --problem'", count(s.Problems))
	}
	if s.Failed > 0 {
		line("", "%s more not readable: 'weir lake objects --failed'", count(s.Failed))
	}
	line("records", "%s read = %s stored + %s rejected", count(s.Read), count(s.Rows), count(s.Rejected))
	if s.NoData+s.SkipData > 0 {
		line("", "%s of them say NODATA, %s SKIPDATA", count(s.NoData), count(s.SkipData))
	}
	if s.Rejected > 0 {
		line("", "'weir lake rejects' shows the rejected lines")
	}
	if slices.ContainsFunc(s.Tables, func(t lake.TableStatus) bool { return t.Derived }) {
		line("hours", "%s made into tables, %s have new records", count(s.HoursMade), count(s.HoursStale))
	}
	if s.Pending > 0 {
		line("commits", "%s under way; if nobody writes now, the next writer undoes them", count(s.Pending))
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
		if t.Problem != "" {
			fmt.Fprintf(w, "\n%s cannot be read: %s\n", t.Table, printable(t.Problem))
		}
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
			human := out == "table"
			list, err := objectList(cmd.Context(), l, f, human)
			if failed {
				list, err = failureList(cmd.Context(), l, f, human)
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
	out := &list{columns: []string{"object", "version", "digest", "format", "table", "records_read", "records_stored", "records_rejected",
		"records_nodata", "records_skipdata", "bytes_read", "bytes_text", "problem", "commit", "time"}}
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
			out.add(o.URI, o.Version, o.Digest, o.Format, o.Table, o.Rows+o.Rejected, o.Rows, o.Rejected,
				o.NoData, o.SkipData, o.Size, o.Bytes, orNil(o.Problem), o.Commit, moment(o.Time))
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

func failureList(ctx context.Context, l *lake.Lake, f lake.ObjectFilter, human bool) (*list, error) {
	out := &list{columns: []string{"object", "version", "error", "first", "last", "attempts"}}
	if human {
		out.columns = []string{"first", "last", "attempts", "object", "error"}
	}
	for x, err := range l.Failures(ctx) {
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(x.URI, f.Prefix) && (f.Since.IsZero() || !x.Last.Before(f.Since)) && (f.Until.IsZero() || x.Last.Before(f.Until)) {
			if human { // errors begin with the object, which has its own column
				out.add(moment(x.First), moment(x.Last), x.Attempts, x.URI, shorten(strings.TrimPrefix(x.Error, x.URI+":")))
			} else {
				out.add(x.URI, x.Version, x.Error, moment(x.First), moment(x.Last), x.Attempts)
			}
		}
		if f.Limit > 0 && len(out.rows) == f.Limit {
			break
		}
	}
	return out, nil
}

// maxCell is how many characters of a text that a stranger wrote a table shows. Programs get all that the lake has.
const maxCell = 120

func shorten(s string) string {
	s = printable(strings.TrimSpace(s))
	if r := []rune(s); len(r) > maxCell {
		return string(r[:maxCell]) + "…"
	}
	return s
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
					if out == "table" {
						r.Token, r.Text = shorten(r.Token), shorten(r.Text)
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
				var infos []lake.SnapshotInfo
				for _, t := range flowlog.Tables {
					some, err := l.Snapshots(cmd.Context(), t)
					if err != nil {
						return err
					}
					infos = append(infos, some...)
				}
				for _, d := range derivedTables {
					some, err := l.DerivedSnapshots(cmd.Context(), d)
					if err != nil {
						return err
					}
					infos = append(infos, some...)
				}
				for _, s := range infos {
					var parent any
					if s.Parent != 0 {
						parent = fmt.Sprint(s.Parent)
					}
					snaps.add(s.Table, fmt.Sprint(s.ID), parent, moment(s.Time), s.Operation, number(s.Files), number(s.Rows), orNil(s.Commit), s.Current)
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
