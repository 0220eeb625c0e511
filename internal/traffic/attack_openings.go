package traffic

import "net/netip"

// More that should not be open to the internet, and is; and what leaves by a way that it should not take.

// detects adds what any port raises that was refused and is opened: a new service, and an opened port. D07 is for ports
// that no other detection is for.
func detects(more ...string) []string { return append(more, "D06", "D09") }

var openings = []attack{
	{"exposed-vnc", "VNC of blog-1 is open to the internet", playExposed("exposed-vnc", "blog-1", 5900, detects("D02"), "T1133",
		"VNC answers hosts of the internet, and one looks at the screen for minutes.", 20_000, 310_000)},
	{"exposed-winrm", "WinRM of win-1 is open to the internet", playExposed("exposed-winrm", "win-1", 5985, detects("D02"), "T1133",
		"Windows remote management answers hosts of the internet.", 9_000, 22_000)},
	{"exposed-ssh", "ssh of ntp-1 is open to the internet", playExposed("exposed-ssh", "ntp-1", 22, detects("D02"), "T1133",
		"The ssh of a host that is no bastion answers hosts of the internet, and one has sessions.", 9_000, 34_000)},
	{"exposed-kubelet", "the kubelet of blog-1 is open to the internet", playExposed("exposed-kubelet", "blog-1", 10250, detects("D03"), "T1610",
		"A kubelet answers hosts of the internet, and one asks it for its pods.", 3_000, 48_000)},
	{"exposed-postgres", "a PostgreSQL on ntp-1 is open to the internet", playExposed("exposed-postgres", "ntp-1", 5432, detects("D01"), "T1190",
		"A PostgreSQL answers hosts of the internet, and one reads some of it.", 4_000, 90_000)},
	{"exposed-elastic", "an Elasticsearch on win-1 is open to the internet, and is read out", playElastic},
	{"new-service", "blog-1 serves the internet on a port that nobody allowed", playExposed("new-service", "blog-1", 8444, detects("D07"), "T1133",
		"A service on port 8444 answers hosts of the internet for the first time.", 6_000, 41_000)},
	{"cleartext-ftp", "win-1 takes files from the internet by FTP", playFTP},
	{"unencrypted", "app-2 speaks to files-1 without encryption", playPlain},
	{"direct-egress", "worker-1 reaches the internet past the NAT gateway", playDirect},
}

func playElastic(w *world, r rng) func(*tick) {
	h, who := w.named("win-1"), public(r.u64())
	h.told = append(h.told, 9200)
	l := w.label(h, Label{Attack: "exposed-elastic", Name: "exposed-elastic", Detections: detects("D01", "D08"), Technique: "T1530", Protocol: tcp,
		Summary: "An Elasticsearch answers one host of the internet, which reads 200 MB out of it.", Actors: addrs(who), Targets: addrs(h.addr), Ports: []uint16{9200}})
	return func(t *tick) {
		if t.start < w.at(0) { // before, it was refused
			t.every(3600, 411, 1800, func(_, _ int64) {
				t.emit(flow{client: outside(w.scanner(7).addr), server: h.end(), cport: t.r.port(), sport: 9200, proto: tcp,
					cflags: syn, cpackets: 1, cbytes: 40, verdict: refused})
			})
			return
		}
		if t.within(w.at(6.9)) {
			t.talk(l, outside(who), h.end(), 9200, 8, 700, 7, 3_300)
		}
		n := int64(float64(t.r.between(2_000, 3_000)) * t.minutes())
		t.hold(l, flow{client: outside(who), server: h.end(), sport: 9200, proto: tcp, cpackets: n / 2, cbytes: n / 2 * 54, spackets: n, sbytes: n * 1440},
			w.at(7.05), w.at(7.95))
	}
}

func playFTP(w *world, r rng) func(*tick) {
	h, who := w.named("win-1"), public(r.u64())
	h.told = append(h.told, 21)
	l := w.label(h, Label{Attack: "cleartext-ftp", Name: "cleartext-ftp", Detections: detects("D07", "D11"), Technique: "T1040", Protocol: tcp,
		Summary: "A host of the internet brings files by FTP, in clear text, 160 times.", Actors: addrs(who), Targets: addrs(h.addr), Ports: []uint16{21}})
	return func(t *tick) {
		t.spread(160, w.at(8), w.at(18), func(int64) { t.talk(l, outside(who), h.end(), 21, 24, 1_600, 22, 2_100) })
	}
}

func playPlain(w *world, _ rng) func(*tick) {
	c, s := w.named("app-2"), w.named("files-1")
	l := w.label(c, Label{Attack: "unencrypted", Name: "unencrypted", Detections: []string{"D12"}, Technique: "T1040", Protocol: tcp,
		Summary: "An application server speaks to a file server over a way that nothing encrypts.", Actors: addrs(c.addr), Targets: addrs(s.addr), Ports: []uint16{8088}})
	return func(t *tick) {
		t.spread(60, w.at(9), w.at(17), func(int64) {
			t.emit(flow{client: c.end(), server: s.end(), cport: t.r.port(), sport: 8088, proto: tcp, cflags: syn | fin, sflags: synAck | fin,
				cpackets: 7_000, cbytes: 420_000, spackets: 15_000, sbytes: 21_000_000, plain: true, label: l.index})
		})
	}
}

func playDirect(w *world, r rng) func(*tick) {
	c, who := w.named("worker-1"), public(r.u64())
	l := w.label(c, Label{Attack: "direct-egress", Name: "direct-egress", Detections: []string{"D10"}, Technique: "T1562", Protocol: tcp,
		Summary: "A host of a private subnet reaches the internet through an internet gateway, past the NAT gateway.", Actors: addrs(c.addr), Targets: addrs(who), Ports: []uint16{443}})
	return func(t *tick) {
		t.spread(30, w.at(10), w.at(13), func(int64) {
			t.emit(flow{client: c.end(), server: outside(who), cport: t.r.port(), sport: 443, proto: tcp, cflags: syn | fin, sflags: synAck | fin,
				cpackets: 12, cbytes: 2_200, spackets: 14, sbytes: 9_000, path: 8, label: l.index})
		})
	}
}

// fixed returns the i-th of the hosts of the internet that are the same whatever the seed.
func fixed(i byte) netip.Addr { return netip.AddrFrom4([4]byte{45, 200, 7, i}) }
