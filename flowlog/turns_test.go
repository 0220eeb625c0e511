package flowlog

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// turnsValues returns values of a field of many lengths, few enough that each comes again and again. What the parser
// remembers, it remembers in words of 8 bytes, at most 32.
func turnsValues(f *Field, rnd *rand.Rand) []string {
	values := []string{"-"}
	switch f.Kind {
	case Address:
		values = append(values, "::", "::1", "1.2.3.4", "10.0.0.1", "10.20.0.1", "10.20.64.18", "192.168.100.1", "203.113.100.200", "2001:db8::1:2",
			"2600:1f18:0:1::2:3", "2600:1f18:4210:0::9d:d55a", "2600:1f18:4210:0:68d:e:92d9:d5", "2600:1f18:4210:0:768d:e:92d9:d5",
			"2600:1f18:4210:0:768d:ee:92d9:d55", "2600:1f18:4210:0:768d:ee:92d9:d55a", "2a01:c32c:120b:a0a8:2cdc:b480:c3bb:8113")
	case Text, Enum:
		for n := 1; n <= 70; n += 1 + rnd.IntN(8) {
			values = append(values, strings.Repeat("x", n-1)+string(rune('a'+rnd.IntN(26))))
		}
	default:
		values = append(values, "0", "1", "17", "443", "9999", "65535", "01", "000000000000000000000000000000000007")
		if f.Kind != Port {
			values = append(values, "1234567", "12345678", "123456789", "2147483647")
		}
	}
	return values
}

// TestValuesTakeTurns reads records whose values repeat and take turns in every way, whatever their lengths: what the
// parser remembers of one must never stand for another.
func TestValuesTakeTurns(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		table := Tables[rnd.IntN(len(Tables))]
		var fields []*Field
		for _, i := range rnd.Perm(len(table.Fields))[:2+rnd.IntN(len(table.Fields)-1)] {
			fields = append(fields, &table.Fields[i])
		}
		pools, last := make([][]string, len(fields)), make([]string, len(fields))
		var text strings.Builder
		for i, f := range fields {
			pools[i] = turnsValues(f, rnd)
			last[i] = "-"
			fmt.Fprintf(&text, "%s%c", f.Name, " \n"[btoi(i == len(fields)-1)])
		}
		if _, refused, ok := slowRead(text.String()); !ok || refused > 0 {
			continue // only fields that both tables have, say
		}
		for range 400 {
			for i := range fields {
				if rnd.IntN(3) == 0 {
					last[i] = pools[i][rnd.IntN(len(pools[i]))]
				}
				if j := rnd.IntN(len(fields)); fields[j].Kind == fields[i].Kind && fields[i].Kind == Address && rnd.IntN(2) == 0 {
					last[i] = last[j] // as pkt-srcaddr and srcaddr
				}
			}
			text.WriteString(strings.Join(last, " ") + "\n")
		}
		compare(t, text.String())
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestAddressAfterLongOne: an IPv6 address of more characters than are remembered, between two records of the same
// IPv4 address, once gave its code to the second of these.
func TestAddressAfterLongOne(t *testing.T) {
	compare(t, "srcaddr dstaddr pkt-srcaddr pkt-dstaddr\n"+
		"1.2.3.4 10.20.0.16 1.2.3.4 10.20.0.16\n"+
		"2600:1f18:4210:0:768d:ee:92d9:d55a 2a01:c32c:120b:a0a8:2cdc:b48:c3bb:8113 2600:1f18:4210:0:768d:ee:92d9:d55a 2a01:c32c:120b:a0a8:2cdc:b48:c3bb:8113\n"+
		"1.2.3.5 10.20.0.16 1.2.3.4 10.20.0.16\n"+
		"1.2.3.4 10.20.0.16 1.2.3.4 10.20.0.16\n")
}
