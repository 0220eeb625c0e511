package columnar

import (
	"math/bits"

	"github.com/parquet-go/parquet-go/format"

	"weir/flowlog"
)

// view is a column of the batch at hand in the form from which it is quickest to gather. The rows of a row group lie
// all over the batch, so that each value gathered is a miss of the cache, unless the column is small: 16-bit codes are.
type view struct {
	kind viewKind
	// Of viewInterface: the column's code for each code of the interface column.
	table []uint32
	// Of viewNarrow: a code for each row of the batch, 0 for NULL, and what the codes mean.
	codes  []uint16
	values []int64 // code c is values[c-1]; nil: it is least+c-1
	least  int64
	n      int // codes are less than that
	slots  []uint64
	direct []uint16
}

type viewKind uint8

const (
	viewWide      viewKind = iota // as it is in the batch
	viewNull                      // NULL throughout
	viewUniform                   // one value throughout
	viewInterface                 // every record of an interface has the same
	viewNarrow
)

// maxNarrow is how many values a column may have beside NULL for codes of 16 bits.
const maxNarrow = 1<<16 - 1

// value is what a code of viewNarrow means: a code of the batch's dictionary, or a number.
func (v *view) value(code uint32) int64 {
	if v.values != nil {
		return v.values[code-1]
	}
	return v.least + int64(code) - 1
}

// look finds the best view of a column, from which so many rows will be gathered.
func (v *view) look(c *column, b *flowlog.Batch, rows int, transient bool) {
	v.kind = viewWide
	col, n := c.in(b), b.Len()
	if col == nil || n == 0 {
		return
	}
	narrow := !transient && rows >= n/4 // else it is not worth a pass over the whole batch
	switch {
	case c.physical() == format.ByteArray:
		v.text(c, col, b, narrow)
	case !narrow:
	case c.physical() == format.Int32:
		integers(v, col.Int32[:n], flowlog.NullInt32)
	default:
		integers(v, col.Int64[:n], flowlog.NullInt64)
	}
}

// in returns the batch's column; nil if it has none, or for the map.
func (c *column) in(b *flowlog.Batch) *flowlog.Column {
	switch {
	case c.name == SourceObject:
		return &b.Object
	case c.name == StartTime:
		return b.Column(b.Table.Field("start").Index())
	case c.field == nil:
		return nil
	}
	return b.Column(c.field.Index())
}

func (v *view) text(c *column, col *flowlog.Column, b *flowlog.Batch, narrow bool) {
	codes := col.Codes[:b.Len()]
	first := codes[0]
	same := 1
	for same < len(codes) && codes[same] == first {
		same++
	}
	switch {
	case same == len(codes) && first == 0:
		v.kind = viewNull
	case same == len(codes):
		v.kind = viewUniform
	case c.field != nil && v.interfaces(col, b):
		v.kind = viewInterface
	case narrow && col.Dict.Len() <= maxNarrow:
		v.begin(len(codes))
		narrow := v.codes[:len(codes)]
		for i, code := range codes {
			narrow[i] = uint16(code)
		}
		v.kind, v.least, v.n = viewNarrow, 1, col.Dict.Len()
	}
}

func (v *view) begin(rows int) {
	if cap(v.codes) < rows {
		v.codes = make([]uint16, rows)
	}
	v.codes = v.codes[:rows]
	v.values = nil
}

// interfaceField is the field of what a record was captured at.
func interfaceField(t *flowlog.Table) *flowlog.Field {
	if f := t.Field("interface-id"); f != nil {
		return f
	}
	return t.Field("tgw-attachment-id")
}

// interfaces fills table, if every record of an interface has the same code. That holds for the ids of VPC, subnet,
// instance and zone, and it is quicker to look the code up than to gather it from all over the batch.
func (v *view) interfaces(col *flowlog.Column, b *flowlog.Batch) bool {
	key := b.Column(interfaceField(b.Table).Index())
	if key == nil {
		return false
	}
	const none = 1<<32 - 1
	v.table = v.table[:0]
	for range key.Dict.Len() {
		v.table = append(v.table, none)
	}
	keys, table := key.Codes[:b.Len()], v.table
	for i, code := range col.Codes[:b.Len()] {
		switch k := keys[i]; table[k] {
		case none:
			table[k] = code
		case code:
		default:
			return false
		}
	}
	return true
}

