package trino

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/enginetest"
	"weir/internal/engine/trinotest"
	"weir/internal/lake"
)

func TestScanBytes(t *testing.T) {
	group := func(skip bool, at int64) Group {
		return Group{skip, []Chunk{{"a", at, 100}, {"b", at + 100, 1 << 20}, {"c", at + 100 + 1<<20, 50}, {"d", at + 150 + 3<<20, 7}}}
	}
	large := File{Size: 10 << 20, Footer: 1000, Groups: []Group{group(false, 4), group(true, 5<<20), group(false, 6<<20)}}
	for _, tt := range []struct {
		columns string
		want    int64
	}{
		{"", 0},
		{"a", 2 * (firstRead + 100)},
		{"a c", 2 * (firstRead + 100 + 1<<20 + 50)}, // the gap is read
		{"d c", 2 * (firstRead + 50 + 7)},           // it is too wide
	} {
		if got := ScanBytes(large, strings.Fields(tt.columns)); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.columns, got, tt.want)
		}
	}
	large.Footer = 100 << 10
	if got, want := ScanBytes(large, []string{"a"}), int64(2*(firstRead+100<<10+8+100)); got != want {
		t.Errorf("long footer: %d, want %d", got, want)
	}
	large.Size = smallFile
	if got := ScanBytes(large, []string{"a"}); got != 2*smallFile {
		t.Errorf("small file: %d", got)
	}
}

// TestEnginesBytes holds the estimate of a query's bytes to what Trino says it read.
func TestEnginesBytes(t *testing.T) {
	s := trinotest.Start(t)
	dir := t.TempDir()
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	enginetest.LakeText(t, enginetest.Folder(dir), flowlog.VPC, "s3://b/large", synthetic(day, 400_000))
	enginetest.LakeText(t, enginetest.Folder(dir), flowlog.VPC, "s3://b/small", synthetic(day.AddDate(0, 0, 1), 30_000))
	e, err := Open(Config{URL: s.URL, User: "weir", Catalog: s.Lake(t, dir), Estimate: Estimator(
		func(ctx context.Context) (*lake.Lake, error) { return lake.Open(ctx, dir, lake.Options{}) })})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, sql := range []string{
		"SELECT sum(bytes) FROM flows",
		"SELECT srcaddr, sum(bytes) FROM flows GROUP BY 1",
		"SELECT min(protocol), max(action) FROM flows",
		"SELECT * FROM flows WHERE srcaddr = 'x' OR bytes >= 0",
		"SELECT min(srcaddr), max(start_time), count(source_object) FROM flows",
		"SELECT sum(bytes) FROM flows WHERE start_time >= TIMESTAMP '2026-11-21 00:00:00 UTC'",
		"SELECT sum(bytes) FROM flows WHERE start_time < TIMESTAMP '2026-11-21 00:00:00 UTC'",
		"SELECT sum(bytes) FROM flows WHERE dstport < 100",
		"SELECT sum(bytes) FROM flows WHERE dstport >= 443 AND dstport < 5000",
		"SELECT count(*) FROM flows",
		"SELECT count(*) FROM flows a JOIN flows b ON a.srcaddr = b.dstaddr AND a.bytes = b.bytes", // read twice
	} {
		plan, err := e.Explain(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		estimate := engine.CostOf(plan.Tables).Bytes
		rows, err := e.Query(t.Context(), sql)
		for err == nil {
			_, err = rows.Next()
		}
		if err != io.EOF {
			t.Fatal(err)
		}
		scanned := rows.(engine.Scanned).BytesScanned()
		off := 0.0
		if estimate != scanned {
			off = float64(estimate-scanned) / float64(max(scanned, 1))
		}
		t.Logf("%8d scanned, %8d estimated, %+.1f %%: %s", scanned, estimate, 100*off, sql)
		if math.Abs(off) > 0.2 {
			t.Errorf("%s: %d bytes estimated, %d scanned", sql, estimate, scanned)
		}
	}
}

// synthetic is a log of n records of a day.
func synthetic(day time.Time, n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n")
	for i := range n {
		start := day.Unix() + int64(i)*86400/int64(n)
		fmt.Fprintf(&b, "2 123456789012 eni-%d 10.%d.%d.%d 10.0.%d.%d %d %d 6 %d %d %d %d %s OK\n", r.IntN(200), r.IntN(4), r.IntN(256), r.IntN(256), r.IntN(16), r.IntN(256),
			32768+r.IntN(28000), []int{22, 443, 443, 443, 5432, 6379, 1024 + r.IntN(60000)}[r.IntN(7)], 1+r.IntN(1000), 40+r.IntN(1_000_000), start, start+int64(r.IntN(60)), []string{"ACCEPT", "ACCEPT", "REJECT"}[r.IntN(3)])
	}
	return b.String()
}
