package columnar

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"weir/flowlog"
)

// Reader reads a Parquet file into batches: a data file of ours, or an object as AWS delivers it.
//
// Columns are found by name, so their order is free; columns that the table does not know become Extra. Values that
// cannot be of their field's kind make their row be rejected, as in text.
type Reader struct {
	table  *flowlog.Table
	file   *parquet.File
	groups []parquet.RowGroup
	object string
	reject func(*flowlog.LineError)

	group   int // index of the next row group
	left    int64
	row     int64 // rows read so far
	cursors []*cursor
	extras  []string // Extra of the group's rows, by row; nil if there is none
	extraAt int

	stats flowlog.Stats
}

// ReaderOptions say how a Parquet file is read.
type ReaderOptions struct {
	Object string                    // Batch.Object of the rows, where the file has no column source_object
	Want   func(*flowlog.Field) bool // fields that are needed; nil means all
	Reject func(*flowlog.LineError)  // is told of each row that is not a record; Line is the row's number, from 1
}

// OpenReader opens a Parquet file that holds records of a table.
func OpenReader(r io.ReaderAt, size int64, t *flowlog.Table, o ReaderOptions) (_ *Reader, err error) {
	defer catch(&err)
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("open parquet: %w", err)
	}
	p := &Reader{table: t, file: f, groups: f.RowGroups(), object: o.Object, reject: o.Reject}
	known := 0
	for i, c := range f.Root().Columns() {
		field := t.Column(c.Name())
		if field == nil {
			field = t.Field(c.Name())
		}
		cur := &cursor{name: c.Name(), field: field, leaf: c.Index(), column: i}
		switch {
		case c.Name() == Extra && !c.Leaf():
			cur.extra = true
		case !c.Leaf():
			return nil, fmt.Errorf("open parquet: column %q is nested", c.Name())
		case field != nil:
			known++
		case c.Name() == SourceObject:
			cur.source = true
		case c.Name() == StartTime:
			continue // made from start
		}
		if field != nil && o.Want != nil && !o.Want(field) || field == nil && !cur.source && o.Want != nil {
			continue
		}
		p.cursors = append(p.cursors, cur)
	}
	if known == 0 {
		return nil, fmt.Errorf("open parquet: none of its %d columns is a field of %s", len(f.Root().Columns()), t.Name)
	}
	return p, nil
}

// ParquetTable tells which table the columns of a Parquet file belong to.
func ParquetTable(r io.ReaderAt, size int64) (_ *flowlog.Table, names []string, err error) {
	defer catch(&err)
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, nil, fmt.Errorf("open parquet: %w", err)
	}
	t := flowlog.VPC
	for _, c := range f.Root().Columns() {
		names = append(names, c.Name())
		if flowlog.VPC.Column(c.Name()) == nil && flowlog.TransitGateway.Column(c.Name()) != nil {
			t = flowlog.TransitGateway
		}
	}
	return t, names, nil
}

// catch turns a panic of the library over a damaged file into an error.
func catch(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("read parquet: damaged file: %v", r)
	}
}

// Rows returns how many rows the file has.
func (p *Reader) Rows() int64 { return p.file.NumRows() }

// Stats returns the counts so far. Headers is 0 and Bytes is the size of the file.
func (p *Reader) Stats() flowlog.Stats {
	s := p.stats
	s.Records = s.Rows + s.Rejected
	s.Bytes = p.file.Size()
	return s
}

// Read appends up to limit rows to a batch and returns how many rows it took from the file; those that were rejected
// are among them. After the last row it returns io.EOF.
func (p *Reader) Read(b *flowlog.Batch, limit int) (n int, err error) {
	defer catch(&err)
	for p.left == 0 {
		if p.group == len(p.groups) {
			return 0, io.EOF
		}
		if err := p.open(p.groups[p.group]); err != nil {
			return 0, err
		}
		p.group++
	}
	from := b.Len()
	for _, c := range p.cursors {
		if c.field != nil {
			b.Use(c.field)
		}
	}
	n = b.Grow(int(min(p.left, int64(limit))))
	bad := map[int]*flowlog.LineError{}
	code := b.Object.Dict.Code([]byte(p.object))
	clear(b.Extra.Codes[from : from+n])
	for i := from; i < from+n; i++ {
		b.Object.Codes[i] = code
		if b.KeepLines {
			b.Lines[i] = uint32(p.row) + uint32(i-from) + 1
		}
	}
	used := map[*flowlog.Column]bool{}
	var pairs [][]byte
	for _, c := range p.cursors {
		switch {
		case c.extra:
			continue
		case c.source:
			err = c.text(&b.Object, from, n)
		case c.field == nil:
			if pairs == nil {
				pairs = make([][]byte, n)
			}
			err = c.unknown(pairs)
		default:
			col := b.Column(c.field.Index())
			used[col] = true
			err = c.fill(col, from, n, func(row int, value []byte, err error) {
				bad[row] = &flowlog.LineError{
					Object: p.object, Line: p.row + int64(row-from) + 1,
					Field: c.field.Name, Token: string(value[:min(len(value), 256)]), Err: err,
				}
			})
		}
		if err != nil {
			return 0, fmt.Errorf("read parquet: column %s: %w", c.name, err)
		}
	}
	for i := range b.Table.Fields {
		if col := b.Column(i); col != nil && !used[col] {
			col.SetNull(from, from+n)
		}
	}
	for i := range n {
		var entry []byte
		if p.extras != nil {
			entry = append(entry, p.extras[p.extraAt+i]...)
		}
		if pairs != nil {
			entry = append(entry, pairs[i]...)
		}
		if len(entry) > 0 {
			b.Extra.Codes[from+i] = b.Extra.Dict.Code(entry)
		}
	}
	p.extraAt += n
	p.row += int64(n)
	p.left -= int64(n)
	b.Extend(n)
	if len(bad) > 0 {
		for row := from; row < from+n; row++ {
			if e := bad[row]; e != nil && p.reject != nil {
				p.reject(e)
			}
		}
		b.Drop(from, func(row int) bool { return bad[row] != nil })
		p.stats.Rejected += int64(len(bad))
	}
	p.count(b, from)
	return n, nil
}

