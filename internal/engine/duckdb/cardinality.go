package duckdb

/*
void weirCardinality(void *info, void *input, void *output);
*/
import "C"

import (
	"errors"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// registerCardinality adds cardinality(array) beside DuckDB's cardinality(map). It is no macro over len because a macro
// would hide the one of maps.
func registerCardinality(c bindings.Connection) error {
	f := bindings.CreateScalarFunction()
	defer bindings.DestroyScalarFunction(&f)
	item := bindings.CreateLogicalType(bindings.TypeAny)
	defer bindings.DestroyLogicalType(&item)
	list := bindings.CreateListType(item)
	defer bindings.DestroyLogicalType(&list)
	bigint := bindings.CreateLogicalType(bindings.TypeBigInt)
	defer bindings.DestroyLogicalType(&bigint)
	bindings.ScalarFunctionSetName(f, "cardinality")
	bindings.ScalarFunctionAddParameter(f, list)
	bindings.ScalarFunctionSetReturnType(f, bigint)
	bindings.ScalarFunctionSetFunction(f, C.weirCardinality)
	if bindings.RegisterScalarFunction(c, f) == bindings.StateError {
		return errors.New("register function cardinality")
	}
	return nil
}

//export weirCardinality
func weirCardinality(_, inputPtr, outputPtr unsafe.Pointer) {
	input := bindings.DataChunk{Ptr: inputPtr}
	output := bindings.Vector{Ptr: outputPtr}
	n := int(bindings.DataChunkGetSize(input))
	vec := bindings.DataChunkGetVector(input, 0)
	lists, valid := bindings.VectorGetData(vec), validity(vec)
	result := unsafe.Slice((*int64)(bindings.VectorGetData(output)), n)
	null := nulls(output, n)
	for row := range n {
		if !valid(row) {
			null(row)
			continue
		}
		result[row] = int64(at[[2]uint64](lists, row)[1])
	}
}
