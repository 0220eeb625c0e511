package athena

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/internal/engine/athena/athenatest"
)

// column is an answer of one column, as SELECT and SHOW give it.
func column(match string, lines ...string) athenatest.Answer {
	var rows [][]any
	for _, l := range lines {
		rows = append(rows, []any{l})
	}
	return athenatest.Select(match, [][2]string{{"c", "varchar"}}, rows...)
}

func publish(t *testing.T, answers ...athenatest.Answer) ([]string, []string, error) {
	t.Helper()
	s := athenatest.New(t, answers...)
	e := openAt(t, s, Config{})
	names, err := e.Publish(t.Context(), "weir_views")
	var made []string
	for _, r := range s.Requests("StartQueryExecution") {
		sql, _ := r.Body["QueryString"].(string)
		if strings.HasPrefix(sql, "CREATE OR REPLACE VIEW") {
			made = append(made, sql)
			context, _ := r.Body["QueryExecutionContext"].(map[string]any)
			if context["Database"] != "weir_views" {
				t.Errorf("made in %v: %s", context, sql)
			}
		}
	}
	return names, made, err
}

func TestPublish(t *testing.T) {
	names, made, err := publish(t, column("CREATE DATABASE"), column("information_schema"), column("CREATE OR REPLACE VIEW"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"flows", "vpc_flow_logs", "vpc_appsec_flow_logs"}, names); d != "" {
		t.Error(d)
	}
	if len(made) != 3 || !strings.Contains(made[0], `FROM "lake"."flows"`) || !strings.HasSuffix(made[0], "WHERE ('weir views 1' <> '')") {
		t.Errorf("made: %q", made)
	}
	if !strings.Contains(made[0], `SELECT "version", `) || !strings.Contains(made[0], `CAST("start_time" AT TIME ZONE 'UTC' AS timestamp(3)) AS "start_time"`) {
		t.Errorf("a view with a time zone, which Athena refuses: %s", made[0])
	}

	// Its own are replaced; what somebody else made, and what a newer weir made, is not, and then nothing is.
	mine := "CREATE VIEW weir_views.flows AS\nSELECT *\nFROM x\nWHERE ('weir views 1' <> '')"
	for _, c := range []struct{ text, want string }{
		{mine, ""},
		{"CREATE VIEW weir_views.flows AS SELECT 1", "weir did not make"},
		{strings.ReplaceAll(mine, "views 1", "views 99"), "newer weir"},
	} {
		_, made, err := publish(t, column("CREATE DATABASE"), column("information_schema", "flows"),
			column("SHOW CREATE VIEW", strings.Split(c.text, "\n")...), column("CREATE OR REPLACE VIEW"))
		switch {
		case c.want == "" && (err != nil || len(made) != 3):
			t.Errorf("%s: %v, %d made", c.text, err, len(made))
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || len(made) > 0):
			t.Errorf("%s: %v, %d made", c.text, err, len(made))
		}
	}
}

func TestPublishRefuses(t *testing.T) {
	e := openAt(t, athenatest.New(t), Config{})
	for schema, want := range map[string]string{"lake": "database of the tables", "Weir": "lower-case", `a"; DROP`: "lower-case", "": "lower-case"} {
		if _, err := e.Publish(t.Context(), schema); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", schema, err)
		}
	}
}
