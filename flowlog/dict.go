package flowlog

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// Dict gives each distinct text of a column a code, counting from 1 in order of first appearance; 0 is NULL.
// Texts live in one arena, so that a column of a million values costs the collector nothing.
type Dict struct {
	data []byte
	ends []uint32 // entry c ends at data[ends[c]]; entry 0 is empty

	slots  []uint64 // hash of the text in the upper half, code in the lower; 0 is free
	texts  int
	short  []shortSlot
	shorts int
	resets int
}

// seed keeps hostile input from choosing texts that collide.
var seed = rand.Uint64() | 1

const firstSlots = 64

func newDict() *Dict {
	d := &Dict{}
	d.Reset()
	return d
}

// Reset forgets all entries and keeps the memory.
func (d *Dict) Reset() {
	d.resets++
	d.data = d.data[:0]
	d.ends = append(d.ends[:0], 0)
	clear(d.slots)
	clear(d.short)
	d.texts, d.shorts = 0, 0
}

// Resets counts the calls of Reset: codes from before another count mean nothing.
func (d *Dict) Resets() int { return d.resets }

// Len returns the number of codes, including 0 for NULL.
func (d *Dict) Len() int { return len(d.ends) }

// Bytes returns the entry of a code. The slice is valid until Reset; it must not be changed.
func (d *Dict) Bytes(code uint32) []byte {
	if code == 0 {
		return nil
	}
	return d.data[d.ends[code-1]:d.ends[code]:d.ends[code]]
}

// String returns the entry of a code as a new string.
func (d *Dict) String(code uint32) string { return string(d.Bytes(code)) }

// Find returns the code of a text, or 0 if it is not in the dictionary.
func (d *Dict) Find(text string) uint32 { return d.find([]byte(text)) }

func (d *Dict) find(text []byte) uint32 {
	if len(d.slots) == 0 {
		return 0
	}
	h := hash(text)
	for i := int(h) & (len(d.slots) - 1); ; i = (i + 1) & (len(d.slots) - 1) {
		s := d.slots[i]
		if s == 0 {
			return 0
		}
		if uint32(s>>32) == h && string(d.Bytes(uint32(s))) == string(text) {
			return uint32(s)
		}
	}
}

func (d *Dict) add(text []byte) uint32 {
	d.data = append(d.data, text...)
	d.ends = append(d.ends, uint32(len(d.data)))
	return uint32(len(d.ends) - 1)
}

// Code returns the code of a text, which it adds if it is new.
func (d *Dict) Code(text []byte) uint32 {
	if 2*d.texts >= len(d.slots) {
		d.slots = grow(d.slots, func(s uint64) uint32 { return uint32(s >> 32) })
	}
	h := hash(text)
	mask := len(d.slots) - 1
	for i := int(h) & mask; ; i = (i + 1) & mask {
		s := d.slots[i]
		if s == 0 {
			c := d.add(text)
			d.slots[i] = uint64(h)<<32 | uint64(c)
			d.texts++
			return c
		}
		if uint32(s>>32) == h && string(d.Bytes(uint32(s))) == string(text) {
			return uint32(s)
		}
	}
}

// shortSlot is a slot of the table of texts of at most 16 bytes: the text itself is the key, so that a look-up touches
// one line of cache and compares two words. Addresses are looked up here twice or more a record.
type shortSlot struct {
	lo, hi uint64
	code   uint32 // 0 is free
}

// shortCode returns the code of a text of at most 16 bytes, given as little-endian words padded with zeros, or 0.
func (d *Dict) shortCode(lo, hi uint64) uint32 {
	if len(d.short) == 0 {
		return 0
	}
	mask := uint64(len(d.short) - 1)
	for i := hashShort(lo, hi) & mask; ; i = (i + 1) & mask {
		s := &d.short[i]
		if s.lo == lo && s.hi == hi {
			return s.code
		}
		if s.code == 0 {
			return 0
		}
	}
}

// addShort adds what shortCode did not find. The text gets one code whichever way it is looked up.
func (d *Dict) addShort(lo, hi uint64, text []byte) uint32 {
	code := d.Code(text)
	if 2*d.shorts >= len(d.short) {
		old := d.short
		d.short = make([]shortSlot, max(firstSlots, 2*len(old)))
		for _, s := range old {
			if s.code != 0 {
				d.putShort(s)
			}
		}
	}
	d.putShort(shortSlot{lo, hi, code})
	d.shorts++
	return code
}

func (d *Dict) putShort(s shortSlot) {
	mask := uint64(len(d.short) - 1)
	i := hashShort(s.lo, s.hi) & mask
	for d.short[i].code != 0 {
		i = (i + 1) & mask
	}
	d.short[i] = s
}

func hashShort(lo, hi uint64) uint64 {
	return mix(lo ^ seed ^ bits.RotateLeft64(hi, 29)*0x9e3779b97f4a7c15)
}

// grow doubles a table of slots, of which 0 is free.
func grow(old []uint64, hashOf func(uint64) uint32) []uint64 {
	next := make([]uint64, max(firstSlots, 2*len(old)))
	mask := uint32(len(next) - 1)
	for _, s := range old {
		if s == 0 {
			continue
		}
		i := hashOf(s) & mask
		for next[i] != 0 {
			i = (i + 1) & mask
		}
		next[i] = s
	}
	return next
}

// hash mixes eight bytes a step. It needs to be quick and unpredictable to senders of logs, not strong.
func hash(b []byte) uint32 {
	h := seed ^ uint64(len(b))*0xa0761d6478bd642f
	for len(b) >= 8 {
		h = mix(h ^ binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	var tail uint64
	for i := 0; i < len(b); i++ {
		tail |= uint64(b[i]) << (8 * i)
	}
	h = mix(h ^ tail)
	return uint32(h>>32) ^ uint32(h)
}

func mix(x uint64) uint64 {
	hi, lo := bits.Mul64(x, 0xe7037ed1a0b428db)
	return hi ^ lo
}
