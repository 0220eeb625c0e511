package traffic

import "net/netip"

// Looking around, from outside and from inside.

var scans = []attack{
	{"portscan", "a host of the internet tries 1,200 ports of the bastion in four minutes", playPortscan},
	{"internal-scan", "dev-2 tries 900 ports of app-1", playInternalScan},
	{"internal-sweep", "dev-2 looks for SMB at 300 addresses", playSweep},
	{"icmp-sweep", "dev-2 pings 60 addresses", playPings},
	{"slow-scan", "worker-1 tries a port that is denied every half hour", playSlowScan},
	{"outbound-scan", "app-2 looks for telnet at 160 hosts of the internet", playOutboundScan},
	{"distributed-probe", "260 hosts of the internet try one port of the bastion in half an hour", playDistributed},
	{"syn-flood", "12,000 SYNs with spoofed sources reach the public site in three minutes", playSYNFlood},
	{"canary", "dev-2 touches the canary", playCanary},
}

func playPortscan(w *world, r rng) func(*tick) {
	h, who := w.named("bastion-1"), public(r.u64())
	l := w.label(h, Label{Attack: "portscan", Name: "portscan", Detections: []string{"D13"}, Technique: "T1595.001", Protocol: tcp,
		Summary: "One host of the internet tries 1,200 ports of one of ours.", Actors: addrs(who), Targets: addrs(h.addr)})
	from := w.at(6.2)
	return func(t *tick) {
		t.spread(1200, from, from+240, func(i int64) {
			if port := uint16(1 + i*i%60000); port == 22 {
				t.talk(l, outside(who), h.end(), 22, 4, 220, 3, 260)
			} else {
				t.look(l, outside(who), h.end(), port, refused)
			}
		})
	}
}

func playInternalScan(w *world, _ rng) func(*tick) {
	c, s := w.named("dev-2"), w.named("app-1")
	l := w.label(c, Label{Attack: "internal-scan", Name: "internal-scan", Detections: []string{"D15"}, Technique: "T1046", Protocol: tcp,
		Summary: "A developer's machine tries 900 ports of an application server.", Actors: addrs(c.addr), Targets: addrs(s.addr)})
	from := w.at(10.5)
	return func(t *tick) {
		t.spread(900, from, from+480, func(i int64) { t.look(l, c.end(), s.end(), uint16(20+i*9), refused) })
	}
}

// owner returns the i-th address of a range of ours, with the host that has it if there is one.
func (w *world) owner(base string, i uint32) end {
	a := addrPlus(netip.MustParseAddr(base), i)
	for _, h := range w.ifaces {
		if h.addr == a {
			return h.end()
		}
	}
	return end{nil, a}
}

func playSweep(w *world, _ rng) func(*tick) {
	c := w.named("dev-2")
	l := w.label(c, Label{Attack: "internal-sweep", Name: "internal-sweep", Detections: []string{"D16"}, Technique: "T1018", Protocol: tcp,
		Summary: "A developer's machine looks for SMB at 300 addresses of the data network.", Actors: addrs(c.addr),
		Targets: []string{"10.20.128.0/23"}, Ports: []uint16{445}})
	from := w.at(10.8)
	return func(t *tick) {
		t.spread(300, from, from+600, func(i int64) { t.look(l, c.end(), w.owner("10.20.128.1", uint32(i)), 445, refused) })
	}
}

func playPings(w *world, _ rng) func(*tick) {
	c := w.named("dev-2")
	l := w.label(c, Label{Attack: "icmp-sweep", Name: "icmp-sweep", Detections: []string{"D20"}, Technique: "T1018", Protocol: icmp,
		Summary: "A developer's machine pings 60 addresses in a row.", Actors: addrs(c.addr), Targets: []string{"10.20.128.0/23"}})
	from := w.at(10.4)
	return func(t *tick) {
		t.spread(60, from, from+180, func(i int64) {
			t.emit(flow{client: c.end(), server: w.owner("10.20.128.1", uint32(i)), proto: icmp, cpackets: 1, cbytes: 84, verdict: refused, label: l.index})
		})
	}
}

func playSlowScan(w *world, _ rng) func(*tick) {
	c, s := w.named("worker-1"), w.named("db-1")
	l := w.label(c, Label{Attack: "slow-scan", Name: "slow-scan", Detections: []string{"D17"}, Technique: "T1046", Protocol: tcp,
		Summary: "A worker tries another port of the database every half hour.", Actors: addrs(c.addr), Targets: addrs(s.addr)})
	return func(t *tick) {
		t.spread(48, w.at(0), w.at(24), func(i int64) { t.look(l, c.end(), s.end(), uint16(1000+i*37), refused) })
	}
}

func playOutboundScan(w *world, _ rng) func(*tick) {
	c := w.named("app-2")
	l := w.label(c, Label{Attack: "outbound-scan", Name: "outbound-scan", Detections: []string{"D18"}, Technique: "T1046", Protocol: tcp,
		Summary: "An application server looks for telnet at 160 hosts of the internet; one in twelve answers.", Actors: addrs(c.addr),
		Targets: []string{"45.33.0.0/16"}, Ports: []uint16{23}})
	from := w.at(20.1)
	return func(t *tick) {
		t.spread(160, from, from+600, func(i int64) {
			if to := outside(pool(45, 33, uint64(i))); i%12 == 5 {
				t.talk(l, c.end(), to, 23, 4, 190, 3, 210)
			} else {
				t.look(l, c.end(), to, 23, allowed)
			}
		})
	}
}

func playDistributed(w *world, _ rng) func(*tick) {
	h := w.named("bastion-1")
	l := w.label(h, Label{Attack: "distributed-probe", Name: "distributed-probe", Detections: []string{"D19"}, Technique: "T1595", Protocol: tcp,
		Summary: "Hundreds of hosts of the internet try the same port within half an hour.", Actors: []string{"45.14.0.0/16"},
		Targets: addrs(h.addr), Ports: []uint16{8291}})
	return func(t *tick) {
		t.spread(260, w.at(17), w.at(17.5), func(i int64) { t.look(l, outside(pool(45, 14, uint64(i))), h.end(), 8291, refused) })
	}
}

func playSYNFlood(w *world, _ rng) func(*tick) {
	h := w.named("blog-1")
	l := w.label(h, Label{Attack: "syn-flood", Name: "syn-flood", Detections: []string{"D21"}, Technique: "T1498.001", Protocol: tcp,
		Summary: "Thousands of SYNs with spoofed sources, never completed, reach the public site.", Actors: []string{"45.95.0.0/16"},
		Targets: addrs(h.addr), Ports: []uint16{80}})
	from := w.at(21.5)
	return func(t *tick) {
		t.spread(12_000, from, from+180, func(i int64) {
			t.emit(flow{client: outside(pool(45, 95, uint64(i))), server: h.end(), cport: uint16(t.r.between(1024, 65535)), sport: 80,
				proto: tcp, cflags: syn, cpackets: 1, cbytes: 40, label: l.index})
		})
	}
}

func playCanary(w *world, _ rng) func(*tick) {
	c, s := w.named("dev-2"), w.one("canary")
	l := w.label(s, Label{Attack: "canary", Name: "canary", Detections: []string{"D26"}, Technique: "T1018", Protocol: tcp,
		Summary: "A developer's machine touches the host that nobody has a reason to touch.", Actors: addrs(c.addr), Targets: addrs(s.addr)})
	return func(t *tick) {
		if t.within(w.at(11.1)) {
			for _, port := range []uint16{22, 445, 3389} {
				t.look(l, c.end(), s.end(), port, refused)
			}
		}
	}
}
