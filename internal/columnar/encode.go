package columnar

import (
	"encoding/binary"
	"math/bits"
)

// appendHybrid appends values as Parquet's RLE/bit-packing hybrid of the given width in bits.
// Parquet format, "Encodings", RLE = 3, read 2026-11.
func appendHybrid(dst []byte, values []uint32, width int) []byte {
	n := len(values)
	packed := 0 // values[packed:i] wait to be bit-packed
	for i := 0; i < n; {
		v := values[i]
		run := i + 1
		for run < n && values[run] == v {
			run++
		}
		// Bit-packed values come in eights: fill the open group from this run before the run may begin.
		if fill := (packed - i) & 7; run-i-fill >= 8 {
			i += fill
			dst = appendPacked(dst, values[packed:i], width)
			dst = appendRun(dst, v, run-i, width)
			packed = run
		}
		i = run
	}
	return appendPacked(dst, values[packed:], width)
}

// appendRun appends n times v as one run.
func appendRun(dst []byte, v uint32, n, width int) []byte {
	dst = binary.AppendUvarint(dst, uint64(n)<<1)
	for ; width > 0; width -= 8 {
		dst = append(dst, byte(v))
		v >>= 8
	}
	return dst
}

// appendPacked appends values bit-packed, the last group of eight filled up with zeros.
func appendPacked(dst []byte, values []uint32, width int) []byte {
	if len(values) == 0 {
		return dst
	}
	groups := (len(values) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	want := len(dst) + groups*width
	var word uint64
	have := 0
	for _, v := range values {
		word |= uint64(v) << have
		have += width
		if have >= 32 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(word))
			word >>= 32
			have -= 32
		}
	}
	for len(dst) < want {
		dst = append(dst, byte(word))
		word >>= 8
	}
	return dst[:want]
}

// The geometry of DELTA_BINARY_PACKED: blocks of 128 values in four miniblocks of 32.
const (
	deltaBlock = 128
	deltaMinis = 4
	deltaMini  = deltaBlock / deltaMinis
)

// appendDelta appends values as DELTA_BINARY_PACKED. Parquet format, "Encodings", DELTA = 5, read 2026-11.
func appendDelta(dst []byte, values []int64) []byte {
	dst = binary.AppendUvarint(dst, deltaBlock)
	dst = binary.AppendUvarint(dst, deltaMinis)
	dst = binary.AppendUvarint(dst, uint64(len(values)))
	if len(values) == 0 {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(dst, values[0])
	prev := values[0]
	rest := values[1:]
	var deltas [deltaBlock]uint64
	for len(rest) > 0 {
		n := min(len(rest), deltaBlock)
		least := rest[0] - prev
		for i, v := range rest[:n] {
			d := v - prev // wraps around, as the format wants it
			deltas[i] = uint64(d)
			least = min(least, d)
			prev = v
		}
		rest = rest[n:]
		dst = binary.AppendVarint(dst, least)
		var widths [deltaMinis]int
		for m := range widths {
			var all uint64
			for i := m * deltaMini; i < (m+1)*deltaMini; i++ {
				if i < n {
					deltas[i] -= uint64(least)
					all |= deltas[i]
				} else {
					deltas[i] = 0
				}
			}
			widths[m] = bits.Len64(all)
			dst = append(dst, byte(widths[m]))
		}
		for m, width := range widths {
			if m*deltaMini < n {
				dst = appendBits64(dst, deltas[m*deltaMini:(m+1)*deltaMini], width)
			}
		}
	}
	return dst
}

// appendBits64 bit-packs values whose count is a multiple of eight.
func appendBits64(dst []byte, values []uint64, width int) []byte {
	if width == 0 {
		return dst
	}
	var word uint64
	have := 0
	for _, v := range values {
		word |= v << have
		have += width
		if have >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, word)
			have -= 64
			word = v >> (width - have) // what did not fit; a shift by 64 gives 0
		}
	}
	for ; have > 0; have -= 8 {
		dst = append(dst, byte(word))
		word >>= 8
	}
	return dst
}
