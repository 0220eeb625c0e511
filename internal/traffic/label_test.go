package traffic

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a label counts is in the output, found there by nothing but what the label says.
func TestLabelsAreTrue(t *testing.T) {
	skipShort(t)
	for _, c := range []struct {
		name string
		cfg  Config
		made func() ([]line, Summary)
	}{{"demo", DemoConfig(1), demo}, {"fleet", FleetConfig(1), fleet}} {
		t.Run(c.name, func(t *testing.T) {
			lines, s := c.made()
			if len(s.Labels) < len(c.cfg.Attacks) {
				t.Fatalf("got %d labels of %d attacks", len(s.Labels), len(c.cfg.Attacks))
			}
			labelsAreTrue(t, c.cfg, lines, s)
		})
	}
}

func labelsAreTrue(t *testing.T, cfg Config, lines []line, s Summary) {
	nats := natAddresses(cfg)
	natAddress := func(a string) bool { return nats[a] }
	type sums struct{ all, records, accepted, bytesIn, bytesOut int64 }
	want, got, names := map[string]sums{}, map[string]sums{}, map[string][]string{}
	byKey := map[string]*Label{}
	for _, l := range s.Labels {
		if l.Records == 0 && !tells(l) {
			t.Errorf("label %s has no records", l.Name)
		}
		if l.Start.IsZero() || l.End.Before(l.Start) || l.Summary == "" || len(l.Detections) == 0 {
			t.Errorf("label %s is not complete: %+v", l.Name, l)
		}
		if len(l.Actors) == 0 {
			continue // a gap: see TestGaps
		}
		if slices.Contains(l.Actors, "0.0.0.0/0") {
			continue // everybody, and not each of their packets is part of it
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
		actors, targets := newAddrSet(l.Actors), newAddrSet(l.Targets)
		for i := range lines {
			r := &lines[i]
			if r.proto != int(l.Protocol) || l.Ports != nil && !slices.Contains(l.Ports, uint16(r.dport)) && !slices.Contains(l.Ports, uint16(r.sport)) {
				continue
			}
			forth := actors.has(r.psrc) && (l.Targets == nil || targets.has(r.pdst)) && (l.Ports == nil || slices.Contains(l.Ports, uint16(r.dport)))
			back := actors.has(r.pdst) && (l.Targets == nil || targets.has(r.psrc)) && (l.Ports == nil || slices.Contains(l.Ports, uint16(r.sport)))
			// The outer half of the way through a NAT gateway shows the gateway instead of the actor.
			if nat := r.src != r.psrc || r.dst != r.pdst; !forth && !back && !nat {
				forth = l.Targets != nil && targets.has(r.pdst) && slices.Contains(l.Ports, uint16(r.dport)) && natAddress(r.psrc)
				back = l.Targets != nil && targets.has(r.psrc) && slices.Contains(l.Ports, uint16(r.sport)) && natAddress(r.pdst)
			}
			if !forth && !back {
				continue
			}
			x.all++
			if l.Interface != "" && r.iface != l.Interface {
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
		if l.Name == "benign-patching" || l.Name == "benign-clocks" {
			w.all, x.all = 0, 0 // nor here: every host uses the mirrors and the clocks
		}
		if w != x {
			t.Errorf("%v: labels say %+v, the records %+v", names[k], w, x)
		}
	}
}

// tells tells the labels of what is not a flow: they say themselves when it was.
func tells(l *Label) bool {
	return slices.Contains([]string{"silence", "weakened", "late-delivery", "schema-drift", "address-overlap"}, l.Name)
}

// addrSet is a list of addresses and ranges that remembers its answers.
type addrSet struct {
	known  map[string]bool
	ranges []netip.Prefix
}

func newAddrSet(list []string) *addrSet {
	s := &addrSet{known: map[string]bool{}}
	for _, a := range list {
		if strings.Contains(a, "/") {
			s.ranges = append(s.ranges, netip.MustParsePrefix(a))
		} else {
			s.known[a] = true
		}
	}
	return s
}

func (s *addrSet) has(a string) bool {
	yes, ok := s.known[a]
	if !ok && len(s.ranges) > 0 {
		yes = slices.ContainsFunc(s.ranges, func(p netip.Prefix) bool { return p.Contains(netip.MustParseAddr(a)) })
		s.known[a] = yes
	}
	return yes
}

// Each attack is large enough for the rules that should see it, by the thresholds that detections commonly use.
func TestAttacksReachTheirThresholds(t *testing.T) {
	skipShort(t)
	_, s := demo()
	_, more := fleet()
	checks := map[string]func(l *Label) bool{
		"redis-tried":          func(l *Label) bool { return l.Accepted == 0 },
		"redis-closed":         func(l *Label) bool { return l.Accepted == 0 && l.Records >= 50 },
		"redis-answered":       func(l *Label) bool { return l.Accepted == l.Records && l.BytesOut < 200e3 },
		"redis-served":         func(l *Label) bool { return l.BytesOut >= 20e6 },
		"exposed-rdp":          func(l *Label) bool { return l.BytesOut >= 500e3 },
		"amplifier":            func(l *Label) bool { return l.BytesOut >= 5*l.BytesIn && l.BytesOut >= 1e6 },
		"portscan":             func(l *Label) bool { return l.Accepted <= 4 && l.Records >= 1000 },
		"internal-scan":        func(l *Label) bool { return l.Records >= 500 && l.BytesIn == 0 },
		"internal-sweep":       func(l *Label) bool { return l.Records >= 250 && l.BytesIn == 0 },
		"icmp-sweep":           func(l *Label) bool { return l.Records >= 25 },
		"slow-scan":            func(l *Label) bool { return l.Records >= 24 && l.BytesIn == 0 },
		"outbound-scan":        func(l *Label) bool { return l.Records >= 100 && l.BytesIn < l.BytesOut },
		"distributed-probe":    func(l *Label) bool { return l.Records >= 200 && l.Accepted == 0 },
		"syn-flood":            func(l *Label) bool { return l.Records >= 10_000 && l.BytesOut == 0 },
		"canary":               func(l *Label) bool { return l.Records >= 1 && l.Accepted == 0 },
		"ssh-guessing":         func(l *Label) bool { return l.Records >= 1000 },
		"beacon":               func(l *Label) bool { return l.Records >= 500 },
		"long-connection":      func(l *Label) bool { return l.End.Sub(l.Start) > 10*time.Hour },
		"dns-tunnel":           func(l *Label) bool { return l.BytesOut >= 40*250e3 },
		"icmp-tunnel":          func(l *Label) bool { return l.BytesOut >= 100*600 },
		"exfiltration":         func(l *Label) bool { return l.BytesOut >= 500e6 && l.BytesOut >= 10*l.BytesIn },
		"exfiltration-port":    func(l *Label) bool { return l.BytesOut >= 50e6 },
		"bulk-s3":              func(l *Label) bool { return l.BytesOut >= 1e9 },
		"outbound-dos":         func(l *Label) bool { return l.BytesIn*100 < l.BytesOut },
		"inbound-flood":        func(l *Label) bool { return l.BytesIn >= 6*100e6 },
		"lateral":              func(l *Label) bool { return len(l.Targets) > 10 },
		"server-turned-client": func(l *Label) bool { return len(l.Targets) >= 3 },
		"spam":                 func(l *Label) bool { return len(l.Targets) >= 20 },

		"exposed-vnc":        func(l *Label) bool { return l.BytesOut >= 1e6 },
		"exposed-elastic":    func(l *Label) bool { return l.BytesOut >= 50e6 && l.End.Sub(l.Start) < 2*time.Hour },
		"cleartext-ftp":      func(l *Label) bool { return l.Records >= 2*100 },
		"direct-egress":      func(l *Label) bool { return l.All == l.Records },
		"external-sweep":     func(l *Label) bool { return l.Records >= 2*21 && l.Accepted == 4 && l.End.Sub(l.Start) < time.Hour },
		"portscan-answered":  func(l *Label) bool { return l.Records > 400 && l.Accepted == 8 && l.End.Sub(l.Start) < time.Hour },
		"odd-flags":          func(l *Label) bool { return l.Records >= 20 && l.Records < 50 && l.End.Sub(l.Start) < time.Hour },
		"benign-prober":      func(l *Label) bool { return l.Records > 200 && l.Accepted == 0 },
		"reject-spike":       func(l *Label) bool { return l.Records >= 200 && l.Accepted == 0 && l.End.Sub(l.Start) < time.Hour },
		"blocked-outbound":   func(l *Label) bool { return l.Records >= 200 && l.Accepted == 0 && l.BytesIn == 0 },
		"refused-ssh":        func(l *Label) bool { return l.Records >= 10 && l.Accepted == 0 && l.End.Sub(l.Start) < time.Hour },
		"unused-range":       func(l *Label) bool { return l.Records >= 1 && l.BytesIn == 0 },
		"rdp-guessing":       func(l *Label) bool { return l.Records >= 2*30 && l.BytesIn/(l.Records/2) < 5000 },
		"inside-guessing":    func(l *Label) bool { return l.Records >= 2*150 && l.BytesIn > 150*2550+4290 },
		"smb-volume":         func(l *Label) bool { return l.BytesIn >= 1e9 },
		"beacon-fixed":       func(l *Label) bool { return l.Records >= 2*280 },
		"beacon-jitter20":    func(l *Label) bool { return l.Records >= 2*140 },
		"beacon-jitter50":    func(l *Label) bool { return l.Records >= 2*350 },
		"beacon-varied":      func(l *Label) bool { return l.Records >= 2*280 && l.BytesOut/(l.Records/2) > 600 },
		"strobe":             func(l *Label) bool { return l.Records >= 2*86_400 },
		"listed-bulk":        func(l *Label) bool { return l.BytesOut >= 25e6 },
		"listed-in":          func(l *Label) bool { return l.Accepted == l.Records && l.BytesOut >= 1000 },
		"mining-slow":        func(l *Label) bool { return l.End.Sub(l.Start) >= 4*time.Hour && l.BytesOut+l.BytesIn < 5*60*5000 },
		"night-bulk":         func(l *Label) bool { return l.BytesOut >= 250e6 && l.BytesOut < 500e6 },
		"volume-anomaly":     func(l *Label) bool { return l.BytesOut >= 500e6 },
		"icmp-exfiltration":  func(l *Label) bool { return l.BytesOut >= 50e6 },
		"nat-spike":          func(l *Label) bool { return l.BytesIn >= 5e9 && l.BytesOut < l.BytesIn/10 && l.BytesOut >= 100e6 },
		"turned-upload":      func(l *Label) bool { return l.BytesOut >= 200e6 && l.BytesIn*10 < l.BytesOut },
		"distributed-mysql":  func(l *Label) bool { return l.Records >= 200 && l.Accepted == 0 && l.End.Sub(l.Start) < time.Hour },
		"outbound-syn-flood": func(l *Label) bool { return l.BytesIn*100 < l.BytesOut && l.BytesOut >= 5*100_000*40 },
		"blocked-public":     func(l *Label) bool { return l.Accepted == 0 && l.Records >= 1 },
		"broken-replies":     func(l *Label) bool { return l.Records >= 2*20 && l.Accepted*2 == l.Records },
	}
	for _, l := range slices.Concat(s.Labels, more.Labels) {
		if ok := checks[l.Name]; ok != nil && !ok(l) {
			t.Errorf("%s is not what it should be: %+v", l.Name, bare(l))
		}
		delete(checks, l.Name)
	}
	for name := range checks {
		t.Errorf("there is no label %s", name)
	}
}

// In a longer run the attacks come on the last day, so that the days before are history; with ten-minute windows they
// are the same ones.
func TestAttacksComeOnTheLastDay(t *testing.T) {
	cfg := DemoConfig(1)
	cfg.Duration, cfg.Interval, cfg.Objects = 72*time.Hour, 600, 20
	_, s := generate(t, cfg)
	last := time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC)
	for _, l := range s.Labels {
		if l.Records == 0 && !tells(l) {
			t.Errorf("label %s has no records", l.Name)
		}
		if !l.Benign && l.Name != "low-and-slow" && l.Name != "skips" && l.Start.Before(last.Add(-10*time.Minute)) {
			t.Errorf("label %s begins %v", l.Name, l.Start)
		}
	}
}

func TestGaps(t *testing.T) {
	skipShort(t)
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
	skipShort(t)
	lines, s := demo()
	label := map[string]*Label{}
	for _, l := range s.Labels {
		label[l.Name] = l
	}
	mistake := label["redis-answered"].Start.Unix()
	if at := time.Unix(mistake, 0).UTC().Format("15:04"); at < "09:20" || at > "09:40" {
		t.Errorf("the first answer was at %s; the port was opened at 09:21", at)
	}
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

// What a log says of itself: lines of more fields after the drift, objects that come late, no refusal in a weakened log,
// one address at two interfaces, and why something was refused.
func TestWeaknesses(t *testing.T) {
	skipShort(t)
	lines, s := fleet()
	label := map[string]*Label{}
	for _, l := range s.Labels {
		label[l.Name] = l
	}
	var late, inTime, before, after, blocked, plain int
	owners := map[string]map[string]bool{}
	weak, there := label["weakened"], label["exposed-winrm"].Interface
	for _, l := range lines {
		at := time.Unix(l.end, 0).UTC()
		if l.iface == there && l.action == "REJECT" {
			if at.After(weak.Start.Add(time.Minute)) {
				after++
			} else {
				before++
			}
		}
		if strings.HasPrefix(l.direction, "e") && l.src == l.psrc {
			if owners[l.src] == nil {
				owners[l.src] = map[string]bool{}
			}
			owners[l.src][l.iface] = true
		}
		delivered, err := time.Parse("20060102T1504", slotOf.FindStringSubmatch(l.object)[1])
		if err != nil {
			t.Fatal(err)
		}
		if d := label["late-delivery"]; delivered.Sub(at) > 30*time.Minute {
			late++
			if at.Before(d.Start) || at.After(d.End) {
				t.Fatalf("late at %v", at)
			}
		} else {
			inTime++
		}
		if l.reason == "BPA" {
			blocked++
		}
		if l.encryption == "0" {
			plain++
		}
	}
	twice := 0
	for _, ifaces := range owners {
		if len(ifaces) > 1 {
			twice++
		}
	}
	if before < 100 || after > 0 {
		t.Errorf("weakened: %d refusals before, %d after", before, after)
	}
	if late < 10_000 || inTime < 500_000 {
		t.Errorf("%d records late, %d in time", late, inTime)
	}
	if int64(blocked) != label["blocked-public"].Records || int64(plain) != label["unencrypted"].All {
		t.Errorf("%d blocked, %d plain", blocked, plain)
	}
	if twice != 1 {
		t.Errorf("%d addresses with two owners, want 1", twice)
	}
}

func TestDriftedHeader(t *testing.T) {
	o, s := generate(t, Config{Records: 3000, Duration: 2 * time.Hour, Attacks: []string{"schema-drift"}})
	drifted := 0
	for _, key := range o.keys() {
		header, _, _ := strings.Cut(string(o.text(t, key)), "\n")
		at, err := time.Parse("20060102T1504", slotOf.FindStringSubmatch(key)[1])
		if err != nil {
			t.Fatal(err)
		}
		if more := strings.HasSuffix(header, " flow-sampling-rate"); more != !at.Before(s.Labels[0].Start) {
			t.Errorf("%s: %s", key, header)
		} else if more {
			drifted++
		}
	}
	if drifted == 0 || drifted == len(o.all) {
		t.Errorf("%d of %d objects drifted", drifted, len(o.all))
	}
}
