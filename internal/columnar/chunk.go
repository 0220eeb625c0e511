package columnar

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"weir/flowlog"
)

// chunk is one encoded column of a row group: its pages, and what the footer says of it.
type chunk struct {
	pages      []byte
	dictionary bool
	bloom      []byte                // with its header; nil if the column has none
	meta       format.ColumnMetaData // DataPageOffset counts from the chunk's begin
}

// encoder encodes one column chunk at a time; its memory is used again and again.
type encoder struct {
	zstd      *zstd.Encoder
	transient bool // see Writer.Transient

	local  []uint32 // batch code to code in this chunk, 0 is none yet
	codes  []uint32 // per value: code in this chunk, from 0
	dict   []uint32 // code in this chunk to batch code
	longs  []int64  // values of an integer column
	size   int      // of such a value in the file, in bytes
	table  intTable
	def    []uint32
	rep    []uint32
	page   []byte
	packed []byte
}

var encoders = sync.Pool{New: func() any {
	// One block at a time and a small window: a page is at most some hundred kilobytes.
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return &encoder{zstd: z}
}}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// column encodes a column of the given rows. A map gives two chunks, all else one.
func (e *encoder) column(c *column, b *flowlog.Batch, rows []uint32) []chunk {
	switch {
	case c.name == Extra:
		return e.extra(b, rows)
	case c.name == SourceObject:
		return []chunk{e.text(c, &b.Object, rows)}
	case c.name == StartTime:
		col := b.Column(b.Table.Field("start").Index())
		return []chunk{e.longColumn(c.name, col, rows, 1_000_000)}
	}
	col := b.Column(c.field.Index())
	switch c.physical() {
	case format.ByteArray:
		return []chunk{e.text(c, col, rows)}
	case format.Int32:
		return []chunk{e.intColumn(c.name, col, rows)}
	default:
		return []chunk{e.longColumn(c.name, col, rows, 1)}
	}
}

// text encodes a column of dictionary codes: they are numbered anew for this chunk, in order of appearance.
func (e *encoder) text(c *column, col *flowlog.Column, rows []uint32) chunk {
	if col == nil {
		return e.empty(format.ByteArray, len(rows), c.name)
	}
	e.begin(len(rows))
	if c.uniform {
		e.dict = append(e.dict, col.Codes[0])
		e.codes = e.codes[:len(rows)]
		clear(e.codes)
	} else {
		e.number(col, rows)
	}
	var least, most []byte
	size := 0
	for i, code := range e.dict {
		t := col.Dict.Bytes(code)
		size += 4 + len(t)
		if i == 0 || bytes.Compare(t, least) < 0 {
			least = t
		}
		if i == 0 || bytes.Compare(t, most) > 0 {
			most = t
		}
	}
	e.page = e.page[:0]
	for _, code := range e.dict {
		t := col.Dict.Bytes(code)
		e.page = binary.LittleEndian.AppendUint32(e.page, uint32(len(t)))
		e.page = append(e.page, t...)
	}
	out := e.newChunk(format.ByteArray, len(rows), c.name)
	e.dictionaryPage(&out, len(e.dict))
	e.dataPage(&out, len(rows), len(e.dict), format.RLEDictionary)
	if len(least) <= maxStatistic && len(most) <= maxStatistic {
		out.meta.Statistics.MinValue, out.meta.Statistics.MaxValue = bytes.Clone(least), bytes.Clone(most)
	}
	return e.finish(&out)
}

// maxStatistic is the longest text that goes into the footer as a minimum or maximum, in bytes.
const maxStatistic = 128

func (e *encoder) begin(rows int) {
	e.codes, e.dict, e.longs = e.codes[:0], e.dict[:0], e.longs[:0]
	e.rep = e.rep[:0]
	if cap(e.def) < rows {
		e.def = make([]uint32, 0, rows)
		e.codes = make([]uint32, 0, rows)
	}
	e.def = e.def[:0]
}

