package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

func TestExit(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx    context.Context
		err    error
		status int
		stderr string
	}{
		{t.Context(), nil, 0, ""},
		{t.Context(), fmt.Errorf("verify: %w", errNo), 1, ""},
		{t.Context(), errors.New("open \x1b[31m: no"), 2, "weir: open \\x1b[31m: no\n"},
		{t.Context(), errors.New("line one\nline two"), 2, "weir: line one\nline two\n"},
		{t.Context(), fmt.Errorf("write: %w", syscall.ENOSPC), 2, "weir: write: no space left on device\nhint: the disk is full"},
		{cancelled, context.Canceled, 130, "weir: interrupted\n"},
		{cancelled, &savedError{"3 objects are in the lake", fmt.Errorf("ingest: %w", context.Canceled)}, 130, "weir: interrupted: 3 objects are in the lake\n"},
		{cancelled, nil, 0, ""}, // it was done before it heard
		{cancelled, errNo, 1, ""},
	} {
		var stderr strings.Builder
		a := &app{stderr: &stderr}
		if got := a.exit(c.ctx, c.err); got != c.status || !strings.HasPrefix(stderr.String(), c.stderr) || c.stderr == "" && stderr.Len() > 0 {
			t.Errorf("exit(%v) = %d, %q; want %d, %q", c.err, got, stderr.String(), c.status, c.stderr)
		}
	}
}

func TestRunKeepsStreamsApart(t *testing.T) {
	var stdout, stderr strings.Builder
	if got := run([]string{"config", "--nonsense"}, strings.NewReader(""), &stdout, &stderr); got != exitTrouble || stdout.Len() > 0 || stderr.Len() == 0 {
		t.Errorf("a bad flag: status %d, stdout %q, stderr %q", got, stdout.String(), stderr.String())
	}
	stderr.Reset()
	if got := run([]string{"version"}, strings.NewReader(""), &stdout, &stderr); got != 0 || stdout.Len() == 0 || stderr.Len() > 0 {
		t.Errorf("version: status %d, stdout %q, stderr %q", got, stdout.String(), stderr.String())
	}
}
