package columnar

import (
	"encoding/binary"
	"math/bits"

	"github.com/parquet-go/parquet-go/format"

	"weir/flowlog"
)

// numbers encodes a column of integers.
func (e *encoder) numbers(c *column, col *flowlog.Column, rows []uint32, scale int64) chunk {
	e.begin(len(rows))
	t := c.physical()
	e.size = 8
	if t == format.Int32 {
		e.size = 4
	}
	var out chunk
	if e.view.kind == viewWide {
		if t == format.Int32 {
			gather(e, col.Int32, rows, flowlog.NullInt32, 1)
		} else {
			gather(e, col.Int64, rows, flowlog.NullInt64, scale)
		}
		out = e.wide(t, c.name, len(rows))
	} else {
		out = e.narrow(t, c.name, rows, scale)
	}
	if hasBloom(c.name) && out.meta.Statistics.MinValue != nil && !e.transient {
		out.bloom = e.bloom()
	}
	return out
}

// gather fills longs and def.
func gather[T int32 | int64](e *encoder, all []T, rows []uint32, null T, scale int64) {
	for _, row := range rows {
		if v := all[row]; v != null {
			e.longs = append(e.longs, int64(v)*scale)
		}
	}
	if len(e.longs) < len(rows) {
		for _, row := range rows {
			d := uint8(1)
			if all[row] == null {
				d = 0
			}
			e.def = append(e.def, d)
		}
	}
}

// microseconds are what a second has.
const microseconds = 1_000_000

// startColumns encodes start, and start_time from the same work: the values differ by a factor, the codes do not.
func (e *encoder) startColumns(c *column, col *flowlog.Column, rows []uint32) []chunk {
	start := e.numbers(c, col, rows, 1)
	if !start.dictionary {
		micros := *c
		micros.name = StartTime
		return []chunk{start, e.numbers(&micros, col, rows, microseconds)}
	}
	out := e.newChunk(format.Int64, len(rows), StartTime)
	e.page = e.page[:0]
	for _, v := range e.values {
		e.page = binary.LittleEndian.AppendUint64(e.page, uint64(v*microseconds))
	}
	e.dictionaryPage(&out, len(e.values))
	data := start.meta.DataPageOffset // where the page of codes begins, which is the same
	out.pages = append(out.pages, start.pages[data:]...)
	out.meta.TotalUncompressedSize += start.meta.TotalUncompressedSize - start.dictionarySize
	out.meta.Encoding = start.meta.Encoding
	s := start.meta.Statistics
	micro := func(b []byte) []byte {
		return binary.LittleEndian.AppendUint64(nil, binary.LittleEndian.Uint64(b)*microseconds)
	}
	out.meta.Statistics = format.Statistics{NullCount: s.NullCount, MinValue: micro(s.MinValue), MaxValue: micro(s.MaxValue)}
	return []chunk{start, e.finish(&out)}
}

// narrow encodes the codes at which view looks.
func (e *encoder) narrow(t format.Type, name string, rows []uint32, scale int64) chunk {
	if e.view.kind == viewUniform {
		e.dict = append(e.dict, 1)
		e.codes = e.codes[:len(rows)]
		clear(e.codes)
	} else {
		renumber(e, e.view.n, e.view.codes, rows)
	}
	e.values = e.values[:0]
	for _, code := range e.dict {
		e.values = append(e.values, e.view.value(code)*scale)
	}
	n := len(e.codes)
	if n == 0 {
		return e.empty(t, len(rows), name)
	}
	out := e.newChunk(t, len(rows), name)
	width := e.statistics(&out, e.values)
	if worthCodes(n, len(e.values), width) {
		e.decode(min(sample, n))
		if e.dictionarySmaller() {
			e.dictionary(&out, len(rows))
			return e.finish(&out)
		}
	}
	e.decode(n)
	e.dataPage(&out, len(rows), 0, format.DeltaBinaryPacked)
	return e.finish(&out)
}

// decode fills longs with the first n values.
func (e *encoder) decode(n int) {
	e.longs = e.longs[:0]
	for _, code := range e.codes[:n] {
		e.longs = append(e.longs, e.values[code])
	}
}

