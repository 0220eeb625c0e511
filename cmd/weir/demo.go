package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/internal/traffic"
)

func newDemoCmd(a *app) *cobra.Command {
	var (
		dir  string
		seed uint64
		keep bool
	)
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work: a day of generated traffic, one mistake in it, and the queries that find it",
		Long: `Makes the flow logs of one day of a small company, brings them into a lake, and finds out what happened to a Redis that
was opened to the internet by mistake. Each command is shown before its result; they are ordinary ones, to be tried on
logs of your own.

Nothing is downloaded and nothing leaves this machine. The traffic is made up; its shapes are those of real logs. What
the attacks in it really were is noted in logs/labels.jsonl, and the demo ends by comparing.`,
		Example: `  weir demo
  weir demo --dir ./weir-demo     # keep lake and logs there, to ask on`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), a, dir, seed, keep)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "put lake and logs into `DIR`, and leave them there (default: a temporary folder)")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "another `NUMBER` gives another day; the same number the same bytes")
	cmd.Flags().BoolVar(&keep, "keep", false, "leave the temporary folder, and say where it is")
	return cmd
}

func runDemo(ctx context.Context, a *app, dir string, seed uint64, keep bool) (err error) {
	if _, err := a.outputFormat("table", "table"); err != nil {
		return err
	}
	if dir, keep, err = demoDir(dir, keep); err != nil {
		return err
	}
	if !keep {
		defer func() {
			if e := os.RemoveAll(dir); e != nil && err == nil {
				err = fmt.Errorf("remove demo: %w", e)
			}
		}()
	}
	d := &demo{a: a, lake: filepath.Join(dir, "lake")}
	logs := filepath.Join(dir, "logs")

	d.say("A day of traffic", `A small company on AWS: two VPCs, a load balancer, web and application servers, databases,
a bastion, developers. Its flow logs are on, in the format that has all fields of version 5.`)
	made, err := traffic.WriteDir(ctx, traffic.DemoConfig(seed), logs)
	if err != nil {
		return err
	}
	d.printf("  %s of %s, in %s as AWS delivers them:\n  %s\n\n",
		counted(made.Records, "record"), counted(made.Interfaces, "interface"), counted(made.Objects, "object"), printable(logs))

	d.printf("  $ export WEIR_LAKE=%s\n", printable(quoted(d.lake)))
	for _, s := range demoSteps(filepath.Join(logs, "AWSLogs"), made.Labels) {
		d.say(s.title, s.why)
		if err := d.run(ctx, s); err != nil {
			return fmt.Errorf("demo: %s: %w", strings.ToLower(s.title), err)
		}
		if s.then != "" {
			d.printf("\n%s\n", s.then)
		}
	}
	if err := d.compare(ctx, made.Labels); err != nil {
		return err
	}
	if err := d.compareFindings(ctx, made.Labels); err != nil {
		return err
	}
	d.end(keep)
	return d.err
}

// demoDir makes the folder. One that was named is kept.
func demoDir(dir string, keep bool) (string, bool, error) {
	if dir == "" {
		tmp, err := os.MkdirTemp("", "weir-demo-")
		if err != nil {
			return "", false, fmt.Errorf("make demo: %w", err)
		}
		return tmp, keep, nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", false, fmt.Errorf("make demo: %w", err)
	}
	for _, name := range []string{"lake", "logs"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return "", false, fmt.Errorf("make demo: %s has a %s already; choose another --dir", dir, name)
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", false, fmt.Errorf("make demo: %w", err)
	}
	return dir, true, nil
}

// demo tells the story. It runs the commands in this process, by the same way as if they had been typed.
type demo struct {
	a    *app
	lake string
	err  error // of writing; the first one
}

func (d *demo) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(d.a.stdout, format, args...); err != nil && d.err == nil {
		d.err = err
	}
}

func (d *demo) say(title, why string) {
	bold, plain := "", ""
	if isTerminal(d.a.stdout) && !d.a.noColor {
		bold, plain = "\x1b[1m", "\x1b[0m"
	}
	d.printf("\n%s== %s%s\n%s\n\n", bold, title, plain, why)
}

// demoStep is one command: why it is asked, and what its result means.
type demoStep struct {
	title, why string
	args       []string // of weir
	then       string
}

// run shows a command and its result.
func (d *demo) run(ctx context.Context, s demoStep) error {
	d.printf("  $ weir %s\n", printableLines(shown(s.args)))
	var out bytes.Buffer
	if err := d.command(ctx, &out, append(s.args, "--output", "table")...); err != nil {
		return err
	}
	d.printf("\n")
	for l := range strings.Lines(out.String()) {
		d.printf("  %s", l)
	}
	return d.err
}

