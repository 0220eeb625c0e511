package ingest

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"weir/internal/lake"
	"weir/internal/source"
	"weir/internal/source/s3"
	"weir/internal/source/s3test"
)

// impatient is a client that retries as often as ours does, without waiting.
func impatient(server *s3test.Server, endpoint string) *sdk.Client {
	return server.Client(endpoint, func(o *sdk.Options) {
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts, r.RateLimiter = 10, ratelimit.None
			r.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})
}

func bucket(t *testing.T, client *sdk.Client, prefix string) source.Source {
	t.Helper()
	s, err := s3.New(s3.Config{Client: client, Bucket: "logs", Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFaultyS3 ingests from a server that answers 503, cuts connections and sends short bodies: each record arrives once.
func TestFaultyS3(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket(t, "logs")
	want := rows{}
	n := 40
	for i := range n {
		key := fmt.Sprintf("AWSLogs/123456789010/vpcflowlogs/us-east-1/2026/11/%02d/123456789010_vpcflowlogs_us-east-1_fl-1_202611%02dT0000Z_%d.log.gz", 20+i%3, 20+i%3, i)
		s := text(i, 20+i*31%700, day0+int64(i%3)*86400)
		server.Put(t, "logs", key, zip(t, s))
		want.add("s3://logs/"+key, s)
	}
	for seed := range uint64(1) {
		proxy := server.Faulty(t, s3test.Faults{Seed: seed, SlowDown: 0.15, Cut: 0.15, Short: 0.15})
		src := bucket(t, impatient(server, proxy.Endpoint), "AWSLogs/")
		l := openLake(t, t.TempDir())
		s := mustRun(t, Config{Lake: l, Sources: []source.Source{src}, Workers: 4, BatchRows: 2000})
		if s.Objects != int64(n) || s.Failed != 0 || s.Rejected != 0 {
			t.Errorf("seed %d: %+v", seed, s)
		}
		checkLake(t, l, want)
		c := proxy.Counts()
		t.Logf("seed %d: answers: %v", seed, c)
		if c["503"] == 0 || c["cut"] == 0 || c["short"] == 0 {
			t.Errorf("the server was not faulty: %v", c)
		}
	}

	// Faults of reading that never end: each object is named, nothing of them is stored, and the next run has them all.
	// (Bodies that are cut for ever take package s3 minutes of patience; its own tests have them.)
	for name, f := range map[string]s3test.Faults{"503": {SlowDown: 1}} {
		f.Only = isObject
		proxy := server.Faulty(t, f)
		l := openLake(t, t.TempDir())
		c := Config{Lake: l, Sources: []source.Source{bucket(t, impatient(server, proxy.Endpoint), "AWSLogs/123456789010/vpcflowlogs/us-east-1/2026/11/20/")}, Workers: 2, BatchRows: 200}
		var told problems
		told.on(&c)
		s := mustRun(t, c)
		if s.Failed == 0 || s.Failed+s.Objects != s.Listed || int64(len(told)) != s.Failed {
			t.Errorf("%s for ever: %+v, told %d", name, s, len(told))
		}
		for _, p := range told {
			if !p.Failed || !strings.HasPrefix(p.Text, p.URI+": ") {
				t.Errorf("%s for ever: told %+v", name, p)
			}
		}
		if name == "503" && (s.Objects != 0 || len(told) > 0 && !strings.Contains(told[0].Text, "SlowDown")) {
			t.Errorf("%s for ever: %+v, %v", name, s, told)
		}
		t.Logf("%s for ever: %d failed, %d read; %s", name, s.Failed, s.Objects, told[0].Text)
		r, err := l.Verify(t.Context(), lake.VerifyOptions{Deep: true})
		if err != nil || !r.OK() || r.Rows != s.Stored {
			t.Errorf("%s for ever: %v, %+v", name, err, r)
		}
		c.Sources = []source.Source{bucket(t, impatient(server, server.Endpoint), "AWSLogs/")}
		mustRun(t, c)
		checkLake(t, l, want)
	}

	// A listing that fails for ever ends the run.
	proxy := server.Faulty(t, s3test.Faults{SlowDown: 1})
	l := openLake(t, t.TempDir())
	_, err := Run(t.Context(), Config{Lake: l, Sources: []source.Source{bucket(t, impatient(server, proxy.Endpoint), "AWSLogs/")}, Workers: 1})
	if err == nil || !strings.Contains(err.Error(), "SlowDown") || !strings.Contains(err.Error(), "logs") {
		t.Errorf("listing: %v", err)
	}
	checkLake(t, l, rows{})
}

// hostileNames are keys that whoever may write into a bucket can choose.
var hostileNames = []string{
	"a\nb.log", "\x1b[31mred\x1b[0m.log", "\x1b]0;title\x07.log", "'; DROP TABLE flows; --.log", `"quoted".log`, "日本 ü.log", "%s%n$HOME`id`.log",
	"a\u202eb.log", "tab\there.log", "back\\slash.log", "--help", "x*?[a].log", "\u009b31m.log", strings.Repeat("long", 50) + ".log", "ends with blank ",
}

// TestHostileNames: objects of any name are stored under that name, and are known again.
func TestHostileNames(t *testing.T) {
	m := &made{}
	want := rows{}
	for i, n := range hostileNames {
		uri := "s3://logs/" + n
		m.objects = append(m.objects, object{uri: uri, data: []byte(text(i, 3, day0) + "no flow\n")})
		want.add(uri, text(i, 3, day0))
	}
	l := openLake(t, t.TempDir())
	c := Config{Lake: l, Sources: []source.Source{m}, Workers: 2}
	s := mustRun(t, c)
	if s.Objects != int64(len(hostileNames)) || s.Rejected != s.Objects {
		t.Errorf("summary: %+v", s)
	}
	checkLake(t, l, want)
	if s := mustRun(t, c); s.Known != int64(len(hostileNames)) || s.Objects != 0 {
		t.Errorf("again: %+v", s)
	}
	got := map[string]int{}
	for r, err := range l.Rejects(t.Context(), "s3://logs/", 0) {
		if err != nil {
			t.Fatal(err)
		}
		got[strings.TrimPrefix(r.URI, "s3://logs/")]++
	}
	all := map[string]int{}
	for _, n := range hostileNames {
		all[n]++
	}
	if !maps.Equal(got, all) {
		t.Errorf("rejects of %v", got)
	}
	if n := m.objects[1].uri; true { // a prefix is a prefix, not a pattern
		for r, err := range l.Rejects(t.Context(), n, 0) {
			if err != nil || r.URI != n {
				t.Errorf("rejects of %q: %+v, %v", n, r, err)
			}
		}
	}
	// A name that is not text is told of with the name escaped, and what fails is no danger either.
	m = &made{}
	for _, n := range hostileNames {
		m.objects = append(m.objects, object{uri: "s3://bad/" + n, gone: &source.ObjectError{URI: "s3://bad/" + n, Err: source.ErrVanished}})
	}
	var told problems
	c.Sources = []source.Source{m}
	told.on(&c)
	if s := mustRun(t, c); s.Failed != int64(len(hostileNames)) {
		t.Errorf("failing: %+v", s)
	}
	for _, p := range told {
		if strings.ContainsAny(p.Text, "\x1b\n\x07\u009b") {
			t.Errorf("told %q", p.Text)
		}
	}
}

// isObject tells requests for objects from those for listings.
func isObject(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/logs/") && len(r.URL.Path) > len("/logs/")
}
