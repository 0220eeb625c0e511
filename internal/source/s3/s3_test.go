package s3

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"weir/internal/source"
	"weir/internal/source/s3test"
	"weir/internal/source/sourcetest"
)

type place struct {
	server *s3test.Server
	bucket string
	client *sdk.Client
}

func (p place) URI(key string) string { return "s3://" + p.bucket + "/" + key }

func (p place) Put(t testing.TB, key string, content []byte) {
	t.Helper()
	p.server.Put(t, p.bucket, key, content)
}

func (p place) Remove(t testing.TB, key string) {
	t.Helper()
	p.server.Remove(t, p.bucket, key)
}

func (p place) Source(t *testing.T) source.Source { return p.open(t, "") }

func (p place) open(t *testing.T, prefix string) *Source {
	t.Helper()
	s, err := New(Config{Client: p.client, Bucket: p.bucket, Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	s.backoff = func(int) time.Duration { return 0 }
	return s
}

func newPlace(t *testing.T, server *s3test.Server, bucket string) place {
	t.Helper()
	server.Bucket(t, bucket)
	return place{server, bucket, server.Client(server.Endpoint)}
}

func TestContract(t *testing.T) {
	server := s3test.Start(t)
	n := 0
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
		n++
		return newPlace(t, server, fmt.Sprintf("logs-%d", n))
	})
}

// The whole contract holds, too, when a fifth of all answers is broken.
func TestContractWithFaults(t *testing.T) {
	server := s3test.Start(t)
	proxy := server.Faulty(t, s3test.Faults{Seed: 3, SlowDown: 0.06, Cut: 0.07, Short: 0.07})
	n := 0
	sourcetest.Run(t, func(t *testing.T) sourcetest.Place {
		n++
		p := newPlace(t, server, fmt.Sprintf("logs-%d", n))
		p.client = impatient(server, proxy.Endpoint)
		return p
	})
	t.Log("answers:", proxy.Counts())
	for _, f := range []string{"503", "cut", "short"} {
		if proxy.Counts()[f] < 20 {
			t.Errorf("%d answers of %v: too few to show anything", proxy.Counts()[f], f)
		}
	}
}

// uris lists what must be without error, as keys.
func list(t *testing.T, s *Source, w source.Window) []string {
	t.Helper()
	got := []string{}
	for o, err := range s.List(t.Context(), w) {
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		got = append(got, strings.TrimPrefix(o.URI, s.uri("")))
	}
	return got
}

func TestPrefix(t *testing.T) {
	p := newPlace(t, s3test.Start(t), "logs")
	const (
		plain = "a/AWSLogs/111122223333/vpcflowlogs/us-east-1/"
		hive  = "a/AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=us-east-1/"
	)
	keys := []string{
		plain + "2026/10/31/a.log", plain + "2026/11/19/a.log", plain + "2026/11/20/13/a.log", plain + "2026/11/20/13/a.log.bak",
		plain + "2026/11/20/14/a.log", plain + "2027/01/01/a.log",
		hive + "year=2026/month=11/day=20/a.log", hive + "year=2026/month=11/day=21/hour=00/a.log",
		"a/AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/20/a.json", "a/", "ab.log", plain,
	}
	for _, key := range keys {
		p.Put(t, key, []byte(key)[:len(key)*len(strings.TrimSuffix(key[len(key)-1:], "/"))])
	}
	nov20 := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		prefix string
		window source.Window
		want   []string
	}{
		{"", source.Window{}, []string{"ab.log", keys[0], keys[1], keys[2], keys[3], keys[4], keys[6], keys[7], keys[5]}},
		{"a", source.Window{Start: nov20, End: nov20.Add(time.Hour)}, []string{keys[6]}},
		{"a/", source.Window{Start: nov20.Add(13 * time.Hour), End: nov20.Add(25 * time.Hour)}, []string{keys[2], keys[3], keys[4], keys[6], keys[7]}},
		{plain + "2026/", source.Window{Start: nov20}, []string{keys[2], keys[3], keys[4]}},
		{plain + "2026/11/", source.Window{}, keys[1:5]},
		{plain + "2026/11", source.Window{}, keys[1:5]},
		{plain + "2026/11/2", source.Window{}, keys[2:5]},
		{plain + "2026/11/20/", source.Window{}, keys[2:5]},
		{plain + "2026/11/20/", source.Window{End: nov20}, []string{}},
		{plain + "2026/11/20/13/", source.Window{}, keys[2:4]},
		{plain + "2026/11/20/13/a", source.Window{}, keys[2:4]},
		{keys[2], source.Window{}, keys[2:3]}, // one object, not what begins like it
		{keys[2], source.Window{Start: nov20.Add(14 * time.Hour)}, []string{}},
		{keys[8], source.Window{}, keys[8:9]},
		{"a/AWSLogs/111122223333/CloudTrail/", source.Window{}, keys[8:9]},
		{hive, source.Window{Start: nov20.AddDate(0, 0, 1)}, keys[7:8]},
		{"none/", source.Window{}, []string{}},
	} {
		s := p.open(t, c.prefix)
		if diff := cmp.Diff(c.want, list(t, s, c.window)); diff != "" {
			t.Errorf("prefix %q, window %v (-want +got):\n%s", c.prefix, c.window, diff)
		}
		if c.prefix == "" {
			want := map[string]int{source.SkipMarker: 2, source.SkipForeign: 1}
			if diff := cmp.Diff(want, s.Skipped()); diff != "" {
				t.Errorf("skipped (-want +got):\n%s", diff)
			}
		}
	}
}

