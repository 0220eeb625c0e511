package dir

import (
	"fmt"
	"testing"

	"weir/internal/source"
)

// A listing of 10,000 files as AWS delivers them, which a second ingest of a folder costs at least.
func BenchmarkList(b *testing.B) {
	p := place{b.TempDir()}
	for i := range 10_000 {
		p.Put(b, fmt.Sprintf("AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/11/%02d/111122223333_vpcflowlogs_us-east-1_fl-1_202611%02dT%02d%02dZ_%08x.log.gz",
			i%28+1, i%28+1, i/28%24, i%12*5, i), nil)
	}
	s, err := New(p.root)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range s.List(b.Context(), source.Window{}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 10_000 {
			b.Fatalf("%d files", n)
		}
	}
}
