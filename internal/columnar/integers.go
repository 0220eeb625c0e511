package columnar

import (
	"encoding/binary"
	"math/bits"

	"github.com/parquet-go/parquet-go/format"

	"weir/flowlog"
)

func (e *encoder) intColumn(name string, col *flowlog.Column, rows []uint32) chunk {
	if col == nil {
		return e.empty(format.Int32, len(rows), name)
	}
	e.begin(len(rows))
	all := col.Int32
	for _, row := range rows {
		if v := all[row]; v != flowlog.NullInt32 {
			e.longs = append(e.longs, int64(v))
		}
	}
	if len(e.longs) < len(rows) {
		for _, row := range rows {
			d := uint32(1)
			if all[row] == flowlog.NullInt32 {
				d = 0
			}
			e.def = append(e.def, d)
		}
	}
	out := e.integers(format.Int32, name, len(rows))
	if hasBloom(name) && len(e.longs) > 0 && !e.transient {
		out.bloom = e.bloom()
	}
	return out
}

func (e *encoder) longColumn(name string, col *flowlog.Column, rows []uint32, scale int64) chunk {
	if col == nil {
		return e.empty(format.Int64, len(rows), name)
	}
	e.begin(len(rows))
	all := col.Int64
	for _, row := range rows {
		if v := all[row]; v != flowlog.NullInt64 {
			e.longs = append(e.longs, v*scale)
		}
	}
	if len(e.longs) < len(rows) {
		for _, row := range rows {
			d := uint32(1)
			if all[row] == flowlog.NullInt64 {
				d = 0
			}
			e.def = append(e.def, d)
		}
	}
	return e.integers(format.Int64, name, len(rows))
}

// microseconds are what a second has.
const microseconds = 1_000_000

// startColumns encodes start, and start_time from the same work: the values differ by a factor, the codes do not.
func (e *encoder) startColumns(col *flowlog.Column, rows []uint32) []chunk {
	start := e.longColumn("start", col, rows, 1)
	if !start.dictionary {
		return []chunk{start, e.longColumn(StartTime, col, rows, microseconds)}
	}
	out := e.newChunk(format.Int64, len(rows), StartTime)
	e.page = e.page[:0]
	for _, v := range e.table.values {
		e.page = binary.LittleEndian.AppendUint64(e.page, uint64(v*microseconds))
	}
	e.dictionaryPage(&out, len(e.table.values))
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

// integers encodes e.longs, as a dictionary where that is smaller, else as deltas.
func (e *encoder) integers(t format.Type, name string, rows int) chunk {
	if len(e.longs) == 0 {
		return e.empty(t, rows, name)
	}
	out := e.newChunk(t, rows, name)
	size := 8
	if t == format.Int32 {
		size = 4
	}
	e.size = size
	least, most := e.longs[0], e.longs[0]
	for _, v := range e.longs {
		least, most = min(least, v), max(most, v)
	}
	out.meta.Statistics.MinValue = binary.LittleEndian.AppendUint64(nil, uint64(least))[:size]
	out.meta.Statistics.MaxValue = binary.LittleEndian.AppendUint64(nil, uint64(most))[:size]

	if !e.transient && e.tabulate(least, most) && e.dictionarySmaller(size) {
		e.page = e.page[:0]
		for _, v := range e.table.values {
			e.page = binary.LittleEndian.AppendUint64(e.page, uint64(v))
			e.page = e.page[:len(e.page)-8+size]
		}
		n := len(e.table.values)
		e.dictionaryPage(&out, n)
		e.dataPage(&out, rows, n, format.RLEDictionary)
		return e.finish(&out)
	}
	encoding := format.DeltaBinaryPacked
	if e.transient {
		encoding = format.Plain
	}
	e.dataPage(&out, rows, 0, encoding)
	return e.finish(&out)
}

// tabulate numbers e.longs into e.codes and e.table. It gives up, and returns false, once the dictionary would take
// more room than deltas, whose width is about that of the range.
func (e *encoder) tabulate(least, most int64) bool {
	width := bits.Len64(uint64(most - least))
	n := len(e.longs)
	e.table.reset(least, most)
	codes := e.codes[:0]
	limit := max(16, n*(width+1)/64) // a dictionary entry is worth this many bits of codes saved
	last, code := e.longs[0], e.table.code(e.longs[0])
	for i, v := range e.longs {
		if v != last { // times come in runs
			last, code = v, e.table.code(v)
		}
		codes = append(codes, code)
		if k := len(e.table.values); k > limit && i&1023 == 0 && bits.Len(uint(k))*n+k*min(width, 32) > (width+1)*n {
			return false
		}
	}
	e.codes = codes
	k := len(e.table.values)
	return bits.Len(uint(k-1))*n+k*min(width, 32) <= (width+1)*n
}

// sample is how many values are encoded both ways to see which is smaller.
const sample = 8 << 10

// dictionarySmaller compares codes and deltas on the first values. Times rise slowly from run to run, so that deltas
// are mostly nothing; sizes jump.
func (e *encoder) dictionarySmaller(size int) bool {
	m := min(sample, len(e.longs))
	k := len(e.table.values)
	e.packed = appendHybrid(e.packed[:0], e.codes[:m], bits.Len(uint(k-1)))
	codes := len(e.packed) + k*size*m/len(e.longs)/2
	e.packed = appendDelta(e.packed[:0], e.longs[:m])
	return codes <= len(e.packed)
}

// intTable numbers integers in order of appearance.
type intTable struct {
	slots  []intSlot
	values []int64
	// Ports and flags need no search: small[v] is the code from 1. It is nil while values may be larger.
	small, smallMemory []uint32
}

type intSlot struct {
	value int64
	code  uint32 // from 1; 0 is free
}

// reset empties the table for values from least to most.
func (t *intTable) reset(least, most int64) {
	if t.small != nil {
		for _, v := range t.values {
			t.small[v] = 0
		}
	} else {
		clear(t.slots)
	}
	t.values = t.values[:0]
	t.small = nil
	if least >= 0 && most < 1<<16 {
		if t.smallMemory == nil {
			t.smallMemory = make([]uint32, 1<<16)
		}
		t.small = t.smallMemory
	}
}

func (t *intTable) code(v int64) uint32 {
	if t.small != nil {
		code := t.small[v]
		if code == 0 {
			t.values = append(t.values, v)
			code = uint32(len(t.values))
			t.small[v] = code
		}
		return code - 1
	}
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
