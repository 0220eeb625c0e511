package traffic

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"weir/flowlog"
)

// objects is a bucket in memory.
type objects struct {
	mu  sync.Mutex
	all map[string]*bytes.Buffer
}

func (o *objects) open(key string) (io.WriteCloser, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all[key] != nil {
		return nil, fmt.Errorf("object %s: made twice", key)
	}
	if o.all == nil {
		o.all = map[string]*bytes.Buffer{}
	}
	b := &bytes.Buffer{}
	o.all[key] = b
	return nopCloser{b}, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// text returns an object's text.
func (o *objects) text(t testing.TB, key string) []byte {
	z, err := gzip.NewReader(bytes.NewReader(o.all[key].Bytes()))
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return b
}

func (o *objects) keys() []string {
	var keys []string
	for k := range o.all {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func generate(t testing.TB, cfg Config) (*objects, Summary) {
	t.Helper()
	o := &objects{}
	s, err := Generate(t.Context(), cfg, o.open)
	if err != nil {
		t.Fatal(err)
	}
	return o, s
}

// sum is one number for a whole bucket.
func (o *objects) sum() string {
	h := sha256.New()
	for _, k := range o.keys() {
		fmt.Fprintf(h, "%s %d\n", k, o.all[k].Len())
		h.Write(o.all[k].Bytes())
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestSameSeedSameBytes(t *testing.T) {
	all, span := []int{2, 24, 150}, 2*time.Hour
	if testing.Short() { // for the race detector, which has seen it all once many workers shared a few ticks
		all, span = []int{5}, 10*time.Minute
	}
	for _, objects := range all {
		t.Run(fmt.Sprint(objects), func(t *testing.T) {
			cfg := Config{Seed: 7, Records: int(span.Hours() * 20_000), Objects: objects, Duration: span, Attacks: AllAttacks(),
				Accounts: []string{"012345678901", "210987654321"}}
			first, s1 := generate(t, cfg)
			if len(first.all) != objects || s1.Objects != objects {
				t.Errorf("got %d objects, summary says %d, want %d", len(first.all), s1.Objects, objects)
			}

			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			second, s2 := generate(t, cfg)
			runtime.GOMAXPROCS(2)
			cfg.Workers = 5
			third, s3 := generate(t, cfg)
			if first.sum() != second.sum() || first.sum() != third.sum() {
				t.Error("the bytes depend on the number of processors")
			}
			for _, s := range []Summary{s2, s3} {
				if diff := cmp.Diff(s1, s, cmp.Comparer(func(a, b *Label) bool { return fmt.Sprint(bare(a)) == fmt.Sprint(bare(b)) })); diff != "" {
					t.Errorf("summaries differ (-first +other):\n%s", diff)
				}
			}

			cfg.Seed++
			if other, _ := generate(t, cfg); other.sum() == first.sum() {
				t.Error("another seed gave the same bytes")
			}
		})
	}
}

// bare is a label without what points into its world.
func bare(l *Label) Label {
	c := *l
	c.host = nil
	return c
}

// flowlog reads every line, and writes back the same.
func TestFlowlogReadsIt(t *testing.T) {
	for name, c := range map[string]Config{
		"hour": {Seed: 3, Records: 20_000, Duration: time.Hour, Objects: 3, Attacks: AllAttacks()},
		"demo": DemoConfig(1), // a day with IPv6, whose addresses are of every length
	} {
		t.Run(name, func(t *testing.T) {
			if name == "demo" {
				skipShort(t)
			}
			readsBack(t, c)
		})
	}
}

func readsBack(t *testing.T, c Config) {
	t.Helper()
	o, s := generate(t, c)
	var records int64
	for _, key := range o.keys() {
		text := o.text(t, key)
		r := flowlog.NewReader(bytes.NewReader(text), flowlog.ReaderOptions{Object: key})
		b := flowlog.NewBatch(flowlog.VPC, 4096)
		f, err := r.Format()
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := bytes.Cut(text, []byte("\n"))
		var again []byte
		for {
			b.Reset()
			_, err := r.Read(b)
			for row := range b.Len() {
				again = append(b.AppendRecord(again, f, row), '\n')
			}
			records += int64(b.Len())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(rest, again) {
			t.Errorf("%s: came back different", key)
		}
	}
	if records != s.Records {
		t.Errorf("read %d records, made %d", records, s.Records)
	}
}

func TestLayouts(t *testing.T) {
	const name = `012345678901_vpcflowlogs_eu-central-1_fl-0[0-9a-f]{16}_20261103T\d{4}Z_[0-9a-f]{8}\.log`
	for _, test := range []struct {
		layout Layout
		want   string
	}{
		{Layout{}, `^AWSLogs/012345678901/vpcflowlogs/eu-central-1/2026/11/03/` + name + `\.gz$`},
		{Layout{Prefix: "a/b", Hourly: true}, `^a/b/AWSLogs/012345678901/vpcflowlogs/eu-central-1/2026/11/03/\d\d/` + name + `\.gz$`},
		{Layout{Hive: true, Hourly: true, Plain: true}, `^AWSLogs/aws-account-id=012345678901/aws-service=vpcflowlogs/aws-region=eu-central-1/year=2026/month=11/day=03/hour=\d\d/` + name + `$`},
	} {
		for _, interval := range []int{60, 600} {
			o, _ := generate(t, Config{Records: 3000, Duration: 20 * time.Minute, Interval: interval, Objects: 5, Accounts: []string{"012345678901"},
				Region: "eu-central-1", Layout: test.layout})
			for _, key := range o.keys() {
				if !regexp.MustCompile(test.want).MatchString(key) {
					t.Errorf("key %s does not match %s", key, test.want)
				}
				if test.layout.Plain && !bytes.HasPrefix(o.all[key].Bytes(), []byte("version account-id ")) {
					t.Errorf("%s is not text", key)
				}
			}
		}
	}
}

func TestFormats(t *testing.T) {
	var all []string
	for _, f := range flowlog.VPC.Fields {
		all = append(all, f.Name)
	}
	for _, fields := range [][]string{all, {"srcaddr"}, {"end", "start", "log-status", "version", "tcp-flags"}} {
		o, _ := generate(t, Config{Records: 2000, Duration: 10 * time.Minute, Fields: fields, Objects: 1})
		for _, key := range o.keys() {
			for i, l := range strings.Split(strings.TrimSpace(string(o.text(t, key))), "\n") {
				if got := len(strings.Fields(l)); got != len(fields) {
					t.Fatalf("line %d has %d fields, want %d: %s", i+1, got, len(fields), l)
				}
			}
		}
	}
}

func TestBench(t *testing.T) {
	skipShort(t)
	for _, test := range []struct{ records, objects int }{{60_000, 1}, {60_000, 8}, {90_000, 300}} {
		o, s := generate(t, BenchConfig(1, test.records, test.objects))
		if len(o.all) != test.objects {
			t.Errorf("got %d objects, want %d", len(o.all), test.objects)
		}
		if off := math.Abs(float64(s.Records)/float64(test.records) - 1); off > 0.2 {
			t.Errorf("got %d records, want about %d", s.Records, test.records)
		}
	}
	_, s := generate(t, BenchConfig(1, 400_000, 8))
	if off := math.Abs(float64(s.Records)/400_000 - 1); off > 0.04 {
		t.Errorf("got %d records, want 400,000 give or take 4 %%", s.Records)
	}
}

func TestBadConfigs(t *testing.T) {
	for _, test := range []struct {
		cfg  Config
		want string
	}{
		{Config{Attacks: []string{"nonsense"}}, "nonsense"},
		{Config{Fields: []string{"srcaddr", "colour"}}, "colour"},
		{Config{Interval: 30}, "interval 30"},
		{Config{Duration: time.Minute}, "duration"},
		{Config{Start: time.Unix(1, 0)}, "start"},
		{Config{Accounts: []string{"1"}}, "account"},
		{Config{Interfaces: 5000}, "interfaces"},
		{Config{Records: -1}, "records"},
		{Config{Level: 12}, "level"},
	} {
		_, err := Generate(t.Context(), test.cfg, (&objects{}).open)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v, want an error that names %q", test.cfg, err, test.want)
		}
	}
}

func TestErrorsEndIt(t *testing.T) {
	full := errors.New("disk full")
	_, err := Generate(t.Context(), Config{Records: 5000, Duration: time.Hour}, func(string) (io.WriteCloser, error) { return nil, full })
	if !errors.Is(err, full) {
		t.Errorf("open: got %v", err)
	}
	_, err = Generate(t.Context(), Config{Records: 5000, Duration: time.Hour}, func(string) (io.WriteCloser, error) { return broken{full}, nil })
	if !errors.Is(err, full) {
		t.Errorf("write: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = Generate(ctx, Config{Records: 5000}, (&objects{}).open); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }
func (b broken) Close() error              { return nil }

func TestWriteDir(t *testing.T) {
	dir := t.TempDir()
	s, err := WriteDir(t.Context(), Config{Records: 3000, Duration: time.Hour, Objects: 4, Attacks: []string{"redis"}}, dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "labels.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(b, []byte("\n")); got != len(s.Labels) || got != 3 {
		t.Errorf("got %d labels in the file, %d in the summary, want 3", got, len(s.Labels))
	}
	files, err := filepath.Glob(filepath.Join(dir, "AWSLogs/*/vpcflowlogs/*/2026/11/03/*.log.gz"))
	if err != nil || len(files) != 4 {
		t.Errorf("got %v, %v, want 4 files", files, err)
	}
}

func TestRank(t *testing.T) {
	r := newRNG(1)
	counts := make([]int, 7000)
	for range 35_000 {
		counts[r.rank(7000)]++
	}
	slices.Sort(counts)
	top := 0
	for _, n := range counts[len(counts)-10:] {
		top += n
	}
	if share := float64(top) / 35_000; share < 0.2 || share > 0.4 {
		t.Errorf("the ten busiest make %.2f, want about 0.3", share)
	}
}

func TestZoneID(t *testing.T) {
	for region, want := range map[string]string{"us-east-1": "use1-az2", "eu-central-1": "euc1-az2", "ap-southeast-2": "apse2-az2", "us-gov-west-1": "usw1-az2"} {
		if got := zoneID(region, 2); got != want {
			t.Errorf("%s: got %s, want %s", region, got, want)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		s, err := Generate(b.Context(), BenchConfig(1, 200_000, 4), func(string) (io.WriteCloser, error) { return nopCloser{io.Discard}, nil })
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(s.TextBytes)
	}
}
