package lake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"weir/flowlog"
)

// TestMain lets the test binary be another process, for what only another process can show: locks, kills, limits.
func TestMain(m *testing.M) {
	if job := os.Getenv("WEIR_LAKE_CHILD"); job != "" {
		name, dir, _ := strings.Cut(job, " ")
		if err := children[name](context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// children are the jobs of the other process. It gets the lake's folder.
var children = map[string]func(ctx context.Context, dir string) error{
	"readonly": func(ctx context.Context, dir string) error {
		if err := os.WriteFile(dir+"/probe", nil, 0o644); err == nil {
			return errors.New("the folder can be written to: the test shows nothing")
		}
		l, err := Open(ctx, dir, Options{})
		if err != nil {
			return err
		}
		defer l.Close()
		s, err := l.Snapshot(ctx, flowlog.VPC)
		if err != nil {
			return err
		}
		for _, f := range s.Files {
			if _, err := os.ReadFile(f.Path); err != nil {
				return err
			}
		}
		fmt.Println("rows", s.Rows())
		return nil
	},
	"write":    writeUntilDone,
	"external": dieExternal,
	"lock": func(ctx context.Context, dir string) error {
		l, err := Open(ctx, dir, Options{Write: true})
		if err != nil {
			return err
		}
		defer l.Close()
		fmt.Println("locked")
		time.Sleep(time.Minute) // until killed
		return nil
	},
}

// child is another process that does a job on dir.
func child(t *testing.T, job, dir string, opts ...func(*testing.T, string, *exec.Cmd)) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "WEIR_LAKE_CHILD="+job+" "+dir)
	for _, o := range opts {
		o(t, dir, cmd)
	}
	return cmd
}

// asNobody runs the process as a user who may read dir, but not write to it.
func asNobody(t *testing.T, dir string, cmd *exec.Cmd) {
	t.Helper()
	var mode os.FileMode = 0o555
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o755) })
	if os.Geteuid() == 0 {
		// Root may write anywhere. The folders above must let the other user in.
		const nobody = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		for p := dir; len(p) > len(os.TempDir()); p = p[:strings.LastIndexByte(p, '/')] {
			if err := os.Chmod(p, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		// The binary lies in a folder of go test that only root may enter.
		bin, err := os.ReadFile(self)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.CreateTemp("", "weir-lake-test")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Remove(f.Name()) })
		if _, err := f.Write(bin); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Chmod(0o755), f.Close()); err != nil {
			t.Fatal(err)
		}
		cmd.Path, cmd.Args[0] = f.Name(), f.Name()
	}
}
