package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"weir/internal/lake"
	"weir/internal/source"
	"weir/internal/source/dir"
)

// onFullDisk ingests into a file system of its own, a small one in memory, that has less and less room left, and then
// room again.
func onFullDisk(ctx context.Context, args []string) error {
	const size = 6 << 20
	folder, mount := args[0], args[1]
	if err := unix.Mount("tmpfs", mount, "tmpfs", 0, fmt.Sprint("size=", size)); err != nil {
		return fmt.Errorf("no file system: %w", err)
	}
	src, err := dir.New(folder)
	if err != nil {
		return err
	}
	want := rows{}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return err
	}
	for _, f := range files {
		s, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		want.add(f, string(s))
	}
	ballast := filepath.Join(mount, "ballast")
	failed, partly := 0, 0
	for i := range 12 {
		path := filepath.Join(mount, "lake")
		// A lake that exists, or one that must be made in what is left.
		if i%2 == 0 {
			l, err := lake.Open(ctx, path, lake.Options{Write: true})
			if err != nil {
				return err
			}
			if err := l.Close(); err != nil {
				return err
			}
		}
		var st unix.Statfs_t
		if err := unix.Statfs(mount, &st); err != nil {
			return err
		}
		room := uint64(i) * 40 << 10
		if err := os.WriteFile(ballast, make([]byte, uint64(st.Bsize)*st.Bfree-room), 0o644); err != nil {
			return err
		}
		stored := int64(0)
		l, err := lake.Open(ctx, path, lake.Options{Write: true})
		if err == nil {
			var s Summary
			s, err = Run(ctx, Config{Lake: l, Sources: []source.Source{src}, Workers: 2, BatchRows: 300})
			stored = s.Stored
			if s.Failed > 0 {
				return fmt.Errorf("%d bytes left: %d objects are said to have failed, but it is the disk", room, s.Failed)
			}
			// Not half visible, now and for whoever comes next.
			r, verr := l.Verify(ctx, lake.VerifyOptions{Deep: true})
			if verr != nil || !r.OK() || r.Rows != stored {
				return fmt.Errorf("%d bytes left: %v, %+v, stored %d", room, verr, r, stored)
			}
			l.Close()
		}
		if err != nil {
			failed++
			if stored > 0 {
				partly++
			}
			fmt.Printf("%d bytes left: %v\n", room, err)
			if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), "no space left") {
				return fmt.Errorf("%d bytes left: %w: does not say that the disk is full", room, err)
			}
		}
		if err := os.Remove(ballast); err != nil {
			return err
		}
		// There is room again.
		if l, err = lake.Open(ctx, path, lake.Options{Write: true}); err != nil {
			return err
		}
		if _, err := Run(ctx, Config{Lake: l, Sources: []source.Source{src}, Workers: 2, BatchRows: 300}); err != nil {
			return err
		}
		if _, err := compareLake(ctx, l, want); err != nil {
			return fmt.Errorf("after %d bytes were left: %w", room, err)
		}
		if err := l.Close(); err != nil {
			return err
		}
		if left, err := os.ReadDir(filepath.Join(path, "staging")); err != nil || len(left) > 0 {
			return fmt.Errorf("%d files are left in staging, %v", len(left), err)
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	fmt.Printf("%d of 12 ran out of room, %d after some commits\n", failed, partly)
	if failed < 4 || partly < 2 {
		return errors.New("the disk was hardly ever full at an interesting moment: choose other sizes")
	}
	return nil
}

