package columnar

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// appendHybrid appends values as Parquet's RLE/bit-packing hybrid of the given width in bits.
// Parquet format, "Encodings", RLE = 3, read 2026-11.
func appendHybrid[T uint8 | uint32](dst []byte, values []T, width int) []byte {
	n := len(values)
	packed := 0 // values[packed:i] wait to be bit-packed
	// Only of eight or more is a run made. So where two neighbours differ, none lies across them, and seven at a time
	// can be passed over. i is where values change.
	for i := 0; i+7 < n; {
		end := i + 7
		if values[end] != values[end-1] {
			i = end
			continue
		}
		v := values[end]
		for i = end - 1; i > end-7 && values[i-1] == v; {
			i--
		}
		run := end + 1
		for run+4 <= n && (values[run]^v)|(values[run+1]^v)|(values[run+2]^v)|(values[run+3]^v) == 0 {
			run += 4
		}
		for run < n && values[run] == v {
			run++
		}
		// Bit-packed values come in eights: fill the open group from this run before the run may begin.
		if fill := (packed - i) & 7; run-i-fill >= 8 {
			i += fill
			dst = appendPacked(dst, values[packed:i], width)
			dst = appendRun(dst, uint32(v), run-i, width)
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
func appendPacked[T uint8 | uint32](dst []byte, values []T, width int) []byte {
	if len(values) == 0 {
		return dst
	}
	groups := (len(values) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	at, want := len(dst), len(dst)+groups*width
	dst = slices.Grow(dst, groups*width+8)[:want+8] // what is behind a group is overwritten by the next
	for ; len(values) >= 8 && width <= 8; values = values[8:] {
		g := values[:8]
		w := uint(width)
		word := uint64(g[0]) | uint64(g[1])<<w | uint64(g[2])<<(2*w) | uint64(g[3])<<(3*w) |
			uint64(g[4])<<(4*w) | uint64(g[5])<<(5*w) | uint64(g[6])<<(6*w) | uint64(g[7])<<(7*w)
		binary.LittleEndian.PutUint64(dst[at:], word)
		at += width
	}
	for ; len(values) >= 4 && width == 16; values = values[4:] {
		g := values[:4]
		binary.LittleEndian.PutUint64(dst[at:], uint64(g[0])|uint64(g[1])<<16|uint64(g[2])<<32|uint64(g[3])<<48)
		at += 8
	}
	var word uint64
	have := 0
	dst = dst[:at]
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
