package lake

import (
	"encoding/binary"
	"fmt"
	"slices"

	"weir/internal/columnar"

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
		if !b.hits(low, high) {
			return false
		}
	}
	return true
}

// hits tells whether one of the ranges and the values from low to high have something in common.
func (b Bound) hits(low, high any) bool {
	return slices.ContainsFunc(b.Ranges, func(r Range) bool { return notAbove(r.Low, high) && notAbove(low, r.High) })
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

// Layout reads where in a data file lies what.
func (l *Lake) Layout(f DataFile) (*columnar.Layout, error) {
	file, err := l.fs.Open(l.fs.name(f.Path))
	if err != nil {
		return nil, fmt.Errorf("read layout: %w", err)
	}
	defer file.Close()
	layout, err := columnar.ReadLayout(file, f.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read layout of %s: %w", f.Path, err)
	}
	return layout, nil
}

// MayMatch tells whether a row group can have a row within all bounds.
func MayMatch(g *columnar.Group, bounds []Bound) bool {
	for _, b := range bounds {
		for _, c := range g.Chunks {
			if c.Column == b.Column && c.Low != nil && !b.hits(c.Low, c.High) {
				return false
			}
		}
	}
	return true
}
