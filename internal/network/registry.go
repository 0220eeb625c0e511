package network

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"github.com/gaissmai/bart"
)

//go:embed registry.csv
var registryText string

// Entry is one row of IANA's registries.
type Entry struct {
	Registry  string       // v4, v6 (the special-purpose registries), or space (those of the whole space and of multicast)
	Block     netip.Prefix //
	Name      string       // as IANA writes it
	RFC       string       // "RFC 1918"
	Reachable string       // IANA's "Globally Reachable": yes, no, n/a, or - when the allocation has ended
	Scope     Scope        // what weir makes of it
}

// Registry returns the rows of registry.csv. Callers must not change them.
func Registry() []*Entry { return registry().rows }

type registryTable struct {
	rows  []*Entry
	table bart.Table[*Entry]
}

var registry = sync.OnceValue(func() *registryTable {
	r := csv.NewReader(strings.NewReader(registryText))
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		panic("BUG: registry.csv: " + err.Error())
	}
	var t registryTable
	for _, row := range rows[1:] {
		block, err := netip.ParsePrefix(row[1])
		if err != nil || block != block.Masked() {
			panic(fmt.Sprintf("BUG: registry.csv: block %q: %v", row[1], err))
		}
		e := &Entry{row[0], block, row[2], row[3], row[4], Scope(row[5])}
		t.rows = append(t.rows, e)
		t.table.Insert(block, e)
	}
	return &t
})

// nat64 is the prefix by which a machine with IPv6 alone reaches an IPv4 address behind a NAT gateway. RFC 6052; AWS VPC
// User Guide, "DNS64 and NAT64", read 2026-11: also addresses of other VPCs and of one's own premises.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// plain returns the address that is meant: an IPv4 address that is written as IPv6 (mapped, or for NAT64) is the IPv4
// address, whatever would be hidden from the tables otherwise; zones of links are dropped.
func plain(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		b := a.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

// plainPrefix is plain for blocks. A block that holds more than such addresses stays as it is.
func plainPrefix(p netip.Prefix) netip.Prefix {
	if a := plain(p.Addr()); a.Is4() && !p.Addr().Is4() && p.Bits() >= 96 {
		return netip.PrefixFrom(a, p.Bits()-96).Masked()
	}
	return p.Masked()
}

// unreachable tells whether all of a block is private or special, so that no list or database of the internet can mean it.
func unreachable(p netip.Prefix) bool {
	e, ok := registry().table.LookupPrefix(p)
	if !ok || e.Scope == Internet {
		return false
	}
	for _, inner := range registry().table.Subnets(p) {
		if inner.Scope == Internet {
			return false
		}
	}
	return true
}
