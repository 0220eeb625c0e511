package lake

import (
	"encoding/binary"

	"github.com/apache/iceberg-go"
)

// Bound says that a query wants only rows whose column has a value in one of the ranges. No ranges is no row with a value.
type Bound struct {
	Column string
	Ranges []Range
}

// Range are values from Low to High, both included. A nil end is open. Values are int64 (microseconds since 1970 for a
// time) or string.
type Range struct{ Low, High any }

// Select leaves out the files that, by their statistics, have no row within all bounds. Bounds on columns without
// statistics, or of which it does not know how to compare them, leave out nothing.
func (s *Snapshot) Select(bounds []Bound) []DataFile {
	var files []DataFile
	for _, f := range s.Files {
		if s.may(f, bounds) {
			files = append(files, f)
		}
	}
	return files
}

func (s *Snapshot) may(f DataFile, bounds []Bound) bool {
	for _, b := range bounds {
		field, ok := s.table.Schema().FindFieldByName(b.Column)
		if !ok {
			continue
		}
		if n, ok := f.file.NullValueCounts()[field.ID]; ok && n == f.Rows {
			return false
		}
		low, lowOK := bound(f.file.LowerBoundValues()[field.ID], field.Type)
		high, highOK := bound(f.file.UpperBoundValues()[field.ID], field.Type)
		if !lowOK || !highOK {
			continue
		}
		hit := false
		for _, r := range b.Ranges {
			hit = hit || notAbove(r.Low, high) && notAbove(low, r.High)
		}
		if !hit {
			return false
		}
	}
	return true
}

// bound reads a value of a manifest's statistics.
func bound(b []byte, t iceberg.Type) (any, bool) {
	switch t.(type) {
	case iceberg.Int32Type:
		if len(b) == 4 {
			return int64(int32(binary.LittleEndian.Uint32(b))), true
		}
	case iceberg.Int64Type, iceberg.TimestampTzType:
		if len(b) == 8 {
			return int64(binary.LittleEndian.Uint64(b)), true
		}
	case iceberg.StringType:
		return string(b), len(b) > 0
	}
	return nil, false
}

// notAbove tells whether a may be less than or equal to b: an open end is, and what cannot be compared may be.
func notAbove(a, b any) bool {
	switch a := a.(type) {
	case int64:
		if b, ok := b.(int64); ok {
			return a <= b
		}
	case string:
		// An upper bound of text is cut, and raised; a lower one is cut.
		if b, ok := b.(string); ok {
			return a <= b
		}
	}
	return true
}

// ColumnBytes is the size of some columns of a file, without its footer; nil is the whole file. Columns that the table
// does not have count nothing. It is the whole file, too, where the sizes are not known.
func (s *Snapshot) ColumnBytes(f DataFile, columns []string) int64 {
	sizes := f.file.ColumnSizes()
	if columns == nil || len(sizes) == 0 {
		return f.Bytes
	}
	var n int64
	for _, name := range columns {
		field, ok := s.table.Schema().FindFieldByName(name)
		if !ok {
			continue
		}
		n += sizes[field.ID]
		if m, ok := field.Type.(*iceberg.MapType); ok {
			n += sizes[m.KeyID] + sizes[m.ValueID]
		}
	}
	return n
}
