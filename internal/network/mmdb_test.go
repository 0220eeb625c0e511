package network

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"
)

// testMMDB writes a database for IPv6 and IPv4 in which every address below 128.0.0.0 (::/97) has the record, and no other has.
// MaxMind DB File Format Specification 2.0, read 2026-11. A nil record makes a database that knows nothing.
func testMMDB(kind string, record map[string]any) []byte {
	const nodes = 97 // a chain: 97 bits of zero lead to the record
	var b bytes.Buffer
	node := func(left, right int) {
		for _, n := range []int{left, right} {
			b.Write([]byte{byte(n >> 16), byte(n >> 8), byte(n)})
		}
	}
	for i := range nodes {
		switch {
		case i < nodes-1:
			node(i+1, nodes)
		case record == nil:
			node(nodes, nodes)
		default:
			node(nodes+16, nodes) // the first byte of the data, behind a separator of 16 zeros
		}
	}
	b.Write(make([]byte, 16))
	mmdbValue(&b, record)
	b.WriteString("\xab\xcd\xefMaxMind.com")
	mmdbValue(&b, map[string]any{"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint64(1767225600),
		"database_type": kind, "ip_version": uint16(6), "node_count": uint32(nodes), "record_size": uint16(24),
		"languages": []any{}, "description": map[string]any{}})
	return b.Bytes()
}

func mmdbValue(b *bytes.Buffer, v any) {
	control := func(kind, size int) {
		if size > 28 {
			panic("BUG: the test's writer of MMDB knows short values only")
		}
		if kind <= 7 {
			b.WriteByte(byte(kind<<5 | size))
			return
		}
		b.Write([]byte{byte(size), byte(kind - 7)})
	}
	switch v := v.(type) {
	case string:
		control(2, len(v))
		b.WriteString(v)
	case uint16:
		control(5, 2)
		b.Write(binary.BigEndian.AppendUint16(nil, v))
	case uint32:
		control(6, 4)
		b.Write(binary.BigEndian.AppendUint32(nil, v))
	case uint64:
		control(9, 8)
		b.Write(binary.BigEndian.AppendUint64(nil, v))
	case map[string]any:
		control(7, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			mmdbValue(b, k)
			mmdbValue(b, v[k])
		}
	case []any:
		control(11, len(v))
		for _, x := range v {
			mmdbValue(b, x)
		}
	default:
		panic(fmt.Sprintf("BUG: the test's writer of MMDB does not know %T", v))
	}
}

func TestMMDB(t *testing.T) {
	for name, c := range map[string]struct {
		record  map[string]any
		country string
		asn     int64
	}{
		"maxmind":  {map[string]any{"country": map[string]any{"iso_code": "DE"}, "autonomous_system_number": uint32(4200000000)}, "DE", 4200000000},
		"anycast":  {map[string]any{"registered_country": map[string]any{"iso_code": "AU"}}, "AU", 0},
		"ipinfo":   {map[string]any{"country": "Germany", "country_code": "DE", "asn": "AS64496"}, "DE", 64496},
		"ipinfo 2": {map[string]any{"country": "de", "asn": "AS0"}, "DE", 0},
		"strange":  {map[string]any{"country": uint32(49), "asn": "none"}, "", 0},
		"empty":    {nil, "", 0},
	} {
		b := newBook(t, Config{Country: testMMDB("Country", c.record), ASN: testMMDB("ASN", c.record)})
		if got, want := b.Lookup(addr("9.9.9.9")), (Place{Scope: Internet, Country: c.country, ASN: c.asn}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		for in, scope := range map[string]Scope{"193.99.144.80": Internet, "10.0.0.1": Private, "2600::1": Internet} {
			if got := b.Lookup(addr(in)); got != (Place{Scope: scope}) {
				t.Errorf("%s: %s, which the database does not have, is %+v", name, in, got)
			}
		}
	}
	for _, bad := range [][]byte{[]byte("PK\x03\x04"), []byte("\xab\xcd\xefMaxMind.com"), testMMDB("x", nil)[:200]} {
		if _, err := New(Config{ASN: bad}); err == nil {
			t.Errorf("%q is a database", bad[:4])
		}
	}
}