// command runs weir with the demo's lake.
func (d *demo) command(ctx context.Context, stdout io.Writer, args ...string) error {
	root := newRoot(&app{stdin: strings.NewReader(""), stdout: stdout, stderr: d.a.stderr})
	args = append(args, "--lake", d.lake)
	if d.a.quiet {
		args = append(args, "--quiet")
	}
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// shown is a command as it can be typed into a shell, SQL on lines of its own.
func shown(args []string) string {
	var b strings.Builder
	for i, arg := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strings.ReplaceAll(quoted(arg), "\n", "\n      "))
	}
	return b.String()
}

var inQuotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`")

// quoted is a word for a POSIX shell.
func quoted(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\"'`$\\!*?[]{}()<>|&;~#", r) }) {
		return word
	}
	return `"` + inQuotes.Replace(word) + `"`
}

// fromInternet holds for addresses that are not the company's own. The query compares addresses, not text.
const fromInternet = `NOT contains('10.0.0.0/8', CAST(%s AS IPADDRESS))`

func demoSteps(logs string, labels []*traffic.Label) []demoStep {
	open, closed := labelNamed(labels, "redis-served"), labelNamed(labels, "redis-closed")
	from, to := fmt.Sprintf(fromInternet, "srcaddr"), fmt.Sprintf(fromInternet, "dstaddr")
	return []demoStep{
		{"Into the lake",
			`One command reads what is new into an Apache Iceberg table: here a folder, else s3://bucket/prefix.
Typed a second time it would find nothing to do.`,
			[]string{"ingest", logs}, ""},
		{"Who on the internet tried Redis, and who got through?",
			`Port 6379, by interface. REJECT is the security group at work. ACCEPT from the internet should not be there.`,
			[]string{"query", `SELECT interface_id, action, count(DISTINCT srcaddr) AS hosts, sum(packets) AS packets
FROM flows
WHERE dstport = 6379 AND ` + from + `
GROUP BY interface_id, action
ORDER BY action, hosts DESC`},
			`Every public address is probed; that is the noise of the internet, and it was refused. One interface let it in.`},
		{"Since when?",
			`The same interface by itself: what was refused, what was accepted, and when.`,
			[]string{"query", `SELECT action, count(*) AS records, min(start_time) AS first, max(start_time) AS last
FROM flows
WHERE interface_id = '` + open.Interface + `' AND dstport = 6379 AND ` + from + `
GROUP BY action
ORDER BY first`},
			`Refused until then, accepted from then on: that was the moment when the port was opened to the world.`},
		{"Did it answer?",
			`Being let in is not yet harm. What the host sent back from port 6379 is: a SYN-ACK (flags 18) says that something
listens there, bytes say that it talked.`,
			[]string{"query", `SELECT dstaddr AS host, min(start_time) AS first, sum(packets) AS packets_out, sum(bytes) AS bytes_out
FROM flows
WHERE interface_id = '` + open.Interface + `' AND srcport = 6379 AND ` + to + `
GROUP BY dstaddr
ORDER BY bytes_out DESC
LIMIT 8`},
			`It answered. Most hosts saw an open port and left, a few asked a question or two. The first took everything.`},
		{"How much left, and to how many?",
			`The same in one line, for the report.`,
			[]string{"query", `SELECT count(DISTINCT dstaddr) AS hosts, sum(bytes) AS bytes_out,
       count(DISTINCT CASE WHEN bitwise_and(tcp_flags, 18) = 18 THEN dstaddr END) AS hosts_answered
FROM flows
WHERE interface_id = '` + open.Interface + `' AND srcport = 6379 AND ` + to},
			``},
		{"And the other Redis?",
			`A second one stands in the same kind of subnet, but its security group stayed closed.`,
			[]string{"query", `SELECT count(*) AS tried, count(DISTINCT CASE WHEN dstport = 6379 THEN srcaddr END) AS hosts,
       count(CASE WHEN action = 'ACCEPT' THEN 1 END) AS let_in, count(CASE WHEN srcport = 6379 THEN 1 END) AS answered
FROM flows
WHERE interface_id = '` + closed.Interface + `'
  AND (dstport = 6379 AND ` + from + ` OR srcport = 6379 AND ` + to + `)`},
			`Tried as often, answered nobody. Nothing needs to be done there.`},
		{"Without asking",
			`Nobody asks such questions every hour. Rules do: the same command after each ingest says what is new, and tells who is
to be told. Here is the one about datastores; weir detect alone runs all of them.`,
			[]string{"detect", "--rule", "exposed-datastore"},
			`One finding, the Redis that answered. The one behind the closed group raised nothing: being tried is no finding.`},
	}
}

func labelNamed(labels []*traffic.Label, name string) *traffic.Label {
	for _, l := range labels {
		if l.Name == name {
			return l
		}
	}
	panic("BUG: the demo's traffic has no label " + name)
}

