package inflate

import (
	"encoding/binary"
	"unsafe"
)

// need makes sure that there are n bits, at most 56. Otherwise the input ends here.
func (r *Reader) need(n uint) bool {
	for r.nbits < n {
		if r.pos == r.end && !r.more(1) {
			return false
		}
		r.bits |= uint64(r.in[r.pos]) << r.nbits
		r.pos++
		r.nbits += 8
	}
	return true
}

// take returns the next n bits, or fails.
func (r *Reader) take(n uint) (int, bool) {
	if !r.need(n) {
		r.cut()
		return 0, false
	}
	v := int(r.bits & (1<<n - 1))
	r.drop(n)
	return v, true
}

func (r *Reader) drop(n uint) {
	r.bits >>= n
	r.nbits -= n
}

// block reads the beginning of a block.
func (r *Reader) block() {
	if r.last {
		r.state = atTrailer
		return
	}
	h, ok := r.take(3)
	if !ok {
		return
	}
	r.last = h&1 == 1
	switch h >> 1 {
	case 0:
		r.pos -= int(r.nbits / 8)
		r.bits, r.nbits = 0, 0
		if !r.more(4) {
			r.cut()
			return
		}
		n := binary.LittleEndian.Uint16(r.in[r.pos:])
		if n != ^binary.LittleEndian.Uint16(r.in[r.pos+2:]) {
			r.err = ErrCorrupt
			return
		}
		r.pos += 4
		r.stored, r.state = int(n), inStored
	case 1:
		var lengths [288]uint8
		for i := range lengths {
			switch {
			case i < 144, i >= 280:
				lengths[i] = 8
			case i < 256:
				lengths[i] = 9
			default:
				lengths[i] = 7
			}
		}
		var dists [32]uint8
		for i := range dists {
			dists[i] = 5
		}
		if !build(r.lit[:], litBits, lengths[:], litEntries) || !build(r.dist[:], distBits, dists[:], distEntries) {
			panic("BUG: fixed codes")
		}
		r.state = inCodes
	case 2:
		r.dynamic()
	default:
		r.err = ErrCorrupt
	}
}