// number fills codes, dict and def from a column of dictionary codes.
func (e *encoder) number(col *flowlog.Column, rows []uint32) {
	if n := col.Dict.Len(); cap(e.local) < n {
		e.local = make([]uint32, n+n/4)
	} else {
		e.local = e.local[:n]
		clear(e.local)
	}
	local, all := e.local[:cap(e.local)], col.Codes
	nulls := 0
	codes := e.codes[:len(rows)]
	n := 0
	for _, row := range rows {
		code := all[row]
		if code == 0 {
			nulls++
			continue
		}
		at := local[code]
		if at == 0 {
			e.dict = append(e.dict, code)
			at = uint32(len(e.dict))
			local[code] = at
		}
		codes[n] = at - 1
		n++
	}
	e.codes = codes[:n]
	if nulls > 0 {
		for _, row := range rows {
			e.def = append(e.def, min(all[row], 1))
		}
	}
}

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
	e.table.reset()
	codes := e.codes[:0]
	limit := max(16, n*(width+1)/64) // a dictionary entry is worth this many bits of codes saved
	for i, v := range e.longs {
		codes = append(codes, e.table.code(v))
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

// empty is a chunk of NULLs.
func (e *encoder) empty(t format.Type, rows int, path ...string) chunk {
	out := e.newChunk(t, rows, path...)
	e.page = e.page[:0]
	levels := 1
	if len(path) > 1 { // in a map: there are repetition levels, and definition levels up to 2
		e.page = e.level(e.page, nil, rows, 1, 0)
		levels = 2
	}
	e.page = e.level(e.page, nil, rows, levels, 0)
	out.meta.Statistics.NullCount = int64(rows)
	e.data(&out, rows, format.Plain)
	return e.finish(&out)
}

func (e *encoder) newChunk(t format.Type, rows int, path ...string) chunk {
	buf := *buffers.Get().(*[]byte)
	codec := format.Zstd
	if e.transient {
		codec = format.Uncompressed
	}
	return chunk{pages: buf[:0], meta: format.ColumnMetaData{
		Type: t, PathInSchema: path, Codec: codec, NumValues: int64(rows),
	}}
}

// dictionaryPage writes e.page as the dictionary of n values.
func (e *encoder) dictionaryPage(out *chunk, n int) {
	out.dictionary = true
	h := format.PageHeader{Type: format.DictionaryPage}
	h.DictionaryPageHeader.Set(format.DictionaryPageHeader{NumValues: int32(n), Encoding: format.Plain})
	e.put(out, &h)
	out.meta.DataPageOffset = int64(len(out.pages))
}

// dataPage writes levels and e.codes or e.longs.
func (e *encoder) dataPage(out *chunk, rows, dictionary int, encoding format.Encoding) {
	nulls := 0
	for _, d := range e.def {
		nulls += int(1 - d)
	}
	out.meta.Statistics.NullCount = int64(nulls)
	e.page = e.level(e.page[:0], e.def, rows, 1, 1)
	e.values(dictionary, encoding)
	e.data(out, rows, encoding)
}

func (e *encoder) values(dictionary int, encoding format.Encoding) {
	if encoding == format.RLEDictionary {
		width := codeWidth(dictionary)
		e.page = append(e.page, byte(width))
		e.page = appendHybrid(e.page, e.codes, width)
	} else if encoding == format.Plain && e.size == 4 {
		for _, v := range e.longs {
			e.page = binary.LittleEndian.AppendUint32(e.page, uint32(v))
		}
	} else if encoding == format.Plain {
		for _, v := range e.longs {
			e.page = binary.LittleEndian.AppendUint64(e.page, uint64(v))
		}
	} else {
		e.page = appendDelta(e.page, e.longs)
	}
}

// codeWidth is how many bits a code of a dictionary takes. Wide codes take whole bytes, in which zstd sees what repeats:
// that made files 4 % smaller, and quicker to write.
func codeWidth(dictionary int) int {
	width := bits.Len(uint(max(dictionary, 1) - 1))
	if width > 8 {
		width = (width + 7) &^ 7
	}
	return width
}

// level appends levels with their length before them; no levels means rows times the level same.
func (e *encoder) level(dst []byte, levels []uint32, rows, width int, same uint32) []byte {
	if len(levels) == 0 {
		e.packed = appendRun(e.packed[:0], same, rows, width)
	} else {
		e.packed = appendHybrid(e.packed[:0], levels, width)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(e.packed)))
	return append(dst, e.packed...)
}

