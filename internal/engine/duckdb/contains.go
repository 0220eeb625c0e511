package duckdb

/*
void weirContains(void *info, void *input, void *output);
*/
import "C"

import (
	"fmt"
	"net/netip"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// registerContains adds Trino's contains(network, address). DuckDB's own contains(text, text) is replaced by it; those
// of lists and maps stay.
func registerContains(c bindings.Connection) error {
	return register(c, "contains", C.weirContains, bindings.TypeBoolean, bindings.TypeVarchar, bindings.TypeVarchar)
}

// weirContains is called by DuckDB's threads, with up to 2048 rows. The network is nearly always one constant and
// addresses repeat, so the last network is kept parsed and the last address with its answer.
//
//export weirContains
func weirContains(infoPtr, inputPtr, outputPtr unsafe.Pointer) {
	info := bindings.FunctionInfo{Ptr: infoPtr}
	input := bindings.DataChunk{Ptr: inputPtr}
	output := bindings.Vector{Ptr: outputPtr}
	n := int(bindings.DataChunkGetSize(input))
	networks := newTextColumn(bindings.DataChunkGetVector(input, 0))
	addrs := newTextColumn(bindings.DataChunkGetVector(input, 1))
	result := unsafe.Slice((*bool)(bindings.VectorGetData(output)), n)

	null := nulls(output, n)
	var (
		network  netip.Prefix
		lastNet  string
		lastAddr string
		in, ok   bool
	)
	for row := range n {
		if !networks.valid(row) || !addrs.valid(row) {
			null(row)
			continue
		}
		if s := networks.borrow(row); s != lastNet || s == "" {
			var err error
			if network, err = parseNetwork(s); err != nil {
				bindings.ScalarFunctionSetError(info, err.Error())
				return
			}
			lastNet, lastAddr = s, ""
		}
		if s := addrs.borrow(row); s != lastAddr || s == "" {
			var a netip.Addr
			if a, ok = parseAddr(s); ok {
				in = network.Contains(a)
			}
			lastAddr = s
		}
		if !ok {
			null(row)
			continue
		}
		result[row] = in
	}
}

// parseNetwork reads a network as Trino does: with a prefix length and without host bits. IPv4 is kept in its IPv6
// form, so that '::/0' contains every IPv4 address and '0.0.0.0/0' no IPv6 one.
func parseNetwork(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil || p != p.Masked() {
		return netip.Prefix{}, fmt.Errorf("Invalid CIDR: %.60q", s) //nolint:staticcheck // Trino's own words
	}
	if a := p.Addr(); a.Is4() {
		p = netip.PrefixFrom(netip.AddrFrom16(a.As16()), 96+p.Bits())
	}
	return p, nil
}

// parseAddr reads an address in the form that parseNetwork compares with.
func parseAddr(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	return netip.AddrFrom16(a.As16()), true
}
