package traffic

import (
	"context"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// line is a record as a test reads it: split at blanks, nothing else.
type line struct {
	object                                             string
	account, iface, src, dst, psrc, pdst, action       string
	status, instance, direction, path, service, region string
	sport, dport, proto, flags                         int
	packets, bytes, start, end                         int64
	reason, encryption                                 string // of the formats that have them
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

// demo is the demonstration's day, fleet the larger company's, made and read once.
var (
	demo  = sync.OnceValues(func() ([]line, Summary) { return readBack(DemoConfig(1)) })
	fleet = sync.OnceValues(func() ([]line, Summary) { return readBack(FleetConfig(1)) })
)

func readBack(cfg Config) ([]line, Summary) {
	o := &objects{}
	s, err := Generate(context.Background(), cfg, o.open)
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
		fields := 0
		for i, l := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			f := strings.Fields(l)
			if i == 0 {
				fields = len(f)
			}
			if len(f) != fields || fields < 29 || strings.Join(f, " ") != l {
				panic(fmt.Sprintf("%s:%d: %d fields: %s", key, i+1, len(f), l))
			}
			if i == 0 {
				continue
			}
			n := line{object: key, account: f[1], iface: f[2], src: f[3], dst: f[4], sport: int(num(f[5])), dport: int(num(f[6])),
				proto: int(num(f[7])), packets: num(f[8]), bytes: num(f[9]), start: num(f[10]), end: num(f[11]), action: f[12], status: f[13],
				instance: f[16], flags: int(num(f[17])), psrc: f[19], pdst: f[20], region: f[21], service: f[26], direction: f[27], path: f[28]}
			if fields > 30 {
				n.reason, n.encryption = f[29], f[30]
			}
			lines = append(lines, n)
		}
	}
	return lines, s
}

func TestShapes(t *testing.T) {
	skipShort(t)
	lines, s := demo()
	if int64(len(lines)) != s.Records {
		t.Fatalf("read %d lines, summary says %d", len(lines), s.Records)
	}
	between := func(what string, got, low, high float64) {
		t.Helper()
		t.Logf("%s: %.3f", what, got)
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
	skipShort(t)
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

var slotOf = regexp.MustCompile(`_(\d{8}T\d{4})Z_`)

// All records of an interface's window share start and end, which lie in the object's slot.
func TestWindows(t *testing.T) {
	skipShort(t)
	lines, _ := demo()
	back := 0 // how often a line begins before the one above it
	for i, l := range lines {
		if i > 0 && l.object == lines[i-1].object && l.start < lines[i-1].start {
			back++
		}
		at, err := time.Parse("20060102T1504", slotOf.FindStringSubmatch(l.object)[1])
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
	if back < 576*10 {
		t.Errorf("the objects are sorted by start, but for %d lines; AWS's are not", back)
	}
}

// natAddresses are those of the NAT gateways of a config.
func natAddresses(cfg Config) map[string]bool {
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
}

// AWS's rules for what NAT gateways, gateway endpoints and secondary addresses look like.
func TestAddresses(t *testing.T) {
	skipShort(t)
	lines, _ := demo()
	nats := natAddresses(DemoConfig(1))
	var behind, endpoints, secondary, unknown, six int
	for _, l := range lines {
		if l.status != "OK" {
			continue
		}
		if l.src != l.psrc || l.dst != l.pdst {
			if nats[l.src] || nats[l.dst] {
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

// skipShort leaves whole days to runs without -short: the race detector needs minutes and gigabytes for them, and sees all that
// there is to see where the same bytes are made by one worker and by many.
func skipShort(t *testing.T) {
	if testing.Short() {
		t.Skip("a whole day, left out by -short")
	}
}