// data writes e.page as the chunk's only data page.
func (e *encoder) data(out *chunk, values int, encoding format.Encoding) {
	h := format.PageHeader{Type: format.DataPage}
	h.DataPageHeader.Set(format.DataPageHeader{
		NumValues: int32(values), Encoding: encoding,
		DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
	})
	out.meta.Encoding = []format.Encoding{encoding, format.RLE}
	if out.dictionary {
		out.meta.Encoding = append(out.meta.Encoding, format.Plain)
	}
	e.put(out, &h)
}

// put compresses e.page and appends it to the chunk behind its header.
func (e *encoder) put(out *chunk, h *format.PageHeader) {
	packed := e.page
	if !e.transient {
		e.packed = e.zstd.EncodeAll(e.page, e.packed[:0])
		packed = e.packed
	}
	h.UncompressedPageSize, h.CompressedPageSize = int32(len(e.page)), int32(len(packed))
	header, err := thrift.Marshal(new(thrift.CompactProtocol), h)
	if err != nil {
		panic("BUG: encode page header: " + err.Error())
	}
	out.pages = append(out.pages, header...)
	out.pages = append(out.pages, packed...)
	out.meta.TotalUncompressedSize += int64(len(header) + len(e.page))
}

func (e *encoder) finish(out *chunk) chunk {
	out.meta.TotalCompressedSize = int64(len(out.pages))
	return *out
}

// extra encodes the map of unknown fields as its two leaves.
func (e *encoder) extra(b *flowlog.Batch, rows []uint32) []chunk {
	if b.Extra.Dict.Len() == 1 {
		return []chunk{
			e.empty(format.ByteArray, len(rows), Extra, "key_value", "key"),
			e.empty(format.ByteArray, len(rows), Extra, "key_value", "value"),
		}
	}
	return []chunk{e.extraLeaf(b, rows, "key"), e.extraLeaf(b, rows, "value")}
}

func (e *encoder) extraLeaf(b *flowlog.Batch, rows []uint32, leaf string) chunk {
	e.begin(len(rows))
	index := map[string]uint32{}
	var texts []string
	nulls := int64(0)
	for _, row := range rows {
		code := b.Extra.Codes[row]
		if code == 0 { // no map
			e.rep, e.def = append(e.rep, 0), append(e.def, 0)
			nulls++
			continue
		}
		first := true
		for name, value := range flowlog.ExtraPairs(b.Extra.Dict.Bytes(code)) {
			if leaf == "key" {
				value = name
			}
			at, ok := index[string(value)]
			if !ok {
				at = uint32(len(texts))
				texts = append(texts, string(value))
				index[string(value)] = at
			}
			e.codes = append(e.codes, at)
			r := uint32(1)
			if first {
				r, first = 0, false
			}
			e.rep, e.def = append(e.rep, r), append(e.def, 2)
		}
	}
	e.page = e.page[:0]
	for _, t := range texts {
		e.page = binary.LittleEndian.AppendUint32(e.page, uint32(len(t)))
		e.page = append(e.page, t...)
	}
	out := e.newChunk(format.ByteArray, len(e.def), Extra, "key_value", leaf)
	e.dictionaryPage(&out, len(texts))
	e.page = e.level(e.page[:0], e.rep, len(e.rep), 1, 0)
	e.page = e.level(e.page, e.def, len(e.def), 2, 0)
	e.values(len(texts), format.RLEDictionary)
	out.meta.Statistics.NullCount = nulls
	e.data(&out, len(e.def), format.RLEDictionary)
	return e.finish(&out)
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
	t.values = t.values[:0]
	clear(t.slots)
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
