package columnar

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"weir/flowlog"
)

// rowGroup is how many rows a row group has at most. DuckDB hands row groups to threads and prunes by them; its own
// writer uses 122,880. A page is never more than this, so a reader needs little memory.
const rowGroup = 128 << 10

// createdBy is the writer's name in the footer, in the form that parquet.thrift asks for (read 2026-11). Readers in Java
// look there for writers whose statistics of text were wrong; where they cannot read it they warn with a stack trace, and
// do without those statistics. The version is that of this writer, and changes if its files ever have to be told apart.
const createdBy = "weir version 1.0.0 (build 1)"

// Writer writes one Parquet data file.
type Writer struct {
	// Transient makes a file that one query reads and nobody keeps: quick to write, and large.
	Transient bool

	w      io.Writer
	schema Schema
	cols   []column
	timeAt int // index of start_time, if it is encoded with start; else -1
	at     int64
	rows   int64
	groups []format.RowGroup
	err    error
}

// column is one leaf column or map of the file.
type column struct {
	name  string
	field *flowlog.Field // nil for StartTime, SourceObject, Extra
	id    int
	time  bool // it is start, and start_time is encoded with it
	after int  // index of the column before it that mostly has the same dictionary, and is encoded first; else -1
}

// NewWriter returns a Writer of a data file to w. Nothing is buffered beyond a call of Write.
func NewWriter(w io.Writer, s Schema) *Writer {
	f := &Writer{w: w, schema: s}
	for _, name := range ColumnNames(s.Table) {
		if id, ok := s.IDs[name]; ok {
			c := column{name: name, field: s.Table.Column(name), id: id, after: -1}
			if of, ok := strings.CutPrefix(name, "pkt_"); ok { // pkt_srcaddr is srcaddr, but for what passes through
				c.after = slices.IndexFunc(f.cols, func(c column) bool { return c.name == of })
			}
			f.cols = append(f.cols, c)
		}
	}
	start := slices.IndexFunc(f.cols, func(c column) bool { return c.name == "start" })
	f.timeAt = slices.IndexFunc(f.cols, func(c column) bool { return c.name == StartTime })
	if start >= 0 && f.timeAt >= 0 {
		f.cols[start].time = true
	} else {
		f.timeAt = -1
	}
	return f
}

// Rows returns how many rows were written.
func (f *Writer) Rows() int64 { return f.rows }

// Bytes returns how many bytes were written.
func (f *Writer) Bytes() int64 { return f.at }

// Write writes the given rows of a batch, in that order, as row groups. Cuts are indices into rows at which a row group
// should end, in ascending order, as Days gives them. After an error the file is of no use.
func (f *Writer) Write(b *flowlog.Batch, rows []uint32, cuts ...int) error {
	var groups []*group
	at, left := 0, 0
	for _, cut := range append(cuts, len(rows)) {
		if cut < len(rows) && (cut-at < leastGroup || len(rows)-cut < leastGroup) {
			continue
		}
		for at < cut {
			n := min(cut-at, rowGroup)
			groups = append(groups, newGroup(b, rows[at:at+n]))
			at += n
		}
	}
	for left = len(groups); left > 0 && f.err == nil; {
		n := min(left, groupsAtOnce)
		f.writeGroups(b, groups[len(groups)-left:][:n])
		left -= n
	}
	return f.err
}

// Close writes the footer. It does not close the underlying writer.
func (f *Writer) Close() error {
	if f.err != nil {
		return f.err
	}
	if f.at == 0 {
		f.write([]byte("PAR1"))
	}
	elements, leaves := f.elements()
	meta := format.FileMetaData{
		Version:   2,
		Schema:    elements,
		NumRows:   f.rows,
		RowGroups: f.groups,
		CreatedBy: createdBy,
	}
	for range leaves {
		meta.ColumnOrders = append(meta.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &meta)
	if err != nil {
		return fmt.Errorf("encode footer: %w", err)
	}
	n := len(footer)
	f.write(append(footer, byte(n), byte(n>>8), byte(n>>16), byte(n>>24), 'P', 'A', 'R', '1'))
	return f.err
}

func (f *Writer) write(p []byte) {
	if f.err != nil {
		return
	}
	n, err := f.w.Write(p)
	f.at += int64(n)
	if err != nil {
		f.err = fmt.Errorf("write data file: %w", err)
	}
}

// group is a row group that is being written.
type group struct {
	rows       []uint32 // of the batch
	interfaces []run    // the interface column of these rows
	chunks     [][]chunk
}

// run is some rows with the same code.
type run struct {
	code uint32
	n    int
}

func newGroup(b *flowlog.Batch, rows []uint32) *group {
	g := &group{rows: rows}
	key := b.Column(interfaceField(b.Table).Index())
	if key == nil {
		return g
	}
	last := run{code: key.Codes[rows[0]]}
	for _, row := range rows {
		code := key.Codes[row]
		if code != last.code {
			g.interfaces = append(g.interfaces, last)
			last = run{code: code}
		}
		last.n++
	}
	g.interfaces = append(g.interfaces, last)
	return g
}

// groupsAtOnce is how many row groups are encoded before they are written, so that a column is looked at once for all
// of them. It bounds how many pages wait in memory.
const groupsAtOnce = 4

// writeGroups encodes the columns, several at once, and writes them in order.
func (f *Writer) writeGroups(b *flowlog.Batch, groups []*group) {
	rows := 0
	for _, g := range groups {
		rows += len(g.rows)
		g.chunks = make([][]chunk, len(f.cols))
	}
	next := make(chan int, len(f.cols))
	for i := range f.cols {
		if f.cols[i].after < 0 && (f.timeAt < 0 || f.cols[i].name != StartTime) {
			next <- i
		}
	}
	close(next)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(f.cols)) {
		wg.Go(func() {
			e := encoders.Get().(*encoder)
			defer encoders.Put(e)
			e.transient = f.Transient
			for i := range next {
				e.encode(f.cols, i, b, groups, rows, f.timeAt)
				for k := i + 1; k < len(f.cols); k++ {
					if f.cols[k].after == i {
						e.encode(f.cols, k, b, groups, rows, f.timeAt)
					}
				}
			}
		})
	}
	wg.Wait()
	if f.at == 0 {
		f.write([]byte("PAR1"))
	}
	for _, g := range groups {
		f.writeGroup(g)
	}
}

