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
}

// ephemeral is where the ports begin that clients are given. Linux starts at 32768, IANA and Windows at 49152.
const ephemeral = 32768

// Days groups the records of a batch by the day of start, since a data file must lie in one partition, and orders
// each day by service port: by dstport below the ephemeral ports, then, for answers, by srcport. The order is stable,
// so that within a port records stay as AWS wrote them, in runs of one interface and time. Runs make files small,
// and the order by port makes the minima and maxima of row groups prune a query for one port.
func Days(b *flowlog.Batch) []Day {
	n := b.Len()
	order := byPort(b)
	start := b.Column(b.Table.Field("start").Index())
	if start == nil {
		if n == 0 {
			return nil
		}
		return []Day{{Rows: order}}
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
	last, lastCount := int64(0), 0
	for i := range uint32(n) {
		if d := dayOf(i); d == last {
			lastCount++
		} else {
			counts[last] += lastCount
			last, lastCount = d, 1
		}
	}
	counts[last] += lastCount
	var days []Day
	index := map[int64]int{}
	for d, c := range counts {
		if c == 0 {
			continue
		}
		day := Day{}
		if d != none {
			day.Day = time.Unix(d*86400, 0).UTC()
		}
		days = append(days, day)
	}
	slices.SortFunc(days, func(a, b Day) int { return a.Day.Compare(b.Day) })
	if len(days) == 1 {
		days[0].Rows = order
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
	for _, i := range order {
		d := &days[index[dayOf(i)]]
		d.Rows = append(d.Rows, i)
	}
	return days
}

// byPort returns the rows of a batch in storage order, by one counting sort.
func byPort(b *flowlog.Batch) []uint32 {
	n := b.Len()
	order := make([]uint32, n)
	dst := b.Column(b.Table.Field("dstport").Index())
	src := b.Column(b.Table.Field("srcport").Index())
	if dst == nil {
		for i := range order {
			order[i] = uint32(i)
		}
		return order
	}
	key := func(i int) int {
		d := dst.Int32[i]
		switch {
		case d < 0: // NULL: no traffic
			return 0
		case d < ephemeral:
			return 1 + int(d)
		case src != nil && src.Int32[i] >= 0 && src.Int32[i] < ephemeral:
			return 1 + ephemeral + int(src.Int32[i])
		}
		return 1 + 2*ephemeral
	}
	at := make([]uint32, 2*ephemeral+3)
	for i := range n {
		at[key(i)+1]++
	}
	for k := 1; k < len(at); k++ {
		at[k] += at[k-1]
	}
	for i := range n {
		k := key(i)
		order[at[k]] = uint32(i)
		at[k]++
	}
	return order
}