// count counts the rows from on by log-status.
func (p *Reader) count(b *flowlog.Batch, from int) {
	p.stats.Rows += int64(b.Len() - from)
	f := b.Table.Field("log-status")
	c := b.Column(f.Index())
	if c == nil {
		return
	}
	noData, skipData := c.Dict.Find("NODATA"), c.Dict.Find("SKIPDATA")
	for _, code := range c.Codes[from:b.Len()] {
		switch {
		case code == 0:
		case code == noData:
			p.stats.NoData++
		case code == skipData:
			p.stats.SkipData++
		}
	}
}

// open starts a row group.
func (p *Reader) open(g parquet.RowGroup) error {
	p.left = g.NumRows()
	p.extras, p.extraAt = nil, 0
	chunks := g.ColumnChunks()
	for _, c := range p.cursors {
		if !c.extra {
			c.start(chunks[c.leaf])
			continue
		}
		column := p.file.Root().Column(Extra).Columns()[0]
		if len(column.Columns()) != 2 {
			return errors.New("read parquet: extra is not a map")
		}
		var err error
		p.extras, err = readMap(chunks[column.Columns()[0].Index()], chunks[column.Columns()[1].Index()], int(p.left))
		if err != nil {
			return fmt.Errorf("read parquet: column extra: %w", err)
		}
	}
	return nil
}

// readMap reads a map column of a row group as entries of Batch.Extra, by row; nil if all are NULL.
func readMap(keys, values parquet.ColumnChunk, rows int) ([]string, error) {
	if nullsOnly(keys) {
		return nil, nil
	}
	k, err := readValues(keys)
	if err != nil {
		return nil, err
	}
	v, err := readValues(values)
	if err != nil {
		return nil, err
	}
	if len(k) != len(v) {
		return nil, fmt.Errorf("%d keys for %d values", len(k), len(v))
	}
	out := make([]string, 0, rows)
	var entry []byte
	for i := range k {
		if i > 0 && k[i].RepetitionLevel() == 0 {
			out = append(out, string(entry))
			entry = entry[:0]
		}
		if !k[i].IsNull() && !v[i].IsNull() {
			entry = flowlog.AppendExtra(entry, string(k[i].ByteArray()), string(v[i].ByteArray()))
		}
	}
	out = append(out, string(entry))
	if len(out) != rows {
		return nil, fmt.Errorf("%d maps for %d rows", len(out), rows)
	}
	return out, nil
}

func nullsOnly(c parquet.ColumnChunk) bool {
	fc, ok := c.(*parquet.FileColumnChunk)
	return ok && fc.NullCount() == fc.NumValues()
}

func readValues(c parquet.ColumnChunk) ([]parquet.Value, error) {
	pages := c.Pages()
	defer pages.Close()
	var out []parquet.Value
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		values := make([]parquet.Value, page.NumValues())
		n, err := page.Values().ReadValues(values)
		if err != nil && err != io.EOF {
			return nil, err
		}
		for _, v := range values[:n] {
			out = append(out, v.Clone())
		}
		parquet.Release(page)
	}
}

// number gives an integer value its place in a column of that kind.
func number(f *flowlog.Field, v int64) (int64, error) {
	limit := int64(math.MaxInt32)
	switch f.Kind {
	case flowlog.Port:
		limit = math.MaxUint16
	case flowlog.Count, flowlog.Epoch:
		limit = math.MaxInt64
	}
	if v < 0 || v > limit {
		return 0, errors.New("number out of range")
	}
	if f.Kind == flowlog.Epoch {
		return flowlog.EpochSeconds(v)
	}
	return v, nil
}

// valueText is a value as AWS would write it in text.
func valueText(v parquet.Value) []byte {
	switch v.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return v.ByteArray()
	case parquet.Int32:
		return strconv.AppendInt(nil, int64(v.Int32()), 10)
	case parquet.Int64:
		return strconv.AppendInt(nil, v.Int64(), 10)
	}
	return []byte(v.String())
}
