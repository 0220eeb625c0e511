package main

import (
	"compress/gzip"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is the program: a script's "exec weir" runs main.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"weir": main})
}

// TestScripts runs testdata/script: one file per behaviour, named for it. The language is described at
// https://pkg.go.dev/github.com/rogpeppe/go-internal/testscript. Beside its own commands there is
//
//	gzip FILE...   compress files in place, to FILE.gz
//	await FILE     go on when FILE is there: for what runs in the background
//
// Scripts run in an empty folder of their own, without credentials, settings or a network to look for them.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir+"/home")
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			env.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"gzip": gzipFiles, "await": await},
	})
}

// await looks for half a minute.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	for range 600 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond) // between looks, not instead of one
	}
	ts.Fatalf("%s did not appear", args[0])
}

func gzipFiles(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("gzip cannot be negated")
	}
	for _, name := range args {
		path := ts.MkAbs(name)
		text, err := os.ReadFile(path)
		ts.Check(err)
		f, err := os.Create(path + ".gz")
		ts.Check(err)
		z := gzip.NewWriter(f)
		_, err = z.Write(text)
		ts.Check(err)
		ts.Check(z.Close())
		ts.Check(f.Close())
		ts.Check(os.Remove(path))
	}
}
