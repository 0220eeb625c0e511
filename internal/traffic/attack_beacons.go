package traffic

// More of what taken hosts say to their masters: beacons by every clock, and hosts that are on a list.

var beacons = []attack{
	{"beacon-fixed", "app-1 calls home every five minutes to the second, always the same bytes", playBeat(beat{"beacon-fixed", "app-1", 300, 0, 443, false}, []string{"D39", "D40"})},
	{"beacon-jitter20", "worker-1 calls home every ten minutes, give or take 20 %", playBeat(beat{"beacon-jitter20", "worker-1", 600, 20, 443, false}, []string{"D39"})},
	{"beacon-jitter50", "dev-1 calls home every four minutes, give or take 50 %", playBeat(beat{"beacon-jitter50", "dev-1", 240, 50, 8443, false}, []string{"D39"})},
	{"beacon-varied", "web-1 calls home every five minutes, with sizes that vary", playBeat(beat{"beacon-varied", "web-1", 300, 20, 443, true}, []string{"D39"})},
	{"strobe", "ntp-1 opens a connection to the same host of the internet every second", playStrobe},
	{"listed-out", "app-1 calls a host that is on a list of threats", playListed("listed-out", "app-1", 1, 12, 2_600, []string{"D43"}, "An application server calls a host that is on a list of threats.")},
	{"listed-bulk", "worker-1 sends 40 MB to a host that is on a list of threats", playListed("listed-bulk", "worker-1", 2, 20, 2_000_000, []string{"D43"}, "A worker sends 40 MB to a host that is on a list of threats.")},
	{"listed-in", "a host on a list of threats uses a service of win-1", playListedIn},
	{"dns-over-tls", "dev-1 asks a resolver on the internet over TLS", holdOutside("dns-over-tls", "dev-1", tcp, 853, 9.5, 11, 30, 4_000, 28, 9_000, []string{"D48"}, "T1071.004",
		"A developer's machine asks a resolver of the internet over TLS, past ours.")},
	{"odd-protocol", "app-2 speaks IP protocol 99 to the internet", holdOutside("odd-protocol", "app-2", 99, 0, 6, 6.5, 20, 9_000, 20, 9_000, []string{"D51"}, "T1095",
		"An application server speaks an IP protocol that nobody uses to a host of the internet.")},
	{"openvpn", "backup-1 has an OpenVPN tunnel to the internet", holdOutside("openvpn", "backup-1", udp, 1194, 18, 20, 200, 90_000, 240, 160_000, []string{"D52"}, "T1572",
		"A host has an OpenVPN tunnel to a host that nobody declared.")},
	{"rustdesk", "win-1 runs RustDesk", holdOutside("rustdesk", "win-1", tcp, 21116, 10, 11, 60, 22_000, 50, 9_000, []string{"D53"}, "T1219",
		"A host is open to remote management through a relay on the internet.")},
	{"mining-slow", "app-2 mines for a pool for five hours, over an odd port", holdOutside("mining-slow", "app-2", tcp, 14444, 14, 19, 5, 700, 4, 620, []string{"D54", "D41"}, "T1496.001",
		"An application server speaks to a mining pool for five hours, little and steadily.")},
}

type beat struct {
	name, host     string
	period, jitter int64 // seconds; percent of the period, half of it each way
	port           uint16
	varied         bool // sizes differ from call to call
}

func playBeat(b beat, detections []string) func(*world, rng) func(*tick) {
	return func(w *world, r rng) func(*tick) {
		c, who := w.named(b.host), public(r.u64())
		l := w.label(c, Label{Attack: b.name, Name: b.name, Detections: detections, Technique: "T1071", Protocol: tcp,
			Summary: "A host calls the same host of the internet by the clock.", Actors: addrs(c.addr), Targets: addrs(who), Ports: []uint16{b.port}})
		return func(t *tick) {
			if t.start < w.at(0) {
				return
			}
			// every moves an event forward by up to the jitter it gets, so twice the percentage is give or take.
			t.every(b.period, 37, b.period*2*b.jitter/100, func(int64, int64) {
				up, down := int64(292), int64(539)
				if b.varied {
					up, down = up+int64(t.r.intn(1_500)), down+int64(t.r.intn(4_000))
				}
				t.talk(l, c.end(), outside(who), b.port, 5+up/600, up, 5+down/900, down)
			})
		}
	}
}

func playStrobe(w *world, r rng) func(*tick) {
	c, who := w.named("ntp-1"), public(r.u64())
	l := w.label(c, Label{Attack: "strobe", Name: "strobe", Detections: []string{"D42"}, Technique: "T1071", Protocol: tcp,
		Summary: "A host opens 90,000 connections a day to the same host of the internet.", Actors: addrs(c.addr), Targets: addrs(who), Ports: []uint16{443}})
	return func(t *tick) {
		t.spread(90_000, w.at(0), w.at(24), func(i int64) {
			t.emit(flow{client: c.end(), server: outside(who), cport: uint16(1024 + i%64_000), sport: 443, proto: tcp, label: l.index,
				cflags: syn | fin, sflags: synAck | fin, cpackets: 5, cbytes: 290, spackets: 4, sbytes: 310})
		})
	}
}

// playListed is n calls to a fixed host, that the truth's list of threats names.
func playListed(name, host string, to byte, n, up int64, detections []string, summary string) func(*world, rng) func(*tick) {
	return func(w *world, _ rng) func(*tick) {
		c, who := w.named(host), fixed(to)
		l := w.label(c, Label{Attack: name, Name: name, Detections: detections, Technique: "T1071", Protocol: tcp, Summary: summary,
			Actors: addrs(c.addr), Targets: addrs(who), Ports: []uint16{443}})
		return func(t *tick) {
			t.spread(n, w.at(7.1), w.at(9.9), func(int64) { t.talk(l, c.end(), outside(who), 443, 12+up/1400, up, 14+up/2800, 4_000+up/50) })
		}
	}
}

func playListedIn(w *world, _ rng) func(*tick) {
	h, who := w.named("win-1"), fixed(3)
	h.told = append(h.told, 8089)
	l := w.label(h, Label{Attack: "listed-in", Name: "listed-in", Detections: detects("D07", "D44"), Technique: "T1190", Protocol: tcp,
		Summary: "A host that is on a list of threats uses a service of ours on port 8089.", Actors: addrs(who), Targets: addrs(h.addr), Ports: []uint16{8089}})
	return func(t *tick) {
		t.spread(9, w.at(19), w.at(20), func(int64) { t.talk(l, outside(who), h.end(), 8089, 10, 1_900, 12, 8_000) })
	}
}