// compare asks the lake once more, and holds the answer against what the generator noted.
func (d *demo) compare(ctx context.Context, labels []*traffic.Label) error {
	served, closed := labelNamed(labels, "redis-served"), labelNamed(labels, "redis-closed")
	var out bytes.Buffer
	err := d.command(ctx, &out, "query", "--output", "json", fmt.Sprintf(`SELECT
  sum(CASE WHEN interface_id = '%[1]s' AND dstaddr = '%[2]s' AND srcport = 6379 THEN bytes ELSE 0 END) AS bytes_out,
  count(CASE WHEN interface_id = '%[1]s' AND (srcaddr = '%[2]s' AND dstport = 6379 OR dstaddr = '%[2]s' AND srcport = 6379) THEN 1 END) AS records,
  count(CASE WHEN interface_id = '%[3]s' AND dstport = 6379 AND %[4]s AND action = 'REJECT' THEN 1 END) AS refused,
  count(CASE WHEN interface_id = '%[3]s' AND srcport = 6379 AND %[5]s THEN 1 END) AS answered
FROM flows`, served.Interface, served.Actors[0], closed.Interface, fmt.Sprintf(fromInternet, "srcaddr"), fmt.Sprintf(fromInternet, "dstaddr")))
	if err != nil {
		return fmt.Errorf("demo: compare: %w", err)
	}
	type answer struct {
		Bytes    int64 `json:"bytes_out"`
		Records  int64 `json:"records"`
		Refused  int64 `json:"refused"`
		Answered int64 `json:"answered"`
	}
	var rows []answer
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		return fmt.Errorf("demo: compare: %w", err)
	}
	if len(rows) != 1 {
		return errors.New("demo: compare: no answer")
	}
	want := answer{Bytes: served.BytesOut, Records: served.Records, Refused: closed.Records}
	if got := rows[0]; got != want {
		return fmt.Errorf("demo: the lake says %+v, but made was %+v: please report this", got, want)
	}
	d.say("The truth", fmt.Sprintf(`The generator noted what it did (logs/labels.jsonl), and the lake agrees to the byte: %s was sent
%s out of Redis in %s, and the closed one refused %d and answered 0.`,
		served.Actors[0], counted(served.BytesOut, "byte"), counted(served.Records, "record"), closed.Records))
	return d.err
}

// compareFindings holds what the rule found against what the generator noted: the served one, since when, to how many, and
// nothing about the closed one.
func (d *demo) compareFindings(ctx context.Context, labels []*traffic.Label) error {
	served := labelNamed(labels, "redis-served")
	var out bytes.Buffer
	if err := d.command(ctx, &out, "findings", "--rule", "exposed-datastore", "--output", "json", "--quiet"); err != nil {
		return fmt.Errorf("demo: compare findings: %w", err)
	}
	var found []struct {
		ID        string    `json:"id"`
		Interface string    `json:"interface_id"`
		Severity  string    `json:"severity"`
		FirstSeen time.Time `json:"first_seen"`
	}
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		return fmt.Errorf("demo: compare findings: %w", err)
	}
	if len(found) != 1 || found[0].Interface != served.Interface || found[0].Severity != "critical" {
		return fmt.Errorf("demo: the rule found %+v, and there is one exposed Redis, %s: please report this", found, served.Interface)
	}
	out.Reset()
	err := d.command(ctx, &out, "query", "--output", "json", `SELECT max(clients_answered) AS hosts, sum(server_bytes) AS bytes_out FROM exposures
WHERE interface_id = '`+served.Interface+`' AND port = 6379`)
	var sums []struct {
		Hosts int64 `json:"hosts"`
		Bytes int64 `json:"bytes_out"`
	}
	if err == nil {
		err = json.Unmarshal(out.Bytes(), &sums)
	}
	if err != nil {
		return fmt.Errorf("demo: compare findings: %w", err)
	}
	if len(sums) != 1 || sums[0].Bytes < served.BytesOut {
		return fmt.Errorf("demo: the tables say %+v, but made was %d bytes: please report this", sums, served.BytesOut)
	}
	d.printf("The rule says the same, by itself: exposed since %s, up to %s answered in an hour, %s out: %s.\n",
		found[0].FirstSeen.UTC().Format("15:04"), counted(sums[0].Hosts, "host"), counted(sums[0].Bytes, "byte"), found[0].ID)
	return d.err
}

func (d *demo) end(keep bool) {
	if !keep {
		d.printf("\nAll of it was in a temporary folder, which is gone now. To ask on: weir demo --dir ./weir-demo\nYour own logs: weir ingest s3://bucket/prefix\n")
		return
	}
	d.printf("\nTo ask on:\n  export WEIR_LAKE=%s\n  weir query \"SELECT * FROM flows LIMIT 10\"\n  weir detect\nYour own logs: weir ingest s3://bucket/prefix\n", printable(quoted(d.lake)))
}
