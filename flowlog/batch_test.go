package flowlog

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// TestShift: Shift(n) leaves what Drop of the first n rows leaves, in every kind of column, lines and extra included.
func TestShift(t *testing.T) {
	fill := func() *Batch {
		var s strings.Builder
		s.WriteString("srcaddr dstport bytes start action new-field\n")
		for i := range 100 {
			fmt.Fprintf(&s, "10.0.0.%d %d %d %d %s %d\n", i, i, i*7, 1793707297+i, []string{"ACCEPT", "-"}[i&1], i%5)
		}
		b := NewBatch(VPC, 1000)
		b.KeepLines = true
		r := NewReader(strings.NewReader(s.String()), ReaderOptions{Object: "o"})
		for {
			if _, err := r.Read(b); err == io.EOF {
				return b
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	lines := func(b *Batch) (out []string) {
		for i := range b.Len() {
			line := string(b.AppendRecord(nil, &Format{Fields: []*Field{
				VPC.Field("srcaddr"), VPC.Field("dstport"), VPC.Field("bytes"), VPC.Field("start"), VPC.Field("action"), nil,
			}, Names: []string{5: "new-field"}}, i))
			out = append(out, fmt.Sprint(b.Lines[i], " ", b.Object.Dict.String(b.Object.Codes[i]), " ", line))
		}
		return out
	}
	for _, n := range []int{0, 1, 60, 100, 101} {
		got, want := fill(), fill()
		got.Shift(n)
		want.Drop(0, func(row int) bool { return row < n })
		if g, w := lines(got), lines(want); !slices.Equal(g, w) {
			t.Errorf("Shift(%d) left %d rows, Drop %d: %.200q, %.200q", n, len(g), len(w), g, w)
		}
	}
}
