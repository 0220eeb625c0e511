package columnar

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"weir/flowlog"
)

// rowGroup is how many rows a row group has at most. DuckDB hands row groups to threads and prunes by them; its own
// writer uses 122,880. A page is never more than this, so a reader needs little memory.
const rowGroup = 128 << 10

// createdBy is the writer's name in the footer.
const createdBy = "weir"

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
	// uniform says that all records of the batch at hand have one value, and that it is not NULL: no need to gather it.
	uniform bool
	// byInterface is what interfaceTable returned for the batch at hand.
	byInterface []uint32
	time        bool // it is start, and start_time is encoded with it
}

// interfaceTable returns the column's code for each code of the interface column, if every record of an interface has
// the same; else nil. That holds for the ids of VPC, subnet, instance and zone, and it is quicker to look the code up
// than to gather it from all over the batch.
func (c *column) interfaceTable(b *flowlog.Batch) []uint32 {
	if c.uniform || c.field == nil || c.physical() != format.ByteArray {
		return nil
	}
	col, key := b.Column(c.field.Index()), b.Column(interfaceField(b.Table).Index())
	if col == nil || key == nil || key == col {
		return nil
	}
	const none = 1<<32 - 1
	table := make([]uint32, key.Dict.Len())
	for i := range table {
		table[i] = none
	}
	keys := key.Codes[:b.Len()]
	for i, code := range col.Codes[:b.Len()] {
		switch k := keys[i]; table[k] {
		case none:
			table[k] = code
		case code:
		default:
			return nil
		}
	}
	return table
}

// interfaceField is the field of what a record was captured at.
func interfaceField(t *flowlog.Table) *flowlog.Field {
	if f := t.Field("interface-id"); f != nil {
		return f
	}
	return t.Field("tgw-attachment-id")
}

func (c *column) uniformIn(b *flowlog.Batch) bool {
	col := &b.Object
	if c.field != nil {
		col = b.Column(c.field.Index())
	}
	if col == nil || col.Dict == nil || b.Len() == 0 || c.field == nil && c.name != SourceObject {
		return false
	}
	first := col.Codes[0]
	for _, code := range col.Codes[:b.Len()] {
		if code != first {
			return false
		}
	}
	return first != 0
}

// NewWriter returns a Writer of a data file to w. Nothing is buffered beyond a call of Write.
func NewWriter(w io.Writer, s Schema) *Writer {
	f := &Writer{w: w, schema: s}
	for _, name := range ColumnNames(s.Table) {
		if id, ok := s.IDs[name]; ok {
			f.cols = append(f.cols, column{name: name, field: s.Table.Column(name), id: id})
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
	for i := range f.cols {
		f.cols[i].uniform = f.cols[i].uniformIn(b)
		f.cols[i].byInterface = f.cols[i].interfaceTable(b)
	}
	at := 0
	for _, cut := range append(cuts, len(rows)) {
		if cut < len(rows) && (cut-at < leastGroup || len(rows)-cut < leastGroup) {
			continue
		}
		for at < cut && f.err == nil {
			n := min(cut-at, rowGroup)
			f.err = f.writeGroup(b, rows[at:at+n])
			at += n
		}
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

// writeGroup encodes the columns, several at once, and writes them in order.
func (f *Writer) writeGroup(b *flowlog.Batch, rows []uint32) error {
	if f.at == 0 {
		f.write([]byte("PAR1"))
	}
	chunks := make([][]chunk, len(f.cols))
	next := make(chan int, len(f.cols))
	for i := range f.cols {
		if f.timeAt < 0 || f.cols[i].name != StartTime {
			next <- i
		}
	}
	close(next)
	var interfaces []uint32 // the codes of the interface column, in the order of rows
	if key := b.Column(interfaceField(b.Table).Index()); key != nil {
		interfaces = make([]uint32, len(rows))
		for i, row := range rows {
			interfaces[i] = key.Codes[row]
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(f.cols)) {
		wg.Go(func() {
			e := encoders.Get().(*encoder)
			defer encoders.Put(e)
			e.transient = f.Transient
			for i := range next {
				chunks[i] = e.column(&f.cols[i], b, rows, interfaces)
				if f.cols[i].time { // made of the same values
					chunks[i], chunks[f.timeAt] = chunks[i][:1], chunks[i][1:]
				}
			}
		})
	}
	wg.Wait()

	group := format.RowGroup{NumRows: int64(len(rows)), Ordinal: int16(len(f.groups)), FileOffset: f.at}
	for _, cs := range chunks {
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
			buffers.Put(&c.pages)
		}
	}
	at := 0
	for _, cs := range chunks {
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
	f.rows += int64(len(rows))
	return f.err
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
