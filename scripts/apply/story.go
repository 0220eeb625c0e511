package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"weir/internal/traffic"
)

// story is what happens to an example.
type story struct {
	name     string
	example  string         // its folder
	override map[string]any // arguments of the call of the module that are others than the example's
	changes  bool           // it goes on with changes, and with a destroy that must stop at the logs

	tools tools
	work  string // folder of its own
	root  string // the example's copy below it
	cloud *cloud

	outs   map[string]string // the example's outputs
	bucket string            // of the logs, as the output source says
	had    delivered
	silent bool // that nothing is delivered to S3 was said

	log   bytes.Buffer // output of commands
	times []timed
	cpu   time.Duration // of all commands and the stand-in
	notes []string
	err   error
}

// timed is a step, and how long it took.
type timed struct {
	name string
	took time.Duration
}

// step does one thing, in bounded time.
func (s *story) step(ctx context.Context, name string, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %s", limit))
	defer cancel()
	begin := time.Now()
	err := do(ctx)
	s.times = append(s.times, timed{name, time.Since(begin)})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (s *story) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// tell tells the story from beginning to end.
func (s *story) tell(ctx context.Context) (err error) {
	if err := os.CopyFS(s.work, os.DirFS(s.tools.source)); err != nil {
		return fmt.Errorf("copy example: %w", err)
	}
	s.root = filepath.Join(s.work, "examples", s.example)
	if s.cloud, err = startCloud(ctx, s.tools); err != nil {
		return err
	}
	defer func() { s.cpu += s.cloud.stop() }()

	type part struct {
		name  string
		limit time.Duration
		do    func(context.Context) error
	}
	parts := []part{
		{"init", 2 * time.Minute, s.init},
		{"apply", 5 * time.Minute, s.apply},
		{"plan again", 2 * time.Minute, s.unchanged},
		{"doctor", time.Minute, s.doctor},
		{"deliver", time.Minute, s.deliver},
		{"ingest", time.Minute, s.ingest},
	}
	if s.changes {
		parts = append(parts, []part{
			{"plan tags", 2 * time.Minute, s.tags},
			{"plan format", 2 * time.Minute, s.format},
			{"apply format", 5 * time.Minute, s.applyPlan},
			{"deliver", time.Minute, s.deliver},
			{"ingest", time.Minute, s.ingest},
			{"destroy", 4 * time.Minute, s.stopsAtLogs},
		}...)
	}
	parts = append(parts, part{"destroy all", 4 * time.Minute, s.destroy})
	for _, p := range parts {
		if err := s.step(ctx, p.name, p.limit, p.do); err != nil {
			return err
		}
	}
	return nil
}

// init makes what the example's variables and tags stand for, in an account that has nothing else.
func (s *story) init(ctx context.Context) error {
	if err := s.cloud.bare(ctx); err != nil {
		return err
	}
	names, err := s.wanted()
	if err != nil {
		return err
	}
	if text, err := s.text(); err != nil || strings.Contains(text, "vpc_tags") {
		if err := cmp.Or(err, s.cloud.tagged(ctx)); err != nil {
			return err
		}
	}
	given := map[string]any{}
	for _, name := range names {
		if given[name], err = s.cloud.given(ctx, name); err != nil {
			return err
		}
	}
	text, err := json.Marshal(given)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.root, "story.auto.tfvars.json"), text, 0o666); err != nil {
		return err
	}
	if len(s.override) > 0 {
		if err := s.write(s.override); err != nil {
			return err
		}
	}
	_, err = s.terraform(ctx, "init")
	return err
}

func (s *story) apply(ctx context.Context) error {
	if _, err := s.terraform(ctx, "apply", "-auto-approve"); err != nil {
		return err
	}
	return s.read(ctx)
}

// read takes note of the outputs.
func (s *story) read(ctx context.Context) (err error) {
	s.outs, err = s.outputs(ctx)
	s.bucket, _, _ = strings.Cut(strings.TrimPrefix(s.outs["source"], "s3://"), "/")
	return err
}

// unchanged asks for a plan, which must find nothing to do.
func (s *story) unchanged(ctx context.Context) error {
	_, err := s.terraform(ctx, "plan", "-detailed-exitcode")
	return err
}

// looked is what the doctor says of its visit.
var looked = regexp.MustCompile(`0 findings by \d+ checks on \d+ resources`)

