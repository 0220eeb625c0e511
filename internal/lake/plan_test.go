package lake

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"weir/flowlog"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// fabricate adds n files to the table, with the statistics that real ones have, without writing them.
func fabricate(t testing.TB, l *Lake, n int) {
	t.Helper()
	ctx := context.Background()
	tbl, err := l.table(ctx, flowlog.VPC.Name)
	if err != nil {
		t.Fatal(err)
	}
	number := func(v int64, size int) []byte {
		b := binary.LittleEndian.AppendUint64(nil, uint64(v))
		return b[:size]
	}
	var files []iceberg.DataFile
	for i := range n {
		day := day0.AddDate(0, 0, i%100)
		lower, upper, counts := map[int][]byte{}, map[int][]byte{}, map[int]int64{}
		for _, f := range tbl.Schema().Fields() {
			counts[f.ID] = 1000
			switch f.Type {
			case iceberg.PrimitiveTypes.String:
				lower[f.ID], upper[f.ID] = []byte("10.0.0.1"), []byte("172.31.255.255")
			case iceberg.PrimitiveTypes.Int32:
				lower[f.ID], upper[f.ID] = number(0, 4), number(65535, 4)
			case iceberg.PrimitiveTypes.Int64:
				lower[f.ID], upper[f.ID] = number(0, 8), number(1e9, 8)
			case iceberg.PrimitiveTypes.TimestampTz:
				lower[f.ID], upper[f.ID] = number(day.UnixMicro(), 8), number(day.Add(time.Hour).UnixMicro(), 8)
			}
		}
		b, err := iceberg.NewDataFileBuilder(tbl.Spec(), iceberg.EntryContentData,
			l.fs.name(filepath.Join(l.dir, warehouse, namespace, "flows", "data", dayFolder(day), fmt.Sprintf("%08d.parquet", i))),
			iceberg.ParquetFile, map[int]any{partitionID: iceberg.Date(day.Unix() / 86400)}, nil, nil, 1000, 50000)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, b.LowerBoundValues(lower).UpperBoundValues(upper).ColumnSizes(counts).ValueCounts(counts).NullValueCounts(counts).Build())
	}
	tx := l.cat.with(func(context.Context, *sql.Tx, table.Metadata) error { return nil }).use(tbl).NewTransaction()
	if err := tx.AddDataFiles(ctx, files, nil, table.WithoutAutoNameMapping(), table.WithoutDuplicateCheck()); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestPlanIsFast(t *testing.T) {
	if testing.Short() {
		t.Skip("10,000 files, left out by -short")
	}
	dir := t.TempDir()
	fabricate(t, open(t, dir, true), 10000)
	start := cpuTime(t)
	r := open(t, dir, false)
	s := snapshot(t, r)
	took := cpuTime(t) - start
	t.Logf("opened and planned %d files in %v", len(s.Files), took)
	if len(s.Files) != 10000 {
		t.Errorf("plan has %d files, want 10000", len(s.Files))
	}
	if n := len(s.Between(day0.AddDate(0, 0, 3), day0.AddDate(0, 0, 4))); n != 100 {
		t.Errorf("a day has %d files, want 100", n)
	}
	// Ten times what is promised, for slow machines and the race detector.
	if took > 10*time.Second {
		t.Errorf("opening and planning took %v", took)
	}
}