// dynamic reads the codes of a block.
func (r *Reader) dynamic() {
	h, ok := r.take(14)
	if !ok {
		return
	}
	nlit, ndist, nclen := h&31+257, h>>5&31+1, h>>10+4
	if nlit > 286 || ndist > 30 {
		r.err = ErrCorrupt
		return
	}
	order := [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	var clen [19]uint8
	for _, o := range order[:nclen] {
		n, ok := r.take(3)
		if !ok {
			return
		}
		clen[o] = uint8(n)
	}
	var table [1 << 7]uint32
	if !build(table[:], 7, clen[:], plainEntries) {
		r.err = ErrCorrupt
		return
	}
	var lengths [286 + 30]uint8
	for i := 0; i < nlit+ndist; {
		r.need(7) // or what is left
		e := table[r.bits&(1<<7-1)]
		n := uint(e & entryUsed)
		if e == 0 {
			if r.nbits < 7 {
				r.cut()
			} else {
				r.err = ErrCorrupt
			}
			return
		}
		if n > r.nbits {
			r.cut()
			return
		}
		r.drop(n)
		symbol := int(e >> entryShift)
		if symbol < 16 {
			lengths[i] = uint8(symbol)
			i++
			continue
		}
		extra := [3]uint{2, 3, 7}[symbol-16]
		k, ok := r.take(extra)
		if !ok {
			return
		}
		k += [3]int{3, 3, 11}[symbol-16]
		var v uint8
		if symbol == 16 {
			if i == 0 {
				r.err = ErrCorrupt
				return
			}
			v = lengths[i-1]
		}
		if i+k > nlit+ndist {
			r.err = ErrCorrupt
			return
		}
		for ; k > 0; k-- {
			lengths[i] = v
			i++
		}
	}
	if !build(r.lit[:], litBits, lengths[:nlit], litEntries) || !build(r.dist[:], distBits, lengths[nlit:nlit+ndist], distEntries) {
		r.err = ErrCorrupt
		return
	}
	r.state = inCodes
}

func (r *Reader) copyStored() {
	for r.stored > 0 && r.to < outSize {
		if r.pos == r.end && !r.more(1) {
			r.cut()
			return
		}
		n := copy(r.out[r.to:min(outSize, r.to+r.stored)], r.in[r.pos:r.end])
		r.pos += n
		r.to += n
		r.stored -= n
	}
	if r.stored == 0 {
		r.state = atBlock
	}
}

// codes decodes symbols until the block or the room in out ends.
func (r *Reader) codes() {
	for r.state == inCodes && r.err == nil && r.to < outSize {
		if r.more(16) {
			r.fast()
		} else {
			r.slow()
		}
	}
}

// slow decodes one symbol near the end of the input, where each bit must be asked for.
func (r *Reader) slow() {
	e, ok := r.symbol(r.lit[:], litBits)
	if !ok {
		return
	}
	switch {
	case e&entryLiteral != 0:
		r.out[r.to] = byte(e >> entryShift)
		r.to++
		return
	case e&entryEnd != 0:
		r.state = atBlock
		return
	}
	extra, ok := r.take(uint(e&entryUsed - e>>8&0xff))
	if !ok {
		return
	}
	length := int(e>>entryShift) + extra
	d, ok := r.symbol(r.dist[:], distBits)
	if !ok {
		return
	}
	if extra, ok = r.take(uint(d&entryUsed - d>>8&0xff)); !ok {
		return
	}
	distance := int(d>>entryShift) + extra
	if distance > r.to-r.begin {
		r.err = ErrCorrupt
		return
	}
	for range length {
		r.out[r.to] = r.out[r.to-distance]
		r.to++
	}
}

// symbol decodes the code of a symbol, without its extra bits.
func (r *Reader) symbol(table []uint32, first uint) (uint32, bool) {
	r.need(maxCode) // or what is left
	e := table[r.bits&(1<<first-1)]
	used := uint(0)
	if e&entrySub != 0 {
		used = first
		e = table[e>>entryShift+uint32(r.bits>>first)&(1<<(e>>8&0xff)-1)]
	}
	used += uint(e >> 8 & 0xff)
	switch {
	case used > r.nbits || e == 0 && r.nbits < maxCode:
		r.cut()
		return 0, false
	case e == 0:
		r.err = ErrCorrupt
		return 0, false
	}
	r.drop(used)
	return e, true
}

// fast decodes while there are 16 bytes of input and room for a match. It loads input and copies matches in words,
// through pointers: what it reads lies within in, since each round uses at most 15 bytes of the 16; what it writes
// lies within out, whose slack is longer than a match and a word; what a match reads lies between begin and to.
func (r *Reader) fast() {
	in, out := unsafe.Pointer(&r.in[0]), unsafe.Pointer(&r.out[0])
	bits, nbits := r.bits, r.nbits
	pos, to := r.pos, r.to
	end := r.end - 16
	begin := r.begin
	lit, dist := &r.lit, &r.dist
	for pos <= end && to < outSize {
		bits |= load(in, pos) << (nbits & 63)
		pos += int((63 - nbits) >> 3)
		nbits |= 56
		e := lit[bits&(1<<litBits-1)]
		if e&entrySub != 0 {
			bits >>= litBits
			nbits -= litBits
			e = lit[(e>>entryShift+uint32(bits)&(1<<(e>>8&31)-1))%litSize]
		}
		if int32(e) < 0 {
			*(*byte)(unsafe.Add(out, to)) = byte(e >> entryShift)
			to++
			bits >>= e & entryUsed
			nbits -= uint(e & entryUsed)
			e = lit[bits&(1<<litBits-1)]
			if e&entrySub != 0 {
				continue
			}
			if int32(e) < 0 {
				*(*byte)(unsafe.Add(out, to)) = byte(e >> entryShift)
				to++
				bits >>= e & entryUsed
				nbits -= uint(e & entryUsed)
				continue
			}
			bits |= load(in, pos) << (nbits & 63)
			pos += int((63 - nbits) >> 3)
			nbits |= 56
		}
		if e&entryEnd != 0 {
			bits >>= e & entryUsed
			nbits -= uint(e & entryUsed)
			r.state = atBlock
			break
		}
		if e == 0 {
			r.err = ErrCorrupt
			break
		}
		used := e & entryUsed
		length := int(e>>entryShift) + int(bits&(1<<used-1)>>(e>>8&31))
		bits >>= used
		nbits -= uint(used)

		d := dist[bits&(1<<distBits-1)]
		if d&entrySub != 0 {
			bits >>= distBits
			nbits -= distBits
			d = dist[(d>>entryShift+uint32(bits)&(1<<(d>>8&31)-1))%distSize]
		}
		used = d & entryUsed
		distance := int(d>>entryShift) + int(bits&(1<<used-1)>>(d>>8&31))
		bits >>= used
		nbits -= uint(used)
		if d == 0 || distance > to-begin {
			r.err = ErrCorrupt
			break
		}

		from, stop := to-distance, to+length
		switch {
		case distance >= 16:
			for at := to; ; {
				a, b := load(out, from), load(out, from+8)
				store(out, at, a)
				store(out, at+8, b)
				at += 16
				from += 16
				if at >= stop {
					break
				}
			}
		case distance >= 8:
			for at := to; at < stop; at += 8 {
				store(out, at, load(out, from))
				from += 8
			}
		case distance == 1:
			v := uint64(*(*byte)(unsafe.Add(out, from))) * 0x0101010101010101
			for at := to; at < stop; at += 8 {
				store(out, at, v)
			}
		default:
			for at := to; at < stop; at++ {
				*(*byte)(unsafe.Add(out, at)) = *(*byte)(unsafe.Add(out, from))
				from++
			}
		}
		to = stop
	}
	r.bits, r.nbits = bits, nbits
	r.pos, r.to = pos, to
}

func load(p unsafe.Pointer, at int) uint64 {
	b := (*[8]byte)(unsafe.Add(p, at))
	return binary.LittleEndian.Uint64(b[:])
}

func store(p unsafe.Pointer, at int, v uint64) {
	b := (*[8]byte)(unsafe.Add(p, at))
	binary.LittleEndian.PutUint64(b[:], v)
}
