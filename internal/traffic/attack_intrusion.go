package traffic

import "net/netip"

// Getting in, and moving on.

var intrusions = []attack{
	{"ssh-guessing", "a host of the internet guesses the bastion's password, and gets in", playSSHGuessing},
	{"outbound-guessing", "worker-1 guesses ssh passwords of a host of the internet", playOutboundGuessing},
	{"lateral", "dev-1 opens remote desktop, SMB and WinRM at hosts it never spoke to", playLateral},
	{"connect-back", "the public site is exploited and calls its attacker back", playConnectBack},
	{"server-turned-client", "web-2, which only ever served, opens connections to new hosts of the internet", playTurned},
}

func playSSHGuessing(w *world, r rng) func(*tick) {
	h, who := w.named("bastion-1"), public(r.u64())
	l := w.label(h, Label{Attack: "ssh-guessing", Name: "ssh-guessing", Detections: []string{"D02", "D27", "D29"}, Technique: "T1110", Protocol: tcp,
		Summary: "600 guesses in an hour, then a session that is none of them.", Actors: addrs(who), Targets: addrs(h.addr), Ports: []uint16{22}})
	from := w.at(3.2)
	return func(t *tick) {
		t.spread(600, from, from+3600, func(int64) {
			t.guess(flow{client: outside(who), server: h.end(), cport: t.r.port(), label: l.index})
		})
		t.hold(l, flow{client: outside(who), server: h.end(), sport: 22, proto: tcp,
			cpackets: int64(t.r.between(60, 140)), cbytes: 9400, spackets: int64(t.r.between(70, 120)), sbytes: 31_000}, from+4200, from+5400)
	}
}

func playOutboundGuessing(w *world, r rng) func(*tick) {
	c, who := w.named("worker-1"), public(r.u64())
	l := w.label(c, Label{Attack: "outbound-guessing", Name: "outbound-guessing", Detections: []string{"D28"}, Technique: "T1110", Protocol: tcp,
		Summary: "A worker guesses ssh passwords of a host of the internet.", Actors: addrs(c.addr), Targets: addrs(who), Ports: []uint16{22}})
	from := w.at(22.2)
	return func(t *tick) {
		t.spread(200, from, from+1800, func(int64) {
			t.guess(flow{client: c.end(), server: outside(who), cport: t.r.port(), label: l.index})
		})
	}
}

func playLateral(w *world, _ rng) func(*tick) {
	c := w.named("dev-1")
	var to []*iface
	for _, name := range []string{"win-1", "log-1", "backup-1", "ci-1", "app-1", "app-2", "web-1", "web-2", "worker-1", "dns-1", "ntp-1", "mon-1"} {
		to = append(to, w.named(name))
	}
	l := w.label(c, Label{Attack: "lateral", Name: "lateral", Detections: []string{"D31", "D32", "D34"}, Technique: "T1021", Protocol: tcp,
		Summary: "A developer's machine opens remote desktop, SMB and WinRM at a dozen hosts within the hour.", Actors: addrs(c.addr),
		Ports: []uint16{3389, 5985, 139}})
	for _, h := range to {
		l.Targets = append(l.Targets, h.addr.String())
	}
	return func(t *tick) {
		t.spread(36, w.at(11.5), w.at(12.3), func(i int64) {
			port := []uint16{139, 5985, 3389}[i/12]
			t.talk(l, c.end(), to[i%12].end(), port, int64(t.r.between(20, 60)), 6_000, int64(t.r.between(20, 60)), 14_000)
		})
	}
}

func playConnectBack(w *world, r rng) func(*tick) {
	h, who := w.named("blog-1"), public(r.u64())
	in := w.label(h, Label{Attack: "connect-back", Name: "connect-back-in", Benign: true, Detections: []string{"D37"}, Protocol: tcp,
		Summary: "A request to the public site, like any other: what makes it one is what the host does next.", Actors: addrs(who), Targets: addrs(h.addr), Ports: []uint16{443}})
	out := w.label(h, Label{Attack: "connect-back", Name: "connect-back-out", Detections: []string{"D37", "D47"}, Technique: "T1059", Protocol: tcp,
		Summary: "Two minutes later the site's host opens a connection to the one who asked.", Actors: addrs(h.addr), Targets: addrs(who), Ports: []uint16{4444}})
	at := w.at(18.4)
	return func(t *tick) {
		if t.within(at) {
			t.talk(in, outside(who), h.end(), 443, 9, 2_900, 8, 1_200)
		}
		t.hold(out, flow{client: h.end(), server: outside(who), sport: 4444, proto: tcp,
			cpackets: int64(t.r.between(20, 50)), cbytes: 5_200, spackets: int64(t.r.between(20, 50)), sbytes: 2_600}, at+120, at+1500)
	}
}

func playTurned(w *world, r rng) func(*tick) {
	c := w.named("web-2")
	var to []netip.Addr
	for range 5 {
		to = append(to, public(r.u64()))
	}
	l := w.label(c, Label{Attack: "server-turned-client", Name: "server-turned-client", Detections: []string{"D38"}, Technique: "T1105", Protocol: tcp,
		Summary: "A web server opens connections to five hosts of the internet that nobody here knows.", Actors: addrs(c.addr), Targets: addrs(to...),
		Ports: []uint16{443, 8080}})
	return func(t *tick) {
		t.spread(10, w.at(19), w.at(19.6), func(i int64) {
			t.talk(l, c.end(), outside(to[i%5]), []uint16{443, 8080}[i%2], 14, 1_900, 220, 290_000)
		})
	}
}
