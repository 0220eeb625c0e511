package columnar

import (
	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// bloomBits is how many bits a filter spends on each distinct value: six make it err one time in fifteen, which leaves
// out enough row groups, at a tenth of a byte a record.
const bloomBits = 6

// hasBloom tells the columns that get a filter: those that people ask for one value of, and whose values are spread
// over every row group so that minima and maxima say nothing.
func hasBloom(name string) bool { return name == "dstport" || name == "srcport" }

// bloom returns a filter over the ports of the column that was just encoded, with its header, as Parquet stores it.
// Parquet format, "Bloom Filter", read 2026-11.
func (e *encoder) bloom() []byte {
	ports := make([]uint32, 0, 1<<16)
	if e.view.kind == viewWide { // there may be no dictionary
		var seen [1 << 16]bool
		for _, v := range e.longs {
			if !seen[v] {
				seen[v] = true
				ports = append(ports, uint32(v))
			}
		}
	} else {
		for _, v := range e.values {
			ports = append(ports, uint32(v))
		}
	}
	f := make(bloom.SplitBlockFilter, bloom.NumSplitBlocksOf(int64(len(ports)), bloomBits))
	hashes := make([]uint64, len(ports))
	bloom.XXH64{}.MultiSum64Uint32(hashes, ports)
	f.InsertBulk(hashes)
	bits := f.Bytes()
	header, err := thrift.Marshal(new(thrift.CompactProtocol), &format.BloomFilterHeader{
		NumBytes:    int32(len(bits)),
		Algorithm:   format.BloomFilterAlgorithm{Value: &format.SplitBlockAlgorithm{}},
		Hash:        format.BloomFilterHash{Value: &format.XxHash{}},
		Compression: format.BloomFilterCompression{Value: &format.BloomFilterUncompressed{}},
	})
	if err != nil {
		panic("BUG: encode bloom filter header: " + err.Error())
	}
	return append(header, bits...)
}
