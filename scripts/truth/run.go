package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // findings.db

	"weir/internal/traffic"
)

// finding is what weir says, as far as it is judged.
type finding struct {
	ID        string         `json:"id"`
	Rule      string         `json:"rule"`
	Severity  string         `json:"severity"`
	State     string         `json:"state"`
	Account   string         `json:"account_id"`
	VPC       string         `json:"vpc_id"`
	Interface string         `json:"interface_id"`
	Client    string         `json:"client"`
	Server    string         `json:"server"`
	Port      *int           `json:"port"`
	Protocol  *int           `json:"protocol"`
	First     time.Time      `json:"first_seen"`
	Last      time.Time      `json:"last_seen"`
	Summary   string         `json:"summary"`
	Entity    map[string]any `json:"entity"`

	step time.Time // end of the first step that saw it; zero if that is not known
}

// result is a corpus, looked at.
type result struct {
	corpus   *corpus
	made     traffic.Summary
	findings []*finding
	took     map[string]time.Duration
}

func (r *result) String() string {
	return fmt.Sprintf("%-9s %9d records of %d interfaces, %d labels: made in %.0f s, ingested in %.0f s, looked at in %.0f s; %d findings",
		r.corpus.name, r.made.Records, r.made.Interfaces, len(r.made.Labels), r.took["make"].Seconds(), r.took["ingest"].Seconds(), r.took["detect"].Seconds(), len(r.findings))
}

// run makes a corpus and has weir look at it.
func (c *corpus) run(ctx context.Context, o *options) (*result, error) {
	dir := filepath.Join(o.dir, c.name)
	logs, lake := filepath.Join(dir, "logs"), filepath.Join(dir, "lake")
	r := &result{corpus: c, took: map[string]time.Duration{}}
	timed := func(what string, do func() error) error {
		begin := time.Now()
		err := do()
		r.took[what] += time.Since(begin)
		return err
	}
	if err := timed("make", func() (err error) { r.made, err = traffic.WriteDir(ctx, c.config, logs); return err }); err != nil {
		return nil, err
	}
	settings, err := c.declare(dir, r.made.Labels)
	if err != nil {
		return nil, err
	}
	weir := func(args ...string) ([]byte, error) {
		return command(ctx, o.weir, append([]string{"--config", settings, "--lake", lake, "--quiet"}, args...)...)
	}
	err = timed("ingest", func() error { _, err := weir("ingest", filepath.Join(logs, "AWSLogs")); return err })
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(logs); err != nil {
		return nil, err
	}
	err = timed("detect", func() error {
		args := []string{"detect", "-o", "json"}
		if c.last > 0 {
			args = append(args, "--since", c.judged().Format(time.RFC3339))
		}
		_, err := weir(args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	// All of them: what was resolved since then was found, too.
	out, err := weir("findings", "list", "-o", "json", "--state", "all")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &r.findings); err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	return r, r.steps(ctx, filepath.Join(lake, "findings.db"))
}

// steps reads when each finding was first seen by a step. Only the store knows: what weir prints of a finding is when its
// traffic was.
func (r *result) steps(ctx context.Context, file string) error {
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SELECT f.id, min(s.step) FROM finding f JOIN sighting s ON s.finding = f.num GROUP BY f.id")
	if err != nil {
		return fmt.Errorf("read steps: %w", err)
	}
	defer rows.Close()
	first := map[string]time.Time{}
	for rows.Next() {
		var id string
		var at int64
		if err := rows.Scan(&id, &at); err != nil {
			return fmt.Errorf("read steps: %w", err)
		}
		first[id] = time.UnixMicro(at).UTC()
	}
	for _, f := range r.findings {
		f.step = first[f.ID]
	}
	return rows.Err()
}

// command runs weir. That it says no, with 1, is an answer.
func command(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil && cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 1 {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("weir %s: %w\n%s", strings.Join(args, " "), err, errs.Bytes())
	}
	return out.Bytes(), nil
}
