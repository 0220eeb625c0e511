package traffic

import (
	"encoding/binary"
	"net/netip"
)

// Addresses of the internet are drawn at random from public space, for the documentation ranges are too few and every
// rule leaves them out. They mean nobody.

func put64(b []byte, v uint64) { binary.BigEndian.PutUint64(b, v) }

func addrPlus(a netip.Addr, n uint32) netip.Addr {
	b := a.As4()
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+n)
	return netip.AddrFrom4(b)
}

// public turns a number into a public IPv4 address, never one of the ranges of awsService but EC2's,
// nor 45.0.0.0/8, where the crowds of the attacks live.
func public(h uint64) netip.Addr {
	for {
		h = mix(h + golden)
		b := [4]byte{byte(h >> 24), byte(h >> 16), byte(h >> 8), byte(h)}
		switch b[0] {
		case 0, 10, 13, 45, 52, 54, 100, 127, 169, 172, 192, 198, 203:
			continue
		}
		if b[0] >= 224 || b[3] == 0 || b[3] == 255 {
			continue
		}
		return netip.AddrFrom4(b)
	}
}

// public6 turns a number into a public IPv6 address of a home or a phone.
func public6(h uint64) netip.Addr {
	var b [16]byte
	put64(b[:], hash(h, 1))
	put64(b[8:], hash(h, 2))
	copy(b[:], [][]byte{{0x2a, 0x02}, {0x2a, 0x01}, {0x24, 0x09}, {0x26, 0x07}}[h%4])
	return netip.AddrFrom16(b)
}

// pool returns the i-th address of a /16 that belongs to an AWS service or to a named party of ours.
func pool(a, b byte, i uint64) netip.Addr {
	h := mix(i + golden)
	return netip.AddrFrom4([4]byte{a, b, byte(h >> 8), 1 + byte(h%254)})
}

// awsService says which of AWS's published ranges holds an address. A few ranges stand for the hundreds of
// ip-ranges.json; one code an address, as in the log.
func awsService(a netip.Addr) string {
	if !a.Is4() {
		return "-"
	}
	b := a.As4()
	switch {
	case b[0] == 3, b[0] == 18:
		return "EC2"
	case b[0] == 52 && b[1]&^1 == 216:
		return "S3"
	case b[0] == 52 && b[1] == 94:
		return "DYNAMODB"
	case b[0] == 54 && b[1] == 239, b[0] == 52 && b[1] == 119:
		return "AMAZON"
	case b[0] == 13 && b[1]&^1 == 32:
		return "CLOUDFRONT"
	case b[0] == 54 && b[1] == 183:
		return "ROUTE53_HEALTHCHECKS"
	}
	return "-"
}

// Parties on the internet that the company deals with.
var (
	s3        = func(i uint64) netip.Addr { return pool(52, 216, i%96) }
	dynamo    = func(i uint64) netip.Addr { return pool(52, 94, i%24) }
	agentHost = func(i uint64) netip.Addr { return pool(52, 119, i%12) }
	cdn       = func(i uint64) netip.Addr { return pool(13, 32, i%48) }
	checker   = func(i uint64) netip.Addr { return pool(54, 183, i%15) }
	gitHost   = netip.AddrFrom4([4]byte{140, 82, 121, 4})
	mirror    = func(i uint64) netip.Addr { return pool(151, 101, i%8) }
	timeHost  = func(i uint64) netip.Addr { return pool(162, 159, i%4) }
	nameHost  = func(i uint64) netip.Addr { return pool(199, 7, i%40) }
	partner   = func(i uint64) netip.Addr { return pool(185, 60, i%12) }
	office    = func(i uint64) netip.Addr { return pool(80, 187, i%3) }
)