// doctor must find nothing.
func (s *story) doctor(ctx context.Context) error {
	help, err := s.command(ctx, s.tools.weir, "doctor", "--help")
	if err != nil {
		return err
	}
	if !strings.Contains(help, "--aws") {
		return errors.New("this weir has no doctor --aws")
	}
	begin := s.log.Len()
	found, err := s.command(ctx, s.tools.weir, "doctor", "--aws", "--fail-on", "low", "-o", "json")
	if err != nil {
		return err
	}
	saw := looked.FindString(string(s.log.Bytes()[begin:]))
	if strings.TrimSpace(found) != "[]" || saw == "" || strings.HasSuffix(saw, " 0 resources") {
		return errors.New("it found something, or looked at nothing")
	}
	s.note("weir doctor --aws: %s", saw)
	return nil
}

// deliver acts as AWS: each flow log to S3 delivers an hour of logs. Each delivery is a day after the last.
func (s *story) deliver(ctx context.Context) error {
	logs, err := s.cloud.flowLogs(ctx)
	if err != nil {
		return err
	}
	if len(logs) == 0 {
		return errors.New("there is no flow log")
	}
	day := len(s.had.formats())
	s3 := 0
	for i, l := range logs {
		if l.status != "ACTIVE" {
			return fmt.Errorf("flow log %s is %s", l.id, l.status)
		}
		if l.kind != "s3" {
			continue
		}
		s3++
		if want := s.outs["log_format"]; l.format != want {
			return fmt.Errorf("flow log %s has the format %q, and the output is %q", l.id, l.format, want)
		}
		d, err := s.cloud.deliver(ctx, l, uint64(10*day+i), traffic.DefaultStart.AddDate(0, 0, day))
		if err != nil {
			return err
		}
		s.had.objects = append(s.had.objects, d.objects...)
		s.had.records += d.records
	}
	if s3 == 0 && !s.silent {
		s.silent = true
		s.note("no flow log delivers to S3: nothing to ingest. The stand-in counts no metric filter, so nothing was put into log groups either")
	}
	return nil
}

// formats are those of the objects.
func (d delivered) formats() (all []string) {
	for _, o := range d.objects {
		if !slices.Contains(all, o.format) {
			all = append(all, o.format)
		}
	}
	return all
}

// ingest has weir read all that was delivered, in a lake that is new, as the output says; and holds it against the table.
func (s *story) ingest(ctx context.Context) error {
	if len(s.had.objects) == 0 {
		return nil
	}
	formats := s.had.formats()
	lake := filepath.Join(s.work, fmt.Sprintf("lake%d", len(formats)))
	text, err := s.command(ctx, s.tools.weir, "ingest", "--lake", lake, "-o", "json", s.outs["source"])
	if err != nil {
		return err
	}
	var sum struct {
		Objects  int   `json:"objects"`
		Stored   int64 `json:"records_stored"`
		Rejected int64 `json:"records_rejected"`
		Skipped  map[string]int
		Unknown  map[string]int64 `json:"unknown_fields"`
	}
	if err := json.Unmarshal([]byte(text), &sum); err != nil {
		return fmt.Errorf("read summary of ingest: %w", err)
	}
	if sum.Objects != len(s.had.objects) || sum.Stored != s.had.records || sum.Rejected+int64(len(sum.Skipped)+len(sum.Unknown)) > 0 {
		return fmt.Errorf("%d objects with %d records were delivered, and weir says %s", len(s.had.objects), s.had.records, text)
	}
	for _, format := range formats {
		s.log.WriteString("delivered in the format " + format + "\n")
	}
	name := s.outs["athena_table"]
	if name == "" {
		s.note("no table: nothing to hold the objects against")
		return nil
	}
	t, err := s.cloud.table(ctx, name)
	if err != nil {
		return err
	}
	for _, o := range s.had.objects {
		if err := t.answers(s.bucket, o, o.format == s.outs["log_format"]); err != nil {
			return err
		}
	}
	s.note("%d objects, %d records, %d formats: ingested, none rejected; their columns are the table's, %d of them", len(s.had.objects), s.had.records, len(formats), len(t.names))
	return nil
}

// with are the overridden arguments, and these.
func (s *story) with(arguments map[string]any) map[string]any {
	all := maps.Clone(arguments)
	maps.Copy(all, s.override)
	return all
}