// statistics puts the least and the largest of the values into the chunk, and returns how many bits their distance has.
func (e *encoder) statistics(out *chunk, values []int64) (width int) {
	least, most := values[0], values[0]
	for _, v := range values {
		least, most = min(least, v), max(most, v)
	}
	out.meta.Statistics.MinValue = binary.LittleEndian.AppendUint64(nil, uint64(least))[:e.size]
	out.meta.Statistics.MaxValue = binary.LittleEndian.AppendUint64(nil, uint64(most))[:e.size]
	return bits.Len64(uint64(most - least))
}

// dictionary writes values and codes.
func (e *encoder) dictionary(out *chunk, rows int) {
	e.page = e.page[:0]
	for _, v := range e.values {
		e.page = binary.LittleEndian.AppendUint64(e.page, uint64(v))
		e.page = e.page[:len(e.page)-8+e.size]
	}
	e.dictionaryPage(out, len(e.values))
	e.dataPage(out, rows, len(e.values), format.RLEDictionary)
}

// wide encodes e.longs, as a dictionary where that is smaller, else as deltas.
func (e *encoder) wide(t format.Type, name string, rows int) chunk {
	if len(e.longs) == 0 {
		return e.empty(t, rows, name)
	}
	out := e.newChunk(t, rows, name)
	width := e.statistics(&out, e.longs)
	switch {
	case e.transient:
		e.dataPage(&out, rows, 0, format.Plain)
	case e.tabulate(width) && e.dictionarySmaller():
		e.dictionary(&out, rows)
	default:
		e.dataPage(&out, rows, 0, format.DeltaBinaryPacked)
	}
	return e.finish(&out)
}

// tabulate numbers e.longs into e.codes and e.values. It gives up, and returns false, once the dictionary would take
// more room than deltas, whose width is about that of the range.
func (e *encoder) tabulate(width int) bool {
	n := len(e.longs)
	e.table.reset()
	codes := e.codes[:0]
	limit := max(16, n*(width+1)/64) // a dictionary entry is worth this many bits of codes saved
	last, code := e.longs[0], e.table.code(e.longs[0])
	for i, v := range e.longs {
		if v != last { // times come in runs
			last, code = v, e.table.code(v)
		}
		codes = append(codes, code)
		if k := len(e.table.values); k > limit && i&1023 == 0 && !worthCodes(n, k, width) {
			return false
		}
	}
	e.codes = codes
	e.values = append(e.values[:0], e.table.values...)
	return worthCodes(n, len(e.values), width)
}

// worthCodes estimates whether n codes of k values, and these, take no more room than deltas.
func worthCodes(n, k, width int) bool {
	return bits.Len(uint(k-1))*n+k*min(width, 32) <= (width+1)*n
}

// sample is how many values are encoded both ways to see which is smaller.
const sample = 8 << 10

// dictionarySmaller compares codes and deltas on the first values. Times rise slowly from run to run, so that deltas
// are mostly nothing; sizes jump.
func (e *encoder) dictionarySmaller() bool {
	n, k := len(e.codes), len(e.values)
	m := min(sample, n)
	e.packed = appendHybrid(e.packed[:0], e.codes[:m], bits.Len(uint(k-1)))
	codes := len(e.packed) + k*e.size*m/n/2
	e.packed = appendDelta(e.packed[:0], e.longs[:m])
	return codes <= len(e.packed)
}

// intTable numbers integers in order of appearance.
type intTable struct {
	slots  []intSlot
	values []int64
}

type intSlot struct {
	value int64
	code  uint32 // from 1; 0 is free
}

func (t *intTable) reset() {
	clear(t.slots)
	t.values = t.values[:0]
}

func (t *intTable) code(v int64) uint32 {
	if 2*len(t.values) >= len(t.slots) {
		old := t.values
		t.slots = make([]intSlot, max(1024, 2*len(t.slots)))
		for i, v := range old {
			*t.slot(v) = intSlot{v, uint32(i + 1)}
		}
	}
	s := t.slot(v)
	if s.code == 0 {
		t.values = append(t.values, v)
		*s = intSlot{v, uint32(len(t.values))}
	}
	return s.code - 1
}

// slot returns the slot of v, or the free one where it belongs.
func (t *intTable) slot(v int64) *intSlot {
	mask := uint64(len(t.slots) - 1)
	for i := uint64(v) * 0x9e3779b97f4a7c15 >> 32 & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.code == 0 || s.value == v {
			return s
		}
	}
}
