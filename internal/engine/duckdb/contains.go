package duckdb

/*
void weirContains(void *info, void *input, void *output);
*/
import "C"

import (
	"encoding/binary"
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
// addresses repeat: the last network is kept parsed, and the last address with its answer.
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
	// A duckdb_string_t of 16 bytes that equals the last one is the same text: either it is all in there, or it has the
	// same pointer.
	var (
		net            network
		lastNet        [2]uint64
		lastAddr       [2]uint64
		in, ok, parsed bool
	)
	for row := range n {
		if !networks.valid(row) || !addrs.valid(row) {
			null(row)
			continue
		}
		if raw := at[[2]uint64](networks.data, row); !parsed || raw != lastNet {
			p, err := parseNetwork(networks.borrow(row))
			if err != nil {
				bindings.ScalarFunctionSetError(info, err.Error())
				return
			}
			net, lastNet, parsed = newNetwork(p), raw, true
			in, ok = net.contains(addrs.borrow(row))
			lastAddr = at[[2]uint64](addrs.data, row)
		} else if raw := at[[2]uint64](addrs.data, row); raw != lastAddr {
			in, ok = net.contains(addrs.borrow(row))
			lastAddr = raw
		}
		if !ok {
			null(row)
			continue
		}
		result[row] = in
	}
}

// network is a network that is asked of many addresses. Most of both are IPv4, which is decided on 32 bits.
type network struct {
	prefix     netip.Prefix
	is4        bool
	base, mask uint32
}

func newNetwork(p netip.Prefix) network {
	n := network{prefix: p}
	if bits := p.Bits() - 96; p.Addr().Is4In6() && bits >= 0 {
		a := p.Addr().Unmap().As4()
		n.is4, n.base = true, binary.BigEndian.Uint32(a[:])
		n.mask = ^uint32(0) << (32 - bits) // a shift by 32 gives 0
	}
	return n
}

// contains reports whether the address lies in the network; ok is whether it is an address.
func (n *network) contains(addr string) (in, ok bool) {
	if a, is4 := parse4(addr); is4 {
		if n.is4 {
			return a&n.mask == n.base, true
		}
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], a)
		return n.prefix.Contains(netip.AddrFrom16(netip.AddrFrom4(b).As16())), true
	}
	a, ok := parseAddr(addr)
	return ok && n.prefix.Contains(a), ok
}

// parse4 reads an IPv4 address as netip.ParseAddr does, three times as fast.
func parse4(s string) (uint32, bool) {
	if len(s) < 7 || len(s) > 15 {
		return 0, false
	}
	var addr, part uint32
	dots, digits := 0, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			if digits > 0 && part == 0 { // a leading zero
				return 0, false
			}
			part = part*10 + uint32(c-'0')
			if digits++; part > 255 {
				return 0, false
			}
		case c == '.' && digits > 0 && dots < 3:
			addr, part, digits = addr<<8|part, 0, 0
			dots++
		default:
			return 0, false
		}
	}
	if dots != 3 || digits == 0 {
		return 0, false
	}
	return addr<<8 | part, true
}

// parseNetwork reads a network as Trino does: with a prefix length and without host bits. IPv4 is kept in its IPv6
// form, so that '::/0' contains every IPv4 address and '0.0.0.0/0' no IPv6 one.
func parseNetwork(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil || p != p.Masked() {
		//lint:ignore ST1005 Trino's own words
		return netip.Prefix{}, fmt.Errorf("Invalid CIDR: %.60q", s)
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
