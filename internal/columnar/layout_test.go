package columnar

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

// TestLayout compares the layout of a file with what the library makes of it, and holds that the spans of some columns
// are enough to read them: the rest of the file is overwritten.
func TestLayout(t *testing.T) {
	type row struct {
		A int64  `parquet:"a"`
		B string `parquet:"b,dict"`
		C int32  `parquet:"c"`
	}
	var buf bytes.Buffer
	w := parquet.NewGenericWriter[row](&buf, parquet.MaxRowsPerRowGroup(50_000), parquet.BloomFilters(parquet.SplitBlockFilter(10, "a")))
	var rows []row
	for i := range 120_000 {
		rows = append(rows, row{int64(i * 7919 % 1_000_003), string(rune('a' + i%26)), int32(i * 31)})
	}
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text := buf.Bytes()
	l, err := ReadLayout(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Groups) != 3 || l.Groups[2].Rows != 20_000 || len(l.Groups[0].Chunks) != 3 || l.Footer <= 0 || l.Footer > 10_000 {
		t.Fatalf("%+v", l)
	}
	if c := l.Groups[0].Chunks[2]; c.Column != "c" || c.Low != int64(0) || c.High != int64(49_999*31) {
		t.Errorf("%+v", c)
	}
	if c := l.Groups[0].Chunks[1]; c.Low != "a" || c.High != "z" {
		t.Errorf("%+v", c)
	}
	holes := bytes.Repeat([]byte{0xaa}, len(text))
	n := int64(0)
	for _, s := range l.Spans([]string{"a"}) {
		copy(holes[s.Off:s.End], text[s.Off:s.End])
		n += s.End - s.Off
	}
	if n >= int64(len(text)) {
		t.Errorf("one column takes %d of %d bytes", n, len(text))
	}
	f, err := parquet.OpenFile(bytes.NewReader(holes), int64(len(holes)))
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, g := range f.RowGroups() {
		c := g.ColumnChunks()[0]
		if ok, err := c.BloomFilter().Check(parquet.ValueOf(rows[len(got)].A)); !ok || err != nil {
			t.Errorf("filter: %v, %v", ok, err)
		}
		pages := c.Pages()
		for {
			p, err := pages.ReadPage()
			if err != nil {
				break
			}
			values := make([]parquet.Value, p.NumValues())
			p.Values().ReadValues(values)
			for _, v := range values {
				got = append(got, v.Int64())
			}
		}
		pages.Close()
	}
	var want []int64
	for _, r := range rows {
		want = append(want, r.A)
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %d values of %d, or others", len(got), len(want))
	}
	if _, err := ReadLayout(bytes.NewReader(text[:100]), 100); err == nil {
		t.Error("a cut file has a layout")
	}
	if d := cmp.Diff([]Span{{0, 10}, {1 << 20, 1<<20 + 5}}, merge([]Span{{1 << 20, 1<<20 + 5}, {5, 10}, {0, 4}})); d != "" {
		t.Error(d)
	}
}
