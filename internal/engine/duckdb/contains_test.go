package duckdb

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// FuzzContains compares the fast way with the obvious one.
func FuzzContains(f *testing.F) {
	for _, s := range []string{"10.0.0.0/8 10.1.2.3", "10.0.0.0/8 11.1.2.3", "0.0.0.0/0 1.2.3.4", "1.2.3.4/32 1.2.3.4", "::/0 1.2.3.4", "::ffff:0:0/96 1.2.3.4",
		"::ffff:10.0.0.0/104 10.1.2.3", "2001:db8::/32 2001:db8::1", "10.0.0.0/8 ::ffff:10.1.2.3", "0.0.0.0/0 2001:db8::1", "10.0.0.0/8 10.0.0.01",
		"10.0.0.0/8 -", "10.0.0.0/8 10.1.2", "10.0.0.0/8 10.1.2.3.4", "10.0.0.0/8 10.1.2.256", "10.0.0.0/8 fe80::1%eth0", "10.0.0.1/8 10.0.0.1", "10.0.0.0/8 ...10.0.0"} {
		for i := range s {
			if s[i] == ' ' {
				f.Add(s[:i], s[i+1:])
			}
		}
	}
	f.Fuzz(func(t *testing.T, net, addr string) {
		p, err := parseNetwork(net)
		if err != nil {
			return
		}
		n := newNetwork(p)
		in, ok := n.contains(addr)
		a, wantOK := parseAddr(addr)
		if want := wantOK && p.Contains(a); in != want || ok != wantOK {
			t.Errorf("contains(%q, %q) = %v, %v; want %v, %v", net, addr, in, ok, want, wantOK)
		}
		v4, is4 := parse4(addr)
		std, err := netip.ParseAddr(addr)
		if want := err == nil && std.Is4(); is4 != want {
			t.Errorf("parse4(%q) = %v", addr, is4)
		} else if is4 {
			if b := std.As4(); binary.BigEndian.Uint32(b[:]) != v4 {
				t.Errorf("parse4(%q) = %08x", addr, v4)
			}
		}
	})
}
