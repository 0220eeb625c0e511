package traffic

import "net/netip"

// Command and control: what a taken host says to its masters.

var controls = []attack{
	{"beacon", "app-2 calls home every five minutes, with jitter", playBeacon},
	{"long-connection", "worker-1 keeps one connection to the internet for eleven hours", playLong},
	{"tor", "dev-1 uses three Tor relays", playTor},
	{"irc", "app-1 speaks IRC to the internet", holdOutside("irc", "app-1", tcp, 6667, 8, 10.5, 6, 420, 5, 390, []string{"D47"}, "T1571",
		"An application server holds a connection to an IRC server.")},
	{"dns-direct", "dev-2 asks a resolver on the internet", playDNSDirect},
	{"dns-tunnel", "dev-1 moves data in DNS queries to the internet", holdOutside("dns-tunnel", "dev-1", udp, 53, 12.5, 13.2, 1500, 330_000, 1500, 150_000,
		[]string{"D49", "D48"}, "T1071.004", "A developer's machine asks a name server of the internet 1,500 questions a minute, long ones.")},
	{"icmp-tunnel", "dev-1 moves data in pings", holdOutside("icmp-tunnel", "dev-1", icmp, 0, 13.4, 14.5, 60, 57_000, 60, 61_000,
		[]string{"D50"}, "T1095", "A developer's machine pings a host of the internet for an hour with a kilobyte a packet.")},
	{"gre", "app-1 has a GRE tunnel to the internet", holdOutside("gre", "app-1", 47, 0, 5, 6, 40, 21_000, 44, 26_000,
		[]string{"D52"}, "T1572", "An application server has a GRE tunnel to a host of the internet.")},
	{"wireguard", "dev-1 has a WireGuard tunnel to the internet", holdOutside("wireguard", "dev-1", udp, 51820, 14.6, 17, 300, 160_000, 420, 390_000,
		[]string{"D52"}, "T1572", "A developer's machine has a WireGuard tunnel to a host that nobody declared.")},
	{"remote-tool", "dev-2 runs TeamViewer", holdOutside("remote-tool", "dev-2", tcp, 5938, 15, 16, 90, 31_000, 60, 12_000,
		[]string{"D53"}, "T1219", "A developer's machine is open to remote management through a relay on the internet.")},
	{"mining", "worker-1 mines for a pool", holdOutside("mining", "worker-1", tcp, 3333, 1, 8, 7, 980, 6, 1_250,
		[]string{"D54", "D41"}, "T1496.001", "A worker speaks to a mining pool for seven hours, little and steadily.")},
}

// holdOutside is one long flow of a host to a host of the internet, of about so many packets and bytes a minute.
func holdOutside(name, host string, proto uint8, port uint16, from, to float64, cp, cb, sp, sb int64, detections []string, technique, summary string) func(*world, rng) func(*tick) {
	return func(w *world, r rng) func(*tick) {
		c, who := w.named(host), public(r.u64())
		l := w.label(c, Label{Attack: name, Name: name, Detections: detections, Technique: technique, Summary: summary,
			Actors: addrs(c.addr), Targets: addrs(who), Protocol: proto})
		if port > 0 {
			l.Ports = []uint16{port}
		}
		return func(t *tick) {
			some := func(n int64) int64 { return max(1, int64(float64(n)*t.minutes()*(0.8+0.4*t.r.float()))) }
			t.hold(l, flow{client: c.end(), server: outside(who), sport: port, proto: proto,
				cpackets: some(cp), cbytes: some(cb), spackets: some(sp), sbytes: some(sb)}, w.at(from), w.at(to))
		}
	}
}

func playBeacon(w *world, r rng) func(*tick) {
	c, who := w.named("app-2"), public(r.u64())
	l := w.label(c, Label{Attack: "beacon", Name: "beacon", Detections: []string{"D39", "D40"}, Technique: "T1071", Protocol: tcp,
		Summary: "An application server calls the same host of the internet every five minutes, the same few bytes.",
		Actors:  addrs(c.addr), Targets: addrs(who), Ports: []uint16{443}})
	return func(t *tick) {
		if t.start < w.at(0) {
			return
		}
		t.every(300, 95, 45, func(_, _ int64) { t.talk(l, c.end(), outside(who), 443, 5, 292, 5, 539) })
	}
}

func playLong(w *world, r rng) func(*tick) {
	return holdOutside("long-connection", "worker-1", tcp, 8443, 9, 20, 9, 1_400, 8, 1_100, []string{"D41"}, "T1572",
		"A worker keeps one connection to a host of the internet for eleven hours.")(w, r)
}

func playTor(w *world, r rng) func(*tick) {
	c := w.named("dev-1")
	to := []netip.Addr{public(r.u64()), public(r.u64()), public(r.u64())}
	l := w.label(c, Label{Attack: "tor", Name: "tor", Detections: []string{"D45"}, Technique: "T1090.003", Protocol: tcp,
		Summary: "A developer's machine speaks to three relays on Tor's port.", Actors: addrs(c.addr), Targets: addrs(to...), Ports: []uint16{9001}})
	return func(t *tick) {
		t.spread(24, w.at(16), w.at(17.2), func(i int64) { t.talk(l, c.end(), outside(to[i%3]), 9001, 90, 31_000, 160, 140_000) })
	}
}

func playDNSDirect(w *world, _ rng) func(*tick) {
	c, who := w.named("dev-2"), netip.AddrFrom4([4]byte{8, 8, 8, 8})
	l := w.label(c, Label{Attack: "dns-direct", Name: "dns-direct", Detections: []string{"D48"}, Technique: "T1071.004", Protocol: udp,
		Summary: "A developer's machine asks a resolver on the internet instead of ours.", Actors: addrs(c.addr), Targets: addrs(who), Ports: []uint16{53}})
	return func(t *tick) {
		t.spread(60, w.at(8), w.at(18), func(int64) {
			t.emit(flow{client: c.end(), server: outside(who), cport: t.r.port(), sport: 53, proto: udp, label: l.index,
				cpackets: 1, cbytes: 71, spackets: 1, sbytes: 143})
		})
	}
}
