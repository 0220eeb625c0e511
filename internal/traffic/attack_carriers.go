package traffic

import "time"

// More that is carried off or broken: slowly, at night, by odd means, or far more than usual.

var carriers = []attack{
	{"low-and-slow", "app-2 sends a host a little more each day, for a week", playLowAndSlow},
	{"night-bulk", "backup-1 sends 300 MB to the internet at night", holdOutside("night-bulk", "backup-1", tcp, 443, 3.5, 4,
		7_300, 10_000_000, 2_600, 150_000, []string{"D57", "D58", "D61"}, "T1029", "A host sends 300 MB to a host of the internet, out of hours.")},
	{"volume-anomaly", "log-1 sends ten times as much as ever", holdOutside("volume-anomaly", "log-1", tcp, 443, 19, 20,
		9_500, 13_500_000, 3_200, 180_000, []string{"D55", "D56", "D57", "D58"}, "T1048", "A host sends 800 MB to the internet within an hour; its usual hour has a hundredth.")},
	{"icmp-exfiltration", "app-1 sends 60 MB in pings", holdOutside("icmp-exfiltration", "app-1", icmp, 0, 20, 20.7, 1_100, 1_500_000, 1_100, 1_500_000,
		[]string{"D50", "D60", "D58"}, "T1048.003", "An application server sends 60 MB in pings to a host of the internet.")},
	{"nat-spike", "ci-1 draws 6 GB through its NAT gateway", playNATSpike},
	{"smb-egress", "dev-2 speaks SMB to a host of the internet", holdOutside("smb-egress", "dev-2", tcp, 445, 12, 12.5, 24, 5_200, 22, 7_400,
		[]string{"D63"}, "T1187", "A developer's machine speaks SMB to a host of the internet.")},
	{"outbound-syn-flood", "web-2 floods a host of the internet with SYNs", holdOutside("outbound-syn-flood", "web-2", tcp, 443, 23.3, 23.4,
		300_000, 12_000_000, 0, 0, []string{"D64"}, "T1498.001", "A web server sends 300,000 small packets a minute to one host of the internet, which hardly answers.")},
}

// playNATSpike is best seen at the NAT gateway.
func playNATSpike(w *world, r rng) func(*tick) {
	c, who := w.named("ci-1"), public(r.u64())
	l := w.label(c.vpc.nat, Label{Attack: "nat-spike", Name: "nat-spike", Detections: []string{"D67"}, Technique: "T1496.002", Protocol: tcp, Ports: []uint16{443},
		Summary: "A host draws 6 GB through the NAT gateway within an hour, many times what passes there.", Actors: addrs(c.addr), Targets: addrs(who)})
	return func(t *tick) {
		n := int64(float64(t.r.between(68_000, 76_000)) * t.minutes())
		t.hold(l, flow{client: c.end(), server: outside(who), sport: 443, proto: tcp, cpackets: n / 2, cbytes: n / 2 * 55, spackets: n, sbytes: n * 1_440}, w.at(21), w.at(22))
	}
}

func playLowAndSlow(w *world, r rng) func(*tick) {
	c, who := w.named("app-2"), public(r.u64())
	l := w.label(c, Label{Attack: "low-and-slow", Name: "low-and-slow", Detections: []string{"D59"}, Technique: "T1030", Protocol: tcp,
		Summary: "An application server sends the same host of the internet a little more each day for a week, a little each hour.",
		Actors:  addrs(c.addr), Targets: addrs(who), Ports: []uint16{443}})
	return func(t *tick) {
		for day := range int64(7) {
			from := w.at(0) - (6-day)*86400
			t.spread(48, from, from+86400, func(int64) {
				up := (30 + 4*day) * 1_000_000 / 48
				t.talk(l, c.end(), outside(who), 443, up/1400, up, up/2800, up/50)
			})
		}
	}
}

