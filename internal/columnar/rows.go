package columnar

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
)

// RowColumn is a column of a file that RowWriter writes. Type is the dialect's name: varchar, bigint, integer, boolean,
// double, timestamp(6) with time zone. ID is the Iceberg field id, 0 for none.
type RowColumn struct {
	Name, Type string
	ID         int
}

// RowWriter writes small tables that are made row by row, of any columns. What is made of records is Writer's: that is ten
// times as quick.
type RowWriter struct {
	cols []RowColumn
	w    *parquet.GenericWriter[any]
	row  parquet.Row
	rows int64
}

// NewRowWriter returns a RowWriter to w.
func NewRowWriter(w io.Writer, cols []RowColumn) (_ *RowWriter, err error) {
	defer catch(&err)
	// A struct keeps the order of its fields; parquet-go's own Group sorts them by name.
	var fields []reflect.StructField
	for i, c := range cols {
		f := reflect.StructField{Name: "C" + strconv.Itoa(i)}
		tag := c.Name + ",optional"
		if c.ID > 0 {
			tag += fmt.Sprintf(",id(%d)", c.ID)
		}
		switch c.Type {
		case "varchar":
			f.Type = reflect.TypeFor[string]()
			tag += ",dict"
		case "bigint":
			f.Type = reflect.TypeFor[int64]()
		case "integer":
			f.Type = reflect.TypeFor[int32]()
		case "boolean":
			f.Type = reflect.TypeFor[bool]()
		case "double":
			f.Type = reflect.TypeFor[float64]()
		case "timestamp(6) with time zone":
			f.Type = reflect.TypeFor[int64]()
			tag += ",timestamp(microsecond:utc)"
		default:
			return nil, fmt.Errorf("write rows: column %s has type %q, which is not known", c.Name, c.Type)
		}
		f.Tag = reflect.StructTag(`parquet:"` + tag + `"`)
		fields = append(fields, f)
	}
	schema := parquet.SchemaOf(reflect.New(reflect.StructOf(fields)).Interface())
	return &RowWriter{cols: cols, w: parquet.NewGenericWriter[any](w, schema, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("weir", "1.0.0", "1"))}, nil
}

// Write adds a row: a value for each column, of type string, int64, int, bool, float64 or time.Time, or nil for NULL. Text that
// is empty is text.
func (w *RowWriter) Write(values ...any) (err error) {
	defer catch(&err)
	if len(values) != len(w.cols) {
		return fmt.Errorf("write rows: %d values for %d columns", len(values), len(w.cols))
	}
	w.row = w.row[:0]
	for i, v := range values {
		value, err := rowValue(w.cols[i].Type, v)
		if err != nil {
			return fmt.Errorf("write rows: column %s: %w", w.cols[i].Name, err)
		}
		level := 1
		if v == nil {
			level = 0
		}
		w.row = append(w.row, value.Level(0, level, i))
	}
	if _, err := w.w.WriteRows([]parquet.Row{w.row}); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	w.rows++
	return nil
}

func rowValue(kind string, v any) (parquet.Value, error) {
	switch v := v.(type) {
	case nil:
		return parquet.NullValue(), nil
	case int:
		return rowValue(kind, int64(v))
	case int64:
		switch kind {
		case "bigint":
			return parquet.Int64Value(v), nil
		case "integer":
			if int64(int32(v)) == v {
				return parquet.Int32Value(int32(v)), nil
			}
		}
	case string:
		if kind == "varchar" {
			return parquet.ByteArrayValue([]byte(v)), nil
		}
	case bool:
		if kind == "boolean" {
			return parquet.BooleanValue(v), nil
		}
	case float64:
		if kind == "double" {
			return parquet.DoubleValue(v), nil
		}
	case time.Time:
		if kind == "timestamp(6) with time zone" {
			return parquet.Int64Value(v.UnixMicro()), nil
		}
	}
	return parquet.Value{}, fmt.Errorf("%v is no %s", v, kind)
}

// Rows is how many rows were written.
func (w *RowWriter) Rows() int64 { return w.rows }

// Close writes the footer. It does not close the underlying writer.
func (w *RowWriter) Close() (err error) {
	defer catch(&err)
	if err := w.w.Close(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}
