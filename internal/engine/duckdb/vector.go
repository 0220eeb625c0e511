package duckdb

import (
	"fmt"
	"math/big"
	"strings"
	"time"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"weir/internal/engine"
)

// textColumn reads a vector of texts in place.
type textColumn struct {
	data  unsafe.Pointer
	valid func(row int) bool
}

func newTextColumn(v bindings.Vector) textColumn {
	return textColumn{bindings.VectorGetData(v), validity(v)}
}

// borrow is the text of a row, valid as long as the vector.
func (c textColumn) borrow(row int) string { return textAt(c.data, row) }

// textAt reads a duckdb_string_t: a length, then up to 12 bytes, or 4 bytes and a pointer to all of them.
func textAt(data unsafe.Pointer, row int) string {
	p := unsafe.Add(data, row*16)
	n := *(*uint32)(p)
	if n <= 12 {
		return unsafe.String((*byte)(unsafe.Add(p, 4)), n)
	}
	return unsafe.String(*(**byte)(unsafe.Add(p, 8)), n)
}

func validity(v bindings.Vector) func(int) bool {
	mask := bindings.VectorGetValidity(v)
	if mask == nil {
		return func(int) bool { return true }
	}
	return func(row int) bool {
		return *(*uint64)(unsafe.Add(mask, row/64*8))>>(row%64)&1 == 1
	}
}

// reader gives the value of a row of the vector that it was made for.
type reader func(row int) any

// newReader makes the reader of a vector, and with nested types those of the vectors below. It is made anew for each
// chunk, because the places in memory change.
func newReader(v bindings.Vector) (reader, error) {
	t := bindings.VectorGetColumnType(v)
	defer bindings.DestroyLogicalType(&t)
	read, err := newTypeReader(v, t)
	if err != nil {
		return nil, err
	}
	valid := validity(v)
	return func(row int) any {
		if !valid(row) {
			return nil
		}
		return read(row)
	}, nil
}

func at[T any](data unsafe.Pointer, row int) T {
	var zero T
	return *(*T)(unsafe.Add(data, uintptr(row)*unsafe.Sizeof(zero)))
}

func ints[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](data unsafe.Pointer) reader {
	return func(row int) any { return int64(at[T](data, row)) }
}

func newTypeReader(v bindings.Vector, t bindings.LogicalType) (reader, error) {
	data := bindings.VectorGetData(v)
	micros := func(scale int64) reader {
		return func(row int) any {
			n := at[int64](data, row)
			if scale > 1000 {
				return time.Unix(n, 0).UTC()
			}
			if scale == 0 {
				return time.Unix(0, n).UTC()
			}
			return time.UnixMicro(n * scale).UTC()
		}
	}
	switch id := bindings.GetTypeId(t); id {
	case bindings.TypeSQLNull:
		return func(int) any { return nil }, nil
	case bindings.TypeBoolean:
		return func(row int) any { return at[bool](data, row) }, nil
	case bindings.TypeTinyInt:
		return ints[int8](data), nil
	case bindings.TypeSmallInt:
		return ints[int16](data), nil
	case bindings.TypeInteger:
		return ints[int32](data), nil
	case bindings.TypeBigInt:
		return ints[int64](data), nil
	case bindings.TypeUTinyInt:
		return ints[uint8](data), nil
	case bindings.TypeUSmallInt:
		return ints[uint16](data), nil
	case bindings.TypeUInteger:
		return ints[uint32](data), nil
	case bindings.TypeUBigInt:
		return func(row int) any { return narrow(new(big.Int).SetUint64(at[uint64](data, row))) }, nil
	case bindings.TypeHugeInt:
		return func(row int) any { return narrow(hugeAt(data, row, true)) }, nil
	case bindings.TypeUHugeInt:
		return func(row int) any { return narrow(hugeAt(data, row, false)) }, nil
	case bindings.TypeFloat:
		return func(row int) any { return float64(at[float32](data, row)) }, nil
	case bindings.TypeDouble:
		return func(row int) any { return at[float64](data, row) }, nil
	case bindings.TypeDecimal:
		return newDecimalReader(data, t)
	case bindings.TypeVarchar:
		return func(row int) any { return strings.Clone(textAt(data, row)) }, nil
	case bindings.TypeBlob, bindings.TypeBit:
		return func(row int) any { return []byte(textAt(data, row)) }, nil
	case bindings.TypeTimestamp, bindings.TypeTimestampTZ:
		return micros(1), nil
	case bindings.TypeTimestampS:
		return micros(1000000), nil
	case bindings.TypeTimestampMS:
		return micros(1000), nil
	case bindings.TypeTimestampNS:
		return micros(0), nil
	case bindings.TypeDate:
		return func(row int) any { return time.Unix(int64(at[int32](data, row))*86400, 0).UTC() }, nil
	case bindings.TypeTime:
		return func(row int) any {
			return time.UnixMicro(at[int64](data, row)).UTC().Format("15:04:05.000000")
		}, nil
	case bindings.TypeInterval:
		return func(row int) any { return intervalText(at[interval](data, row)) }, nil
	case bindings.TypeUUID:
		return func(row int) any { return uuidText(at[[2]uint64](data, row)) }, nil
	case bindings.TypeEnum:
		return newEnumReader(data, t)
	case bindings.TypeList:
		return newListReader(v, data)
	case bindings.TypeArray:
		return newArrayReader(v, t)
	case bindings.TypeStruct:
		return newStructReader(v, t)
	case bindings.TypeMap:
		return newMapReader(v, data)
	default:
		return nil, fmt.Errorf("read result: values of type %s cannot be shown; cast them to varchar", typeName(t))
	}
}

