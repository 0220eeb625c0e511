package flowlog

import (
	"bytes"
	"iter"
	"math"
	"strconv"
)

// NullInt32 and NullInt64 stand for "-" in the integer columns of a Batch. No field of AWS is negative.
const (
	NullInt32 = math.MinInt32
	NullInt64 = math.MinInt64
)

// maxDictBytes is how much text the dictionaries of a Batch may hold before it counts as full, in bytes. Real logs
// hold a few megabytes a million records; the bound is for hostile ones.
const maxDictBytes = 64 << 20

// Batch holds parsed records by column. A Reader fills it; Reset makes it ready for reuse without giving memory back.
//
// A column exists once a record with that field was read; records without the field are NULL in it.
// A Batch is not safe for concurrent use while it is filled.
type Batch struct {
	Table *Table

	// Object and Extra are columns beside AWS's: where a record lies, and the fields that the table does not know.
	// An entry of Extra's dictionary is taken apart by ExtraPairs.
	Object Column
	Extra  Column
	// Lines holds the line number of each record in its object, from 1, if KeepLines was set. The header is line 1.
	Lines     []uint32
	KeepLines bool

	n, limit int
	resets   int
	cols     []*Column
	addrs    *Dict // of all columns of addresses: the same few thousand stand in each
}

// Column is one column of a Batch. Which of the slices is in use follows from the field's Kind. They may be longer
// than the batch; what lies beyond Batch.Len means nothing.
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

// NewBatch returns an empty batch for records of a table. It is full at limit records.
func NewBatch(t *Table, limit int) *Batch {
	return &Batch{
		Table:  t,
		Object: Column{Dict: newDict()},
		Extra:  Column{Dict: newDict()},
		limit:  limit,
		cols:   make([]*Column, len(t.Fields)),
		addrs:  newDict(),
	}
}

// Len returns the number of records.
func (b *Batch) Len() int { return b.n }

// Limit returns the number of records at which the batch is full.
func (b *Batch) Limit() int { return b.limit }

// Full tells whether no more records should be added: the limit is reached, or the dictionaries hold a lot of text.
func (b *Batch) Full() bool {
	return b.n >= b.limit || b.dictBytes() > maxDictBytes
}

func (b *Batch) dictBytes() int {
	sum := len(b.Object.Dict.data) + len(b.Extra.Dict.data) + len(b.addrs.data)
	for _, c := range b.cols {
		if c != nil && c.Dict != nil && c.Dict != b.addrs {
			sum += len(c.Dict.data)
		}
	}
	return sum
}

// Column returns the column of a field, by Field.Index; nil if no record had it since the last Reset.
func (b *Batch) Column(index int) *Column {
	c := b.cols[index]
	if c == nil || c.Field == nil {
		return nil
	}
	return c
}

// Reset empties the batch.
func (b *Batch) Reset() {
	b.n = 0
	b.resets++
	b.Object.Dict.Reset()
	b.Extra.Dict.Reset()
	b.addrs.Reset()
	for _, c := range b.cols {
		if c != nil {
			c.Field = nil // not in use until a format asks for it
			if c.Dict != nil && c.Dict != b.addrs {
				c.Dict.Reset()
			}
		}
	}
}

// Use returns the column of a field and makes it exist: the records so far are NULL in it.
func (b *Batch) Use(f *Field) *Column {
	c := b.cols[f.index]
	if c == nil {
		c = &Column{}
		b.cols[f.index] = c
	}
	if c.Field == nil {
		c.Field = f
		switch {
		case f.Kind == Address:
			c.Dict = b.addrs
		case isText(f.Kind) && c.Dict == nil:
			c.Dict = newDict()
		}
		c.resize(b.n, b.limit)
		c.setNull(0, b.n)
	}
	return c
}

// Grow makes room for n more records and returns how many the limit allows, at most n.
func (b *Batch) Grow(n int) int {
	n = max(0, min(n, b.limit-b.n))
	want := b.n + n
	b.Object.resize(want, b.limit)
	b.Extra.resize(want, b.limit)
	if b.KeepLines && len(b.Lines) < want {
		b.Lines = append(b.Lines, make([]uint32, want-len(b.Lines))...)
	}
	for _, c := range b.cols {
		if c != nil && c.Field != nil {
			c.resize(want, b.limit)
		}
	}
	return n
}

// Extend counts n records that were written into the columns after Grow. Columns in use that the caller did not fill
// are set to NULL first by SetNull.
func (b *Batch) Extend(n int) { b.n += n }

// Truncate removes the records from n on. The dictionaries keep their texts.
func (b *Batch) Truncate(n int) { b.n = min(b.n, n) }

