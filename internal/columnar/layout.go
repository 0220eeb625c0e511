package columnar

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Layout says where in a Parquet file lies what.
type Layout struct {
	Size    int64
	Footer  int64 // bytes of the footer, without its length and the mark behind it
	Columns []NamedID
	Groups  []Group
}

// NamedID is a column of a file: its name, and the field id by which Iceberg knows it; 0 if it has none.
type NamedID struct {
	Name string
	ID   int
}

// Group is a row group.
type Group struct {
	Rows   int64
	Chunks []Chunk
}

// Chunk is a column in a row group. A map has two, of the same name.
type Chunk struct {
	Column string
	Span   Span
	Aside  []Span // what else there is for it: a filter, the indexes of its pages

	// Low and High bound its values where that is known: int64 or string, else nil.
	Low, High any
}

// Span is a part of a file, in bytes: from Off to End.
type Span struct{ Off, End int64 }

// ReadLayout reads the footer of a Parquet file.
func ReadLayout(r io.ReaderAt, size int64) (_ *Layout, err error) {
	defer catch(&err)
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("open parquet: %w", err)
	}
	end := make([]byte, 8)
	if _, err := r.ReadAt(end, size-8); err != nil && err != io.EOF {
		return nil, fmt.Errorf("open parquet: %w", err)
	}
	l := &Layout{Size: size, Footer: int64(binary.LittleEndian.Uint32(end))}
	for _, c := range f.Root().Columns() {
		l.Columns = append(l.Columns, NamedID{c.Name(), c.ID()})
	}
	groups := f.RowGroups()
	for i, g := range f.Metadata().RowGroups {
		group := Group{Rows: g.NumRows}
		for j := range g.Columns {
			m := &g.Columns[j].MetaData
			if len(m.PathInSchema) == 0 {
				continue
			}
			begin := m.DataPageOffset
			if d := m.DictionaryPageOffset; d > 0 {
				begin = min(begin, d)
			}
			c := Chunk{Column: m.PathInSchema[0], Span: Span{begin, begin + m.TotalCompressedSize}}
			aside := func(off, length int64) {
				if off > 0 {
					c.Aside = append(c.Aside, Span{off, off + length})
				}
			}
			aside(m.BloomFilterOffset, int64(m.BloomFilterLength))
			aside(g.Columns[j].ColumnIndexOffset, int64(g.Columns[j].ColumnIndexLength))
			aside(g.Columns[j].OffsetIndexOffset, int64(g.Columns[j].OffsetIndexLength))
			if chunk, ok := groups[i].ColumnChunks()[j].(*parquet.FileColumnChunk); ok {
				if low, high, ok := chunk.Bounds(); ok {
					c.Low, c.High = plainValue(low), plainValue(high)
				}
			}
			group.Chunks = append(group.Chunks, c)
		}
		l.Groups = append(l.Groups, group)
	}
	return l, nil
}

func plainValue(v parquet.Value) any {
	switch v.Kind() {
	case parquet.Int32:
		return int64(v.Int32())
	case parquet.Int64:
		return v.Int64()
	case parquet.ByteArray:
		return string(v.ByteArray())
	}
	return nil
}

// Spans are what a query of some columns reads: their chunks, what there is aside, and all that follows the last chunk.
// Without columns it is that end alone: enough to count rows.
func (l *Layout) Spans(columns []string) []Span {
	spans := []Span{{0, min(4, l.Size)}}
	last := int64(4) // after the mark
	for _, g := range l.Groups {
		for _, c := range g.Chunks {
			last = max(last, c.Span.End)
			if !slices.Contains(columns, c.Column) {
				continue
			}
			spans = append(spans, c.Span)
			for _, a := range c.Aside {
				if a.Off == a.End {
					return []Span{{0, l.Size}} // an old file does not say where its filter ends
				}
				spans = append(spans, a)
			}
		}
	}
	return merge(append(spans, Span{min(last, l.Size), l.Size}))
}

// mergeGap is how many bytes between two spans are taken along rather than asked for in two requests.
const mergeGap = 32 << 10

// merge puts spans in order, and makes one of those that touch or nearly do.
func merge(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int { return int(a.Off - b.Off) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && s.Off <= out[n-1].End+mergeGap {
			out[n-1].End = max(out[n-1].End, s.End)
			continue
		}
		out = append(out, s)
	}
	return out
}
