package main

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"weir/internal/traffic"
)

// slack is how far a finding's time and a label's may be apart: the windows of flow logs are up to ten minutes long, and
// a record says when its window was, not when its packets were.
const slack = 10 * time.Minute

// about tells whether a finding can be about what a label says: at the same time, nothing that makes the finding's
// identity is different, and at least one thing that says who is the same. What a finding names beside its identity is an
// example (the client that got most, of many): it can say who, and contradicts nothing.
func about(f *finding, l *traffic.Label) bool {
	if f.First.After(l.End.Add(slack)) || f.Last.Before(l.Start.Add(-slack)) {
		return false
	}
	if f.Port != nil && f.is("port", "server_port") && len(l.Ports) > 0 && !slices.Contains(l.Ports, uint16(*f.Port)) {
		return false
	}
	if f.Protocol != nil && f.is("protocol") && l.Protocol > 0 && *f.Protocol != int(l.Protocol) {
		return false
	}
	client, server := f.identity()
	iface := ""
	if f.is("interface_id") {
		iface = f.Interface
	}
	if len(l.Actors) == 0 { // the log itself: an interface, or all of an account
		return l.Interface == "" || iface == "" || iface == l.Interface
	}
	switch {
	case client != "" || server != "":
		return meets(client, server, l)
	case iface != "":
		return iface == l.Interface || iface == l.Gateway // what passes a gateway is seen there, too
	}
	// It is about something larger, a network or an account: its examples must say more.
	return (f.Client != "" || f.Server != "") && meets(f.Client, f.Server, l) || f.Interface != "" && f.Interface == l.Interface
}

// is tells whether one of these columns makes the finding's identity. A finding of which that is not known is all that
// it names.
func (f *finding) is(columns ...string) bool {
	if len(f.Entity) == 0 {
		return true
	}
	return slices.ContainsFunc(columns, func(c string) bool { _, ok := f.Entity[c]; return ok })
}

// identity gives the ends that make the finding's identity.
func (f *finding) identity() (client, server string) {
	if f.is("client") {
		client = f.Client
	}
	if f.is("server") {
		server = f.Server
	}
	return client, server
}

// meets tells whether the ends that a finding names are ends of the label. Which of them called the other is left open:
// a label's actor may be the server of a reply.
func meets(c, s string, l *traffic.Label) bool {
	actor := func(a string) bool { return within(l.Actors, a) }
	target := func(a string) bool { return len(l.Targets) == 0 || within(l.Targets, a) }
	switch {
	case c == "":
		return actor(s) || within(l.Targets, s)
	case s == "":
		return actor(c) || within(l.Targets, c)
	}
	return actor(c) && target(s) || actor(s) && target(c)
}

func within(list []string, a string) bool {
	addr, err := netip.ParseAddr(a)
	if err != nil {
		return slices.Contains(list, a)
	}
	return slices.ContainsFunc(list, func(x string) bool {
		if strings.Contains(x, "/") {
			p, err := netip.ParsePrefix(x)
			return err == nil && p.Contains(addr)
		}
		return x == a
	})
}

// pins tells whether a finding names a label's ends so closely that it must mean it, whatever rule it is of: both ends,
// or one and the port.
func pins(f *finding, l *traffic.Label) bool {
	ends := 0
	for _, a := range []string{f.Client, f.Server} {
		if a != "" {
			ends++
		}
	}
	port := f.Port != nil && len(l.Ports) > 0 && slices.Contains(l.Ports, uint16(*f.Port))
	return len(l.Actors) > 0 && about(f, l) && (ends == 2 || ends == 1 && port) && meets(f.Client, f.Server, l)
}

// shares tells whether a rule is for what a label should raise.
func shares(catalogue []string, l *traffic.Label) bool {
	return slices.ContainsFunc(catalogue, func(d string) bool { return slices.Contains(l.Detections, d) })
}