func TestFullDisk(t *testing.T) {
	folder := t.TempDir()
	for i := range 20 {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(i)), []byte(text(i, 120, day0)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := child(t, "full "+folder+" "+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) || strings.Contains(string(out), "no file system") {
		t.Skipf("SKIPPED: this machine gives processes no file system of their own (%v, %s)", err, out)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// nobody is a user without rights.
const nobody = 65534

// asNobodyRun ingests a folder as a user who may not read one of its files, into a lake that it may not write to, and
// into one that it may.
func asNobodyRun(ctx context.Context, args []string) error {
	folder, readOnly, writable := args[0], args[1], args[2]
	if os.Geteuid() == 0 {
		if err := errors.Join(syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			return err
		}
	}
	if _, err := lake.Open(ctx, filepath.Join(readOnly, "lake"), lake.Options{Write: true}); !errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("a folder that cannot be written to: %v", err)
	} else if !strings.Contains(err.Error(), readOnly) {
		return fmt.Errorf("%w: does not name %s", err, readOnly)
	}
	l, err := lake.Open(ctx, filepath.Join(writable, "lake"), lake.Options{Write: true})
	if err != nil {
		return err
	}
	src, err := dir.New(folder)
	if err != nil {
		return err
	}
	var told problems
	c := Config{Lake: l, Sources: []source.Source{src}, Workers: 2}
	told.on(&c)
	s, err := Run(ctx, c)
	if err != nil {
		return err
	}
	secret := filepath.Join(folder, "secret.log")
	if s.Objects != 1 || s.Failed != 1 || !strings.Contains(told.of(secret), "denied") || !strings.Contains(told.of(secret), secret) {
		return fmt.Errorf("summary %+v, told %v", s, told)
	}
	want := rows{}
	want.add(filepath.Join(folder, "open.log"), text(1, 10, day0))
	if _, err := compareLake(ctx, l, want); err != nil {
		return err
	}
	if err := l.Close(); err != nil {
		return err
	}
	// A lake that was made read-only afterwards.
	if err := os.Chmod(filepath.Join(writable, "lake", "staging"), 0o555); err != nil {
		return err
	}
	if l, err = lake.Open(ctx, filepath.Join(writable, "lake"), lake.Options{Write: true}); err == nil {
		c.Lake, c.Sources = l, []source.Source{&made{objects: []object{{uri: "x", data: []byte(text(2, 10, day0))}}}}
		s, err = Run(ctx, c)
		if s.Stored != 0 {
			return fmt.Errorf("stored: %+v", s)
		}
	}
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "staging") {
		return fmt.Errorf("staging cannot be written to: %v", err)
	}
	return nil
}

func TestNoPermission(t *testing.T) {
	folder, readOnly, writable := t.TempDir(), t.TempDir(), t.TempDir()
	for name, mode := range map[string]os.FileMode{"open.log": 0o644, "secret.log": 0} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text(1, 10, day0)), mode); err != nil {
			t.Fatal(err)
		}
	}
	cmd := child(t, "nobody "+folder+" "+readOnly+" "+writable)
	if err := errors.Join(os.Chmod(readOnly, 0o555), os.Chmod(writable, 0o777)); err != nil {
		t.Fatal(err)
	}
	for p := folder; len(p) > len(os.TempDir()); p = filepath.Dir(p) { // root's folders of tests let nobody in
		if err := os.Chmod(p, 0o755); err != nil {
			t.Fatal(err)
		}
		os.Chmod(filepath.Dir(filepath.Dir(readOnly)), 0o755)
	}
	for _, d := range []string{readOnly, writable} {
		if err := os.Chmod(filepath.Dir(d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestVanishes: a file that goes away after it was listed is a failure of that file, and the rest is stored.
func TestVanishes(t *testing.T) {
	l := openLake(t, t.TempDir())
	folder := t.TempDir()
	for _, name := range []string{"a.log", "b.log"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text(1, 10, day0)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	src, err := dir.New(folder)
	if err != nil {
		t.Fatal(err)
	}
	var told problems
	c := Config{Lake: l, Sources: []source.Source{afterList{src, func() { os.Remove(filepath.Join(folder, "a.log")) }}}, Workers: 1}
	told.on(&c)
	s := mustRun(t, c)
	if s.Objects != 1 || s.Failed != 1 || !strings.Contains(told.of(filepath.Join(folder, "a.log")), "no longer there") {
		t.Errorf("summary %+v, told %v", s, told)
	}
	want := rows{}
	want.add(filepath.Join(folder, "b.log"), text(1, 10, day0))
	checkLake(t, l, want)
}
