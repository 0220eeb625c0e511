package columnar

import (
	"slices"
	"time"

	"weir/flowlog"
)

// Day is the records of a batch that began on one UTC day, in the order in which they are stored.
type Day struct {
	Day  time.Time // midnight UTC; zero for records without a start
	Rows []uint32  // indices into the batch
	// Cuts are where in Rows row groups should end, since the order there begins anew.
	Cuts []int
}

// A port is frequent if it has at least one in frequent of a batch's records, and no fewer than frequentLeast.
const (
	frequent      = 512
	frequentLeast = 64
)

// leastGroup is the fewest rows for which a row group of their own is worth its overhead.
const leastGroup = 16 << 10

// Days groups the records of a batch by the day of start, since a data file must lie in one partition, and orders
// each day: first the records to frequent ports, by dstport, then the answers from such ports, by srcport, then all
// others. Within a port they are ordered by interface, and within an interface as AWS wrote them, by time.
//
// So a query for one port reads the row groups that hold it, by their minima and maxima, and leaves out the others:
// the filters over ports in the footer (bloom.go) say that what is frequent elsewhere is not among the rest. And
// columns that belong to the interface are long runs. Measured on 4 million records (docs/design/parquet-encoder.md):
// in AWS's order 69 MB, sorted by port throughout 72 MB, by frequent ports 59 MB, by these and interface 50 MB.
func Days(b *flowlog.Batch) []Day {
	n := b.Len()
	if n == 0 {
		return nil
	}
	order, cuts := byPort(b)
	start := b.Column(b.Table.Field("start").Index())
	if start == nil {
		return []Day{{Rows: order, Cuts: cuts}}
	}
	// Few days, often one: find them, then split the order.
	const none = -1 << 62
	dayOf := func(i uint32) int64 {
		if s := start.Int64[i]; s != flowlog.NullInt64 {
			return s / 86400
		}
		return none
	}
	counts := map[int64]int{}
	for i := 0; i < n; {
		first := i
		d := dayOf(uint32(i))
		if d == none {
			i++
		}
		for i < n && uint64(start.Int64[i]-d*86400) < 86400 { // the same day, without a division
			i++
		}
		counts[d] += i - first
	}
	var days []Day
	index := map[int64]int{}
	for d := range counts {
		day := Day{}
		if d != none {
			day.Day = time.Unix(d*86400, 0).UTC()
		}
		days = append(days, day)
	}
	slices.SortFunc(days, func(a, b Day) int { return a.Day.Compare(b.Day) })
	if len(days) == 1 {
		days[0].Rows, days[0].Cuts = order, cuts
		return days
	}
	for i := range days {
		d := int64(none)
		if !days[i].Day.IsZero() {
			d = days[i].Day.Unix() / 86400
		}
		index[d] = i
		days[i].Rows = make([]uint32, 0, counts[d])
	}
	for at, i := range order {
		if len(cuts) > 0 && at == cuts[0] {
			cuts = cuts[1:]
			for k := range days {
				days[k].Cuts = append(days[k].Cuts, len(days[k].Rows))
			}
		}
		d := &days[index[dayOf(i)]]
		d.Rows = append(d.Rows, i)
	}
	return days
}

// byPort returns the rows of a batch in storage order, by one counting sort, and where its parts end.
func byPort(b *flowlog.Batch) (order []uint32, cuts []int) {
	n := b.Len()
	order = make([]uint32, n)
	dst := b.Column(b.Table.Field("dstport").Index())
	src := b.Column(b.Table.Field("srcport").Index())
	if dst == nil || src == nil {
		for i := range order {
			order[i] = uint32(i)
		}
		return order, nil
	}
	// class gives each port its place among the frequent ones, from 1; 0 is not frequent.
	dsts, srcs := dst.Int32[:n], src.Int32[:n]
	dstClass, dstN := frequentPorts(dsts, nil, nil)
	srcClass, srcN := frequentPorts(srcs, dsts, dstClass)
	keys := make([]uint16, n) // where each record's class comes in the order
	at := make([]uint32, dstN+srcN+2)
	for i, d := range dsts {
		key := dstN + srcN
		if d >= 0 && dstClass[uint16(d)] > 0 {
			key = int(dstClass[uint16(d)]) - 1
		} else if s := srcs[i]; s >= 0 && srcClass[uint16(s)] > 0 {
			key = dstN + int(srcClass[uint16(s)]) - 1
		}
		keys[i] = uint16(key)
		at[key+1]++
	}
	for k := 1; k < len(at); k++ {
		at[k] += at[k-1]
	}
	cuts = []int{int(at[dstN]), int(at[dstN+srcN])}
	for _, i := range byInterface(b) {
		k := keys[i]
		order[at[k]] = i
		at[k]++
	}
	return order, cuts
}

// byInterface returns the rows of a batch ordered by interface, in order of the interfaces' first appearance.
func byInterface(b *flowlog.Batch) []uint32 {
	order := make([]uint32, b.Len())
	c := b.Column(interfaceField(b.Table).Index())
	if c == nil {
		for i := range order {
			order[i] = uint32(i)
		}
		return order
	}
	at := make([]uint32, c.Dict.Len()+1)
	codes := c.Codes[:len(order)]
	for _, code := range codes {
		at[code+1]++
	}
	for k := 1; k < len(at); k++ {
		at[k] += at[k-1]
	}
	for i, code := range codes {
		order[at[code]] = uint32(i)
		at[code]++
	}
	return order
}

// frequentPorts numbers the frequent ports of a column in ascending order, from 1. There are at most 512. Records that
// other and its classes have taken already do not count.
func frequentPorts(ports, other []int32, taken *[1 << 16]uint16) (class *[1 << 16]uint16, n int) {
	var counts [1 << 16]uint32
	for i, p := range ports {
		if p >= 0 && (taken == nil || other[i] < 0 || taken[uint16(other[i])] == 0) {
			counts[uint16(p)]++
		}
	}
	class = new([1 << 16]uint16)
	least := uint32(max(frequentLeast, len(ports)/frequent))
	for p, count := range counts {
		if count >= least {
			n++
			class[p] = uint16(n)
		}
	}
	return class, n
}
