package duckdb

/*
void weirDateParse(void *info, void *input, void *output);
void weirDateFormat(void *info, void *input, void *output);
*/
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// registerDates adds Trino's date_parse(text, format), and what its date_format(time, format) is a macro over. They are
// no macros over strptime and strftime because those want a constant format even where a macro is defined.
func registerDates(c bindings.Connection) error {
	return errors.Join(
		register(c, "date_parse", C.weirDateParse, bindings.TypeTimestamp, bindings.TypeVarchar, bindings.TypeVarchar),
		register(c, "weir_date_format", C.weirDateFormat, bindings.TypeVarchar, bindings.TypeTimestamp, bindings.TypeVarchar))
}

// register adds a function.
func register(c bindings.Connection, name string, callback unsafe.Pointer, result bindings.Type, params ...bindings.Type) error {
	f := bindings.CreateScalarFunction()
	defer bindings.DestroyScalarFunction(&f)
	bindings.ScalarFunctionSetName(f, name)
	for _, p := range params {
		t := bindings.CreateLogicalType(p)
		bindings.ScalarFunctionAddParameter(f, t)
		bindings.DestroyLogicalType(&t)
	}
	t := bindings.CreateLogicalType(result)
	bindings.ScalarFunctionSetReturnType(f, t)
	bindings.DestroyLogicalType(&t)
	bindings.ScalarFunctionSetFunction(f, callback)
	if bindings.RegisterScalarFunction(c, f) == bindings.StateError {
		return errors.New("register function " + name)
	}
	return nil
}

//export weirDateParse
func weirDateParse(infoPtr, inputPtr, outputPtr unsafe.Pointer) {
	info := bindings.FunctionInfo{Ptr: infoPtr}
	input := bindings.DataChunk{Ptr: inputPtr}
	output := bindings.Vector{Ptr: outputPtr}
	n := int(bindings.DataChunkGetSize(input))
	texts := newTextColumn(bindings.DataChunkGetVector(input, 0))
	formats := newTextColumn(bindings.DataChunkGetVector(input, 1))
	result := unsafe.Slice((*int64)(bindings.VectorGetData(output)), n)
	null := nulls(output, n)
	for row := range n {
		if !texts.valid(row) || !formats.valid(row) {
			null(row)
			continue
		}
		t, err := dateParse(texts.borrow(row), formats.borrow(row))
		if err != nil {
			bindings.ScalarFunctionSetError(info, err.Error())
			return
		}
		result[row] = t.UnixMicro()
	}
}

//export weirDateFormat
func weirDateFormat(infoPtr, inputPtr, outputPtr unsafe.Pointer) {
	info := bindings.FunctionInfo{Ptr: infoPtr}
	input := bindings.DataChunk{Ptr: inputPtr}
	output := bindings.Vector{Ptr: outputPtr}
	n := int(bindings.DataChunkGetSize(input))
	vec := bindings.DataChunkGetVector(input, 0)
	times, valid := bindings.VectorGetData(vec), validity(vec)
	formats := newTextColumn(bindings.DataChunkGetVector(input, 1))
	null := nulls(output, n)
	for row := range n {
		if !valid(row) || !formats.valid(row) {
			null(row)
			continue
		}
		s, err := dateFormat(time.UnixMicro(at[int64](times, row)).UTC(), formats.borrow(row))
		if err != nil {
			bindings.ScalarFunctionSetError(info, err.Error())
			return
		}
		bindings.VectorAssignStringElement(output, bindings.IdxT(row), s)
	}
}

// nulls marks rows of a function's result as NULL.
func nulls(v bindings.Vector, n int) func(row int) {
	var mask []uint64
	return func(row int) {
		if mask == nil {
			bindings.VectorEnsureValidityWritable(v)
			mask = unsafe.Slice((*uint64)(bindings.VectorGetValidity(v)), (n+63)/64)
		}
		mask[row/64] &^= 1 << (row % 64)
	}
}

// goLayout maps MySQL's letters, which Trino took over, to Go's layout.
var goLayout = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "01", 'c': "1", 'd': "02", 'e': "2", 'H': "15", 'k': "15", 'h': "03", 'I': "03", 'l': "3",
	'i': "04", 's': "05", 'S': "05", 'p': "PM", 'b': "Jan", 'M': "January", 'a': "Mon", 'W': "Monday", 'j': "002",
	'T': "15:04:05", 'r': "03:04:05 PM", '%': "%",
}

func dateParse(text, format string) (time.Time, error) {
	var layout strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			layout.WriteByte(format[i])
			continue
		}
		i++
		if format[i] == 'f' { // Go reads a fraction behind the seconds by itself, point included
			s := strings.TrimSuffix(layout.String(), ".")
			layout.Reset()
			layout.WriteString(s)
			continue
		}
		l, ok := goLayout[format[i]]
		if !ok {
			return time.Time{}, fmt.Errorf("date_parse: %%%c is not supported", format[i])
		}
		layout.WriteString(l)
	}
	t, err := time.Parse(layout.String(), text)
	if err != nil {
		//lint:ignore ST1005 Trino's own words
		return time.Time{}, fmt.Errorf("Invalid format: %.60q is malformed for %.60q", text, format)
	}
	if !strings.Contains(format, "%Y") && !strings.Contains(format, "%y") {
		t = t.AddDate(1970, 0, 0)
	}
	return t, nil
}

func dateFormat(t time.Time, format string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch c := format[i]; c {
		case 'f':
			fmt.Fprintf(&b, "%06d", t.Nanosecond()/1000)
		case 'k':
			fmt.Fprint(&b, t.Hour())
		default:
			l, ok := goLayout[c]
			if !ok {
				return "", fmt.Errorf("date_format: %%%c is not supported", c)
			}
			b.WriteString(t.Format(l))
		}
	}
	return b.String(), nil
}
