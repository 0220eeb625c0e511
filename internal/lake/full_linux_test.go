package lake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"weir/flowlog"

	"golang.org/x/sys/unix"
)

// The limits and file systems of these tests are Linux's.
func init() {
	children["limited"], children["full"] = storeLimited, onFullDisk
}

// storeLimited stores an object and then compacts, while no file may grow beyond so many bytes: to a writer that is a full disk.
func storeLimited(ctx context.Context, args string) error {
	limit, rest, _ := strings.Cut(args, " ")
	uri, dir, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(limit, 10, 64)
	if err != nil {
		return err
	}
	l, err := Open(ctx, dir, Options{Write: true})
	if err != nil {
		return err
	}
	signal.Ignore(unix.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: n}); err != nil {
		return err
	}
	if err := put(ctx, l, uri, day0, 2000); err != nil {
		return errors.Join(err, l.Close())
	}
	fmt.Println("stored")
	if _, err := l.Compact(ctx, CompactOptions{}); err != nil {
		return errors.Join(err, l.Close())
	}
	fmt.Println("compacted")
	return l.Close()
}

// TestDiskFull runs out of room at each step in turn. Whatever the step: an error, the lake as before, and the next run goes on.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, true)
	if err := put(t.Context(), l, "first", day0, 1000); err != nil {
		t.Fatal(err)
	}
	l.Close()
	rows, steps := int64(1000), map[string]bool{}
	for i, limit := range []int{0, 4 << 10, 7 << 10, 9 << 10, 12 << 10, 16 << 10, 20 << 10, 24 << 10, 32 << 10, 40 << 10, 48 << 10, 64 << 10, 1 << 20} {
		uri := fmt.Sprint("o", i)
		out, err := child(t, fmt.Sprint("limited ", limit, " ", uri), dir).Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 1 {
			text := string(exit.Stderr)
			for _, step := range []string{"write data file", "note commit", "write metadata", "stage commit", "finish commit", "point catalog", "commit"} {
				if strings.HasPrefix(text, step) || strings.Contains(text, ": "+step) {
					steps[step] = true
					break
				}
			}
			if testing.Verbose() {
				t.Logf("%d bytes: %s", limit, text)
			}
		} else if err != nil {
			t.Fatalf("%d bytes: %v", limit, err)
		}
		if strings.Contains(string(out), "stored") {
			rows += 2000
		}
		r := open(t, dir, false)
		if got := snapshot(t, r).Rows(); got != rows {
			t.Errorf("%d bytes: %d rows, want %d\n%s", limit, got, rows, out)
		}
		states, err := r.Known(t.Context(), []ObjectID{{uri, "1"}})
		if err != nil {
			t.Fatal(err)
		}
		if stored := strings.Contains(string(out), "stored"); stored != (states[0] == Known) {
			t.Errorf("%d bytes: stored %v, known %v", limit, stored, states[0])
		}
		verified(t, r)
		r.Close()
	}
	if len(steps) < 3 {
		t.Errorf("ran out of room only in %v: choose other limits", steps)
	}
	l = open(t, dir, true)
	if err := put(t.Context(), l, "last", day0, 10); err != nil {
		t.Fatal(err)
	}
	verified(t, l)
	if n := countFiles(t, filepath.Join(dir, stagingName), ".parquet"); n != 0 {
		t.Errorf("%d files in staging", n)
	}
}

// onFullDisk runs in a file system of its own, a small one in memory, and leaves it room for less and less of a commit.
func onFullDisk(ctx context.Context, dir string) error {
	const size = 4 << 20
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", size)); err != nil {
		return fmt.Errorf("no file system: %w", err)
	}
	path, ballast := filepath.Join(dir, "lake"), filepath.Join(dir, "ballast")
	l, err := Open(ctx, path, Options{Write: true})
	if err != nil {
		return err
	}
	rows, failed := int64(0), 0
	for i := range 40 {
		var st unix.Statfs_t
		if err := unix.Statfs(dir, &st); err != nil {
			return err
		}
		room := uint64(i) * 8 << 10
		if err := os.WriteFile(ballast, make([]byte, max(uint64(st.Bsize)*st.Bfree, room)-room), 0o644); err != nil {
			return err
		}
		uri := fmt.Sprint("o", i)
		err := put(ctx, l, uri, day0, 500)
		if err == nil {
			rows += 500
		} else {
			failed++
			fmt.Printf("%d bytes: %v\n", room, err)
			if !errors.Is(err, unix.ENOSPC) {
				return fmt.Errorf("with %d bytes left: %w, which does not say that the disk is full", room, err)
			}
		}
		s, e := l.Snapshot(ctx, flowlog.VPC)
		if e != nil {
			return e
		}
		states, e := l.Known(ctx, []ObjectID{{uri, "1"}})
		if e != nil {
			return e
		}
		if s.Rows() != rows || (states[0] == Known) != (err == nil) {
			return fmt.Errorf("with %d bytes left: %d rows, want %d; object is %v after %v", room, s.Rows(), rows, states[0], err)
		}
		if err := os.Remove(ballast); err != nil {
			return err
		}
		if i%3 == 0 { // the next run
			if err := l.Close(); err != nil {
				return err
			}
			if l, err = Open(ctx, path, Options{Write: true}); err != nil {
				return err
			}
			if r, err := l.Verify(ctx, VerifyOptions{Deep: true}); err != nil || !r.OK() || r.Pending != 0 || len(r.Orphans) != 0 {
				return fmt.Errorf("with %d bytes left: %v, %+v", room, err, r)
			}
		}
	}
	fmt.Printf("%d commits failed, %d rows\n", failed, rows)
	if failed < 5 || rows == 0 {
		return errors.New("all commits failed, or nearly none: choose other sizes")
	}
	return l.Close()
}

func TestNoSpaceLeft(t *testing.T) {
	cmd := child(t, "full", t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) || strings.Contains(string(out), "no file system") {
		t.Skipf("SKIPPED: this machine gives processes no file system of their own (%v, %s); TestDiskFull covers part of it", err, out)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
