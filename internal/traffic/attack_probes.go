package traffic

import "net/netip"

// More looking around: sweeps of the whole fleet, odd packets, and what is refused.

var probes = []attack{
	{"external-sweep", "a host of the internet tries PostgreSQL at every public address within half an hour", playExternalSweep},
	{"portscan-answered", "a host of the internet tries 400 ports of win-1, and some answer", playPortscanAnswered},
	{"distributed-mysql", "260 hosts of the internet try MySQL at the bastion in half an hour", playDistributedMySQL},
	{"odd-flags", "a host of the internet sends the bastion packets with flags that no stack sets", playOddFlags},
	{"reject-spike", "dev-1 is refused 400 times at db-2 within half an hour", playRejectSpike},
	{"blocked-outbound", "app-2 is not let out 400 times within an hour", playBlockedOut},
	{"refused-ssh", "dev-2 is refused ssh at log-1 fourteen times", playRefusedSSH},
	{"unused-range", "app-2 looks for hosts in a range that was never used", playUnused},
}

func playExternalSweep(w *world, r rng) func(*tick) {
	who := public(r.u64())
	l := w.label(nil, Label{Attack: "external-sweep", Name: "external-sweep", Detections: []string{"D14"}, Technique: "T1595.001", Protocol: tcp,
		Summary: "One host of the internet tries the same port at every public address, and one of ours answers.", Actors: addrs(who), Ports: []uint16{5432}})
	var hosts []*iface
	for _, h := range w.ifaces {
		if h.public {
			hosts = append(hosts, h)
		}
	}
	return func(t *tick) {
		n := int64(len(hosts))
		t.spread(2*n, w.at(5), w.at(5.5), func(i int64) {
			if h := hosts[i%n]; h.name == "ntp-1" {
				t.talk(l, outside(who), h.end(), 5432, 3, 140, 2, 100)
			} else {
				t.look(l, outside(who), h.end(), 5432, refused)
			}
		})
	}
}

func playPortscanAnswered(w *world, r rng) func(*tick) {
	h, who := w.named("win-1"), public(r.u64())
	l := w.label(h, Label{Attack: "portscan-answered", Name: "portscan-answered", Detections: []string{"D13"}, Technique: "T1595.001", Protocol: tcp,
		Summary: "One host of the internet tries 400 ports of one of ours within ten minutes, and finds four of them open.", Actors: addrs(who), Targets: addrs(h.addr)})
	open := []uint16{21, 3389, 5985, 9200}
	from := w.at(11.6)
	return func(t *tick) {
		t.spread(400, from, from+600, func(i int64) {
			if i%100 == 50 {
				t.talk(l, outside(who), h.end(), open[i/100], 3, 140, 2, 100)
			} else {
				t.look(l, outside(who), h.end(), uint16(10_000+i*13), refused)
			}
		})
	}
}

func playDistributedMySQL(w *world, _ rng) func(*tick) {
	h := w.named("bastion-1")
	h.told = append(h.told, 3306)
	l := w.label(h, Label{Attack: "distributed-mysql", Name: "distributed-mysql", Detections: []string{"D19"}, Technique: "T1595", Protocol: tcp,
		Summary: "Hundreds of hosts of the internet try MySQL at the same host within half an hour; else a few do in an hour.", Actors: []string{"45.15.0.0/16"},
		Targets: addrs(h.addr), Ports: []uint16{3306}})
	return func(t *tick) {
		for range t.r.poisson(0.1 * t.minutes()) {
			s := w.scanner(t.r.rank(scanners))
			t.emit(flow{client: outside(s.addr), server: h.end(), cport: t.r.port(), sport: 3306, proto: tcp, cflags: syn, cpackets: 1, cbytes: s.packet, verdict: refused})
		}
		t.spread(260, w.at(18.5), w.at(19), func(i int64) { t.look(l, outside(pool(45, 15, uint64(i))), h.end(), 3306, refused) })
	}
}

func playOddFlags(w *world, r rng) func(*tick) {
	h, who := w.named("bastion-1"), public(r.u64())
	l := w.label(h, Label{Attack: "odd-flags", Name: "odd-flags", Detections: []string{"D22"}, Technique: "T1046", Protocol: tcp,
		Summary: "A host of the internet sends 45 packets with FIN, PSH and URG, the mark of a scanner.", Actors: addrs(who), Targets: addrs(h.addr)})
	from := w.at(2)
	return func(t *tick) {
		t.spread(45, from, from+1200, func(i int64) {
			t.emit(flow{client: outside(who), server: h.end(), cport: t.r.port(), sport: uint16(100 + i*31), proto: tcp, cflags: 41,
				cpackets: 1, cbytes: 40, verdict: refused, label: l.index})
		})
	}
}

func playRejectSpike(w *world, _ rng) func(*tick) {
	c, s := w.named("dev-1"), w.named("db-2")
	l := w.label(s, Label{Attack: "reject-spike", Name: "reject-spike", Detections: []string{"D23"}, Technique: "T1046", Protocol: tcp,
		Summary: "A database refuses a developer's machine 400 times within half an hour; before, it refused nobody.",
		Actors:  addrs(c.addr), Targets: addrs(s.addr), Ports: []uint16{1433}})
	return func(t *tick) {
		t.spread(400, w.at(14), w.at(14.5), func(int64) { t.look(l, c.end(), s.end(), 1433, refused) })
	}
}

func playBlockedOut(w *world, r rng) func(*tick) {
	c := w.named("app-2")
	var to []netip.Addr
	for range 40 {
		to = append(to, public(r.u64()))
	}
	l := w.label(c, Label{Attack: "blocked-outbound", Name: "blocked-outbound", Detections: []string{"D24"}, Technique: "T1071", Protocol: tcp,
		Summary: "An application server tries to reach forty hosts of the internet, and is not let out.", Actors: addrs(c.addr), Targets: addrs(to...), Ports: []uint16{4443}})
	return func(t *tick) {
		t.spread(400, w.at(15), w.at(16), func(i int64) { t.look(l, c.end(), outside(to[i%40]), 4443, notLetOut) })
	}
}

func playRefusedSSH(w *world, _ rng) func(*tick) {
	c, s := w.named("dev-2"), w.named("log-1")
	l := w.label(s, Label{Attack: "refused-ssh", Name: "refused-ssh", Detections: []string{"D25"}, Technique: "T1110", Protocol: tcp,
		Summary: "A developer's machine is refused ssh at a host of ours fourteen times.", Actors: addrs(c.addr), Targets: addrs(s.addr), Ports: []uint16{22}})
	return func(t *tick) {
		t.spread(14, w.at(9.1), w.at(9.7), func(int64) { t.look(l, c.end(), s.end(), 22, refused) })
	}
}

func playUnused(w *world, _ rng) func(*tick) {
	c := w.named("app-2")
	l := w.label(c, Label{Attack: "unused-range", Name: "unused-range", Detections: []string{"D26"}, Technique: "T1018", Protocol: tcp,
		Summary: "An application server looks for hosts in a range that was never used.", Actors: addrs(c.addr), Targets: []string{"10.20.200.0/24"}, Ports: []uint16{445}})
	from := w.at(11)
	return func(t *tick) {
		t.spread(20, from, from+300, func(i int64) { t.look(l, c.end(), w.owner("10.20.200.1", uint32(i*7)), 445, allowed) })
	}
}
