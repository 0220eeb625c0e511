package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// command runs a program with the environment of the stand-in and returns what it prints on stdout. All of its output goes
// into the log.
func (s *story) command(ctx context.Context, program string, args ...string) (string, error) {
	fmt.Fprintf(&s.log, "\n--- %s: %s %s\n", s.name, filepath.Base(program), strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = s.root
	cmd.Env = append(os.Environ(), s.cloud.env()...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // terraform ends its providers then
	cmd.WaitDelay = 20 * time.Second
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &s.log
	err := cmd.Run()
	if s.log.WriteString(out.String()); cmd.ProcessState != nil {
		s.cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return out.String(), fmt.Errorf("run %s %s: %w", filepath.Base(program), args[0], err)
	}
	return out.String(), nil
}

func (s *story) terraform(ctx context.Context, args ...string) (string, error) {
	return s.command(ctx, s.tools.terraform, append(args, "-no-color")...)
}

var called = regexp.MustCompile(`(?m)^module "([a-z_0-9]+)" \{`)

// write overrides arguments of the example's calls of the module.
func (s *story) write(arguments map[string]any) error {
	main, err := s.text()
	if err != nil {
		return err
	}
	calls := map[string]any{}
	for _, m := range called.FindAllStringSubmatch(main, -1) {
		calls[m[1]] = arguments
	}
	text, err := json.MarshalIndent(map[string]any{"module": calls}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.root, "story_override.tf.json"), text, 0o666)
}

// text is the text of the example's files.
func (s *story) text() (string, error) {
	files, err := filepath.Glob(filepath.Join(s.root, "*.tf"))
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		all.Write(text)
	}
	return all.String(), nil
}

var declared = regexp.MustCompile(`(?ms)^variable "([a-z_0-9]+)" \{(.*?)^\}`)

// wanted are the variables of the example that have no default, and who is told of alarms, who is nobody by default.
func (s *story) wanted() (names []string, err error) {
	text, err := s.text()
	for _, m := range declared.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(m[2], "default ") || m[1] == "emails" {
			names = append(names, m[1])
		}
	}
	return names, err
}

// change is what a plan does to a resource: of Terraform's JSON output format, the part that is looked at.
type change struct {
	Address string `json:"address"`
	Type    string `json:"type"`
	Change  struct {
		Actions []string `json:"actions"`
	} `json:"change"`
}

func (c change) does(actions ...string) bool { return slices.Equal(c.Change.Actions, actions) }

func (c change) String() string { return c.Address + ": " + strings.Join(c.Change.Actions, ", ") }

// plan makes a plan, to be applied as planFile, and returns what it changes.
func (s *story) plan(ctx context.Context) ([]change, error) {
	if _, err := s.terraform(ctx, "plan", "-refresh=false", "-out="+planFile); err != nil {
		return nil, err
	}
	quiet := s.log.Len()
	text, err := s.terraform(ctx, "show", "-json", planFile)
	if err != nil {
		return nil, err
	}
	s.log.Truncate(quiet)
	var p struct {
		Changes []change `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	p.Changes = slices.DeleteFunc(p.Changes, func(c change) bool { return c.does("no-op") || c.does("read") })
	if len(p.Changes) == 0 {
		return nil, errors.New("read plan: it changes nothing")
	}
	return p.Changes, nil
}

const planFile = "story.plan"

// outputs are the example's outputs that are texts.
func (s *story) outputs(ctx context.Context) (map[string]string, error) {
	text, err := s.terraform(ctx, "output", "-json")
	if err != nil {
		return nil, err
	}
	var all map[string]struct{ Value any }
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, fmt.Errorf("read outputs: %w", err)
	}
	texts := map[string]string{}
	for name, o := range all {
		if v, ok := o.Value.(string); ok {
			texts[name] = v
		}
	}
	return texts, nil
}

// managed are the addresses of the resources that Terraform still knows.
func (s *story) managed(ctx context.Context) ([]string, error) {
	text, err := s.terraform(ctx, "state", "list")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(strings.Fields(text), func(a string) bool { return strings.HasPrefix(a, "data.") || strings.Contains(a, ".data.") }), nil
}
