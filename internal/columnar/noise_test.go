package columnar

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"weir/flowlog"
)

// TestStored: what is stored without compression is a frame that any decoder takes, and only noise is stored so.
func TestStored(t *testing.T) {
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 1000, 128<<10 - 1, 128 << 10, 128<<10 + 1, 600 << 10} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		got, err := d.DecodeAll(appendStored(nil, data), nil)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: got %d, error %v", n, len(got), err)
		}
		e := encoders.New().(*encoder)
		e.page = data
		if noise := e.noise(); noise != (n >= 128<<10-1) {
			t.Errorf("%d random bytes: noise %v", n, noise)
		}
		for i := range data {
			data[i] = byte(i%100 + i%7)
		}
		if e.noise() {
			t.Errorf("%d bytes that repeat themselves were taken for noise", n)
		}
	}
}

// TestSharedDictionary: pkt_srcaddr and pkt_dstaddr are stored right where they equal srcaddr and dstaddr, where they
// have the same addresses at other rows, and where they have others.
func TestSharedDictionary(t *testing.T) {
	for name, lines := range map[string]string{
		"equal":   "10.0.0.1 10.0.0.2 10.0.0.1 10.0.0.2\n10.0.0.3 - 10.0.0.3 -\n",
		"swapped": "10.0.0.1 10.0.0.2 10.0.0.1 10.0.0.2\n10.0.0.3 10.0.0.4 10.0.0.3 10.0.0.4\n10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4\n",
		"others":  "10.0.0.1 10.0.0.2 10.9.0.1 10.9.0.2\n10.0.0.3 10.0.0.2 10.0.0.3 10.0.0.1\n",
		"later":   "10.0.0.1 10.0.0.2 10.0.0.1 10.0.0.2\n10.0.0.3 10.0.0.2 10.0.0.4 10.0.0.1\n",
		"absent":  "10.0.0.1 10.0.0.2 - -\n- - 10.0.0.3 10.0.0.4\n",
	} {
		b := read(t, flowlog.VPC, "srcaddr dstaddr pkt-srcaddr pkt-dstaddr\n"+strings.Repeat(lines, 20))
		data := write(t, b, all(b))
		want := text(b, all(b))
		back := readBack(t, flowlog.VPC, data)
		if got := text(back, all(back)); !slices.Equal(got, want) {
			t.Errorf("%s: read back\n%s\nwant\n%s", name, strings.Join(got[:3], "\n"), strings.Join(want[:3], "\n"))
		}
		if got := duck(t, flowlog.VPC, data); !slices.Equal(got, want) {
			t.Errorf("%s: DuckDB reads other rows", name)
		}
	}
}
