package traffic

import "net/netip"

// This file is the noise of the internet: what reaches every public address, by shapes measured on real servers.

// scanners is how many hosts of the internet probe us in a few days.
const scanners = 15000

// popular are the most probed TCP ports with their weights: counts of a real server's three days, thousands of which
// went to 22 and 80 alone, brought nearer to what AWS records show.
var popular = []struct {
	port   uint16
	weight int
}{
	{22, 90}, {23, 80}, {80, 70}, {443, 60}, {445, 45}, {3389, 45}, {8080, 30}, {8728, 22}, {3306, 22}, {8443, 20},
	{1433, 18}, {5555, 16}, {2222, 15}, {6379, 14}, {5432, 10}, {25, 10}, {21, 10}, {3128, 10}, {5900, 10}, {2083, 8},
	{2095, 8}, {2082, 8}, {143, 7}, {8000, 7}, {8888, 7}, {9200, 7}, {27017, 7}, {2375, 6}, {81, 6}, {5060, 5},
	{1723, 4}, {11211, 4}, {9000, 4}, {7547, 4}, {37215, 4}, {60023, 3}, {10250, 3}, {6443, 3}, {993, 3}, {110, 3},
}

var popularSum = func() (n int) {
	for _, p := range popular {
		n += p.weight
	}
	return n
}()

func popularPort(r *rng) uint16 {
	n := r.intn(popularSum)
	for _, p := range popular {
		if n -= p.weight; n < 0 {
			return p.port
		}
	}
	return 22
}

// scanner is one of them. All about it follows from its number, so it is the same host whenever it comes back.
type scanner struct {
	addr   netip.Addr
	packet int64 // bytes of its SYN
	h      uint64
	wide   bool // looks at all ports; the others have one to three
}

func (w *world) scanner(rank int) scanner {
	h := hash(w.cfg.Seed, uint64(rank), 's')
	s := scanner{addr: public(h), h: h, wide: h%100 < 50 || rank < 30}
	switch u := h >> 32 % 100; {
	case u < 62:
		s.packet = 40 // a bare SYN: the mark of a scanner
	case u < 80:
		s.packet = 44
	case u < 93:
		s.packet = 60
	default:
		s.packet = 52
	}
	return s
}

func (s scanner) port(r *rng) uint16 {
	if s.wide {
		if r.intn(10) == 0 {
			return popularPort(r)
		}
		return uint16(r.between(1, 65535))
	}
	q := rng{s.h + uint64(r.intn(1+int(s.h>>40%3)))}
	if q.intn(4) == 0 {
		return uint16(q.between(1, 65535))
	}
	return popularPort(&q)
}

var udpNoise = []struct {
	port uint16
	size int64
}{{5060, 420}, {161, 88}, {53, 66}, {123, 36}, {1900, 122}, {389, 80}, {11211, 43}, {137, 78}, {19, 29}, {500, 220}, {3702, 631}}

func noise(t *tick) {
	// The whole internet is busier in some minutes.
	burst := 0.7 + 0.6*t.r.float()
	rate := t.w.rate
	if t.w.cfg.Noise > 0 {
		rate = t.w.cfg.Noise
	}
	if t.r.intn(60) == 0 {
		burst *= 4
	}
	for _, h := range t.w.ifaces {
		if !h.public || h.role == "nat" {
			continue
		}
		for range t.r.poisson(11 * rate * t.minutes() * burst * h.noisy) {
			t.probe(h)
		}
	}
	for _, h := range t.w.ifaces { // a NAT gateway has a public address too
		if h.role == "nat" {
			for range t.r.poisson(3 * rate * t.minutes() * burst) {
				t.probe(h)
			}
		}
	}
}

func (t *tick) probe(h *iface) {
	r := &t.r
	s := t.w.scanner(r.rank(scanners))
	f := flow{client: outside(s.addr), server: h.end(), proto: tcp, cflags: syn, cport: uint16(r.between(1024, 65535)),
		cpackets: 1, cbytes: s.packet, verdict: refused}
	switch u := r.intn(100); {
	case u < 3:
		f.proto, f.cbytes = icmp, int64(28+r.intn(3)*4)
		if r.intn(20) == 0 {
			f.cbytes = 85 // an ICMP unreachable that quotes a probe
		}
		t.emit(f)
		return
	case u < 9:
		n := udpNoise[r.intn(len(udpNoise))]
		f.proto, f.sport, f.cbytes = udp, n.port, n.size
		if h.role == "ntp" && n.port == 123 {
			return // told by the amplifier's story
		}
		t.emit(f)
		return
	}
	f.sport = s.port(r)
	if has(h.told, f.sport) {
		return
	}
	if !h.accepts(f.sport) {
		if r.intn(50) == 0 { // an ordinary client tries again
			f.cpackets = int64(r.between(2, 3))
			if r.intn(5) == 0 {
				f.cpackets, f.cbytes = int64(r.between(8, 9)), 60
			}
			f.cbytes *= f.cpackets
		}
		t.emit(f)
		return
	}
	f.verdict = allowed
	switch {
	case r.intn(3) > 0: // only looks whether it is open
		f.cflags, f.sflags = syn|rst, synAck
		f.cpackets, f.cbytes, f.spackets, f.sbytes = 2, s.packet+40, 1, 44
	case f.sport == 22:
		t.guess(f)
		return
	default:
		t.web(&f)
	}
	t.emit(f)
}

// guess is one guess of an ssh password: 12 packets out, 14 back, 1.9 kB in, 2.4 kB back, a narrow cluster.
func (t *tick) guess(f flow) {
	r := &t.r
	f.sport, f.proto, f.verdict = 22, tcp, allowed
	f.cflags, f.sflags = syn|fin, synAck|fin
	f.cpackets, f.cbytes = int64(r.between(10, 13)), int64(r.between(1750, 2050))
	f.spackets, f.sbytes = int64(r.between(12, 15)), int64(r.between(2250, 2550))
	t.emit(f)
}

// guessing: there are always a few who guess passwords at an open ssh port, each for some twenty minutes.
func guessing(t *tick) {
	for _, h := range t.w.roles["bastion"] {
		if !h.accepts(22) {
			continue
		}
		for slot := range 2 {
			session := uint64((t.start + int64(slot)*600) / 1200)
			q := newRNG(t.w.seed, session, uint64(slot), uint64(h.index), 'g')
			if !q.chance(0.5) {
				continue
			}
			who := public(q.u64())
			for range t.r.poisson(1.5 * t.w.rate * t.minutes()) {
				t.guess(flow{client: outside(who), server: h.end(), cport: t.r.port()})
			}
		}
	}
}
