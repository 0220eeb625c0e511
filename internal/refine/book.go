package refine

import (
	"net/netip"

	"weir/internal/network"
)

// registry is a Book that knows what IANA's registries say, and no more.
type registry struct{}

// Registry knows private, special and other addresses apart.
var Registry Book = registry{}

func (registry) Version() string { return "registry 1" }

func (registry) Lookup(a netip.Addr) network.Place {
	a = a.Unmap()
	for _, p := range privateNetworks {
		if p.Contains(a) {
			return network.Place{Scope: network.Private}
		}
	}
	for _, p := range specialNetworks {
		if p.Contains(a) {
			return network.Place{Scope: network.Special}
		}
	}
	return network.Place{Scope: network.Internet}
}

func prefixes(list ...string) (out []netip.Prefix) {
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// IANA's special-purpose registries, read 2026-11.
var (
	privateNetworks = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
	specialNetworks = prefixes("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "100::/64", "2001:db8::/32", "3fff::/20",
		"fe80::/10", "ff00::/8")
)