// More accounts than fit on a page.
func TestManyPrefixes(t *testing.T) {
	server := s3test.Start(t)
	p := newPlace(t, server, "logs")
	var want []string
	for i := range 1010 {
		key := fmt.Sprintf("AWSLogs/%012d/a.log", i)
		want = append(want, key)
		// Straight into the server's folder, which is faster; such objects have no ETag.
		path := filepath.Join(server.Root, p.bucket, key)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("flow"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const last = "AWSLogs/999999999999/vpcflowlogs/us-east-1/2026/11/20/a.log"
	p.Put(t, last, []byte("flow"))
	if diff := cmp.Diff(append(want, last), list(t, p.open(t, ""), source.Window{})); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

// Where the layout is not AWS's, thousands of folders are not looked into one by one.
func TestRequests(t *testing.T) {
	server := s3test.Start(t)
	p := newPlace(t, server, "logs")
	for i := range 100 {
		p.Put(t, fmt.Sprintf("exports/task/eni-%04d-all/000000.gz", i), []byte("flow"))
	}
	for d := range 28 {
		for _, y := range []int{2024, 2025, 2026} {
			p.Put(t, fmt.Sprintf("AWSLogs/111122223333/vpcflowlogs/us-east-1/%d/11/%02d/a.log", y, d+1), []byte("flow"))
		}
	}
	for m := range 10 {
		p.Put(t, fmt.Sprintf("AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/%02d/01/a.log", m+1), []byte("flow"))
	}
	proxy := server.Faulty(t, s3test.Faults{})
	p.client = server.Client(proxy.Endpoint)
	requests := func(prefix string, w source.Window, objects int) int {
		t.Helper()
		before := proxy.Counts()["ok"]
		if got := list(t, p.open(t, prefix), w); len(got) != objects {
			t.Errorf("%q: %d objects, want %d", prefix, len(got), objects)
		}
		return proxy.Counts()["ok"] - before
	}
	if n := requests("exports/", source.Window{}, 100); n > 4 {
		t.Errorf("%d requests for an export of 100 streams", n)
	}
	nov := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	// Five folders down to the region, and one of each of the days.
	if n := requests("AWSLogs/", source.Window{Start: nov(20), End: nov(22)}, 2); n > 6 {
		t.Errorf("%d requests for two days", n)
	}
	if n := requests("AWSLogs/", source.Window{Start: nov(1), End: nov(29)}, 28); n > 6+28 {
		t.Errorf("%d requests for four weeks", n)
	}
	if n := requests("AWSLogs/", source.Window{}, 94); n > 4+3+13+94 {
		t.Errorf("%d requests for everything", n)
	}
}

// An unknown layout is sorted by day as far as memory allows.
func TestFlatBatches(t *testing.T) {
	p := newPlace(t, s3test.Start(t), "logs")
	for d := 9; d > 0; d-- {
		for _, account := range []string{"111122223333", "444455556666"} {
			p.Put(t, fmt.Sprintf("x/%s_vpcflowlogs_us-east-1_fl-1_2026110%dT0000Z_0.log", account, d), []byte("flow"))
		}
	}
	p.Put(t, "x/y/z.log", []byte("flow"))
	s := p.open(t, "")
	day := func(key string) string { return source.ParseKey(key).Time.Format("02") }
	got := list(t, s, source.Window{})
	if len(got) != 19 || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(day(a), day(b)) }) {
		t.Errorf("got %v", got)
	}
	s.batch = 5 // fewer than a page: each page is sorted
	if got := list(t, s, source.Window{}); len(got) != 19 {
		t.Errorf("in batches: %v", got)
	}
}

func TestParseURI(t *testing.T) {
	for uri, want := range map[string][2]string{
		"s3://b":      {"b", ""},
		"s3://b/":     {"b", ""},
		"s3://b/a/b/": {"b", "a/b/"},
		"s3://b//a":   {"b", "/a"},
	} {
		bucket, prefix, err := ParseURI(uri)
		if err != nil || bucket != want[0] || prefix != want[1] {
			t.Errorf("%s: got %q %q %v", uri, bucket, prefix, err)
		}
	}
	for _, uri := range []string{"", "s3://", "s3:///a", "b/a", "https://b/a"} {
		if _, _, err := ParseURI(uri); err == nil {
			t.Errorf("%q is accepted", uri)
		}
	}
}

func TestNew(t *testing.T) {
	if _, err := New(Config{Bucket: "b"}); err == nil {
		t.Error("no client is accepted")
	}
	if _, err := New(Config{Client: sdk.New(sdk.Options{})}); err == nil {
		t.Error("no bucket is accepted")
	}
}

func TestListErrors(t *testing.T) {
	server := s3test.Start(t)
	p := newPlace(t, server, "logs")
	p.Put(t, "a.log", []byte("flow"))
	first := func(s *Source) (n int, err error) {
		for _, e := range s.List(t.Context(), source.Window{}) {
			n, err = n+1, e
		}
		return n, err
	}
	var oe *source.ObjectError

	none := p
	none.bucket = "none"
	if n, err := first(none.open(t, "x/")); n != 1 || errors.As(err, &oe) || !strings.HasPrefix(err.Error(), "list s3://none/x/: NoSuchBucket: ") {
		t.Errorf("no bucket: %d results, %v", n, err)
	}

	nobody := *server
	nobody.AccessKey, nobody.SecretKey = server.NobodyAccessKey, server.NobodySecretKey
	denied := p
	denied.client = nobody.Client(server.Endpoint)
	if n, err := first(denied.open(t, "")); n != 1 || errors.As(err, &oe) || !errors.Is(err, source.ErrDenied) {
		t.Errorf("no permission: %d results, %v", n, err)
	}
}
