package traffic

import (
	"net/netip"
	"time"
)

// What is carried off, and what is broken.

var losses = []attack{
	{"exfiltration", "app-1 sends 900 MB to a host of the internet in forty minutes", holdOutside("exfiltration", "app-1", tcp, 443, 2.6, 2.6+40.0/60,
		15_800, 22_500_000, 6_000, 320_000, []string{"D55", "D56", "D58"}, "T1048", "An application server sends 900 MB to a host of the internet that it never spoke to.")},
	{"exfiltration-port", "app-2 sends 90 MB to an odd port", holdOutside("exfiltration-port", "app-2", tcp, 8088, 1.2, 1.6,
		2_700, 3_800_000, 1_100, 58_000, []string{"D60", "D58"}, "T1048", "An application server sends 90 MB to port 8088 of a host of the internet.")},
	{"bulk-s3", "worker-1 writes 2 GB to S3 in an hour", playBulkS3},
	{"database-egress", "app-1 uses a MySQL on the internet", playDatabaseEgress},
	{"outbound-dos", "web-1 floods a host of the internet with UDP", holdOutside("outbound-dos", "web-1", udp, 27015, 23, 23.1,
		210_000, 120_000_000, 0, 0, []string{"D64"}, "T1498", "A web server sends 200,000 packets a minute to one host of the internet.")},
	{"inbound-flood", "forty hosts send the public site 150 MB a minute", playInboundFlood},
	{"spam", "worker-1 delivers mail to 40 hosts", playSpam},
}

func playBulkS3(w *world, _ rng) func(*tick) {
	c := w.named("worker-1")
	to := pool(52, 217, 7)
	l := w.label(c, Label{Attack: "bulk-s3", Name: "bulk-s3", Detections: []string{"D62"}, Technique: "T1567.002", Protocol: tcp,
		Summary: "A worker writes 2 GB to S3 within an hour, which it never did.", Actors: addrs(c.addr), Targets: addrs(to), Ports: []uint16{443}})
	return func(t *tick) {
		n := int64(float64(t.r.between(22_000, 30_000)) * t.minutes())
		t.hold(l, flow{client: c.end(), server: outside(to), sport: 443, proto: tcp, cpackets: n, cbytes: n * 1420, spackets: n / 3, sbytes: n / 3 * 52},
			w.at(4), w.at(5))
	}
}

func playDatabaseEgress(w *world, r rng) func(*tick) {
	c, who := w.named("app-1"), public(r.u64())
	l := w.label(c, Label{Attack: "database-egress", Name: "database-egress", Detections: []string{"D63"}, Technique: "T1048", Protocol: tcp,
		Summary: "An application server speaks MySQL to a host of the internet.", Actors: addrs(c.addr), Targets: addrs(who), Ports: []uint16{3306}})
	return func(t *tick) {
		t.spread(12, w.at(12), w.at(15), func(int64) { t.talk(l, c.end(), outside(who), 3306, 40, 22_000, 35, 9_000) })
	}
}

func playInboundFlood(w *world, _ rng) func(*tick) {
	h := w.named("blog-1")
	l := w.label(h, Label{Attack: "inbound-flood", Name: "inbound-flood", Detections: []string{"D65"}, Technique: "T1498.001", Protocol: tcp,
		Summary: "Forty hosts send the public site 150 MB a minute.", Actors: []string{"45.61.0.0/16"}, Targets: addrs(h.addr), Ports: []uint16{443}})
	return func(t *tick) {
		for i := range uint64(40) {
			n := int64(float64(t.r.between(2_600, 3_400)) * t.minutes())
			t.hold(l, flow{client: outside(pool(45, 61, i)), server: h.end(), sport: 443, proto: tcp, cpackets: n, cbytes: n * 1300, spackets: n / 4, sbytes: n / 4 * 52},
				w.at(22.6), w.at(22.7))
		}
	}
}

func playSpam(w *world, r rng) func(*tick) {
	c := w.named("worker-1")
	var to []netip.Addr
	for range 40 {
		to = append(to, public(r.u64()))
	}
	l := w.label(c, Label{Attack: "spam", Name: "spam", Detections: []string{"D66"}, Technique: "T1071.003", Protocol: tcp,
		Summary: "A worker delivers mail to forty hosts within the hour.", Actors: addrs(c.addr), Targets: addrs(to...), Ports: []uint16{25}})
	return func(t *tick) {
		t.spread(120, w.at(0.5), w.at(1.3), func(i int64) { t.talk(l, c.end(), outside(to[i%40]), 25, 22, 9_800, 18, 1_700) })
	}
}

// gaps are failures of the log itself: what is not there must be noticed too.
var gaps = []attack{
	{"silence", "log-1 is not logged for two hours, not even as NODATA", func(w *world, _ rng) func(*tick) {
		h := w.one("log")
		h.silentFrom, h.silentTo = w.at(13), w.at(15)
		w.label(h, Label{Attack: "silence", Name: "silence", Detections: []string{"D69"}, Technique: "T1562.008",
			Start: time.Unix(h.silentFrom, 0).UTC(), End: time.Unix(h.silentTo, 0).UTC(),
			Summary: "The flow log of an interface falls silent for two hours: no record, and no NODATA."})
		return func(*tick) {}
	}},
	{"lost-records", "windows of cache-1 lose records for an hour", func(w *world, _ rng) func(*tick) {
		h := w.one("cache")
		h.skipFrom, h.skipTo = w.at(16), w.at(17)
		l := w.label(h, Label{Attack: "lost-records", Name: "lost-records", Detections: []string{"D68"},
			Summary: "Every window of an interface has a SKIPDATA record for an hour."})
		h.skipLabel = l.index
		return func(*tick) {}
	}},
}