func hugeAt(data unsafe.Pointer, row int, signed bool) *big.Int {
	h := at[[2]uint64](data, row)
	n := new(big.Int)
	if signed {
		n.SetInt64(int64(h[1]))
	} else {
		n.SetUint64(h[1])
	}
	return n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(h[0]))
}

// narrow is an int64 where the number fits one. A sum of bigints is wider in DuckDB than in Trino, its values are not.
func narrow(n *big.Int) any {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

func newDecimalReader(data unsafe.Pointer, t bindings.LogicalType) (reader, error) {
	scale := int(bindings.DecimalScale(t))
	var raw func(row int) *big.Int
	switch bindings.DecimalInternalType(t) {
	case bindings.TypeSmallInt:
		raw = func(row int) *big.Int { return big.NewInt(int64(at[int16](data, row))) }
	case bindings.TypeInteger:
		raw = func(row int) *big.Int { return big.NewInt(int64(at[int32](data, row))) }
	case bindings.TypeBigInt:
		raw = func(row int) *big.Int { return big.NewInt(at[int64](data, row)) }
	default:
		raw = func(row int) *big.Int { return hugeAt(data, row, true) }
	}
	return func(row int) any {
		n := raw(row)
		if scale == 0 {
			return engine.Decimal(n.String())
		}
		s := fmt.Sprintf("%0*s", scale+1, new(big.Int).Abs(n).String())
		s = s[:len(s)-scale] + "." + s[len(s)-scale:]
		if n.Sign() < 0 {
			s = "-" + s
		}
		return engine.Decimal(s)
	}, nil
}

func newEnumReader(data unsafe.Pointer, t bindings.LogicalType) (reader, error) {
	words := make([]string, bindings.EnumDictionarySize(t))
	for i := range words {
		words[i] = bindings.EnumDictionaryValue(t, bindings.IdxT(i))
	}
	var code reader
	switch bindings.EnumInternalType(t) {
	case bindings.TypeUTinyInt:
		code = ints[uint8](data)
	case bindings.TypeUSmallInt:
		code = ints[uint16](data)
	default:
		code = ints[uint32](data)
	}
	return func(row int) any { return words[code(row).(int64)] }, nil
}

func newListReader(v bindings.Vector, data unsafe.Pointer) (reader, error) {
	item, err := newReader(bindings.ListVectorGetChild(v))
	if err != nil {
		return nil, err
	}
	return func(row int) any {
		e := at[[2]uint64](data, row) // offset, length
		out := make([]any, e[1])
		for i := range out {
			out[i] = item(int(e[0]) + i)
		}
		return out
	}, nil
}

func newArrayReader(v bindings.Vector, t bindings.LogicalType) (reader, error) {
	n := int(bindings.ArrayTypeArraySize(t))
	item, err := newReader(bindings.ArrayVectorGetChild(v))
	if err != nil {
		return nil, err
	}
	return func(row int) any {
		out := make([]any, n)
		for i := range out {
			out[i] = item(row*n + i)
		}
		return out
	}, nil
}

func newStructReader(v bindings.Vector, t bindings.LogicalType) (reader, error) {
	n := int(bindings.StructTypeChildCount(t))
	names, items := make([]string, n), make([]reader, n)
	for i := range n {
		names[i] = bindings.StructTypeChildName(t, bindings.IdxT(i))
		if names[i] == "" { // a row without names, as Trino's field0, field1
			names[i] = fmt.Sprintf("field%d", i)
		}
		var err error
		if items[i], err = newReader(bindings.StructVectorGetChild(v, bindings.IdxT(i))); err != nil {
			return nil, err
		}
	}
	return func(row int) any {
		out := make(map[string]any, n)
		for i, name := range names {
			out[name] = items[i](row)
		}
		return out
	}, nil
}

// newMapReader reads a map, which is a list of pairs.
func newMapReader(v bindings.Vector, data unsafe.Pointer) (reader, error) {
	pairs := bindings.ListVectorGetChild(v)
	key, err := newReader(bindings.StructVectorGetChild(pairs, 0))
	if err != nil {
		return nil, err
	}
	value, err := newReader(bindings.StructVectorGetChild(pairs, 1))
	if err != nil {
		return nil, err
	}
	return func(row int) any {
		e := at[[2]uint64](data, row)
		out := make(map[string]any, e[1])
		for i := int(e[0]); i < int(e[0]+e[1]); i++ {
			k := key(i)
			if t, ok := k.(time.Time); ok {
				k = t.Format(time.RFC3339Nano)
			}
			out[fmt.Sprint(k)] = value(i)
		}
		return out
	}, nil
}

type interval struct {
	months, days int32
	micros       int64
}

// intervalText writes an interval as Trino's clients show it: 2 days 03:04:05 is "2 03:04:05.000".
func intervalText(i interval) string {
	if i.months != 0 && i.days == 0 && i.micros == 0 {
		sign, m := "", i.months
		if m < 0 {
			sign, m = "-", -m
		}
		return fmt.Sprintf("%s%d-%d", sign, m/12, m%12)
	}
	us, sign := i.micros+int64(i.days)*86400e6, ""
	if us < 0 {
		sign, us = "-", -us
	}
	s := us / 1e6
	text := fmt.Sprintf("%s%d %02d:%02d:%02d.%03d", sign, s/86400, s/3600%24, s/60%60, s%60, us/1000%1000)
	if i.months != 0 {
		text = fmt.Sprintf("%d-%d %s", i.months/12, i.months%12, text)
	}
	return text
}

func uuidText(u [2]uint64) string {
	hi := u[1] ^ 1<<63 // kept so that signed numbers sort as UUIDs do
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xffff, u[0]>>48, u[0]&(1<<48-1))
}

