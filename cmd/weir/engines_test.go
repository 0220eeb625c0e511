package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"weir/internal/engine/trinotest"
)

// TestEnginesScripts runs testdata/engines with real servers. Beside the commands of TestScripts there is
//
//	trino-lake DIR [write]   show the lake in DIR to the Trino, and set $WEIR_TRINO_URL and $WEIR_TRINO_CATALOG
func TestEnginesScripts(t *testing.T) {
	s := trinotest.Start(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/engines",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir+"/home")
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			env.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"trino-lake": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) == 0 {
					ts.Fatalf("usage: trino-lake DIR [write]")
				}
				properties := s.LakeProperties(ts.MkAbs(args[0]))
				if len(args) > 1 {
					delete(properties, "iceberg.security")
				}
				ts.Setenv("WEIR_TRINO_URL", s.URL)
				ts.Setenv("WEIR_TRINO_CATALOG", s.Catalog(t, properties))
			},
		},
	})
}