// encode encodes column i of some row groups, which have so many rows together.
func (e *encoder) encode(cols []column, i int, b *flowlog.Batch, groups []*group, rows, timeAt int) {
	c := &cols[i]
	e.view.look(c, b, rows, e.transient)
	for _, g := range groups {
		g.chunks[i] = e.column(c, b, g)
		if c.time { // made of the same values
			g.chunks[i], g.chunks[timeAt] = g.chunks[i][:1], g.chunks[i][1:]
		}
	}
}

func (f *Writer) writeGroup(g *group) {
	group := format.RowGroup{NumRows: int64(len(g.rows)), Ordinal: int16(len(f.groups)), FileOffset: f.at}
	for _, cs := range g.chunks {
		for i := range cs {
			c := &cs[i]
			c.meta.DataPageOffset += f.at
			if c.dictionary {
				c.meta.DictionaryPageOffset = f.at
			}
			f.write(c.pages)
			group.TotalByteSize += c.meta.TotalUncompressedSize
			group.TotalCompressedSize += c.meta.TotalCompressedSize
			group.Columns = append(group.Columns, format.ColumnChunk{MetaData: c.meta})
		}
	}
	at := 0
	for _, cs := range g.chunks {
		for i := range cs {
			if bloom := cs[i].bloom; bloom != nil {
				m := &group.Columns[at].MetaData
				m.BloomFilterOffset, m.BloomFilterLength = f.at, int32(len(bloom))
				f.write(bloom)
			}
			at++
		}
	}
	f.groups = append(f.groups, group)
	f.rows += int64(len(g.rows))
}

// elements returns the file's schema, depth first, and the number of its leaves.
func (f *Writer) elements() (elements []format.SchemaElement, leaves int) {
	optional := thrift.New(format.Optional)
	elements = append(elements, format.SchemaElement{
		Name: "table", NumChildren: thrift.New(int32(len(f.cols))),
	})
	text := format.LogicalType{Value: &format.StringType{}}
	for _, c := range f.cols {
		e := format.SchemaElement{Name: c.name, RepetitionType: optional, FieldID: int32(c.id)}
		leaves++
		switch c.physical() {
		case format.Int32, format.Int64:
			e.Type = thrift.New(c.physical())
			if c.name == StartTime {
				e.ConvertedType = thrift.New(deprecated.TimestampMicros)
				e.LogicalType.Value = &format.TimestampType{
					IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MicroSeconds{}},
				}
			}
		default:
			if c.name == Extra {
				e.NumChildren = thrift.New(int32(1))
				e.ConvertedType = thrift.New(deprecated.Map)
				e.LogicalType.Value = &format.MapType{}
				break
			}
			e.Type = thrift.New(format.ByteArray)
			e.ConvertedType, e.LogicalType = thrift.New(deprecated.UTF8), text
		}
		elements = append(elements, e)
		if c.name == Extra {
			leaves++
			leaf := format.SchemaElement{
				Type: thrift.New(format.ByteArray), RepetitionType: thrift.New(format.Required),
				ConvertedType: thrift.New(deprecated.UTF8), LogicalType: text,
			}
			key, value := leaf, leaf
			key.Name, key.FieldID = "key", int32(f.schema.IDs[ExtraKey])
			value.Name, value.FieldID = "value", int32(f.schema.IDs[ExtraValue])
			elements = append(elements, format.SchemaElement{
				Name: "key_value", RepetitionType: thrift.New(format.Repeated), NumChildren: thrift.New(int32(2)),
			}, key, value)
		}
	}
	return elements, leaves
}

// physical maps a column's kind to Parquet's type.
func (c *column) physical() format.Type {
	if c.field == nil {
		if c.name == StartTime {
			return format.Int64
		}
		return format.ByteArray
	}
	switch c.field.Kind {
	case flowlog.Text, flowlog.Enum, flowlog.Address:
		return format.ByteArray
	case flowlog.Port, flowlog.Code, flowlog.Flags:
		return format.Int32
	case flowlog.Count, flowlog.Epoch:
		return format.Int64
	}
	panic("BUG: no Parquet type for kind " + c.field.Kind.String())
}
