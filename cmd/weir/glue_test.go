package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"weir/internal/lake/gluetest"
	"weir/internal/source/s3test"
)

// TestGlueScripts runs testdata/glue: weir with a lake on a real S3 server, and a stand-in for AWS Glue. Beside the commands
// of TestScripts there is
//
//	deny ACTION    have Glue deny requests of one action from here on; none if it is ""
//	entry TABLE    print what Glue knows of a table
func TestGlueScripts(t *testing.T) {
	bucket := s3test.Start(t)
	bucket.Bucket(t, "lake")
	glue := gluetest.New(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/glue",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			for k, v := range map[string]string{
				"HOME": env.WorkDir + "/home", "TZ": "UTC", "AWS_EC2_METADATA_DISABLED": "true",
				"AWS_ACCESS_KEY_ID": bucket.AccessKey, "AWS_SECRET_ACCESS_KEY": bucket.SecretKey, "AWS_REGION": bucket.Region,
				"WEIR_S3_ENDPOINT": bucket.Endpoint, "AWS_ENDPOINT_URL_GLUE": glue.Endpoint,
			} {
				env.Setenv(k, v)
			}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"deny": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: deny ACTION")
				}
				glue.Before(func(action string) *gluetest.Failure {
					if action == args[0] {
						return &gluetest.Failure{Status: 400, Code: "AccessDeniedException"}
					}
					return nil
				})
			},
			"entry": func(ts *testscript.TestScript, neg bool, args []string) {
				database, name, ok := strings.Cut(args[0], ".")
				if neg || len(args) != 1 || !ok {
					ts.Fatalf("usage: entry DATABASE.TABLE")
				}
				params, _ := glue.Table(database, name)["Parameters"].(map[string]any)
				var out strings.Builder
				for _, k := range slices.Sorted(maps.Keys(params)) {
					out.WriteString(k + "=" + params[k].(string) + "\n")
				}
				_, err := ts.Stdout().Write([]byte(out.String()))
				ts.Check(err)
			},
		},
	})
}
