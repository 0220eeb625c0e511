package network

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed ports.yaml
var portsText []byte

// Ports are named sets of ports, and names of services. They do not change.
type Ports struct {
	sets     map[string][]Range
	services map[service]string
}

// Range is the ports from First to Last, both included.
type Range struct{ First, Last int }

type service struct{ protocol, port int }

// Numbers of protocols that have ports.
const (
	tcp = 6
	udp = 17
)

// protocols are the names of others: Debian's /etc/protocols (netbase 6.4, which follows IANA's registry), read 2026-11.
var protocols = map[int]string{
	1: "icmp", 2: "igmp", 4: "ipv4", 41: "ipv6", 47: "gre", 50: "esp", 51: "ah", 58: "ipv6-icmp", 88: "eigrp", 89: "ospf", 103: "pim",
	112: "vrrp", 115: "l2tp", 132: "sctp",
}

var defaultPorts = sync.OnceValue(func() *Ports {
	p, err := parseDefaultPorts(portsText)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return p
})

// DefaultPorts are those of ports.yaml, which weir comes with.
func DefaultPorts() *Ports { return defaultPorts() }

func (p *Ports) clone() *Ports {
	return &Ports{sets: maps.Clone(p.sets), services: maps.Clone(p.services)}
}

// Sets are the names of the sets, sorted.
func (p *Ports) Sets() []string { return slices.Sorted(maps.Keys(p.sets)) }

// Ranges returns a set, sorted, without overlaps; nil if there is none of that name. Callers must not change it.
func (p *Ports) Ranges(set string) []Range { return p.sets[set] }

// Has tells whether a port is in a set.
func (p *Ports) Has(set string, port int) bool { return has(p.sets[set], port) }

func has(ranges []Range, port int) bool {
	return slices.ContainsFunc(ranges, func(r Range) bool { return r.First <= port && port <= r.Last })
}

// UnknownSetError says that there is no set of a name.
type UnknownSetError struct {
	Set   string
	Known []string
}

func (e *UnknownSetError) Error() string {
	return fmt.Sprintf("no set of ports is called %q; there are %s", e.Set, strings.Join(e.Known, ", "))
}

// Condition returns SQL that is true where expr is a port of the set, in the dialect that all engines have. The ports are
// written into it: they come from numbers, and no engine takes a list of hundreds of them as arguments.
func (p *Ports) Condition(set, expr string) (string, error) {
	ranges, ok := p.sets[set]
	if !ok {
		return "", &UnknownSetError{set, p.Sets()}
	}
	return condition(ranges, expr), nil
}

// AnyCondition is the Condition of being in any set.
func (p *Ports) AnyCondition(expr string) string {
	var all []Range
	for _, set := range p.Sets() {
		all = append(all, p.sets[set]...)
	}
	return condition(merge(all), expr)
}

func condition(ranges []Range, expr string) string {
	var single, terms []string
	for _, r := range ranges {
		if r.First == r.Last {
			single = append(single, strconv.Itoa(r.First))
		}
	}
	if len(single) > 0 {
		terms = append(terms, expr+" IN ("+strings.Join(single, ", ")+")")
	}
	for _, r := range ranges {
		if r.First < r.Last {
			terms = append(terms, fmt.Sprintf("%s BETWEEN %d AND %d", expr, r.First, r.Last))
		}
	}
	if len(terms) == 0 {
		return "(1 = 0)" // an empty set, which the user's file can make
	}
	return "(" + strings.Join(terms, " OR ") + ")"
}

// merge sorts ranges and joins those that touch.
func merge(ranges []Range) []Range {
	ranges = slices.Clone(ranges)
	slices.SortFunc(ranges, func(x, y Range) int { return cmp.Or(cmp.Compare(x.First, y.First), cmp.Compare(x.Last, y.Last)) })
	out := ranges[:0]
	for _, r := range ranges {
		if n := len(out); n > 0 && r.First <= out[n-1].Last+1 {
			out[n-1].Last = max(out[n-1].Last, r.Last)
			continue
		}
		out = append(out, r)
	}
	return out
}

// without takes ports away from ranges.
func without(ranges, away []Range) []Range {
	for _, a := range away {
		var out []Range
		for _, r := range ranges {
			if r.First < a.First {
				out = append(out, Range{r.First, min(r.Last, a.First-1)})
			}
			if r.Last > a.Last {
				out = append(out, Range{max(r.First, a.Last+1), r.Last})
			}
		}
		ranges = out
	}
	return merge(ranges)
}

// Service returns the name of a service, "" if it has none. Of protocols without ports it is the protocol's name.
func (p *Ports) Service(protocol, port int) string {
	if name := p.services[service{protocol, port}]; name != "" {
		return name
	}
	return protocols[protocol]
}

// ephemeral is the first port that Linux gives to clients (ip_local_port_range, 32768 to 60999 by default); those of Windows and most
// others lie above it (49152). Above it, a port says nothing about who is the server.
const ephemeral = 32768

// KnownPorts are the ports, sorted, where the side that has one of them is the server when nothing better tells: those
// that have a service or are in a set, below the ports that systems give to clients. NAT gateways take clients' ports from
// 1024 on, so that it stays a guess.
func (p *Ports) KnownPorts() []int {
	known := map[int]bool{}
	for s := range p.services {
		known[s.port] = true
	}
	for _, set := range p.sets {
		for _, r := range set {
			for port := r.First; port <= r.Last && port < ephemeral; port++ {
				known[port] = true
			}
		}
	}
	maps.DeleteFunc(known, func(port int, _ bool) bool { return port >= ephemeral })
	return slices.Sorted(maps.Keys(known))
}

// Version changes when any answer of these Ports may.
func (p *Ports) Version() string {
	h := sha256.New()
	for _, set := range p.Sets() {
		fmt.Fprintln(h, set, p.sets[set])
	}
	keys := slices.SortedFunc(maps.Keys(p.services), func(x, y service) int {
		return cmp.Or(cmp.Compare(x.protocol, y.protocol), cmp.Compare(x.port, y.port))
	})
	for _, s := range keys {
		fmt.Fprintf(h, "%d %d %q\n", s.protocol, s.port, p.services[s])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
