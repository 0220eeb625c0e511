package traffic

import "net/netip"

// More look-alikes: good manners of a company that a careless rule takes for attacks. Other than those of lookalike.go,
// the ones that play here happen only when they are asked for, on every day of the run.

var manners = []attack{
	{"benign-clocks", "benign: hosts ask the time of the internet", mark("clocks", "worker-1", func(w *world, l *Label) {
		l.Detections, l.Ports, l.Protocol = []string{"D39", "D40", "D05"}, []uint16{123}, udp
		l.Targets = addrs(timeHost(uint64(w.named("worker-1").index)))
		l.Summary = "A host asks a time server of the internet every 17 minutes, 76 bytes each way."
	})},
	{"benign-names", "benign: our resolver asks the name servers of the internet", mark("names", "dns-1", func(w *world, l *Label) {
		l.Detections, l.Ports, l.Protocol = []string{"D18", "D39", "D48", "D49"}, []uint16{53}, udp
		for i := range uint64(40) {
			l.Targets = append(l.Targets, nameHost(i).String())
		}
		l.Summary = "The resolver, and no other host, asks the name servers of the internet."
	})},
	{"benign-web", "benign: visitors and scanners of the public site", mark("web", "lb-1", func(w *world, l *Label) {
		l.Detections, l.Ports, l.Protocol = []string{"D01", "D02", "D07", "D13", "D14", "D19", "D21", "D37", "D65"}, []uint16{80, 443}, tcp
		l.Actors, l.Targets = []string{"0.0.0.0/0", "::/0"}, addrs(w.named("lb-1").addr, w.named("lb-1").v6)
		l.Summary = "Thousands of visitors come to the public site, as they should."
	})},
	{"benign-office", "benign: admins from the office use the bastion", mark("office", "bastion-1", func(w *world, l *Label) {
		l.Detections, l.Ports, l.Protocol = []string{"D02", "D27", "D29", "D30"}, []uint16{22}, tcp
		l.Actors, l.Targets = addrs(office(0), office(1)), addrs(w.named("bastion-1").addr)
		l.Summary = "Admins use the bastion from the office, a declared network."
	})},
	{"benign-lb-checks", "benign: a load balancer checks its web servers every half minute", playLBChecks},
	{"benign-vpn", "benign: a tunnel to the declared peer", playManner(manner{"benign-vpn", "log-1", udp, 4500, 250, 120_000, 260, 130_000, 24},
		vpnPeer, []string{"D39", "D41", "D52", "D60"}, "A tunnel to the other site, whose address is declared, is up all the time.")},
	{"benign-shipper", "benign: mon-1 ships metrics to a service, far more up than down", playManner(manner{"benign-shipper", "mon-1", tcp, 443, 1_600, 2_200_000, 700, 40_000, 1},
		shipperHost, []string{"D39", "D41", "D55", "D57", "D58"}, "Metrics are shipped to a service on the internet all day, every day, over a new connection every hour: 130 MB up, little down.")},
	{"benign-offsite", "benign: backup-1 copies 2 GB to the declared off-site store every night", playOffsite},
	{"benign-replica", "benign: a declared partner replicates a database of ours", playReplica},
	{"benign-source-ports", "benign: replies to clients whose own port is that of a database", playSourcePorts},
	{"benign-after-close", "benign: packets that come after a connection was closed are refused", playAfterClose},
	{"benign-prober", "benign: a host of the internet tries 240 ports of the bastion in a day, and gets no answer", playProber},
	{"benign-websocket", "benign: dev-1 keeps a chat open all day", playWebsocket},
}

// Declared parties: the same whatever the seed, so that a file can name them.
var (
	vpnPeer     = fixed(101)
	shipperHost = fixed(102)
	offsiteHost = fixed(103)
	replicaHost = fixed(104)
	chatHost    = fixed(105)
)

// manner is a steady flow, of about so many packets and bytes a minute.
type manner struct {
	name, host     string
	proto          uint8
	port           uint16
	cp, cb, sp, sb int64
	hours          int64 // a new connection every so many
}

func playManner(m manner, to netip.Addr, detections []string, summary string) func(*world, rng) func(*tick) {
	return func(w *world, _ rng) func(*tick) {
		c := w.named(m.host)
		l := w.label(c, Label{Attack: m.name, Name: m.name, Benign: true, Detections: detections, Protocol: m.proto, Summary: summary,
			Actors: addrs(c.addr), Targets: addrs(to), Ports: []uint16{m.port}})
		return func(t *tick) {
			from := t.start / (m.hours * 3600) * m.hours * 3600
			some := func(n int64) int64 { return max(1, int64(float64(n)*t.minutes()*(0.9+0.2*t.r.float()))) }
			t.hold(l, flow{client: c.end(), server: outside(to), sport: m.port, proto: m.proto, cpackets: some(m.cp), cbytes: some(m.cb),
				spackets: some(m.sp), sbytes: some(m.sb)}, from, from+m.hours*3600)
		}
	}
}

func playLBChecks(w *world, _ rng) func(*tick) {
	lb := w.named("lb-1")
	l := w.label(lb, Label{Attack: "benign-lb-checks", Name: "benign-lb-checks", Benign: true, Detections: []string{"D16", "D20", "D21", "D39", "D40", "D42"}, Protocol: tcp,
		Summary: "A load balancer opens a short connection to each of its web servers every half minute.", Actors: addrs(lb.addr), Ports: []uint16{8081}})
	return func(t *tick) {
		for i, s := range w.roles["web"] {
			if i >= 3 {
				return
			}
			t.every(30, int64(i%10), 0, func(k, _ int64) {
				t.emit(flow{client: lb.end(), server: s.end(), cport: uint16(1024 + (k*7+int64(i))%60_000), sport: 8081, proto: tcp, label: l.index,
					cflags: syn | fin, sflags: synAck | fin, cpackets: 5, cbytes: 420, spackets: 4, sbytes: 380})
			})
		}
	}
}

