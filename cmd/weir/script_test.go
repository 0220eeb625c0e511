package main

import (
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"weir/internal/finding"
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
//	seed FILE      keep some findings in the store FILE
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
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"gzip": gzipFiles, "await": await, "seed": seed},
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

// seed makes three findings, of which one has been told of and one is full of tricks, and a suppression that has expired.
func seed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: seed FILE")
	}
	ctx := context.Background()
	step := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	now := step
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o755))
	s, err := finding.Open(ctx, ts.MkAbs(args[0]), finding.Options{Now: func() time.Time { return now }})
	ts.Check(err)
	ts.Check(s.Subscribe(ctx, "out", "fails"))
	port, tcp := 6379, 6
	redis := finding.Rule{ID: "exposed-datastore", Version: 1, Title: "Datastore answers the internet", Severity: "critical", Techniques: []string{"T1190"}}
	sighting := func(eni, severity string) finding.Sighting {
		return finding.Sighting{
			Entity: finding.Entity{{Name: "interface_id", Value: eni}, {Name: "port", Value: int64(port)}}, Severity: severity, Confidence: "high",
			Summary:   "10.0.0.5 port 6379 (redis) answered 1 host of the internet; 4.2 MB left",
			AccountID: "123456789012", Region: "eu-central-1", VPCID: "vpc-1", InterfaceID: eni, Client: "198.51.100.7", Server: "10.0.0.5", Port: &port, Protocol: &tcp,
			Count: 3, Evidence: finding.Evidence{SQL: "SELECT dstport, 'why?' AS q\nFROM flows -- all?\nWHERE start_time < ? AND dstport = ? AND srcaddr <> ?", Args: []any{step, int64(port), "o'hara"}},
			Details: map[string]any{"server_network": "prod", "clients": int64(1), "share": 0.25},
		}
	}
	changes, err := s.Record(ctx, finding.Evaluation{Rule: redis, Step: step, Window: time.Hour, Seq: 1, Sightings: []finding.Sighting{sighting("eni-1", "critical"), sighting("eni-2", "high")}})
	ts.Check(err)
	for _, c := range changes {
		if c.Finding.InterfaceID == "eni-1" {
			ts.Check(s.Delivered(ctx, c.Key, "slack", errors.New("HTTP 500")))
			ts.Check(s.Delivered(ctx, c.Key, "slack", nil))
		}
	}
	evil := sighting("eni-\x1b[31m\u202e\u009b2J", "low")
	evil.Summary = "\x1b]0;pwned\x07 | <b>`x` " + strings.Repeat("x", 5000)
	evil.Details = map[string]any{"\x1b[2J": "\r\nweir: ok"}
	_, err = s.Record(ctx, finding.Evaluation{Rule: finding.Rule{ID: "odd-names", Version: 2, Title: "Odd"}, Step: step.Add(time.Hour), Window: time.Hour, Seq: 1, Sightings: []finding.Sighting{evil}})
	ts.Check(err)
	_, err = s.Suppress(ctx, finding.Suppression{Owner: "bob", Reason: "a test", Expires: step.Add(time.Hour), Scope: finding.Scope{VPCID: "vpc-1"}})
	ts.Check(err)
	ts.Check(s.Close())
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
