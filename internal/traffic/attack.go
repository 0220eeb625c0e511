package traffic

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Label says what was done to whom, and what of it the logs show. It is the truth that a rule is measured against.
type Label struct {
	Attack     string   `json:"attack"`               // name of the attack in Attacks, "redis"
	Name       string   `json:"name"`                 // this part of it, "redis-served"
	Benign     bool     `json:"benign"`               // looks like an attack and is none: no rule may report it
	Detections []string `json:"detections"`           // ids of the catalogue that it should raise, or looks like
	Technique  string   `json:"technique,omitempty"`  // MITRE ATT&CK
	Summary    string   `json:"summary"`              // one sentence
	Account    string   `json:"account_id"`           // account of the flow log
	Interface  string   `json:"interface_id"`         // where it is best seen; none: anywhere
	Gateway    string   `json:"gateway_id,omitempty"` // NAT gateway that what it does on the internet passes
	Host       string   `json:"host"`                 // that interface's name in this made-up company
	Actors     []string `json:"actors"`               // packet addresses, or CIDRs of a crowd, of who does it; none: the interface itself
	Targets    []string `json:"targets,omitempty"`    // packet addresses of whom it is done to; none: anybody
	Ports      []uint16 `json:"ports,omitempty"`      // server ports; none: many
	Protocol   uint8    `json:"protocol"`             // IANA number

	// What the logs hold of it. All counts records of every interface, the rest those of Interface.
	Start    time.Time `json:"start,omitzero"`
	End      time.Time `json:"end,omitzero"`
	Records  int64     `json:"records"`
	All      int64     `json:"records_all"`
	Accepted int64     `json:"records_accepted"`
	BytesIn  int64     `json:"bytes_in"`
	BytesOut int64     `json:"bytes_out"`

	host  *iface
	index uint16
}

// attack is one entry of the list of attacks.
type attack struct {
	name string
	doc  string
	play func(w *world, r rng) func(*tick)
}

// attacks is the one list. Its order is the order of the labels.
var attacks = slices.Concat(redisAttacks, exposures, scans, intrusions, controls, losses, gaps, lookalikes,
	openings, probes, accesses, beacons, carriers, weaknesses, manners)

// Attacks lists the names of all attacks and look-alikes, with what they do.
func Attacks() (names, docs []string) {
	for _, a := range attacks {
		names, docs = append(names, a.name), append(docs, a.doc)
	}
	return names, docs
}

// AllAttacks lists their names.
func AllAttacks() []string {
	names, _ := Attacks()
	return names
}

func attackNamed(name string) *attack {
	i := slices.IndexFunc(attacks, func(a attack) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return &attacks[i]
}

// label enters a label and returns it; flows carry its index. Without a host it is about no interface more than another,
// and counts the records of all.
func (w *world) label(h *iface, l Label) *Label {
	l.Account = w.account
	if h != nil {
		l.Interface, l.Host, l.host = h.id, h.name, h
		if !h.public {
			l.Gateway = h.vpc.nat.id
		}
	}
	if l.Attack == "" {
		l.Attack, _, _ = strings.Cut(l.Name, "-")
	}
	w.labels = append(w.labels, &l)
	l.index = uint16(len(w.labels))
	return &l
}

// at is the second of the run that an hour of the day of attacks stands for: the last day, so that what comes before is
// history to learn from. A run shorter than a day is a day in small.
func (w *world) at(hour float64) int64 {
	day, start := w.cfg.Duration, w.cfg.Start
	if day > 24*time.Hour {
		start = start.Add(day - 24*time.Hour)
		day = 24 * time.Hour
	}
	return start.Unix() + int64(day.Seconds()*hour/24)/60*60
}

// look is a SYN that comes to nothing: refused, or not answered.
func (t *tick) look(l *Label, c, s end, port uint16, v verdict) {
	t.emit(flow{client: c, server: s, cport: t.r.port(), sport: port, proto: tcp, cflags: syn, cpackets: 1, cbytes: 44,
		verdict: v, label: l.index})
}

// talk is a connection within one tick: opened, used, closed.
func (t *tick) talk(l *Label, c, s end, port uint16, cpackets, cbytes, spackets, sbytes int64) {
	t.emit(flow{client: c, server: s, cport: t.r.port(), sport: port, proto: tcp, cflags: syn | fin, sflags: synAck | fin,
		cpackets: cpackets, cbytes: cbytes, spackets: spackets, sbytes: sbytes, label: l.index})
}

// hold is one tick of a long flow between from and to, always of the same ports.
func (t *tick) hold(l *Label, f flow, from, to int64) {
	from = from / t.dur * t.dur
	if !t.during(from, to) {
		return
	}
	f.label, f.cport = l.index, uint16(33000+hash(uint64(from), uint64(l.index))%20000)
	if t.start == from {
		f.cflags, f.sflags = f.cflags|syn, f.sflags|synAck
	}
	if t.start+t.dur >= to {
		f.cflags, f.sflags = f.cflags|fin, f.sflags|fin
	}
	t.emit(f)
}

// spread calls f for those of n events, evenly spread over [from, to), that fall into the tick.
func (t *tick) spread(n, from, to int64, f func(i int64)) {
	if t.start >= to || t.start+t.dur <= from {
		return
	}
	for i := max(0, (t.start-from)*n/(to-from)); i < n; i++ {
		at := from + i*(to-from)/n
		if at >= t.start+t.dur {
			return
		}
		if at >= t.start {
			f(i)
		}
	}
}

func addrs(as ...netip.Addr) (out []string) {
	for _, a := range as {
		out = append(out, a.String())
	}
	return out
}
