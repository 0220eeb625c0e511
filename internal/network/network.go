// Package network knows what addresses and ports are: IANA's special-purpose registries, the user's own networks, lists of
// threats, countries and autonomous systems, services and sets of ports.
//
// Start at Place and Book.Lookup for addresses, and at Ports for ports. It is pure: it reads the bytes that it is handed and no
// files or networks by itself, but for the data that is embedded (registry.csv, ports.yaml). Whoever calls it says what time it is.
// What must hold: addresses are compared as addresses, never as text; an IPv4 address is the same however it is written.
package network

// Scope is what kind of place an address is, from the point of view of who runs weir.
type Scope string

// The scopes.
const (
	Own      Scope = "own"      // an interface of ours was seen to have it, or the user declared it so
	Private  Scope = "private"  // RFC 1918, shared (RFC 6598), unique local
	Internet Scope = "internet" // global unicast that nobody here declared
	AWS      Scope = "aws"      // AWS said that it is one of its services, or the user's file of its ranges does
	Special  Scope = "special"  // loopback, link-local, multicast, documentation, reserved …
)

// Place is what is known of an address. Zero values are "not known".
type Place struct {
	Scope   Scope
	Network string // name of the user's network that it is in: the narrowest
	Zone    string // of that network: "prod", "office"
	Trusted bool   // the user trusts that network: reaching us from there is no exposure
	List    string // name of the first threat list that has it
	Country string // ISO 3166, from the user's MMDB
	ASN     int64  // autonomous system number, from the user's MMDB
	Service string // AWS's name of the service whose address it is, from the user's file of AWS's ranges: only with scope AWS
}
