package columnar

import (
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Span is a part of a file, in bytes: from Off to End.
type Span struct{ Off, End int64 }

// Spans tells where in a Parquet file lies what a query of some columns reads: their chunks and filters, and all that
// follows the last chunk. It reads the footer only. Without columns it is that end alone: enough to count rows.
func Spans(r io.ReaderAt, size int64, columns []string) (_ []Span, err error) {
	defer catch(&err)
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("open parquet: %w", err)
	}
	var spans []Span
	add := func(off, length int64) {
		if off > 0 && length > 0 && off+length <= size {
			spans = append(spans, Span{off, off + length})
		}
	}
	last := int64(4) // after the magic
	for _, g := range f.Metadata().RowGroups {
		for i := range g.Columns {
			c := &g.Columns[i]
			begin := c.MetaData.DataPageOffset
			if d := c.MetaData.DictionaryPageOffset; d > 0 {
				begin = min(begin, d)
			}
			last = max(last, begin+c.MetaData.TotalCompressedSize)
			if len(c.MetaData.PathInSchema) == 0 || !slices.Contains(columns, c.MetaData.PathInSchema[0]) {
				continue
			}
			add(begin, c.MetaData.TotalCompressedSize)
			if c.MetaData.BloomFilterOffset > 0 && c.MetaData.BloomFilterLength == 0 {
				return []Span{{0, size}}, nil // an old file does not say where its filter ends
			}
			add(c.MetaData.BloomFilterOffset, int64(c.MetaData.BloomFilterLength))
			add(c.ColumnIndexOffset, int64(c.ColumnIndexLength))
			add(c.OffsetIndexOffset, int64(c.OffsetIndexLength))
		}
	}
	spans = append(spans, Span{0, min(4, size)}, Span{min(last, size), size})
	return merge(spans), nil
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