func playOffsite(w *world, _ rng) func(*tick) {
	c := w.named("backup-1")
	l := w.label(c, Label{Attack: "benign-offsite", Name: "benign-offsite", Benign: true, Detections: []string{"D55", "D56", "D57", "D58", "D60", "D61"}, Protocol: tcp,
		Summary: "The nightly copy goes to the off-site store, whose address is declared: 2 GB.", Actors: addrs(c.addr), Targets: addrs(offsiteHost), Ports: []uint16{8022}})
	return func(t *tick) {
		night := t.start/86400*86400 + 2*3600
		n := int64(float64(t.r.between(30_000, 34_000)) * t.minutes())
		t.hold(l, flow{client: c.end(), server: outside(offsiteHost), sport: 8022, proto: tcp, cpackets: n, cbytes: n * 1400, spackets: n / 3, sbytes: n / 3 * 52}, night, night+2700)
	}
}

func playReplica(w *world, _ rng) func(*tick) {
	s := w.named("redis-2")
	l := w.label(s, Label{Attack: "benign-replica", Name: "benign-replica", Benign: true, Detections: []string{"D01", "D06", "D07", "D08", "D09"}, Protocol: tcp,
		Summary: "A partner, whose address is declared, replicates a database of ours.", Actors: addrs(replicaHost), Targets: addrs(s.addr), Ports: []uint16{5432}})
	s.told = append(s.told, 5432)
	return func(t *tick) {
		day := t.start / 86400 * 86400
		n := int64(float64(t.r.between(800, 1_200)) * t.minutes())
		t.hold(l, flow{client: outside(replicaHost), server: s.end(), sport: 5432, proto: tcp, cpackets: n / 2, cbytes: n / 2 * 60, spackets: n, sbytes: n * 1300}, day, day+86400)
	}
}

func playSourcePorts(w *world, _ rng) func(*tick) {
	c := w.named("ntp-1")
	to := partner(5)
	ports := []uint16{3306, 3389, 5432, 5900, 6379, 27017}
	l := w.label(c, Label{Attack: "benign-source-ports", Name: "benign-source-ports", Benign: true, Detections: []string{"D01", "D02", "D06", "D07", "D09"}, Protocol: tcp,
		Summary: "A host's own port is, by chance, that of a database when it calls a partner: the replies come to it.", Actors: addrs(c.addr), Targets: addrs(to), Ports: []uint16{8446}})
	return func(t *tick) {
		t.every(1200, 131, 600, func(k, _ int64) {
			t.emit(flow{client: c.end(), server: outside(to), cport: ports[k%6], sport: 8446, proto: tcp, label: l.index,
				cflags: syn | fin, sflags: synAck | fin, cpackets: 12, cbytes: 2_000, spackets: 16, sbytes: 12_000})
		})
	}
}

func playAfterClose(w *world, _ rng) func(*tick) {
	c := w.named("win-1")
	to := partner(6)
	l := w.label(c, Label{Attack: "benign-after-close", Name: "benign-after-close", Benign: true, Detections: []string{"D23", "D24", "D72"}, Protocol: tcp,
		Summary: "A partner's last packets come after the connection was closed, and are refused.", Actors: addrs(c.addr), Targets: addrs(to), Ports: []uint16{8447}})
	return func(t *tick) {
		t.every(120, 17, 100, func(int64, int64) {
			f := flow{client: c.end(), server: outside(to), cport: t.r.port(), sport: 8447, proto: tcp, label: l.index,
				cflags: syn | fin, sflags: synAck | fin, cpackets: 9, cbytes: 900, spackets: 9, sbytes: 2_600}
			t.emit(f)
			late := f.reply()
			late.reject, late.flags, late.packets, late.bytes = true, rst, 1, 40
			t.enters(c, late)
		})
	}
}

func playWebsocket(w *world, _ rng) func(*tick) {
	c := w.named("dev-1")
	l := w.label(c, Label{Attack: "benign-websocket", Name: "benign-websocket", Benign: true, Detections: []string{"D39", "D40", "D54"}, Protocol: tcp,
		Summary: "A developer's machine keeps a chat open from nine to six.", Actors: addrs(c.addr), Targets: addrs(chatHost), Ports: []uint16{443}})
	return func(t *tick) {
		if t.weekend() || !t.r.chance(0.6) {
			return
		}
		from := t.start/86400*86400 + 9*3600
		t.hold(l, flow{client: c.end(), server: outside(chatHost), sport: 443, proto: tcp, cpackets: int64(t.r.between(2, 60)), cbytes: 3_000,
			spackets: int64(t.r.between(2, 80)), sbytes: int64(t.r.between(200, 60_000))}, from, from+9*3600)
	}
}

func playProber(w *world, r rng) func(*tick) {
	h, who := w.named("bastion-1"), public(r.u64())
	l := w.label(h, Label{Attack: "benign-prober", Name: "benign-prober", Benign: true, Detections: []string{"D13", "D17"}, Protocol: tcp,
		Summary: "A host of the internet tries ten ports of the bastion an hour, all day, and gets no answer: noise.", Actors: addrs(who), Targets: addrs(h.addr)})
	return func(t *tick) {
		day := t.start / 86400 * 86400
		t.spread(240, day, day+86400, func(i int64) { t.look(l, outside(who), h.end(), uint16(1000+i*97), refused) })
	}
}
