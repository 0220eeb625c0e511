package traffic

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
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

// line is a record as a test reads it: split at blanks, nothing else.
type line struct {
	object                                             string
	account, iface, src, dst, psrc, pdst, action       string
	status, instance, direction, path, service, region string
	sport, dport, proto, flags                         int
	packets, bytes, start, end                         int64
}

func num(s string) int64 {
	if s == "-" {
		return -1
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// demo is the demonstration's day, made and read once.
var demo = sync.OnceValues(func() ([]line, Summary) {
	o := &objects{}
	s, err := Generate(context.Background(), DemoConfig(1), o.open)
	if err != nil {
		panic(err)
	}
	var lines []line
	for _, key := range o.keys() {
		z, err := gzip.NewReader(o.all[key])
		if err != nil {
			panic(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			panic(err)
		}
		for i, l := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			f := strings.Fields(l)
			if len(f) != 29 || strings.Join(f, " ") != l {
				panic(fmt.Sprintf("%s:%d: %d fields: %s", key, i+1, len(f), l))
			}
			if i == 0 {
				continue
			}
			lines = append(lines, line{object: key, account: f[1], iface: f[2], src: f[3], dst: f[4], sport: int(num(f[5])), dport: int(num(f[6])),
				proto: int(num(f[7])), packets: num(f[8]), bytes: num(f[9]), start: num(f[10]), end: num(f[11]), action: f[12], status: f[13],
				instance: f[16], flags: int(num(f[17])), psrc: f[19], pdst: f[20], region: f[21], service: f[26], direction: f[27], path: f[28]})
		}
	}
	return lines, s
})

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
	for _, objects := range []int{2, 24, 150} {
		t.Run(fmt.Sprint(objects), func(t *testing.T) {
			cfg := Config{Seed: 7, Records: 40_000, Objects: objects, Duration: 2 * time.Hour, Attacks: AllAttacks(),
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

func TestShapes(t *testing.T) {
	lines, s := demo()
	if int64(len(lines)) != s.Records {
		t.Fatalf("read %d lines, summary says %d", len(lines), s.Records)
	}
	between := func(what string, got, low, high float64) {
		t.Helper()
		if got < low || got > high || math.IsNaN(got) {
			t.Errorf("%s: got %.3f, want %v to %v", what, got, low, high)
		}
	}
	between("records", float64(s.Records), 285_000, 315_000)
	between("objects", float64(s.Objects), 576, 576)
	between("characters a line", float64(s.TextBytes)/float64(s.Records), 225, 260)
	between("gzip ratio", float64(s.TextBytes)/float64(s.StoredBytes), 8.5, 12.5)

	w, err := newWorld(&Config{Seed: 1, Accounts: []string{"210987654321"}, Region: "us-east-1"}, "210987654321", false)
	if err != nil {
		t.Fatal(err)
	}
	host := map[string]*iface{}
	for _, h := range w.ifaces {
		host[h.id] = h
	}
	attacked := map[string]bool{} // by an attack of thousands of records, which would hide the shape
	for _, l := range s.Labels {
		if !l.Benign && l.Records > 1000 {
			attacked[l.Interface] = true
		}
	}
	var (
		all, rejects, one, quiet, quietRejects, tcpRejects, forty float64
		ports, sources                                            = map[int]bool{}, map[string]int{}
		objectLines                                               = map[string]int{}
		protocols                                                 = map[int]float64{}
		accepts, sizes                                            []int64
		nodata                                                    float64
	)
	for _, l := range lines {
		objectLines[l.object]++
		h := host[l.iface]
		if h == nil {
			t.Fatalf("interface %s is not in the world", l.iface)
		}
		if l.status != "OK" {
			nodata++
			if l.src != "-" || l.action != "-" || l.packets != -1 || l.flags != -1 {
				t.Fatalf("a record without data has some: %+v", l)
			}
			continue
		}
		if l.bytes < 28*l.packets || l.bytes > 1500*l.packets {
			t.Fatalf("%d bytes in %d packets: %+v", l.bytes, l.packets, l)
		}
		if h.public && !h.managed && !attacked[l.iface] {
			all++
			protocols[l.proto]++
			if l.action == "REJECT" {
				rejects++
				ports[l.dport] = true
				sources[l.src]++
				if l.packets == 1 {
					one++
				}
				if l.proto == tcp {
					tcpRejects++
					if l.bytes/l.packets == 40 {
						forty++
					}
				}
			}
		}
		if !h.public && !attacked[l.iface] {
			quiet++
			if l.action == "REJECT" {
				quietRejects++
			}
		}
		if l.action == "ACCEPT" {
			accepts, sizes = append(accepts, l.packets), append(sizes, l.bytes)
		}
	}
	between("REJECT share of public instances", rejects/all, 0.55, 0.85)
	between("REJECT share of private interfaces", quietRejects/quiet, 0, 0.02)
	between("REJECTs of one packet", one/rejects, 0.965, 0.99)
	between("TCP REJECTs of 40 bytes", forty/tcpRejects, 0.5, 0.8)
	between("TCP share of public instances", protocols[tcp]/all, 0.85, 0.96)
	between("different ports in REJECTs", float64(len(ports))/rejects, 0.3, 0.9)
	between("sources of REJECTs", float64(len(sources)), 2000, scanners+100)
	slices.Sort(accepts)
	slices.Sort(sizes)
	between("packets of an ACCEPT, median", float64(accepts[len(accepts)/2]), 5, 25)
	between("bytes of an ACCEPT, median", float64(sizes[len(sizes)/2]), 500, 6000)
	between("packets of an ACCEPT, the largest", float64(accepts[len(accepts)-1]), 10_000, 1e7)
	between("NODATA share", nodata/float64(len(lines)), 0.005, 0.1)
	var counts []int
	for _, n := range objectLines {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	between("records of an object, median", float64(counts[len(counts)/2]), 100, 800)
}

// Both directions of an accepted flow lie in the same object, for an interface and window.
func TestBothDirectionsInOneObject(t *testing.T) {
	lines, _ := demo()
	type key struct {
		object, iface, a, b string
		ap, bp, proto       int
		start               int64
	}
	have := map[key]bool{}
	for _, l := range lines {
		have[key{l.object, l.iface, l.src, l.dst, l.sport, l.dport, l.proto, l.start}] = true
	}
	var replied, all float64
	for _, l := range lines {
		if l.status != "OK" || l.action != "ACCEPT" {
			continue
		}
		all++
		if have[key{l.object, l.iface, l.dst, l.src, l.dport, l.sport, l.proto, l.start}] {
			replied++
		}
		if l.action == "ACCEPT" && l.flags&synAck == synAck && !have[key{l.object, l.iface, l.dst, l.src, l.dport, l.sport, l.proto, l.start}] {
			t.Fatalf("a SYN-ACK without the SYN: %+v", l)
		}
	}
	if got := replied / all; got < 0.85 {
		t.Errorf("%.3f of the accepted records have the reverse one, want at least 0.85", got)
	}
}

// All records of an interface's window share start and end, which lie in the object's slot.
func TestWindows(t *testing.T) {
	lines, _ := demo()
	slot := regexp.MustCompile(`_(\d{8}T\d{4})Z_`)
	for _, l := range lines {
		at, err := time.Parse("20060102T1504", slot.FindStringSubmatch(l.object)[1])
		if err != nil {
			t.Fatal(err)
		}
		if l.end < at.Unix() || l.end >= at.Unix()+300 || l.start > l.end || l.end-l.start > 60 {
			t.Fatalf("window %d to %d in the object of %v", l.start, l.end, at)
		}
		if l.start < time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC).Unix() {
			t.Fatalf("start %d is before the run", l.start)
		}
	}
}

// What a label counts is in the output, found there by nothing but what the label says.
func TestLabelsAreTrue(t *testing.T) {
	lines, s := demo()
	if len(s.Labels) < len(attacks) {
		t.Fatalf("got %d labels of %d attacks", len(s.Labels), len(attacks))
	}
	in := func(list []string, a string) bool {
		if slices.Contains(list, a) {
			return true
		}
		for _, p := range list {
			if strings.Contains(p, "/") && netip.MustParsePrefix(p).Contains(netip.MustParseAddr(a)) {
				return true
			}
		}
		return false
	}
	type sums struct{ all, records, accepted, bytesIn, bytesOut int64 }
	want, got, names := map[string]sums{}, map[string]sums{}, map[string][]string{}
	byKey := map[string]*Label{}
	for _, l := range s.Labels {
		if l.Records == 0 && l.Name != "silence" {
			t.Errorf("label %s has no records", l.Name)
		}
		if l.Start.IsZero() || l.End.Before(l.Start) || l.Summary == "" || len(l.Detections) == 0 {
			t.Errorf("label %s is not complete: %+v", l.Name, l)
		}
		if len(l.Actors) == 0 {
			continue // a gap: see TestGaps
		}
		// Two labels that the records cannot tell apart (one before, one after a change) are added up.
		actors := slices.Sorted(slices.Values(l.Actors))
		k := fmt.Sprint(l.Interface, l.Targets, l.Ports, l.Protocol, actors)
		if l.Name == "redis-tried" || l.Name == "redis-answered" {
			k = "redis-1"
			if m := byKey[k]; m == nil || len(m.Actors) < len(l.Actors) {
				byKey[k] = l
			}
		} else {
			byKey[k] = l
		}
		x := want[k]
		x.all, x.records, x.accepted, x.bytesIn, x.bytesOut = x.all+l.All, x.records+l.Records, x.accepted+l.Accepted, x.bytesIn+l.BytesIn, x.bytesOut+l.BytesOut
		want[k] = x
		names[k] = append(names[k], l.Name)
	}
	for k, l := range byKey {
		var x sums
		for i := range lines {
			r := &lines[i]
			if r.proto != int(l.Protocol) {
				continue
			}
			forth := in(l.Actors, r.psrc) && (l.Targets == nil || in(l.Targets, r.pdst)) && (l.Ports == nil || slices.Contains(l.Ports, uint16(r.dport)))
			back := in(l.Actors, r.pdst) && (l.Targets == nil || in(l.Targets, r.psrc)) && (l.Ports == nil || slices.Contains(l.Ports, uint16(r.sport)))
			// The outer half of the way through a NAT gateway shows the gateway instead of the actor.
			if nat := r.src != r.psrc || r.dst != r.pdst; !forth && !back && !nat {
				forth = l.Targets != nil && in(l.Targets, r.pdst) && slices.Contains(l.Ports, uint16(r.dport)) && natAddress(r.psrc)
				back = l.Targets != nil && in(l.Targets, r.psrc) && slices.Contains(l.Ports, uint16(r.sport)) && natAddress(r.pdst)
			}
			if !forth && !back {
				continue
			}
			x.all++
			if r.iface != l.Interface {
				continue
			}
			x.records++
			if r.action == "ACCEPT" {
				x.accepted++
			}
			if r.direction == "egress" {
				x.bytesOut += r.bytes
			} else {
				x.bytesIn += r.bytes
			}
		}
		got[k] = x
		w := want[k]
		if l.Ports == nil || l.Targets == nil { // the outer half cannot be told there
			w.all, x.all = 0, 0
		}
		if l.Name == "benign-patching" {
			w.all, x.all = 0, 0 // nor here: every host uses the mirrors
		}
		if w != x {
			t.Errorf("%v: labels say %+v, the records %+v", names[k], w, x)
		}
	}
}

var natAddresses = sync.OnceValue(func() map[string]bool {
	cfg := DemoConfig(1)
	if err := cfg.complete(); err != nil {
		panic(err)
	}
	w, err := newWorld(&cfg, cfg.Accounts[0], false)
	if err != nil {
		panic(err)
	}
	all := map[string]bool{}
	for _, h := range w.roles["nat"] {
		all[h.addr.String()] = true
	}
	return all
})

func natAddress(a string) bool { return natAddresses()[a] }

// In a longer run the attacks come on the last day, so that the days before are history; with ten-minute windows they
// are the same ones.
func TestAttacksComeOnTheLastDay(t *testing.T) {
	cfg := DemoConfig(1)
	cfg.Duration, cfg.Interval, cfg.Objects = 72*time.Hour, 600, 20
	_, s := generate(t, cfg)
	last := time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)
	for _, l := range s.Labels {
		if l.Records == 0 && l.Name != "silence" {
			t.Errorf("label %s has no records", l.Name)
		}
		if !l.Benign && l.Start.Before(last.Add(-10*time.Minute)) {
			t.Errorf("label %s begins %v", l.Name, l.Start)
		}
	}
}

func TestGaps(t *testing.T) {
	lines, s := demo()
	for _, l := range s.Labels {
		if l.Name != "silence" && l.Name != "lost-records" {
			continue
		}
		var silent, lost int64
		for _, r := range lines {
			if r.iface != l.Interface {
				continue
			}
			if r.end > l.Start.Unix()+60 && r.end < l.End.Unix() {
				silent++
			}
			if r.status == "SKIPDATA" && r.start >= l.Start.Unix() && r.end <= l.End.Unix() {
				lost++
			}
		}
		if l.Name == "silence" && silent > 0 {
			t.Errorf("%d records of an interface that was silent", silent)
		}
		if l.Name == "lost-records" && (lost != l.Records || lost < 50) {
			t.Errorf("%d SKIPDATA records, label says %d", lost, l.Records)
		}
	}
}

// The story: nobody got an answer before the mistake, several after, one got nearly all the bytes; the other Redis
// answered nobody.
func TestRedisStory(t *testing.T) {
	lines, s := demo()
	label := map[string]*Label{}
	for _, l := range s.Labels {
		label[l.Name] = l
	}
	mistake := label["redis-answered"].Start.Unix()
	out, clients := map[string]int64{}, map[string]bool{}
	var before, after int
	for _, l := range lines {
		switch {
		case l.iface == label["redis-closed"].Interface && !strings.HasPrefix(l.src, "10.20.") && !strings.HasPrefix(l.dst, "10.20.") && (l.dport == 6379 || l.sport == 6379) && l.action != "REJECT":
			t.Fatalf("the closed Redis answered: %+v", l)
		case l.iface != label["redis-served"].Interface, strings.HasPrefix(l.src, "10.20.") && strings.HasPrefix(l.dst, "10.20."):
		case l.dport == 6379 && l.action == "ACCEPT":
			clients[l.src] = true
			if l.start < mistake {
				t.Fatalf("accepted before the mistake: %+v", l)
			}
			after++
		case l.dport == 6379 && l.end > mistake+120:
			t.Fatalf("refused after the mistake: %+v", l)
		case l.dport == 6379:
			before++
		case l.sport == 6379:
			out[l.dst] += l.bytes
		}
	}
	thief := label["redis-served"].Actors[0]
	var rest int64
	for who, n := range out {
		if who != thief {
			rest += n
		}
	}
	if before < 30 || after < 60 || len(clients) < 10 || out[thief] < 20e6 || rest > 200e3 {
		t.Errorf("%d refused, %d accepted, %d clients, %d bytes to one, %d to the others", before, after, len(clients), out[thief], rest)
	}
}

// AWS's rules for what NAT gateways, gateway endpoints and secondary addresses look like.
func TestAddresses(t *testing.T) {
	lines, _ := demo()
	var behind, endpoints, secondary, unknown, six int
	for _, l := range lines {
		if l.status != "OK" {
			continue
		}
		if l.src != l.psrc || l.dst != l.pdst {
			if natAddress(l.src) || natAddress(l.dst) {
				behind++
				if l.instance != "-" {
					t.Fatalf("a NAT gateway has an instance: %+v", l)
				}
			} else {
				secondary++
			}
		}
		if (l.direction == "egress") == (l.path == "-") {
			t.Fatalf("path and direction disagree: %+v", l)
		}
		if l.service == "S3" && l.direction == "egress" {
			if l.path != "7" {
				t.Fatalf("S3 without the gateway endpoint: %+v", l)
			}
			endpoints++
		}
		if l.account == "unknown" {
			unknown++
		}
		if strings.Contains(l.src, ":") {
			six++
		}
		if l.proto != tcp && l.flags != 0 {
			t.Fatalf("flags without TCP: %+v", l)
		}
	}
	for what, n := range map[string]int{"behind NAT": behind, "gateway endpoint": endpoints, "secondary address": secondary, "account unknown": unknown, "IPv6": six} {
		if n < 100 {
			t.Errorf("%s: only %d records", what, n)
		}
	}
}

// flowlog reads every line, and writes back the same.
func TestFlowlogReadsIt(t *testing.T) {
	o, s := generate(t, Config{Seed: 3, Records: 20_000, Duration: time.Hour, Objects: 3, Attacks: AllAttacks()})
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
