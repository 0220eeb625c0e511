package check

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/network"
	"weir/internal/rule"
)

// config is how the tests of this package run examples.
func config() Config {
	book, err := network.New(network.Config{})
	if err != nil {
		panic(err)
	}
	return Config{
		Open: func(tables []engine.Table) (engine.Engine, error) {
			return duckdb.Open(duckdb.Config{Threads: 1}, tables)
		},
		Store: func(_ context.Context, tables []engine.Table, outputs []string) (engine.Storer, error) {
			return duckdb.Open(duckdb.Config{Threads: 1, Outputs: outputs}, tables)
		},
		Ports: network.DefaultPorts(), Book: book,
	}
}

// head is a rule without its SQL and examples.
const head = `id: a
version: 1
title: t
severity: low
group: scan
needs: {}
window: 2h
every: 1h
resolve: 24h
params:
  - {name: least, type: integer, default: 4, doc: d}
entity: [client]
message: "{client} {n|count}"
explain: e
fix: f
sql: |
  SELECT client, count(*) AS n, max(first_seen) AS last
  FROM conversations
  WHERE :window
    AND server_port = 22
  GROUP BY 1
  HAVING count(*) >= :least
examples:
`

func parse(t *testing.T, text string) *rule.Rule {
	t.Helper()
	r, err := rule.Parse("a.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func run(t *testing.T, text string) *Result {
	t.Helper()
	res, err := Rule(context.Background(), config(), parse(t, text), Options{Mutants: true})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

const fires = `
  - name: four in two hours
    end: 2026-11-03T11:00Z
    conversations: |
      hour   client        server    server_port
      08:00  203.0.113.9   10.0.0.5  22
      09:00  203.0.113.9   10.0.0.5  {22*2}
      10:00  203.0.113.9   10.0.0.5  {22*2}
      10:00  203.0.113.9   10.0.0.5  {80*2}
      11:00  203.0.113.9   10.0.0.5  22
    want:
      - {client: 203.0.113.9, n: 4, severity: low, last: 2026-11-03T10:00Z}
`

const silent = `
  - name: three are not enough
    conversations: |
      hour   client        server    server_port
      10:00  203.0.113.9   10.0.0.5  {22*3}
    want: []
`

func TestGoodRule(t *testing.T) {
	res := run(t, head+fires+silent)
	if !res.OK() || len(res.Survived) > 0 {
		t.Errorf("failures %v, survived %v, want none", res.Failures, res.Survived)
	}
	if res.Examples != 2 || res.Mutants != 9 {
		t.Errorf("%d examples and %d mutants, want 2 and 9", res.Examples, res.Mutants)
	}
}

// TestMutants leaves out what an example must prove, and looks for the change that then nobody notices.
func TestMutants(t *testing.T) {
	check := func(old, new string, want ...string) {
		t.Helper()
		text := strings.Replace(head+fires+silent, old, new, 1)
		if text == head+fires+silent {
			t.Fatalf("%q is not in the rule", old)
		}
		res := run(t, text)
		if !res.OK() {
			t.Fatalf("%s: %v", new, res.Failures)
		}
		var got []string
		for _, m := range res.Survived {
			got = append(got, m.Name)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("without %s:\n%s", old, d)
		}
	}
	check(silent, "", "least down", "without: count(*) >= :least")
	check("      10:00  203.0.113.9   10.0.0.5  {80*2}\n", "", "without: server_port = 22")
	check("      08:00  203.0.113.9   10.0.0.5  22\n", "", "window begins an hour earlier")
	check("      11:00  203.0.113.9   10.0.0.5  22\n", "", "window ends an hour later")
}

func TestSurvivors(t *testing.T) {
	allow := func(mutant string) string {
		return strings.Replace(head, "examples:", "mutation:\n  survives:\n    - {mutant: \""+mutant+"\", reason: r}\nexamples:", 1) + fires
	}
	res := run(t, allow("least down"))
	if !res.OK() || len(res.Survived) != 1 {
		t.Errorf("failures %v, survived %v, want only the one that is not allowed", res.Failures, res.Survived)
	}
	for mutant, want := range map[string]string{
		"least up":            "an example notices it",
		"without: no such it": "there is no mutation",
	} {
		if res := run(t, allow(mutant)); res.OK() || !strings.Contains(res.Failures[0].Text, want) || res.Failures[0].Line != 25 {
			t.Errorf("%s allowed: %v, want line 25: %s", mutant, res.Failures, want)
		}
	}
}

// TestFailures: what is wrong is said, with the example's name and line.
func TestFailures(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"n: 4", "n: 5", "wanted, not there: {client: 203.0.113.9, last: 2026-11-03T10:00Z, n: 5, severity: low}\nthere, not wanted: {client: 203.0.113.9, last: 2026-11-03 10:00 UTC, n: 4, severity: low}"},
		{"- {client: 203.0.113.9, n: 4, severity: low, last: 2026-11-03T10:00Z}", "[]", "there, not wanted: {client: 203.0.113.9, last: 2026-11-03 10:00 UTC, n: 4, severity: low}"},
		{"server_port = 22", "server_port = 23", "the rule found nothing"},
		{"server_port = 22", "serverport = 22", `did you mean server_port?`},
		{"entity: [client]", "entity: [who]", "the rows have no column who"},
		{"SELECT client,", "SELECT nullif(client, '203.0.113.9') AS client,", "client is NULL in"},
		{"count(*) AS n,", "count(*) AS n, 'bad' AS severity,", "severity bad is none of critical"},
		{"count(*) AS n,", "count(*) AS n, 'lots' AS weight,", "weight lots is no number"},
		{"  GROUP BY 1", "  GROUP BY 1, hour", "the rule found nothing"},
		{"{22*2}", "{22*x}", `conversations, line 3: "{22*x}": {22*x}: "x" is no number of times`},
		{"hour   client ", "hour   clients", `conversations, line 1: there is no column "clients"`},
		{"08:00  203.0.113.9   10.0.0.5  22", "08:00  203.0.113.9   10.0.0.5", `conversations, line 2: it has 3 values, the header has 4 names`},
		{"08:00  203.0.113.9   10.0.0.5  22", "08:30  203.0.113.9   10.0.0.5  22", "hour 2026-11-03 08:30 UTC is not the beginning of an hour"},
		{"08:00  203.0.113.9   10.0.0.5  22", "08:00  -   10.0.0.5  22", "a row needs client and server"},
	} {
		text := strings.Replace(head+fires, c.old, c.new, 1)
		if text == head+fires {
			t.Fatalf("%q is not in the rule", c.old)
		}
		res := run(t, text)
		if len(res.Failures) != 1 {
			t.Errorf("%s: failures %v, want one", c.new, res.Failures)
			continue
		}
		f := res.Failures[0]
		if f.Example != "four in two hours" || f.Line != 25 || !strings.Contains(f.Text, c.want) {
			t.Errorf("%s:\n got %s (line %d): %s\nwant %s", c.new, f.Example, f.Line, f.Text, c.want)
		}
	}
}

