package main

import (
	"testing"
	"time"

	"weir/internal/traffic"
)

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

func port(n int) *int { return &n }

func TestAbout(t *testing.T) {
	l := &traffic.Label{Interface: "eni-1", Gateway: "eni-nat", Actors: []string{"198.18.0.0/16"}, Targets: []string{"10.0.0.1"}, Ports: []uint16{22}, Protocol: 6,
		Start: noon, End: noon.Add(time.Hour)}
	anybody := &traffic.Label{Interface: "eni-1", Actors: []string{"10.0.0.1"}, Protocol: 6, Start: noon, End: noon.Add(time.Hour)}
	log := &traffic.Label{Interface: "eni-1", Start: noon, End: noon.Add(time.Hour)}
	all := &traffic.Label{Start: noon, End: noon.Add(time.Hour)}
	at := func(f finding) *finding {
		if f.First.IsZero() {
			f.First, f.Last = noon.Add(time.Minute), noon.Add(2*time.Minute)
		}
		return &f
	}
	for name, test := range map[string]struct {
		f    *finding
		l    *traffic.Label
		want bool
	}{
		"interface":                    {at(finding{Interface: "eni-1"}), l, true},
		"interface and port":           {at(finding{Interface: "eni-1", Port: port(22), Protocol: port(6)}), l, true},
		"the gateway":                  {at(finding{Interface: "eni-nat"}), l, true},
		"another interface":            {at(finding{Interface: "eni-2"}), l, false},
		"another port":                 {at(finding{Interface: "eni-1", Port: port(23)}), l, false},
		"another protocol":             {at(finding{Interface: "eni-1", Protocol: port(17)}), l, false},
		"both ends":                    {at(finding{Client: "198.18.4.4", Server: "10.0.0.1"}), l, true},
		"both ends, other side":        {at(finding{Interface: "eni-2", Client: "198.18.4.4", Server: "10.0.0.1"}), l, true},
		"the actor served":             {at(finding{Client: "10.0.0.1", Server: "198.18.4.4"}), l, true},
		"another client":               {at(finding{Interface: "eni-1", Client: "198.19.4.4", Server: "10.0.0.1"}), l, false},
		"another server":               {at(finding{Interface: "eni-1", Client: "198.18.4.4", Server: "10.0.0.2"}), l, false},
		"client alone":                 {at(finding{Client: "198.18.4.4"}), l, true},
		"stranger alone":               {at(finding{Interface: "eni-1", Client: "192.0.2.1"}), l, false},
		"any target":                   {at(finding{Client: "10.0.0.1", Server: "192.0.2.1"}), anybody, true},
		"any target, not as that":      {at(finding{Server: "192.0.2.1"}), anybody, false},
		"nothing that says who":        {at(finding{Account: "210987654321"}), l, false},
		"an example of another client": {at(finding{Interface: "eni-1", Client: "192.0.2.1", Port: port(22), Entity: map[string]any{"interface_id": "", "port": 22}}), l, true},
		"an example of another port":   {at(finding{Client: "198.18.4.4", Port: port(23), Entity: map[string]any{"client": ""}}), l, true},
		"the examples of a network":    {at(finding{Client: "198.18.4.4", Interface: "eni-2", Entity: map[string]any{"vpc_id": ""}}), l, true},
		"others":                       {at(finding{Client: "192.0.2.1", Interface: "eni-2", Entity: map[string]any{"vpc_id": ""}}), l, false},
		"too early":                    {at(finding{Interface: "eni-1", First: noon.Add(-time.Hour), Last: noon.Add(-slack - time.Second)}), l, false},
		"just early":                   {at(finding{Interface: "eni-1", First: noon.Add(-time.Hour), Last: noon.Add(-slack)}), l, true},
		"just late":                    {at(finding{Interface: "eni-1", First: noon.Add(time.Hour + slack), Last: noon.Add(3 * time.Hour)}), l, true},
		"too late":                     {at(finding{Interface: "eni-1", First: noon.Add(time.Hour + slack + time.Second), Last: noon.Add(3 * time.Hour)}), l, false},
		"the log of an interface":      {at(finding{Interface: "eni-1"}), log, true},
		"of another":                   {at(finding{Interface: "eni-2"}), log, false},
		"of its account":               {at(finding{Account: "210987654321"}), log, true},
		"of anything":                  {at(finding{Interface: "eni-2"}), all, true},
	} {
		if got := about(test.f, test.l); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if pins(at(finding{Interface: "eni-1"}), l) || pins(at(finding{Client: "198.18.4.4"}), l) {
		t.Error("an interface or an address alone pins")
	}
	if !pins(at(finding{Client: "198.18.4.4", Port: port(22)}), l) || !pins(at(finding{Client: "198.18.4.4", Server: "10.0.0.1"}), l) {
		t.Error("two ends, or one and the port, do not pin")
	}
	if pins(at(finding{Client: "198.18.4.4", Port: port(22)}), all) {
		t.Error("a label without ends is pinned")
	}
}
