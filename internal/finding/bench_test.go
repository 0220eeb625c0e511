package finding

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkRecord records a step with 20 sightings, onto a store that has so many steps before it.
func BenchmarkRecord(b *testing.B) {
	for _, before := range []int{0, 720} {
		b.Run(fmt.Sprint(before, " steps before"), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "findings.db")
			s, err := Open(b.Context(), path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			step := 0
			record := func() {
				step++
				var sightings []Sighting
				for n := range 20 {
					sightings = append(sightings, sighted(fmt.Sprint("eni-", n), step, "high"))
				}
				if _, err := s.Record(b.Context(), evaluation(step, 1, sightings...)); err != nil {
					b.Fatal(err)
				}
			}
			for range before {
				record()
			}
			for b.Loop() {
				record()
			}
			if info, err := os.Stat(path); err == nil {
				b.ReportMetric(float64(info.Size())/float64(step*20), "bytes/sighting")
			}
		})
	}
}

// BenchmarkRecordNothing records a step in which a rule saw nothing: most are so.
func BenchmarkRecordNothing(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "findings.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	step := 0
	for b.Loop() {
		step++
		if _, err := s.Record(b.Context(), evaluation(step, 1)); err != nil {
			b.Fatal(err)
		}
	}
}