// weaknesses are failures of the log itself, and what it says of the network's own mistakes.
var weaknesses = []attack{
	{"weakened", "the log of the second VPC keeps only what was accepted from noon on", func(w *world, _ rng) func(*tick) {
		for _, h := range w.ifaces {
			if h.vpc == w.vpcs[1] {
				h.acceptsFrom = w.at(12)
			}
		}
		w.told(nil, "weakened", 12, 24, []string{"D70"}, "T1562.008", "From noon on the flow log of a VPC that is probed all day has no REJECT any more.")
		return func(*tick) {}
	}},
	{"late-delivery", "objects of two hours are delivered 50 minutes late", func(w *world, _ rng) func(*tick) {
		w.lateFrom, w.lateTo = w.at(6), w.at(8)
		w.told(nil, "late-delivery", 6, 8, []string{"D73"}, "", "The records of two hours are delivered 50 minutes late.")
		return func(*tick) {}
	}},
	{"schema-drift", "from the evening on lines have a field that nobody knows", func(w *world, _ rng) func(*tick) {
		w.driftFrom = w.at(18)
		w.told(nil, "schema-drift", 18, 24, []string{"D74"}, "", "From 18:00 on the header names a field that is in no version of the format.")
		return func(*tick) {}
	}},
	{"address-overlap", "idle-1 and log-1, in different VPCs, have the same address", func(w *world, _ rng) func(*tick) {
		h := w.named("idle-1")
		h.addr = w.named("log-1").addr
		w.told(h, "address-overlap", 0, 24, []string{"D75"}, "", "Two interfaces in different VPCs have the same private address.")
		return func(*tick) {}
	}},
	{"skips", "here and there a window loses records, as everywhere", func(w *world, _ rng) func(*tick) {
		l := w.label(nil, Label{Attack: "skips", Name: "skips", Detections: []string{"D68"}, Summary: "One window in 4,000 lost records."})
		w.marks["skips"] = l.index
		return func(*tick) {}
	}},
	{"blocked-public", "block public access refuses what a partner sends to ntp-1", playBlockedPublic},
	{"broken-replies", "the network ACL of dns-1 refuses its own replies", playBrokenReplies},
}

// lateness is how much later than usual late objects are.
const lateness = 50 * time.Minute

// told enters the label of what leaves no records, or is seen in all, on the last day.
func (w *world) told(h *iface, name string, from, to float64, detections []string, technique, summary string) {
	w.label(h, Label{Attack: name, Name: name, Detections: detections, Technique: technique, Summary: summary, Start: unix(w.at(from)), End: unix(w.at(to))})
}

func playBlockedPublic(w *world, _ rng) func(*tick) {
	h, who := w.named("ntp-1"), partner(3)
	l := w.label(h, Label{Attack: "blocked-public", Name: "blocked-public", Detections: []string{"D71"}, Protocol: tcp,
		Summary: "Block public access refuses what a partner sends: someone still relies on the open way.", Actors: addrs(who), Targets: addrs(h.addr), Ports: []uint16{443}})
	return func(t *tick) {
		t.spread(30, w.at(9), w.at(12), func(int64) {
			t.emit(flow{client: outside(who), server: h.end(), cport: t.r.port(), sport: 443, proto: tcp, cflags: syn, cpackets: 1, cbytes: 60,
				verdict: refused, blocked: true, label: l.index})
		})
	}
}

func playBrokenReplies(w *world, _ rng) func(*tick) {
	c, s := w.named("mon-1"), w.named("dns-1")
	l := w.label(s, Label{Attack: "broken-replies", Name: "broken-replies", Detections: []string{"D72"}, Protocol: tcp,
		Summary: "Calls to a port are let in, and the network ACL refuses the replies.", Actors: addrs(c.addr), Targets: addrs(s.addr), Ports: []uint16{9153}})
	return func(t *tick) {
		t.spread(60, w.at(10), w.at(11.5), func(int64) {
			f := flow{client: c.end(), server: s.end(), cport: t.r.port(), sport: 9153, proto: tcp, cflags: syn, sflags: synAck,
				cpackets: 3, cbytes: 180, spackets: 3, sbytes: 180, label: l.index}
			q, a := f.request(), f.reply()
			a.reject = true
			t.leaves(c, q, 4)
			t.enters(s, q)
			t.leaves(s, a, 4)
		})
	}
}

func unix(s int64) time.Time { return time.Unix(s, 0).UTC() }
