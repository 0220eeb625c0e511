package traffic

import (
	"io"
	"testing"
	"time"
)

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Close() error                { return nil }

func TestSmoke(t *testing.T) {
	for _, cfg := range []Config{DemoConfig(1), BenchConfig(1, 400000, 8)} {
		at := time.Now()
		s, err := Generate(t.Context(), cfg, func(string) (io.WriteCloser, error) { return discard{}, nil })
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%v %+v line %.1f ratio %.1f", time.Since(at), s, float64(s.TextBytes)/float64(s.Records), float64(s.TextBytes)/float64(s.StoredBytes))
		for _, l := range s.Labels {
			t.Logf("%s %s rec %d all %d acc %d in %d out %d %v %v", l.Name, l.Host, l.Records, l.All, l.Accepted, l.BytesIn, l.BytesOut, l.Start, l.End)
		}
	}
}
