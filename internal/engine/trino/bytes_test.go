package trino

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/enginetest"
	"weir/internal/engine/trinotest"
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
	enginetest.LakeText(t, dir, flowlog.VPC, "s3://b/large", synthetic(day, 400_000))
	enginetest.LakeText(t, dir, flowlog.VPC, "s3://b/small", synthetic(day.AddDate(0, 0, 1), 30_000))
	e, err := Open(Config{URL: s.URL, User: "weir", Catalog: s.Lake(t, dir)})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var paths []string
	for _, table := range enginetest.LakeTables(t, dir) {
		paths = append(paths, table.Files...)
	}
	if len(paths) != 2 {
		t.Fatalf("%d files", len(paths))
	}
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
	} {
		plan, err := e.Explain(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		var estimate int64
		for _, path := range paths {
			estimate += ScanBytes(layout(t, path, plan.IO.Tables[0]), plan.IO.Tables[0].Reads)
		}
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

// layout reads a footer, and which of the groups the ranges of integers rule out.
func layout(t *testing.T, path string, io engine.IOTable) File {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(in, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	end := make([]byte, 8)
	if _, err := in.ReadAt(end, info.Size()-8); err != nil {
		t.Fatal(err)
	}
	f := File{Size: info.Size(), Footer: int64(end[0]) | int64(end[1])<<8 | int64(end[2])<<16}
	for i, g := range p.Metadata().RowGroups {
		var group Group
		for j, c := range g.Columns {
			m := c.MetaData
			at := m.DataPageOffset
			if m.DictionaryPageOffset != 0 {
				at = m.DictionaryPageOffset
			}
			group.Chunks = append(group.Chunks, Chunk{m.PathInSchema[0], at, m.TotalCompressedSize})
			if lowest, highest, ok := p.RowGroups()[i].ColumnChunks()[j].(*parquet.FileColumnChunk).Bounds(); ok {
				group.Skip = group.Skip || ruledOut(io, m.PathInSchema[0], lowest, highest)
			}
		}
		f.Groups = append(f.Groups, group)
	}
	return f
}

func ruledOut(io engine.IOTable, column string, lowest, highest parquet.Value) bool {
	for _, c := range io.Columns {
		if c.Name != column || len(c.Ranges) == 0 {
			continue
		}
		could := false
		for _, r := range c.Ranges {
			low, high := bound(c.Type, r.Low, math.MinInt64), bound(c.Type, r.High, math.MaxInt64)
			if r.HighBound == "BELOW" {
				high--
			}
			could = could || number(highest) >= low && number(lowest) <= high
		}
		if !could {
			return true
		}
	}
	return false
}

func number(v parquet.Value) int64 {
	if v.Kind() == parquet.Int32 {
		return int64(v.Int32())
	}
	return v.Int64()
}

func bound(typ, text string, none int64) int64 {
	if text == "" {
		return none
	}
	if strings.HasPrefix(typ, "timestamp") {
		at, err := time.Parse("2006-01-02 15:04:05.000000 UTC", text)
		if err != nil {
			panic(err)
		}
		return at.UnixMicro()
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
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
