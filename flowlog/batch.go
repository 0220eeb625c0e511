package flowlog

import "math"

// NullInt32 and NullInt64 stand for "-" in the integer columns of a Batch. No field of AWS is negative.
const (
	NullInt32 = math.MinInt32
	NullInt64 = math.MinInt64
)

// Batch holds parsed records by column. A Parser fills it; Reset makes it ready for reuse without giving memory back.
//
// A column exists once a record with that field was parsed; records without the field are NULL in it.
// A Batch is not safe for concurrent use while it is filled.
type Batch struct {
	Table *Table

	// Object and Extra are columns beside AWS's: where the record lies, and the fields that the table does not know.
	// An entry of Extra's dictionary is decoded by ExtraPairs.
	Object Column
	Extra  Column
	// Lines holds the line number of each record in its object, from 1, if KeepLines was set. The header is line 1.
	Lines     []uint32
	KeepLines bool

	n, limit int
	cols     []*Column
}

// Column is one column of a Batch. Which of the slices is in use follows from the field's Kind.
type Column struct {
	Field *Field // nil for Object and Extra
	// Codes index Dict, one a record; 0 is NULL. For Text, Enum and Address.
	Codes []uint32
	Dict  *Dict
	// Int32 holds Port, Code and Flags; NullInt32 is NULL.
	Int32 []int32
	// Int64 holds Count and Epoch; NullInt64 is NULL.
	Int64 []int64
}