// TestTwoRowsOfOneEntity: they would be one finding, so that one of them would be lost.
func TestTwoRowsOfOneEntity(t *testing.T) {
	text := strings.Replace(head, "entity: [client]", "entity: [severity]", 1)
	text = strings.Replace(text, "SELECT client,", "SELECT 'low' AS severity, client,", 1)
	text = strings.Replace(text, "GROUP BY 1", "GROUP BY 2", 1)
	res := run(t, text+strings.Replace(fires, "    want:", "      10:00  203.0.113.8   10.0.0.5  {22*4}\n    want:\n      - {client: 203.0.113.8}", 1))
	if len(res.Failures) != 1 || !strings.Contains(res.Failures[0].Text, "two rows have the same entity, severity=low") {
		t.Errorf("failures %v", res.Failures)
	}
}

func TestBacktest(t *testing.T) {
	r := parse(t, head+`
  - name: three days
    conversations: |
      first_seen               client        server    server_port
      2026-11-01T09:00Z        203.0.113.9   10.0.0.5  {22*4}
      2026-11-01T22:00Z        203.0.113.8   10.0.0.5  {22*4}
      2026-11-01T23:00Z        203.0.113.7   10.0.0.5  {22*4}
      2026-11-03T09:00Z        203.0.113.9   10.0.0.5  {22*9}
    want: []
`)
	tables, _, err := makeTables(&r.Examples[0])
	if err != nil {
		t.Fatal(err)
	}
	e, err := config().Open(tables)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	got, err := RunBacktest(context.Background(), BacktestConfig{Engine: e, Ports: network.DefaultPorts(), From: day, To: day.Add(72 * time.Hour)}, r)
	if err != nil {
		t.Fatal(err)
	}
	hours := func(n int) time.Time { return day.Add(time.Duration(n) * time.Hour) }
	want := &Backtest{
		Steps: 72,
		// The window is two hours, so each is seen in two steps; the last one of the second of November's first.
		Days: []Day{{day, 24, 5, 3}, {hours(24), 24, 1, 0}, {hours(48), 24, 2, 0}},
		Findings: []*Found{
			{"client=203.0.113.9", "low", "203.0.113.9 9", hours(8), hours(59), 4},
			{"client=203.0.113.8", "low", "203.0.113.8 4", hours(21), hours(24), 2},
			{"client=203.0.113.7", "low", "203.0.113.7 4", hours(22), hours(25), 2},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestRecords: an example may be what AWS writes, and rows of conversations make the other tables.
func TestRecords(t *testing.T) {
	text := strings.Replace(head, "FROM conversations", "FROM exposures", 1)
	text = strings.Replace(text, "server_port = 22", "port = 22\n    AND state = 'SERVED'", 1)
	text = strings.Replace(text, ">= :least", ">= :least - 3", 1)
	const records = `
  - name: as AWS writes it
    records: |
      version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags flow-direction
      5 123456789012 eni-1 203.0.113.9 10.0.0.5 40000 22 6 10 1000 1793700000 1793700060 ACCEPT OK 2 ingress
      5 123456789012 eni-1 10.0.0.5 203.0.113.9 22 40000 6 10 9000 1793700000 1793700060 ACCEPT OK 18 egress
    want:
      - {client: 203.0.113.9, n: 1}
`
	const rows = `
  - name: as conversations
    conversations: |
      hour   client        server    server_port  state
      10:00  203.0.113.9   10.0.0.5  22           SERVED
      10:00  203.0.113.8   10.0.0.6  22           ANSWERED
    want:
      - {client: 203.0.113.9, n: 1}
`
	res, err := Rule(context.Background(), config(), parse(t, text+records+rows), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !res.OK() || res.Examples != 2 {
		t.Errorf("%d examples, failures %v", res.Examples, res.Failures)
	}
	res, err = Rule(context.Background(), config(), parse(t, text+strings.Replace(records, "eni-1 203.0.113.9 10.0.0.5 40000", "eni-1 203.0.113.9 10.0.0.5 many", 1)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if res.OK() || !strings.Contains(res.Failures[0].Text, `records, line 2: srcport "many"`) {
		t.Errorf("failures %v, want one that names the line and the field", res.Failures)
	}
}
