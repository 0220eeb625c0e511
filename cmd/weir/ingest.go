package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"weir/flowlog"
	"weir/internal/ingest"
)

// defaultMemory is the bound on the memory of ingest where none is set, in bytes. Go's collector is told of it; the
// bound is soft.
const defaultMemory = 512 << 20

func newIngestCmd(a *app) *cobra.Command {
	var follow bool
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "ingest SOURCE…",
		Short: "Bring new objects into the lake",
		Long: `Reads the flow logs that lie at each SOURCE and stores their records in the lake. A SOURCE is a file, a folder, - for
standard input, or s3://bucket/prefix. Text, gzip, zstd, Parquet and the envelopes of CloudWatch are told by content.

Objects that the lake has are not read again, so the same command brings what is new since the last time. Whatever is
interrupted is taken up by the next run: no record twice, none lost. A line that is not a record is counted and kept;
'weir lake rejects' shows it. Read = stored + rejected, always.

--since and --until choose objects by the time of delivery in their names; the folders of other days are not listed.`,
		Example: `  weir ingest ./logs
  weir ingest s3://my-flow-logs/AWSLogs/ --since 7d
  weir ingest s3://my-flow-logs/ --follow
  aws logs filter-log-events --log-group-name vpc | weir ingest --log-format default -`,
		Args: needSource,
	}
	times := addTimeFlags(cmd.Flags(), time.Now)
	cmd.Flags().BoolVar(&follow, "follow", false, "keep going: list again every --interval and ingest what is new")
	cmd.Flags().DurationVar(&interval, "interval", 30*time.Second, "time between listings with --follow")
	addSettingFlags(cmd, "memory_limit", "threads")
	addSourceFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		format, err := a.outputFormat("table", "table", "json")
		if err != nil {
			return err
		}
		window, err := times.window()
		if err != nil {
			return err
		}
		if follow && slices.Contains(args, "-") {
			return errors.New("--follow: standard input ends by itself")
		}
		c := ingest.Config{Window: window, Follow: follow, Interval: interval}
		return runIngest(cmd.Context(), a, c, args, format)
	}
	return cmd
}

// needSource is for commands that read.
func needSource(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return nil
	}
	return fmt.Errorf("%s what? Name a SOURCE: a file, a folder, - for standard input, or s3://bucket/prefix", cmd.CommandPath())
}

func runIngest(ctx context.Context, a *app, c ingest.Config, args []string, format string) (err error) {
	sum, err := ingestSources(ctx, a, c, args)
	if err != nil && ctx.Err() == nil && sum.Listed == 0 {
		return err // nothing was found to count
	}
	if e := printSummary(a.stdout, sum, format, a.lake); e != nil && err == nil {
		err = e
	}
	if ctx.Err() != nil {
		return &savedError{fmt.Sprintf("in the lake: %s with %s; the same command goes on from there", counted(sum.Objects, "object"), counted(sum.Stored, "record")), ctx.Err()}
	}
	if err == nil && sum.Failed > 0 {
		err = unreadObjects(sum)
	}
	return err
}

func unreadObjects(sum ingest.Summary) error {
	return fmt.Errorf("%s of %s could not be read; the next run tries them again", count(sum.Failed), counted(sum.Failed+sum.Objects+sum.Known, "object"))
}

// ingestSources brings what is new at sources into the lake of the settings, and tells of it on stderr.
func ingestSources(ctx context.Context, a *app, c ingest.Config, args []string) (sum ingest.Summary, err error) {
	if c.Sources, err = openSources(ctx, a, args); err != nil {
		return sum, err
	}
	if c.Format, err = a.logFormat(); err != nil {
		return sum, err
	}
	l, err := openLake(ctx, a, writeAll)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()

	memory := a.settings.MemoryLimit
	if memory == 0 {
		memory = defaultMemory
	}
	c.Lake = l
	c.Workers = a.settings.Threads
	if c.Workers == 0 {
		c.Workers = ingest.Workers(memory)
	}
	// The batches are long-lived and of known size; what is left of the bound is for garbage.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memory))

	bar := newProgress(a.stderr, isTerminal(a.stderr), a.quiet, time.Now)
	c.Progress = func(s ingest.Summary) { bar.Update(progressOf(s)) }
	var mu sync.Mutex
	told, hinted := 0, map[string]bool{}
	c.Problem = func(p ingest.Problem) {
		mu.Lock()
		defer mu.Unlock()
		if told++; told <= maxTold {
			bar.Print(problemLine(p))
		}
		if h := hint(p.Err); h != "" && !hinted[h] {
			hinted[h] = true
			bar.Print("hint: " + printable(h))
		}
	}
	sum, err = ingest.Run(ctx, c)
	bar.Done()
	if told > maxTold {
		fmt.Fprintf(a.stderr, "weir: … and %s more; 'weir lake objects --failed' and '--problem' list them\n", count(int64(told-maxTold)))
	}
	if err == nil && sum.Listed == 0 && sum.Failed == 0 && len(sum.Skipped) == 0 {
		warnEmpty(a, c.Window)
	}
	return sum, err
}

