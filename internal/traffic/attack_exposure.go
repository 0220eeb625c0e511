package traffic

import "net/netip"

// What should not be open to the internet, and is.

var exposures = []attack{
	{"exposed-rdp", "remote desktop of win-1 is open to the internet and used from there", playExposed("exposed-rdp", "win-1", 3389, detects("D02"), "T1133",
		"Remote desktop answers hosts of the internet, and one holds sessions of minutes.", 40_000, 260_000)},
	{"exposed-smb", "SMB of win-1 is open to the internet", playExposed("exposed-smb", "win-1", 445, detects("D04"), "T1021.002",
		"SMB answers hosts of the internet.", 1_500, 2_600)},
	{"exposed-docker", "the Docker API of blog-1 is open to the internet without TLS", playExposed("exposed-docker", "blog-1", 2375, detects("D03"), "T1610",
		"The Docker API answers hosts of the internet, and one starts a container.", 6_000, 18_000)},
	{"exposed-telnet", "telnet of win-1 is open to the internet", playExposed("exposed-telnet", "win-1", 23, detects("D02"), "T1133",
		"Telnet answers hosts of the internet, in clear text.", 700, 1_900)},
	{"amplifier", "the time server ntp-1 answers monlist to spoofed requests", playAmplifier},
}

// playExposed opens a port for the whole day of attacks: scanners are answered, and one host comes back and is served.
// Before that day they were refused.
func playExposed(name, host string, port uint16, detections []string, technique, summary string, up, down int64) func(*world, rng) func(*tick) {
	return func(w *world, r rng) func(*tick) {
		h := w.named(host)
		h.told = append(h.told, port)
		var who []netip.Addr
		for range 25 {
			who = append(who, public(r.u64()))
		}
		l := w.label(h, Label{Attack: name, Name: name, Detections: detections, Technique: technique, Summary: summary,
			Actors: addrs(who...), Targets: addrs(h.addr), Ports: []uint16{port}, Protocol: tcp})
		return func(t *tick) {
			for range t.r.poisson(0.06 * t.minutes()) {
				from := outside(who[1+t.r.intn(24)])
				if t.start < w.at(0) {
					t.emit(flow{client: from, server: h.end(), cport: t.r.port(), sport: port, proto: tcp, cflags: syn, cpackets: 1, cbytes: 40, verdict: refused})
					continue
				}
				t.emit(flow{client: from, server: h.end(), cport: t.r.port(), sport: port, proto: tcp, label: l.index,
					cflags: syn | rst, sflags: synAck, cpackets: 2, cbytes: 80, spackets: 1, sbytes: 44})
			}
			t.spread(6, w.at(13.1), w.at(14.9), func(int64) {
				t.talk(l, outside(who[0]), h.end(), port, up/180+6, up, down/700+7, down)
			})
		}
	}
}

func playAmplifier(w *world, r rng) func(*tick) {
	h := w.one("ntp")
	var victims []netip.Addr
	for range 14 {
		victims = append(victims, public(r.u64()))
	}
	l := w.label(h, Label{Attack: "amplifier", Name: "amplifier", Detections: []string{"D05"}, Technique: "T1498.002", Protocol: udp, Ports: []uint16{123},
		Summary: "Small requests with spoofed sources get answers a hundred times larger.", Actors: addrs(victims...), Targets: addrs(h.addr)})
	return func(t *tick) {
		if !t.during(w.at(15), w.at(15.7)) {
			return
		}
		for i, v := range victims {
			n := int64(float64(t.r.between(4, 9)) * t.minutes())
			t.emit(flow{client: outside(v), server: h.end(), cport: uint16(80 + i*1000), sport: 123, proto: udp, label: l.index,
				cpackets: n, cbytes: n * 36, spackets: n * 10, sbytes: n * 10 * 468})
		}
	}
}
