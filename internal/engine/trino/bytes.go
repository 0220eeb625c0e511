package trino

import "slices"

// How Trino reads a Parquet file, found with 476 by comparing physicalInputBytes with the layout of files: it is exact to
// the byte where no filter lets it leave something out (TestEnginesBytes).
const (
	// smallFile is the size up to which a file is read whole (parquet.small-file-threshold), once for each of its splits.
	smallFile = 3 << 20
	// firstRead is the end of a file that is read for its footer, before it is known how long that is.
	firstRead = 48 << 10
	// maxGap is the largest gap between two column chunks that are read as one (parquet.max-merge-distance), and
	// maxRead the largest such read (parquet.max-buffer-size).
	maxGap  = 1 << 20
	maxRead = 8 << 20
)

// File is the layout of a Parquet file.
type File struct {
	Size   int64
	Footer int64 // bytes of the footer, without its length and the mark behind it
	Groups []Group
}

// Group is a row group. It is a split of its own, since weir's files say where their groups begin.
type Group struct {
	Skip   bool // its minima and maxima rule out that a row matches
	Chunks []Chunk
}

// Chunk is a column in a row group.
type Chunk struct {
	Column string
	At     int64 // byte of the file where it begins
	Len    int64
}

// ScanBytes is how many bytes Trino reads of a file for columns: what it calls physical input. Whoever has the lake adds up
// the files of the days that a query is bounded to. It is an upper bound where a filter matches few rows: Trino leaves out
// groups by their Bloom filters, too, and columns of groups in which no row is left.
func ScanBytes(f File, columns []string) int64 {
	if len(columns) == 0 {
		return 0 // a count is in the manifests
	}
	var sum int64
	for _, g := range f.Groups {
		if g.Skip {
			continue
		}
		if f.Size <= smallFile {
			sum += f.Size
			continue
		}
		sum += firstRead
		if footer := f.Footer + 8; footer > firstRead {
			sum += footer
		}
		var want []Chunk
		for _, c := range g.Chunks {
			if slices.Contains(columns, c.Column) {
				want = append(want, c)
			}
		}
		slices.SortFunc(want, func(a, b Chunk) int { return int(a.At - b.At) })
		for i := 0; i < len(want); {
			begin, end := want[i].At, want[i].At+want[i].Len
			for i++; i < len(want) && want[i].At-end <= maxGap && want[i].At+want[i].Len-begin <= maxRead; i++ {
				end = want[i].At + want[i].Len
			}
			sum += end - begin
		}
	}
	return sum
}