// typeName is the dialect's name of a type.
func typeName(t bindings.LogicalType) string {
	child := func(c bindings.LogicalType) string {
		defer bindings.DestroyLogicalType(&c)
		return typeName(c)
	}
	switch id := bindings.GetTypeId(t); id {
	case bindings.TypeBoolean:
		return "boolean"
	case bindings.TypeTinyInt:
		return "tinyint"
	case bindings.TypeSmallInt, bindings.TypeUTinyInt:
		return "smallint"
	case bindings.TypeInteger, bindings.TypeUSmallInt, bindings.TypeSQLNull:
		return "integer"
	case bindings.TypeBigInt, bindings.TypeUInteger, bindings.TypeUBigInt, bindings.TypeHugeInt, bindings.TypeUHugeInt:
		return "bigint"
	case bindings.TypeFloat:
		return "real"
	case bindings.TypeDouble:
		return "double"
	case bindings.TypeDecimal:
		return fmt.Sprintf("decimal(%d,%d)", bindings.DecimalWidth(t), bindings.DecimalScale(t))
	case bindings.TypeVarchar, bindings.TypeEnum:
		return "varchar"
	case bindings.TypeBlob, bindings.TypeBit:
		return "varbinary"
	case bindings.TypeTimestamp, bindings.TypeTimestampNS:
		return "timestamp(6)"
	case bindings.TypeTimestampS:
		return "timestamp(0)"
	case bindings.TypeTimestampMS:
		return "timestamp(3)"
	case bindings.TypeTimestampTZ:
		return "timestamp(6) with time zone"
	case bindings.TypeDate:
		return "date"
	case bindings.TypeTime:
		return "time(6)"
	case bindings.TypeInterval:
		return "interval day to second"
	case bindings.TypeUUID:
		return "uuid"
	case bindings.TypeList:
		return "array(" + child(bindings.ListTypeChildType(t)) + ")"
	case bindings.TypeArray:
		return "array(" + child(bindings.ArrayTypeChildType(t)) + ")"
	case bindings.TypeMap:
		return "map(" + child(bindings.MapTypeKeyType(t)) + ", " + child(bindings.MapTypeValueType(t)) + ")"
	case bindings.TypeStruct:
		var fields []string
		for i := range bindings.StructTypeChildCount(t) {
			f := child(bindings.StructTypeChildType(t, i))
			if name := bindings.StructTypeChildName(t, i); name != "" {
				f = name + " " + f
			}
			fields = append(fields, f)
		}
		return "row(" + strings.Join(fields, ", ") + ")"
	default:
		return fmt.Sprintf("duckdb type %d", id)
	}
}
