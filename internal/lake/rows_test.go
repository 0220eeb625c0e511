package lake

import (
	"context"
	"fmt"
	"testing"
	"time"

	"weir/flowlog"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// row is a record as far as these tests care.
type row struct {
	start  int64 // 0: none
	object string
	bytes  int64
}

var day0 = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// writeRows writes a data file with few columns; those that it lacks are NULL.
func writeRows(l *Lake, t *flowlog.Table, day time.Time, rows []row) (*File, error) {
	s := l.Schema(t)
	field := func(name string, typ arrow.DataType) arrow.Field {
		return arrow.Field{Name: name, Type: typ, Nullable: true,
			Metadata: arrow.NewMetadata([]string{"PARQUET:field_id"}, []string{fmt.Sprint(s.IDs[name])})}
	}
	schema := arrow.NewSchema([]arrow.Field{
		field("bytes", arrow.PrimitiveTypes.Int64),
		field("start", arrow.PrimitiveTypes.Int64),
		field("start_time", &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}),
		field("source_object", arrow.BinaryTypes.String),
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for _, r := range rows {
		b.Field(0).(*array.Int64Builder).Append(r.bytes)
		if r.start == 0 {
			b.Field(1).AppendNull()
			b.Field(2).AppendNull()
		} else {
			b.Field(1).(*array.Int64Builder).Append(r.start)
			b.Field(2).(*array.TimestampBuilder).Append(arrow.Timestamp(r.start * 1e6))
		}
		b.Field(3).(*array.StringBuilder).Append(r.object)
	}
	f, err := l.Create(t, day)
	if err != nil {
		return nil, err
	}
	w, err := pqarrow.NewFileWriter(schema, f, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy)), pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, err
	}
	if err := w.Write(b.NewRecordBatch()); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	f.Rows = int64(len(rows))
	return f, f.Close()
}

// object makes n rows of one object, all on one day.
func object(uri string, day time.Time, n int) []row {
	rows := make([]row, n)
	for i := range rows {
		rows[i] = row{start: day.Unix() + int64(i)%86400, object: uri, bytes: int64(i)}
	}
	return rows
}

// put commits one object of n rows.
func put(ctx context.Context, l *Lake, uri string, day time.Time, n int) error {
	f, err := writeRows(l, flowlog.VPC, day, object(uri, day, n))
	if err != nil {
		return err
	}
	return l.Commit(ctx, Commit{Table: flowlog.VPC, Files: []*File{f},
		Objects: []ObjectRecord{{URI: uri, Version: "1", Rows: int64(n)}}})
}

func open(t *testing.T, dir string, write bool) *Lake {
	t.Helper()
	l, err := Open(t.Context(), dir, Options{Write: write})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func snapshot(t *testing.T, l *Lake) *Snapshot {
	t.Helper()
	s, err := l.Snapshot(t.Context(), flowlog.VPC)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
