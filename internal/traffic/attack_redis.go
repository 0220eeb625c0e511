package traffic

import "net/netip"

// The story that must always work: a Redis was put into a public subnet, and its port was opened to the world. Beside
// it stands a second one whose security group stayed closed.

var redisAttacks = []attack{
	{"redis", "a Redis in a public subnet is opened to the internet by mistake, is found, and is read out", playRedis},
	{"redis-closed", "benign: a Redis in the same place behind a closed security group only gets refused probes", playClosedRedis},
}

// redisMistake is the hour of day when port 6379 was opened.
const redisMistake = 9.35

func playRedis(w *world, r rng) func(*tick) {
	h := w.named("redis-1")
	h.told = append(h.told, 6379)
	mistake := w.at(redisMistake)
	var finders []netip.Addr
	for range 7 {
		finders = append(finders, public(r.u64()))
	}
	thief := finders[3]
	theft := w.at(redisMistake + 3.1)

	tried := w.label(h, Label{Attack: "redis", Name: "redis-tried", Benign: true, Detections: []string{"D01"}, Protocol: tcp, Ports: []uint16{6379},
		Summary: "Before the mistake, scanners try 6379 as everywhere and are refused."})
	answered := w.label(h, Label{Attack: "redis", Name: "redis-answered", Detections: detects("D01"), Technique: "T1190", Protocol: tcp,
		Ports: []uint16{6379}, Summary: "6379 is open to the world and answers hosts of the internet."})
	served := w.label(h, Label{Attack: "redis", Name: "redis-served", Detections: []string{"D01", "D08"}, Technique: "T1530", Protocol: tcp,
		Ports: []uint16{6379}, Summary: "One host of the internet reads the whole data set out of Redis."})
	served.Actors = addrs(thief)
	served.Targets, answered.Targets, tried.Targets = addrs(h.addr), addrs(h.addr), addrs(h.addr)
	for i := range 40 {
		tried.Actors = append(tried.Actors, w.redisScanner(i).addr.String())
	}
	for i := range 40 {
		answered.Actors = append(answered.Actors, w.redisScanner(i).addr.String())
	}
	for _, f := range finders {
		if f != thief {
			answered.Actors = append(answered.Actors, f.String())
		}
	}
	return func(t *tick) {
		open := t.start >= mistake
		for range t.r.poisson(0.12 * t.minutes()) { // the scanners that come by anyway
			s := w.redisScanner(t.r.intn(40))
			f := flow{client: outside(s.addr), server: h.end(), proto: tcp, cport: uint16(t.r.between(1024, 65535)), sport: 6379,
				cflags: syn, cpackets: 1, cbytes: s.packet, verdict: refused, label: tried.index}
			if open { // the kernel answers; the scanner has seen enough
				f.verdict, f.label = allowed, answered.index
				f.cflags, f.cpackets, f.cbytes = syn|rst, 2, s.packet+40
				f.sflags, f.spackets, f.sbytes = synAck, 1, 44
			}
			t.emit(f)
		}
		for i, who := range finders { // those who come back and ask INFO
			if who == thief {
				continue
			}
			for n := range 3 {
				if !t.within(w.at(redisMistake+0.6+float64(i)*1.3) + int64(n)*(1200+int64(i)*240)) {
					continue
				}
				t.emit(flow{client: outside(who), server: h.end(), proto: tcp, cport: t.r.port(), sport: 6379, label: answered.index,
					cflags: syn | fin, sflags: synAck | fin, cpackets: int64(t.r.between(4, 5)), cbytes: int64(t.r.between(240, 330)),
					spackets: int64(t.r.between(4, 5)), sbytes: int64(t.r.between(260, 880))})
			}
		}
		// The thief looks first, then takes all in one connection of 14 minutes.
		if t.within(theft - 900) {
			t.emit(flow{client: outside(thief), server: h.end(), proto: tcp, cport: t.r.port(), sport: 6379, label: served.index,
				cflags: syn | fin, sflags: synAck | fin, cpackets: 9, cbytes: 560, spackets: 8, sbytes: 4180})
		}
		if last := theft + 14*60; t.during(theft/t.dur*t.dur, last) {
			f := flow{client: outside(thief), server: h.end(), proto: tcp, cport: 51834, sport: 6379, label: served.index}
			if t.within(theft) {
				f.cflags, f.sflags = syn, synAck
			}
			if t.start+t.dur >= last {
				f.cflags, f.sflags = f.cflags|fin, f.sflags|fin
			}
			f.spackets = int64(float64(t.r.between(2300, 3100)) * t.minutes())
			f.sbytes = f.spackets * 1446
			f.cpackets = f.spackets / 2
			f.cbytes = f.cpackets * 53
			t.emit(f)
		}
	}
}

func playClosedRedis(w *world, _ rng) func(*tick) {
	h := w.named("redis-2")
	h.told = append(h.told, 6379)
	l := w.label(h, Label{Attack: "redis-closed", Name: "redis-closed", Benign: true, Detections: []string{"D01"}, Protocol: tcp, Ports: []uint16{6379},
		Summary: "A Redis behind a closed security group: tried all day, answered nobody.", Targets: addrs(h.addr)})
	for i := range 40 {
		l.Actors = append(l.Actors, w.redisScanner(i).addr.String())
	}
	return func(t *tick) {
		for range t.r.poisson(0.12 * t.minutes()) {
			s := w.redisScanner(t.r.intn(40))
			t.emit(flow{client: outside(s.addr), server: h.end(), proto: tcp, cport: uint16(t.r.between(1024, 65535)), sport: 6379,
				cflags: syn, cpackets: 1, cbytes: s.packet, verdict: refused, label: l.index})
		}
	}
}

// redisScanner is one of the hosts that look for Redis everywhere.
func (w *world) redisScanner(i int) scanner { return w.scanner(scanners + 1 + i) }
