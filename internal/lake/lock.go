package lake

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// LockedError says that another process writes this lake.
type LockedError struct {
	Dir    string
	Holder string // who, as far as is known: "process 4242 on host since 2026-11-24T03:00:00Z"

	// Left is for how long the other keeps the lake if it is dead. 0 where a dead process keeps nothing.
	Left time.Duration
}

func (e *LockedError) Error() string {
	s := "lake is being written by another weir"
	if e.Holder != "" {
		s += " (" + e.Holder + ")"
	}
	if e.Left > 0 {
		s += fmt.Sprintf("; if that one is dead its lease ends in %d s", int(e.Left/time.Second)+1)
	}
	return s
}

// lock is the right to write. The kernel takes it back when the process ends, however it ends, so a dead process cannot
// hold it and the file's text is for people only.
type lock struct{ f *os.File }

func takeLock(path string, now time.Time) (*lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	held, err := flock(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock lake: %w", err)
	}
	if held {
		text := make([]byte, 256)
		n, _ := f.ReadAt(text, 0)
		f.Close()
		return nil, &LockedError{Dir: filepath.Dir(path), Holder: holder(string(text[:n]))}
	}
	host, _ := os.Hostname()
	text := fmt.Sprintf("process %d on %s since %s\n", os.Getpid(), host, now.UTC().Format(time.RFC3339))
	// Not being able to leave a note must not stop a writer: the lock is held all the same.
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(text), 0)
	}
	return &lock{f}, nil
}

// holder is the lock's text if it looks like ours. Whatever else is in the file must not reach a terminal.
func holder(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(line, "process ") || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return line
}

func (l *lock) release() error {
	_ = l.f.Truncate(0)
	return l.f.Close()
}
