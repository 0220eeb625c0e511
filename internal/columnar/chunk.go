package columnar

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
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
	// dictionarySize is what the dictionary's page takes uncompressed, with its header.
	dictionarySize int64
	dict           []uint32              // the dictionary as codes of the batch, for a column that comes after; else nil
	bloom          []byte                // with its header; nil if the column has none
	meta           format.ColumnMetaData // DataPageOffset counts from the chunk's begin
}

// encoder encodes one column chunk at a time; its memory is used again and again.
type encoder struct {
	zstd      *zstd.Encoder
	transient bool // see Writer.Transient

	view   view
	local  []uint32 // code in the batch, or in view, to code in this chunk; 0 is none yet
	codes  []uint32 // per value: code in this chunk, from 0
	dict   []uint32 // code in this chunk to that other code
	longs  []int64  // values of an integer column
	values []int64  // of its dictionary
	size   int      // of such a value in the file, in bytes
	table  intTable
	def    []uint8
	rep    []uint8
	page   []byte
	packed []byte
	pages  []byte // of the chunk at hand
}

var encoders = sync.Pool{New: func() any {
	// One block at a time and a small window: a page is at most some hundred kilobytes.
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return &encoder{zstd: z}
}}

// column encodes a column, at which e.view looks, of a row group. A map gives two chunks, all else one.
func (e *encoder) column(c *column, b *flowlog.Batch, g *group) []chunk {
	if c.name == Extra {
		return e.extra(b, g.rows)
	}
	col, t := c.in(b), c.physical()
	switch {
	case col == nil || e.view.kind == viewNull:
		if c.time {
			return []chunk{e.empty(t, len(g.rows), c.name), e.empty(t, len(g.rows), StartTime)}
		}
		return []chunk{e.empty(t, len(g.rows), c.name)}
	case t == format.ByteArray:
		return []chunk{e.text(c, col, g)}
	case c.time:
		return e.startColumns(c, col, g.rows)
	case c.name == StartTime:
		return []chunk{e.numbers(c, col, g.rows, microseconds)}
	}
	return []chunk{e.numbers(c, col, g.rows, 1)}
}

// text encodes a column of dictionary codes: they are numbered anew for this chunk, in order of appearance.
func (e *encoder) text(c *column, col *flowlog.Column, g *group) chunk {
	rows := g.rows
	e.begin(len(rows))
	switch e.view.kind {
	case viewUniform:
		e.dict = append(e.dict, col.Codes[0])
		e.codes = e.codes[:len(rows)]
		clear(e.codes)
	case viewInterface:
		e.numberRuns(col.Dict.Len(), e.view.table, g.interfaces)
	case viewNarrow:
		renumber(e, e.view.n, e.view.codes, rows)
	default:
		renumber(e, col.Dict.Len(), col.Codes, rows)
	}
	out := e.newChunk(format.ByteArray, len(rows), c.name)
	if c.field != nil && c.field.Kind == flowlog.Address {
		out.dict = slices.Clone(e.dict)
	}
	if c.after >= 0 && len(e.dict) > 0 && slices.Equal(e.dict, g.chunks[c.after][0].dict) {
		out.takeDictionary(&g.chunks[c.after][0])
	} else {
		e.texts(&out, col.Dict)
	}
	e.dataPage(&out, len(rows), len(e.dict), format.RLEDictionary)
	return e.finish(&out)
}

// takeDictionary begins a chunk with the dictionary of another.
func (out *chunk) takeDictionary(of *chunk) {
	out.dictionary = true
	out.dictionarySize, out.meta.TotalUncompressedSize = of.dictionarySize, of.dictionarySize
	out.meta.DataPageOffset = of.meta.DataPageOffset
	out.pages = append(out.pages, of.pages[:of.meta.DataPageOffset]...)
	out.meta.Statistics.MinValue, out.meta.Statistics.MaxValue = of.meta.Statistics.MinValue, of.meta.Statistics.MaxValue
}

// texts writes the dictionary page, and the least and the largest text into the statistics.
func (e *encoder) texts(out *chunk, dict *flowlog.Dict) {
	var least, most []byte
	e.page = e.page[:0]
	for i, code := range e.dict {
		t := dict.Bytes(code)
		if i == 0 || bytes.Compare(t, least) < 0 {
			least = t
		}
		if i == 0 || bytes.Compare(t, most) > 0 {
			most = t
		}
		e.page = binary.LittleEndian.AppendUint32(e.page, uint32(len(t)))
		e.page = append(e.page, t...)
	}
	e.dictionaryPage(out, len(e.dict))
	if len(least) <= maxStatistic && len(most) <= maxStatistic {
		out.meta.Statistics.MinValue, out.meta.Statistics.MaxValue = bytes.Clone(least), bytes.Clone(most)
	}
}

// maxStatistic is the longest text that goes into the footer as a minimum or maximum, in bytes.
const maxStatistic = 128

func (e *encoder) begin(rows int) {
	e.codes, e.dict, e.longs = e.codes[:0], e.dict[:0], e.longs[:0]
	e.rep = e.rep[:0]
	if cap(e.def) < rows {
		e.def = make([]uint8, 0, rows)
		e.codes = make([]uint32, 0, rows)
	}
	e.def = e.def[:0]
}

