package traffic

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Label says what was done to whom, and what of it the logs show. It is the truth that a rule is measured against.
type Label struct {
	Attack     string   `json:"attack"`              // name of the attack in Attacks, "redis"
	Name       string   `json:"name"`                // this part of it, "redis-served"
	Benign     bool     `json:"benign"`              // looks like an attack and is none: no rule may report it
	Detections []string `json:"detections"`          // ids of the catalogue that it should raise, or looks like
	Technique  string   `json:"technique,omitempty"` // MITRE ATT&CK
	Summary    string   `json:"summary"`             // one sentence
	Account    string   `json:"account_id"`          // account of the flow log
	Interface  string   `json:"interface_id"`        // where it is best seen
	Host       string   `json:"host"`                // that interface's name in this made-up company
	Actors     []string `json:"actors"`              // packet addresses of who does it
	Targets    []string `json:"targets,omitempty"`   // packet addresses of whom it is done to; none: anybody
	Ports      []uint16 `json:"ports,omitempty"`     // server ports; none: many
	Protocol   uint8    `json:"protocol"`            // IANA number

	// What the logs hold of it. All counts records of every interface, the rest those of Interface.
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
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
var attacks = slices.Concat(redisAttacks)

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

// label enters a label and returns it; flows carry its index.
func (w *world) label(h *iface, l Label) *Label {
	l.Account, l.Interface, l.Host, l.host = w.account, h.id, h.name, h
	if l.Attack == "" {
		l.Attack, _, _ = strings.Cut(l.Name, "-")
	}
	w.labels = append(w.labels, &l)
	l.index = uint16(len(w.labels))
	return &l
}

// at is the second of the run that a day's hour stands for; runs shorter or longer than a day are scaled.
func (w *world) at(hour float64) int64 {
	d := w.cfg.Duration.Seconds() * hour / 24
	return w.cfg.Start.Unix() + int64(d)/60*60
}

// within reports whether a second lies in the tick.
func (t *tick) within(at int64) bool { return t.start <= at && at < t.start+t.dur }

// during reports whether the tick begins in [from, to).
func (t *tick) during(from, to int64) bool { return t.start >= from && t.start < to }

func addrs(as ...netip.Addr) (out []string) {
	for _, a := range as {
		out = append(out, a.String())
	}
	return out
}
