package columnar

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

func TestRowWriter(t *testing.T) {
	var b bytes.Buffer
	// Not in the order of their names.
	w, err := NewRowWriter(&b, []RowColumn{{"z", "varchar", 7}, {"n", "bigint", 3}, {"a", "integer", 5}, {"y", "boolean", 1},
		{"d", "double", 2}, {"t", "timestamp(6) with time zone", 9}})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 3, 1, 2, 3, 4000, time.UTC)
	for _, row := range [][]any{{"ü", int64(1) << 40, int64(7), true, 1.5, at}, {nil, nil, nil, nil, nil, nil}, {"", int64(0), 0, false, 0.0, time.Unix(0, 0)}} {
		if err := w.Write(row...); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range [][]any{{"x"}, {1, int64(1), int64(1), true, 1.5, at}, {"x", int64(1), int64(1) << 40, true, 1.5, at}} {
		if err := w.Write(row...); err == nil {
			t.Errorf("row %v was taken", row)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	type row struct {
		Z *string    `parquet:"z,optional"`
		N *int64     `parquet:"n,optional"`
		A *int32     `parquet:"a,optional"`
		Y *bool      `parquet:"y,optional"`
		D *float64   `parquet:"d,optional"`
		T *time.Time `parquet:"t,optional,timestamp(microsecond:utc)"`
	}
	got, err := parquet.Read[row](bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	epoch := time.Unix(0, 0).UTC()
	want := []row{{new("ü"), new(int64(1) << 40), new(int32(7)), new(true), new(1.5), &at}, {}, {new(""), new(int64(0)), new(int32(0)), new(false), new(0.0), &epoch}}
	if d := cmp.Diff(want, got); d != "" || w.Rows() != 3 {
		t.Errorf("%d rows (-want +got):\n%s", w.Rows(), d)
	}
	l, err := ReadLayout(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int{}
	var names []string
	for _, c := range l.Columns {
		ids[c.Name] = c.ID
		names = append(names, c.Name)
	}
	if d := cmp.Diff(map[string]int{"z": 7, "n": 3, "a": 5, "y": 1, "d": 2, "t": 9}, ids); d != "" {
		t.Errorf("field ids (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"z", "n", "a", "y", "d", "t"}, names); d != "" {
		t.Errorf("order (-want +got):\n%s", d)
	}
}

func TestRowWriterUnknownType(t *testing.T) {
	if _, err := NewRowWriter(&bytes.Buffer{}, []RowColumn{{"x", "uuid", 0}}); err == nil {
		t.Error("a type that is not known was taken")
	}
}