// renumber fills codes, dict and def from the codes all[row], which are less than n; 0 is NULL.
func renumber[T uint16 | uint32](e *encoder, n int, all []T, rows []uint32) {
	local := e.locals(n)
	local[0] = 1 // anything: what is written for a NULL is overwritten by the next value
	codes, def := e.codes[:len(rows)], e.def[:len(rows)]
	n = 0
	for i, row := range rows {
		code := all[row]
		at := local[code]
		if at == 0 {
			e.dict = append(e.dict, uint32(code))
			at = uint32(len(e.dict))
			local[code] = at
		}
		codes[n] = at - 1
		d := min(code, 1)
		def[i] = uint8(d)
		n += int(d)
	}
	e.codes = codes[:n]
	if n < len(rows) {
		e.def = def
	}
}

// numberRuns does the same for a column that follows from the interface.
func (e *encoder) numberRuns(n int, table []uint32, runs []run) {
	local := e.locals(n)
	nulls := 0
	for _, r := range runs {
		code := table[r.code]
		if code == 0 {
			nulls += r.n
			continue
		}
		if local[code] == 0 {
			e.dict = append(e.dict, code)
			local[code] = uint32(len(e.dict))
		}
		at := len(e.codes)
		e.codes = e.codes[:at+r.n]
		fill(e.codes[at:], local[code]-1)
	}
	if nulls > 0 {
		e.def = e.def[:0]
		for _, r := range runs {
			at := len(e.def)
			e.def = e.def[:at+r.n]
			fill(e.def[at:], uint8(min(table[r.code], 1)))
		}
	}
}

func fill[T any](s []T, v T) {
	for i := range s {
		s[i] = v
	}
}

// locals returns the table from codes less than n to codes of this chunk, empty.
func (e *encoder) locals(n int) []uint32 {
	if cap(e.local) < n {
		e.local = make([]uint32, n+n/4)
	} else {
		e.local = e.local[:n]
		clear(e.local)
	}
	return e.local[:n]
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
	codec := format.Zstd
	if e.transient {
		codec = format.Uncompressed
	}
	return chunk{pages: e.pages[:0], meta: format.ColumnMetaData{
		Type: t, PathInSchema: path, Codec: codec, NumValues: int64(rows),
	}}
}

// dictionaryPage writes e.page as the dictionary of n values.
func (e *encoder) dictionaryPage(out *chunk, n int) {
	out.dictionary = true
	h := format.PageHeader{Type: format.DictionaryPage}
	h.DictionaryPageHeader.Set(format.DictionaryPageHeader{NumValues: int32(n), Encoding: format.Plain})
	e.put(out, &h)
	out.dictionarySize = out.meta.TotalUncompressedSize
	out.meta.DataPageOffset = int64(len(out.pages))
}

// dataPage writes levels and e.codes or e.longs.
func (e *encoder) dataPage(out *chunk, rows, dictionary int, encoding format.Encoding) {
	out.meta.Statistics.NullCount = int64(bytes.Count(e.def, []byte{0}))
	e.page = e.level(e.page[:0], e.def, rows, 1, 1)
	e.appendValues(dictionary, encoding)
	e.data(out, rows, encoding)
}

func (e *encoder) appendValues(dictionary int, encoding format.Encoding) {
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
func (e *encoder) level(dst []byte, levels []uint8, rows, width int, same uint32) []byte {
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
	switch {
	case e.transient:
	case h.DataPageHeader.Valid && h.DataPageHeader.V.Encoding == format.DeltaBinaryPacked && e.noise():
		e.packed = appendStored(e.packed[:0], e.page)
		packed = e.packed
	default:
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

// noise tells whether e.page, which is packed into bits, would not get smaller by compression: it looks at some pieces.
// The deltas of ports, packets and bytes are a third of all pages.
func (e *encoder) noise() bool {
	const pieces, piece = 4, 2 << 10
	step := len(e.page) / pieces
	if step < 4*piece {
		return false
	}
	var sample [pieces * piece]byte
	for i := range pieces {
		copy(sample[i*piece:], e.page[i*step+step/2:][:piece])
	}
	e.packed = e.zstd.EncodeAll(sample[:], e.packed[:0])
	return len(e.packed) > len(sample)-len(sample)/50
}

// appendStored appends data as a frame of zstd that is not compressed.
// RFC 8878, sections 3.1.1.1 and 3.1.1.2, read 2026-11.
func appendStored(dst, data []byte) []byte {
	const most = 128 << 10 // of a block
	dst = append(dst, 0x28, 0xb5, 0x2f, 0xfd, 0b10_1_00000)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(data)))
	for first := true; first || len(data) > 0; first = false {
		n := min(len(data), most)
		h := uint32(n) << 3
		if n == len(data) {
			h |= 1 // the last
		}
		dst = append(dst, byte(h), byte(h>>8), byte(h>>16))
		dst = append(dst, data[:n]...)
		data = data[n:]
	}
	return dst
}

// finish takes the pages out of the encoder's memory. They wait for those of other columns, and a buffer of just their
// size is less than what buffers grow to that serve any column.
func (e *encoder) finish(out *chunk) chunk {
	e.pages, out.pages = out.pages, bytes.Clone(out.pages)
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
			r := uint8(1)
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
	e.appendValues(len(texts), format.RLEDictionary)
	out.meta.Statistics.NullCount = nulls
	e.data(&out, len(e.def), format.RLEDictionary)
	return e.finish(&out)
}