// tags plans a change of tags: nothing may be made anew.
func (s *story) tags(ctx context.Context) error {
	if err := s.write(s.with(map[string]any{"tags": map[string]string{"changed": "yes"}})); err != nil {
		return err
	}
	changes, err := s.plan(ctx)
	if err != nil {
		return err
	}
	kinds := map[string]int{}
	for _, c := range changes {
		kinds[c.Type]++
		if !c.does("update") {
			return fmt.Errorf("a change of tags is no update in place of %s", c)
		}
	}
	if kinds["aws_flow_log"] == 0 {
		return fmt.Errorf("a change of tags does not reach the flow log: %v", changes)
	}
	s.note("a change of tags updates %d resources in place, and replaces none", len(changes))
	return nil
}

// format plans another format: the new flow log begins before the old one ends, and nothing else that holds anything goes.
func (s *story) format(ctx context.Context) error {
	if err := s.write(s.with(map[string]any{"format": "all", "fields": nil})); err != nil {
		return err
	}
	changes, err := s.plan(ctx)
	if err != nil {
		return err
	}
	logs, queries := 0, 0
	for _, c := range changes {
		switch {
		case c.Type == "aws_flow_log":
			if !c.does("create", "delete") {
				return fmt.Errorf("a change of format does not replace the flow log, the new one first: %s", c)
			}
			logs++
		case c.Type == "aws_athena_named_query" && c.does("delete", "create"):
			queries++ // text, which holds nothing
		case !c.does("update") && !c.does("create"):
			return fmt.Errorf("a change of format is no update in place of %s", c)
		}
	}
	if logs == 0 {
		return fmt.Errorf("a change of format does not reach the flow log: %v", changes)
	}
	s.note("a change of format replaces %d flow logs, the new one first, and the text of %d saved queries; nothing else goes", logs, queries)
	return nil
}

func (s *story) applyPlan(ctx context.Context) error {
	before := s.outs["log_format"]
	if _, err := s.terraform(ctx, "apply", planFile); err != nil {
		return err
	}
	if err := s.read(ctx); err != nil {
		return err
	}
	if s.outs["log_format"] == before {
		return errors.New("the format is what it was")
	}
	return nil
}

// stopsAtLogs destroys, which must stop at a bucket that holds logs, and leave the logs.
func (s *story) stopsAtLogs(ctx context.Context) error {
	if len(s.had.objects) == 0 {
		return nil // the next step destroys all
	}
	_, err := s.terraform(ctx, "destroy", "-auto-approve")
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("destroy did not stop at a bucket that holds logs: %w", err)
	}
	if !bytes.Contains(s.log.Bytes(), []byte("BucketNotEmpty")) {
		return fmt.Errorf("destroy stopped, and not for the bucket: %w", err)
	}
	for _, o := range s.had.objects {
		if err := s.cloud.has(ctx, s.bucket, o.key); err != nil {
			return err
		}
	}
	managed, err := s.managed(ctx)
	if err != nil {
		return err
	}
	left, err := s.cloud.left(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(left, deletedKey) {
		return errors.New("destroy leaves the logs, and deletes the key that they are encrypted with")
	}
	s.note("destroy stops at the logs, all %d objects of them; it leaves %s", len(s.had.objects), strings.Join(managed, ", "))
	return s.cloud.empty(ctx, s.bucket)
}

// deletedKey is what is left of a key: KMS deletes none at once.
const deletedKey = "key PendingDeletion"

// destroy must leave nothing, or a key that waits for its 30 days, or a log group.
func (s *story) destroy(ctx context.Context) error {
	if _, err := s.terraform(ctx, "destroy", "-auto-approve"); err != nil {
		return err
	}
	managed, err := s.managed(ctx)
	if err != nil {
		return err
	}
	left, err := s.cloud.left(ctx)
	if err != nil {
		return err
	}
	if len(managed) > 0 {
		return fmt.Errorf("destroy left %v", managed)
	}
	var groups []string
	for _, l := range left {
		if strings.HasPrefix(l, "log group ") { // as with a bucket, logs stay; and no error says so
			groups = append(groups, l)
		} else if l != deletedKey {
			return fmt.Errorf("destroy left %v in the account", left)
		}
	}
	switch {
	case len(left) == 0:
		s.note("destroy leaves nothing")
	case len(groups) > 0 && len(groups) < len(left):
		s.note("destroy leaves %s, for its 30 days: ITS KEY GOES THEN, and its logs with it", strings.Join(left, ", "))
	default:
		s.note("destroy leaves %s", strings.Join(left, ", "))
	}
	return nil
}