// maxTold is how many objects with problems are named while the work goes on.
const maxTold = 20

func problemLine(p ingest.Problem) string {
	if p.Failed {
		return "weir: not read: " + printable(p.Text)
	}
	return "weir: " + printable(p.URI) + ": " + printable(p.Text)
}

func progressOf(s ingest.Summary) progressState {
	p := progressState{Objects: s.Objects + s.Known + s.Failed, Bytes: s.BytesRead, Records: s.Seen}
	if !s.Listing {
		p.ObjectsTotal, p.BytesTotal = s.Listed, s.BytesListed
	}
	return p
}

// ingestJSON is the summary for programs. The keys are a promise.
type ingestJSON struct {
	Objects         int64            `json:"objects"`
	ObjectsKnown    int64            `json:"objects_known"`
	ObjectsFailed   int64            `json:"objects_failed"`
	ObjectsChanged  int64            `json:"objects_changed"`
	ObjectsProblem  int64            `json:"objects_problem"`
	RecordsRead     int64            `json:"records_read"`
	RecordsStored   int64            `json:"records_stored"`
	RecordsRejected int64            `json:"records_rejected"`
	RecordsNoData   int64            `json:"records_nodata"`
	RecordsSkipData int64            `json:"records_skipdata"`
	BytesRead       int64            `json:"bytes_read"`
	BytesText       int64            `json:"bytes_text"`
	BytesStored     int64            `json:"bytes_stored"`
	Files           int64            `json:"files"`
	Commits         int64            `json:"commits"`
	UnknownFields   map[string]int64 `json:"unknown_fields"`
	Skipped         map[string]int   `json:"skipped"`
	Seconds         float64          `json:"seconds"`
}

func printSummary(w io.Writer, s ingest.Summary, format, lakeDir string) error {
	if format == "json" {
		e := json.NewEncoder(w)
		return e.Encode(ingestJSON{
			s.Objects, s.Known, s.Failed, s.Changed, s.Problems, s.Read, s.Stored, s.Rejected, s.NoData, s.SkipData,
			s.BytesRead, s.BytesText, s.BytesStored, s.Files, s.Commits, s.Unknown, s.Skipped, s.Elapsed.Seconds(),
		})
	}
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s  "+format+"\n", append([]any{name}, args...)...)
	}
	objects := count(s.Objects) + " read"
	for _, p := range []struct {
		n    int64
		text string
	}{{s.Known, "known"}, {s.Failed, "not readable"}, {s.Problems, "with a problem"}} {
		if p.n > 0 {
			objects += ", " + count(p.n) + " " + p.text
		}
	}
	line("objects", "%s", objects)
	line("records", "%s read = %s stored + %s rejected", count(s.Read), count(s.Stored), count(s.Rejected))
	if s.NoData+s.SkipData > 0 {
		line("", "%s NODATA, %s SKIPDATA among the stored", count(s.NoData), count(s.SkipData))
	}
	if s.Rejected > 0 {
		line("", "'weir lake rejects' shows the rejected lines")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Unknown)) {
		line("", "field %s is unknown to weir: kept in extra, %s", printable(name), counted(s.Unknown[name], "record"))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Tags)) {
		if tag := s.Tags[name]; !tag.Seen && tag.Stored > 0 {
			line("", "field %s has no value in any of %s: check the tag key that the flow log was given", name, counted(tag.Stored, "record"))
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(s.Skipped)) {
		line("skipped", "%s %s", count(int64(s.Skipped[reason])), printable(reason))
	}
	seconds := s.Elapsed.Seconds()
	line("bytes", "%s read, %s of text, %s stored in %s", size(s.BytesRead), size(s.BytesText), size(s.BytesStored), counted(s.Files, "file"))
	if s.Read > 0 && seconds > 0 {
		line("time", "%.1f s, %s records/s", seconds, count(int64(float64(s.Read)/seconds)))
	} else {
		line("time", "%.1f s", seconds)
	}
	line("lake", "%s", printable(lakeDir))
	_, err := io.WriteString(w, b.String())
	return err
}

// rejectNotes tells of the first rejected lines of files that are read without a lake, and counts the rest.
type rejectNotes struct {
	a   *app
	bar *progress
	mu  sync.Mutex
	n   int
}

func (r *rejectNotes) add(e *flowlog.LineError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n++; r.n <= 5 {
		r.bar.Print("weir: rejected: " + printable(e.Error()))
	}
}

func (r *rejectNotes) done(total int64) {
	if total > 5 {
		fmt.Fprintf(r.a.stderr, "weir: rejected, and not in the result: %s in all\n", counted(total, "line"))
	}
}
