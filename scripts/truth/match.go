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

// about tells whether a finding can be about what a label says: at the same time, and nothing that both of them name is
// different, and at least one thing that says who is the same.
func about(f *finding, l *traffic.Label) bool {
	if f.First.After(l.End.Add(slack)) || f.Last.Before(l.Start.Add(-slack)) {
		return false
	}
	if f.Port != nil && len(l.Ports) > 0 && !slices.Contains(l.Ports, uint16(*f.Port)) {
		return false
	}
	if f.Protocol != nil && l.Protocol > 0 && *f.Protocol != int(l.Protocol) {
		return false
	}
	if len(l.Actors) == 0 { // the log itself: an interface, or all of an account
		return l.Interface == "" || f.Interface == "" || f.Interface == l.Interface
	}
	addresses := f.Client != "" || f.Server != ""
	if addresses && !meets(f, l) {
		return false
	}
	return addresses || f.Interface != "" && f.Interface == l.Interface
}

// meets tells whether the ends that a finding names are ends of the label. Which of them called the other is left open:
// a label's actor may be the server of a reply.
func meets(f *finding, l *traffic.Label) bool {
	actor := func(a string) bool { return within(l.Actors, a) }
	target := func(a string) bool { return len(l.Targets) == 0 || within(l.Targets, a) }
	c, s := f.Client, f.Server
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
	return len(l.Actors) > 0 && about(f, l) && (ends == 2 || ends == 1 && f.Port != nil && len(l.Ports) > 0)
}

// shares tells whether a rule is for what a label should raise.
func shares(catalogue []string, l *traffic.Label) bool {
	return slices.ContainsFunc(catalogue, func(d string) bool { return slices.Contains(l.Detections, d) })
}