// integers numbers a column of numbers: by their distance from the least, or by a table, or by hashing. None is
// negative but NULL, which is the least of its type.
func integers[T int32 | int64](v *view, all []T, null T) {
	// Without the sign bit NULL is larger than all others. No branches: this loop sees every number.
	low, high, any := all[0]^null, all[0], all[0]
	for _, x := range all {
		low, high, any = min(low, x^null), max(high, x), min(any, x)
	}
	least, most := low^null, high
	switch {
	case most == null:
		v.kind = viewNull
		return
	case least == most && any != null:
		v.kind, v.least, v.values = viewUniform, int64(least), nil
		return
	}
	v.begin(len(all))
	span := uint64(most) - uint64(least) // does not overflow, since no number is negative
	switch {
	case span < maxNarrow:
		codes := v.codes[:len(all)]
		for i, x := range all {
			code := uint16(x-least) + 1
			if x == null {
				code = 0
			}
			codes[i] = code
		}
		v.kind, v.least, v.n = viewNarrow, int64(least), int(span)+2
	case span < 1<<17:
		v.tabulate(int(span) + 1)
		for i, x := range all {
			if x == null {
				v.codes[i] = 0
				continue
			}
			code := v.direct[x-least]
			if code == 0 {
				if len(v.values) == maxNarrow {
					return
				}
				v.values = append(v.values, int64(x))
				code = uint16(len(v.values))
				v.direct[x-least] = code
			}
			v.codes[i] = code
		}
		v.kind, v.n = viewNarrow, len(v.values)+1
	case span < 1<<47:
		hashed(v, all, null, least)
	}
}

func (v *view) tabulate(n int) {
	if cap(v.direct) < n {
		v.direct = make([]uint16, 1<<17)
	}
	v.direct = v.direct[:n]
	clear(v.direct)
	v.values = make([]int64, 0, 1024)
}

// hashed numbers what is spread too widely for a table. A slot is the number's distance from the least, counting from
// 1, above its code.
func hashed[T int32 | int64](v *view, all []T, null, least T) {
	const first = 1 << 12
	if v.slots == nil {
		v.slots = make([]uint64, first)
	}
	clear(v.slots)
	v.values = make([]int64, 0, 1024)
	slots, shift := v.slots, 64-bits.Len(uint(len(v.slots)-1))
	last, code := null, uint16(0)
	for i, x := range all {
		if x == last {
			v.codes[i] = code
			continue
		}
		last, code = x, 0
		if x == null {
			v.codes[i] = 0
			continue
		}
		key := uint64(x-least) + 1
		at := key * 0x9e3779b97f4a7c15 >> shift
		for slots[at]>>16 != key {
			if slots[at] != 0 {
				at = (at + 1) & uint64(len(slots)-1)
				continue
			}
			if len(v.values) == maxNarrow {
				return
			}
			v.values = append(v.values, int64(x))
			slots[at] = key<<16 | uint64(len(v.values))
			if 2*len(v.values) > len(slots) {
				slots, shift = doubled(slots)
				v.slots = slots
				at = key * 0x9e3779b97f4a7c15 >> shift
				for slots[at]>>16 != key {
					at = (at + 1) & uint64(len(slots)-1)
				}
			}
		}
		code = uint16(slots[at])
		v.codes[i] = code
	}
	v.kind, v.n = viewNarrow, len(v.values)+1
}

func doubled(old []uint64) (slots []uint64, shift int) {
	slots = make([]uint64, 2*len(old))
	shift = 64 - bits.Len(uint(len(slots)-1))
	for _, s := range old {
		if s == 0 {
			continue
		}
		at := s >> 16 * 0x9e3779b97f4a7c15 >> shift
		for slots[at] != 0 {
			at = (at + 1) & uint64(len(slots)-1)
		}
		slots[at] = s
	}
	return slots, shift
}