// Shift removes the first n records.
func (b *Batch) Shift(n int) {
	n = min(n, b.n)
	copy(b.Object.Codes, b.Object.Codes[n:b.n])
	copy(b.Extra.Codes, b.Extra.Codes[n:b.n])
	if b.KeepLines {
		copy(b.Lines, b.Lines[n:b.n])
	}
	for _, c := range b.cols {
		switch {
		case c == nil || c.Field == nil:
		case isText(c.Field.Kind):
			copy(c.Codes, c.Codes[n:b.n])
		case isInt32(c.Field.Kind):
			copy(c.Int32, c.Int32[n:b.n])
		default:
			copy(c.Int64, c.Int64[n:b.n])
		}
	}
	b.n -= n
}

// Drop removes the records from on for which drop returns true.
func (b *Batch) Drop(from int, drop func(row int) bool) {
	to := from
	for row := from; row < b.n; row++ {
		if drop(row) {
			continue
		}
		if to != row {
			b.Object.Codes[to] = b.Object.Codes[row]
			b.Extra.Codes[to] = b.Extra.Codes[row]
			if b.KeepLines {
				b.Lines[to] = b.Lines[row]
			}
			for _, c := range b.cols {
				if c != nil && c.Field != nil {
					c.move(to, row)
				}
			}
		}
		to++
	}
	b.n = to
}

func (c *Column) move(to, from int) {
	switch {
	case isText(c.Field.Kind):
		c.Codes[to] = c.Codes[from]
	case isInt32(c.Field.Kind):
		c.Int32[to] = c.Int32[from]
	default:
		c.Int64[to] = c.Int64[from]
	}
}

// SetNull makes the records from, from+1, … to-1 NULL in the column.
func (c *Column) SetNull(from, to int) { c.setNull(from, to) }

func (c *Column) setNull(from, to int) {
	switch {
	case c.Field == nil || isText(c.Field.Kind):
		clear(c.Codes[from:to])
	case isInt32(c.Field.Kind):
		for i := range c.Int32[from:to] {
			c.Int32[from+i] = NullInt32
		}
	default:
		for i := range c.Int64[from:to] {
			c.Int64[from+i] = NullInt64
		}
	}
}

// resize makes the column's slices at least n long, doubling, so that a batch that stays small stays cheap.
func (c *Column) resize(n, limit int) {
	switch {
	case c.Field == nil || isText(c.Field.Kind):
		c.Codes = resize(c.Codes, n, limit)
	case isInt32(c.Field.Kind):
		c.Int32 = resize(c.Int32, n, limit)
	default:
		c.Int64 = resize(c.Int64, n, limit)
	}
}

func resize[T any](s []T, n, limit int) []T {
	if n <= len(s) {
		return s
	}
	if n > cap(s) {
		next := make([]T, n, max(n, min(2*cap(s), limit)))
		copy(next, s)
		return next
	}
	return s[:n]
}

func isText(k Kind) bool  { return k == Text || k == Enum || k == Address }
func isInt32(k Kind) bool { return k == Port || k == Code || k == Flags }

// AppendValue appends a record's value as AWS writes it; "-" for NULL or for a column that does not exist.
func (b *Batch) AppendValue(dst []byte, f *Field, row int) []byte {
	c := b.Column(f.index)
	if c == nil {
		return append(dst, '-')
	}
	switch {
	case isText(f.Kind):
		if c.Codes[row] == 0 {
			return append(dst, '-')
		}
		return append(dst, c.Dict.Bytes(c.Codes[row])...)
	case isInt32(f.Kind):
		if c.Int32[row] == NullInt32 {
			return append(dst, '-')
		}
		return strconv.AppendInt(dst, int64(c.Int32[row]), 10)
	default:
		if c.Int64[row] == NullInt64 {
			return append(dst, '-')
		}
		return strconv.AppendInt(dst, c.Int64[row], 10)
	}
}

// AppendRecord appends a record as a line of the given format, without a newline.
func (b *Batch) AppendRecord(dst []byte, format *Format, row int) []byte {
	for i, f := range format.Fields {
		if i > 0 {
			dst = append(dst, ' ')
		}
		if f != nil {
			dst = b.AppendValue(dst, f, row)
			continue
		}
		dst = append(dst, b.extraValue(row, format.Names[i])...)
	}
	return dst
}

func (b *Batch) extraValue(row int, name string) string {
	for n, v := range ExtraPairs(b.Extra.Dict.Bytes(b.Extra.Codes[row])) {
		if string(n) == name {
			return string(v)
		}
	}
	return "-"
}

// ExtraPairs yields the names and values in an entry of the Extra dictionary, in the order of the format.
func ExtraPairs(entry []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for len(entry) > 0 {
			i := bytes.IndexByte(entry, 0)
			name := entry[:i]
			entry = entry[i+1:]
			i = bytes.IndexByte(entry, 0)
			value := entry[:i]
			entry = entry[i+1:]
			if !yield(name, value) {
				return
			}
		}
	}
}

// AppendExtra appends one name and value to an entry of the Extra dictionary. Neither may hold a NUL byte.
func AppendExtra(entry []byte, name, value string) []byte {
	entry = append(entry, name...)
	entry = append(entry, 0)
	entry = append(entry, value...)
	return append(entry, 0)
}
