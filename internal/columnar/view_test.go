package columnar

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"weir/flowlog"
)

// TestViews: whatever view a column gets, what is read back is what went in, and the twin that takes each column as it
// lies in the batch says the same of it in the footer. A batch of many rows is looked at, a few rows of it are not.
func TestViews(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 150_000
	var s strings.Builder
	s.WriteString("version interface-id vpc-id subnet-id srcaddr dstaddr srcport dstport protocol packets bytes start end action tcp-flags region\n")
	for i := range n {
		eni := r.IntN(50)
		vpc := fmt.Sprint("vpc-", eni%7)
		if eni%7 == 6 {
			vpc = "-" // follows from the interface, too
		}
		srcport := fmt.Sprint(i % 65536) // every port, and NULL: more than 16 bits can say
		if i%100 == 99 {
			srcport = "-"
		}
		fmt.Fprintf(&s, "5 eni-%d %s - 10.%d.%d.%d 10.0.0.%d %s %d %d %d %d %d %d %s %d us-east-1\n",
			eni, vpc, i>>16, i>>8&255, i&255, // more addresses than 16 bits can say
			eni, srcport, r.IntN(65536),
			[]int{6, 17}[r.IntN(2)],
			i*1000,              // more values than 16 bits can say
			r.IntN(300)*1000+40, // spread, but few
			1793707297+i/100, 1793707300+r.IntN(100),
			[]string{"ACCEPT", "REJECT", "-"}[r.IntN(3)], 7)
	}
	b := read(t, flowlog.VPC, s.String())
	e := encoders.New().(*encoder)
	kinds := map[string]viewKind{
		"version": viewUniform, "interface_id": viewInterface, "vpc_id": viewInterface, "subnet_id": viewNull,
		"srcaddr": viewWide, "srcport": viewWide, "dstport": viewNarrow, "packets": viewWide, "bytes": viewNarrow,
		"start": viewNarrow, "action": viewNarrow, "tcp_flags": viewUniform, "region": viewUniform, "az_id": viewWide,
	}
	for _, c := range NewWriter(nil, NewSchema(b.Table)).cols {
		e.view.look(&c, b, n, false)
		if want, ok := kinds[c.name]; ok && e.view.kind != want {
			t.Errorf("%s: view %d, want %d", c.name, e.view.kind, want)
		}
	}
	rows := all(b)
	r.Shuffle(n, func(i, k int) { rows[i], rows[k] = rows[k], rows[i] })
	for _, part := range [][]uint32{rows, rows[:n/3], rows[:n/5]} {
		want := text(b, part)
		back := readBack(t, b.Table, write(t, b, part))
		if got := text(back, all(back)); !slices.Equal(got, want) {
			t.Errorf("%d rows: other rows were read back", len(part))
		}
	}
}
