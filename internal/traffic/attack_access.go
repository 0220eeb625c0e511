package traffic

import "net/netip"

// More ways in and on: guesses at desktops and inside, edges that nobody used before, and zones that should not meet.

var accesses = []attack{
	{"rdp-guessing", "a host of the internet guesses the password of win-1's remote desktop", playRDPGuessing},
	{"inside-guessing", "dev-1 guesses ssh passwords of app-2, and gets in", playInsideGuessing},
	{"new-admin-edge", "web-1 opens ssh at files-1, which it never did", playEdge("new-admin-edge", "web-1", "files-1", 22, []string{"D31"}, "T1021.004",
		"A web server opens ssh at a file server: an edge that nobody used before.", 30, 6_000, 34, 22_000)},
	{"zone-crossing", "dev-1 uses the production database", playEdge("zone-crossing", "dev-1", "db-2", 5432, []string{"D31", "D34", "D35"}, "T1021",
		"A developer's machine uses the production database, which the zones' policy forbids.", 40, 9_000, 90, 110_000)},
	{"smb-volume", "dev-1 copies 3 GB from log-1 by SMB", playSMBVolume},
	{"new-path", "worker-1 reaches a network through a virtual private gateway, which it never did", playNewPath},
}

func playRDPGuessing(w *world, r rng) func(*tick) {
	h, who := w.named("win-1"), public(r.u64())
	h.told = append(h.told, 3389)
	l := w.label(h, Label{Attack: "rdp-guessing", Name: "rdp-guessing", Detections: detects("D02", "D27"), Technique: "T1110", Protocol: tcp,
		Summary: "A host of the internet opens remote desktop 240 times in an hour, a few seconds each.", Actors: addrs(who), Targets: addrs(h.addr), Ports: []uint16{3389}})
	return func(t *tick) {
		t.spread(240, w.at(4), w.at(5), func(int64) {
			t.talk(l, outside(who), h.end(), 3389, int64(t.r.between(9, 12)), 1_700, int64(t.r.between(8, 10)), 2_300)
		})
	}
}

func playInsideGuessing(w *world, _ rng) func(*tick) {
	c, s := w.named("dev-1"), w.named("app-2")
	l := w.label(c, Label{Attack: "inside-guessing", Name: "inside-guessing", Detections: []string{"D28", "D29", "D31", "D34"}, Technique: "T1110", Protocol: tcp,
		Summary: "A developer's machine guesses ssh passwords of an application server 150 times, then has a session.",
		Actors:  addrs(c.addr), Targets: addrs(s.addr), Ports: []uint16{22}})
	from := w.at(12.1)
	return func(t *tick) {
		t.spread(150, from, from+1200, func(int64) { t.guess(flow{client: c.end(), server: s.end(), cport: t.r.port(), label: l.index}) })
		t.hold(l, flow{client: c.end(), server: s.end(), sport: 22, proto: tcp,
			cpackets: int64(t.r.between(60, 140)), cbytes: 9_400, spackets: int64(t.r.between(70, 120)), sbytes: 31_000}, from+1500, from+2400)
	}
}

// playEdge is a host that calls one of ours four times.
func playEdge(name, client, server string, port uint16, detections []string, technique, summary string, cp, cb, sp, sb int64) func(*world, rng) func(*tick) {
	return func(w *world, _ rng) func(*tick) {
		c, s := w.named(client), w.named(server)
		l := w.label(c, Label{Attack: name, Name: name, Detections: detections, Technique: technique, Protocol: tcp, Summary: summary,
			Actors: addrs(c.addr), Targets: addrs(s.addr), Ports: []uint16{port}})
		return func(t *tick) {
			t.spread(4, w.at(13.2), w.at(14.2), func(int64) { t.talk(l, c.end(), s.end(), port, cp, cb, sp, sb) })
		}
	}
}

func playSMBVolume(w *world, _ rng) func(*tick) {
	c, s := w.named("dev-1"), w.named("log-1")
	l := w.label(c, Label{Attack: "smb-volume", Name: "smb-volume", Detections: []string{"D33"}, Technique: "T1570", Protocol: tcp,
		Summary: "A developer's machine, which uses a little SMB every day, copies 3 GB by it within an hour.", Actors: addrs(c.addr), Targets: addrs(s.addr), Ports: []uint16{445}})
	return func(t *tick) {
		n := int64(float64(t.r.between(34_000, 40_000)) * t.minutes())
		t.hold(l, flow{client: c.end(), server: s.end(), sport: 445, proto: tcp, cpackets: n / 2, cbytes: n / 2 * 60, spackets: n, sbytes: n * 1_430}, w.at(16.1), w.at(17))
	}
}

func playNewPath(w *world, _ rng) func(*tick) {
	c, who := w.named("worker-1"), netip.AddrFrom4([4]byte{10, 99, 3, 7})
	l := w.label(c, Label{Attack: "new-path", Name: "new-path", Detections: []string{"D36"}, Technique: "T1199", Protocol: tcp,
		Summary: "A worker reaches a host behind a virtual private gateway, a way that it never took.", Actors: addrs(c.addr), Targets: addrs(who), Ports: []uint16{443}})
	return func(t *tick) {
		t.spread(20, w.at(8), w.at(9), func(int64) {
			t.emit(flow{client: c.end(), server: outside(who), cport: t.r.port(), sport: 443, proto: tcp, cflags: syn | fin, sflags: synAck | fin,
				cpackets: 14, cbytes: 3_000, spackets: 18, sbytes: 16_000, path: 3, label: l.index})
		})
	}
}
