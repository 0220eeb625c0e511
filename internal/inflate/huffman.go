package inflate

import "math/bits"

// Decoding tables have a first level that is indexed by the next bits of input, and behind it sub-tables for the few
// codes that are longer.
const (
	litBits  = 11
	distBits = 9
	// Room for the worst complete code, from zlib's enough.c: 2,342 entries for 288 symbols, 15 bits and 11 at the
	// first level; 402 to 592 for 32 symbols and 15 bits.
	litSize  = 2400
	distSize = 640
	maxCode  = 15
)

// An entry says in its lowest six bits how many bits of input it uses, code and extra bits together, in the next byte
// how many of them are the code, and above what they mean. An entry of 0 is no code.
const (
	entryLiteral = 1 << 31 // the value is a byte
	entrySub     = 1 << 7  // the value is where a sub-table begins, the code's bits are its width
	entryEnd     = 1 << 6  // end of the block
	entryUsed    = 1<<6 - 1
	entryShift   = 16
	entryValue   = 0x7fff
)

var (
	lengthBase  = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase    = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distExtra   = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

// litEntry is what a literal or length symbol means, without its code's length; 0 if it may not be used.
func litEntry(symbol int) uint32 {
	switch {
	case symbol < 256:
		return entryLiteral | uint32(symbol)<<entryShift
	case symbol == 256:
		return entryEnd
	case symbol-257 < len(lengthBase):
		return uint32(lengthBase[symbol-257])<<entryShift | uint32(lengthExtra[symbol-257])
	}
	return 0
}

// distEntry is the same for a distance.
func distEntry(symbol int) uint32 {
	if symbol < len(distBase) {
		return uint32(distBase[symbol])<<entryShift | uint32(distExtra[symbol])
	}
	return 0
}

// The meanings of all symbols.
var (
	litEntries   = entries(288, litEntry)
	distEntries  = entries(32, distEntry)
	plainEntries = entries(19, func(symbol int) uint32 { return uint32(symbol) << entryShift })
)

func entries(n int, entry func(symbol int) uint32) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = entry(i)
	}
	return out
}

// build fills a table for codes of the given lengths; 0 is a symbol without a code. It returns false if the lengths
// make no code. As in zlib, a code with one symbol of one bit is taken, though half of it means nothing.
func build(table []uint32, first int, lengths []uint8, entries []uint32) bool {
	var count [maxCode + 1]int
	longest := 0
	for _, n := range lengths {
		count[n]++
		longest = max(longest, int(n))
	}
	clear(table)
	if longest == 0 {
		return true
	}
	left := 1
	var next [maxCode + 2]int
	count[0] = 0
	for n := 1; n <= maxCode; n++ {
		left = left<<1 - count[n]
		if left < 0 {
			return false
		}
		next[n+1] = (next[n] + count[n]) << 1
	}
	if left > 0 && !(longest == 1 && count[1] == 1) {
		return false
	}
	// Symbols in order of their codes: by length, then by value.
	var sorted [288 + 32]uint16
	var at [maxCode + 1]int
	for n := 1; n < maxCode; n++ {
		at[n+1] = at[n] + count[n]
	}
	codes := 0
	for symbol, n := range lengths {
		if n > 0 {
			sorted[at[n]] = uint16(symbol)
			at[n]++
			codes++
		}
	}
	end := 1 << first // where the next sub-table goes
	// The codes of one sub-table follow each other, shortest first, so its width is known when it is begun.
	subStart, subWidth, subPrefix := 0, 0, -1
	for i, symbol := range sorted[:codes] {
		n := int(lengths[symbol])
		code := int(bits.Reverse16(uint16(next[n])) >> (16 - n))
		next[n]++
		e := entries[symbol]
		if e != 0 || symbol == 0 {
			e = e&^0xffff | uint32(n)<<8 | (e&0xff + uint32(n))
		}
		if n <= first {
			for i := code; i < 1<<first; i += 1 << n {
				table[i] = e
			}
			continue
		}
		if prefix := code & (1<<first - 1); prefix != subPrefix {
			subPrefix, subStart, subWidth = prefix, end, n-first
			// Wide enough for all codes that are left with this prefix. at[n] is now where the codes of n bits end.
			for room := 1<<subWidth - (at[n] - i); room > 0 && first+subWidth < longest; {
				subWidth++
				room = room<<1 - count[first+subWidth]
			}
			end += 1 << subWidth
			if end > len(table) {
				return false
			}
			table[prefix] = entrySub | uint32(subStart)<<entryShift | uint32(subWidth)<<8 | uint32(first)
		}
		if e&0xff != 0 {
			e -= uint32(first) | uint32(first)<<8 // the first level's bits are gone by then
		}
		for i := code >> first; i < 1<<subWidth; i += 1 << (n - first) {
			table[subStart+i] = e
		}
	}
	return true
}
