package columnar

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/parquet-go/parquet-go"

	"weir/flowlog"
)

// read parses texts into a batch, one object each.
func read(t testing.TB, table *flowlog.Table, texts ...string) *flowlog.Batch {
	t.Helper()
	b := flowlog.NewBatch(table, 1<<20)
	for i, text := range texts {
		r := flowlog.NewReader(strings.NewReader(text), flowlog.ReaderOptions{
			Object: fmt.Sprintf("object-%d", i), Reject: func(e *flowlog.LineError) { t.Error(e) },
		})
		for {
			if _, err := r.Read(b); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	return b
}

func write(t testing.TB, b *flowlog.Batch, rows []uint32) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := NewWriter(&buf, NewSchema(b.Table))
	if err := w.Write(b, rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Bytes() != int64(buf.Len()) || w.Rows() != int64(len(rows)) {
		t.Errorf("Bytes %d, Rows %d; wrote %d, %d", w.Bytes(), w.Rows(), buf.Len(), len(rows))
	}
	return buf.Bytes()
}

func readBack(t testing.TB, table *flowlog.Table, data []byte) *flowlog.Batch {
	t.Helper()
	r, err := OpenReader(bytes.NewReader(data), int64(len(data)), table, ReaderOptions{
		Object: "file", Reject: func(e *flowlog.LineError) { t.Error(e) },
	})
	if err != nil {
		t.Fatal(err)
	}
	b := flowlog.NewBatch(table, 1<<20)
	for {
		if _, err := r.Read(b, 1000); err == io.EOF {
			return b
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// text returns the records as lines of all fields, object and extra included.
func text(b *flowlog.Batch, rows []uint32) []string {
	var out []string
	for _, row := range rows {
		var line []byte
		for i := range b.Table.Fields {
			line = append(b.AppendValue(line, &b.Table.Fields[i], int(row)), ' ')
		}
		line = append(line, b.Object.Dict.String(b.Object.Codes[row])...)
		for n, v := range flowlog.ExtraPairs(b.Extra.Dict.Bytes(b.Extra.Codes[row])) {
			line = fmt.Appendf(line, " %s=%s", n, v)
		}
		out = append(out, string(line))
	}
	return out
}

func all(b *flowlog.Batch) []uint32 {
	rows := make([]uint32, b.Len())
	for i := range rows {
		rows[i] = uint32(i)
	}
	return rows
}

func samples(t testing.TB, table *flowlog.Table) []string {
	t.Helper()
	data, err := os.ReadFile("../../flowlog/testdata/samples.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, block := range strings.Split(string(data), "\n\n") {
		_, text, _ := strings.Cut(block, "\n")
		head, _, _ := strings.Cut(text, "\n")
		if f, err := flowlog.ParseFormat(head); err != nil {
			t.Fatal(err)
		} else if f.Table == table {
			out = append(out, strings.TrimSpace(text)+"\n")
		}
	}
	return out
}

// TestRoundTrip: every sample record, text to batch to Parquet and back, and to DuckDB.
func TestRoundTrip(t *testing.T) {
	for _, table := range flowlog.Tables {
		t.Run(table.Name, func(t *testing.T) {
			texts := append(samples(t, table), "version new-a tcp-flags new-b\n2 x 3 y\n2 - 4 -\n2 - 5 zz\n")
			if table == flowlog.TransitGateway {
				texts[len(texts)-1] = "tgw-id region new-a new-b\ntgw-1 - x y\ntgw-2 - - -\ntgw-3 - - zz\n"
			}
			b := read(t, table, texts...)
			data := write(t, b, all(b))
			want := text(b, all(b))
			back := readBack(t, table, data)
			if got := text(back, all(back)); !slices.Equal(got, want) {
				for i := range want {
					if i >= len(got) || got[i] != want[i] {
						t.Fatalf("row %d of %d\n got %s\nwant %s", i, len(want), got[min(i, len(got)-1)], want[i])
					}
				}
			}
			var buf bytes.Buffer
			w := NewWriter(&buf, NewSchema(b.Table))
			w.Transient = true
			if err := errors.Join(w.Write(b, all(b)), w.Close()); err != nil {
				t.Fatal(err)
			}
			if got := duck(t, table, buf.Bytes()); !slices.Equal(got, want) {
				t.Error("DuckDB reads other rows from a transient file")
			}
			if got := duck(t, table, data); !slices.Equal(got, want) {
				for i := range want {
					if i >= len(got) || got[i] != want[i] {
						t.Fatalf("DuckDB, row %d of %d\n got %s\nwant %s", i, len(want), got[min(i, len(got)-1)], want[i])
					}
				}
			}
		})
	}
}

// duck reads a data file with DuckDB and returns what text does.
func duck(t testing.TB, table *flowlog.Table, data []byte) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.parquet")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var cols []string
	for i := range table.Fields {
		cols = append(cols, `coalesce("`+table.Fields[i].Column+`"::varchar, '-')`)
	}
	q := "SELECT " + strings.Join(cols, ` || ' ' || `) + ` || ' ' || source_object ||
		coalesce(' ' || array_to_string(list_transform(map_entries(extra), lambda e: e.key || '=' || e.value), ' '), ''),
		epoch_us(start_time), start
		FROM read_parquet('` + file + `', file_row_number=true) ORDER BY file_row_number`
	rows, err := db.Query(q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		var us, start sql.NullInt64
		if err := rows.Scan(&s, &us, &start); err != nil {
			t.Fatal(err)
		}
		if us.Valid != start.Valid || us.Int64 != start.Int64*1_000_000 {
			t.Errorf("start_time is %d µs, start %d s", us.Int64, start.Int64)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestLarge: more than a row group, every encoding, NULLs here and there, against DuckDB.
func TestLarge(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var s strings.Builder
	s.WriteString("interface-id srcaddr dstaddr srcport dstport packets bytes start end action tcp-flags vpc-id\n")
	orDash := func(v any) any {
		if rnd.IntN(50) == 0 {
			return "-"
		}
		return v
	}
	for i := range rowGroup + 5000 {
		fmt.Fprintf(&s, "eni-%d 10.0.%d.%d %v %v %v %v %v %d %d %v %v %s\n", i/1000, rnd.IntN(256), rnd.IntN(256),
			orDash(fmt.Sprintf("192.0.2.%d", rnd.IntN(250))), orDash(32768+rnd.IntN(28000)), orDash(rnd.IntN(1024)),
			orDash(1+rnd.IntN(20)), orDash(rnd.Uint64N(1<<uint(rnd.IntN(62)))), 1767225600+i/300, 1767225660+rnd.IntN(1e9),
			orDash([]string{"ACCEPT", "REJECT"}[rnd.IntN(2)]), orDash(rnd.IntN(64)), "vpc-1")
	}
	b := read(t, flowlog.VPC, s.String())
	days := Days(b)
	if len(days) != 1 || !days[0].Day.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("days %v", days)
	}
	rows := days[0].Rows
	want := text(b, rows)
	data := write(t, b, rows)
	if got := duck(t, flowlog.VPC, data); !slices.Equal(got, want) {
		t.Error("DuckDB reads other rows")
	}
	back := readBack(t, flowlog.VPC, data)
	if got := text(back, all(back)); !slices.Equal(got, want) {
		t.Error("Reader reads other rows")
	}
	sorted := append([]uint32(nil), rows...)
	slices.Sort(sorted)
	if !slices.Equal(sorted, all(b)) {
		t.Error("Days lost or doubled rows")
	}
	t.Logf("%d rows, %d bytes", len(rows), len(data))
}

func TestDays(t *testing.T) {
	var s strings.Builder
	s.WriteString("interface-id start dstport srcport\n")
	line := func(eni, start, dst, src any) { fmt.Fprintf(&s, "eni-%v %v %v %v\n", eni, start, dst, src) }
	line(1, 86399, 443, 40000) // 0: the day before
	line(1, "-", 1, 1)         // 1: no day
	for i := range frequentLeast {
		line(i%2, 86400+i, 443, 40000+i) // 2, 4, … of eni-0
		line(1, 86400+i, 50000+i, 22)    // 3, 5, …
	}
	line(2, 86500, 9, 9) // 130: rest
	line(2, 86500, "-", "-")
	line(1, 86501, 8, 8)
	b := read(t, flowlog.VPC, s.String())
	var got []string
	for _, d := range Days(b) {
		got = append(got, fmt.Sprint(d.Day.Format("2006-01-02"), " ", d.Rows, d.Cuts))
	}
	var to, from []uint32
	for i := range uint32(frequentLeast) {
		from = append(from, 3+2*i)
	}
	for _, eni := range []uint32{1, 0} { // eni-1 came first
		for i := eni; i < frequentLeast; i += 2 {
			to = append(to, 2+2*i)
		}
	}
	want := []string{
		"0001-01-01 [1] [0 0]",
		"1970-01-01 [0] [1 1]",
		fmt.Sprint("1970-01-02 ", append(append(to, from...), 132, 130, 131), " ", []int{frequentLeast, 2 * frequentLeast}),
	}
	if !slices.Equal(got, want) {
		t.Errorf(" got %q\nwant %q", got, want)
	}
}

// TestBloom: the filters have what is in their row group, and mostly not what is not.
func TestBloom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	var s strings.Builder
	s.WriteString("dstport srcport\n")
	in := map[int]bool{}
	for range 20_000 {
		p := 2 * rnd.IntN(32768) // even ports only
		in[p] = true
		fmt.Fprintf(&s, "%d 7\n", p)
	}
	b := read(t, flowlog.VPC, s.String())
	data := write(t, b, all(b))
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := f.Schema().Lookup("dstport")
	filter := f.RowGroups()[0].ColumnChunks()[leaf.ColumnIndex].BloomFilter()
	if filter == nil {
		t.Fatal("no filter")
	}
	wrong := 0
	for p := range 1 << 16 {
		ok, err := filter.Check(parquet.Int32Value(int32(p)))
		if err != nil {
			t.Fatal(err)
		}
		if in[p] && !ok {
			t.Fatalf("port %d is there, the filter says no", p)
		}
		if !in[p] && ok {
			wrong++
		}
	}
	if wrong > (1<<16-len(in))/8 {
		t.Errorf("the filter errs on %d of %d ports", wrong, 1<<16-len(in))
	}
}

// TestStatistics: the footer's minima and maxima are those of the rows.
func TestStatistics(t *testing.T) {
	b := read(t, flowlog.VPC, "srcaddr dstport bytes start vpc-id\n10.0.0.9 443 5 10 -\n10.0.0.10 22 7 11 -\n- - 6 12 -\n")
	data := write(t, b, all(b))
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, c := range f.RowGroups()[0].ColumnChunks() {
		path := strings.Join(f.Schema().Columns()[i], ".")
		switch path {
		case "srcaddr", "dstport", "bytes", "start_time", "vpc_id":
			fc := c.(*parquet.FileColumnChunk)
			least, most, ok := fc.Bounds()
			got = append(got, fmt.Sprintf("%s %v %v %v nulls %d", path, least, most, ok, fc.NullCount()))
		}
	}
	want := "srcaddr 10.0.0.10 10.0.0.9 true nulls 1|dstport 22 443 true nulls 1|bytes 5 7 true nulls 0|vpc_id <null> <null> false nulls 3|start_time 10000000 12000000 true nulls 0"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf(" got %s\nwant %s", s, want)
	}
}

// awsRecord is a record as AWS's Parquet objects hold it, with a column of a later version.
type awsRecord struct {
	Version   int32   `parquet:"version,optional"`
	AccountID string  `parquet:"account_id,optional"`
	SrcAddr   *string `parquet:"srcaddr,optional"`
	SrcPort   *int32  `parquet:"srcport,optional"`
	Protocol  int64   `parquet:"protocol"` // int32 at AWS; others write int64
	Bytes     *int64  `parquet:"bytes,optional"`
	Start     int64   `parquet:"start"`
	LogStatus string  `parquet:"log_status,dict"`
	New       string  `parquet:"new_field,optional"`
}

func TestReadAWS(t *testing.T) {
	addr, dash, bad, port, large, n := "10.0.0.1", "-", "nowhere", int32(80), int32(70000), int64(5)
	var buf bytes.Buffer
	w := parquet.NewGenericWriter[awsRecord](&buf, parquet.Compression(&parquet.Gzip))
	rows := []awsRecord{
		{2, "1", &addr, &port, 6, &n, 100, "OK", "x"},
		{2, "1", &dash, nil, 6, nil, 101, "NODATA", ""},
		{2, "1", &bad, &port, 6, &n, 102, "OK", "x"},
		{2, "1", &addr, &large, 6, &n, 103, "OK", "x"},
		{2, "None", nil, &port, 17, &n, 1512564058000, "SKIPDATA", "-"},
	}
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var refused []string
	r, err := OpenReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()), flowlog.VPC, ReaderOptions{
		Object: "o", Reject: func(e *flowlog.LineError) { refused = append(refused, e.Error()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	b := flowlog.NewBatch(flowlog.VPC, 100)
	for err == nil {
		_, err = r.Read(b, 2)
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	f, _ := flowlog.ParseFormat("account-id srcaddr srcport protocol bytes start log-status")
	var got []string
	for i := range b.Len() {
		s := string(b.AppendRecord(nil, f, i))
		for n, v := range flowlog.ExtraPairs(b.Extra.Dict.Bytes(b.Extra.Codes[i])) {
			s += fmt.Sprintf(" %s=%s", n, v)
		}
		got = append(got, s)
	}
	want := []string{"1 10.0.0.1 80 6 5 100 OK new_field=x", "1 - - 6 - 101 NODATA", "- - 80 17 5 1512564058 SKIPDATA"}
	if !slices.Equal(got, want) {
		t.Errorf(" got %q\nwant %q", got, want)
	}
	if s := strings.Join(refused, "|"); s != `o:3: srcaddr "nowhere": not an address|o:4: srcport "70000": number out of range` {
		t.Errorf("refused %s", s)
	}
	if s := r.Stats(); s.Records != 5 || s.Rows != 3 || s.Rejected != 2 || s.NoData != 1 || s.SkipData != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestReadDamaged(t *testing.T) {
	b := read(t, flowlog.VPC, "srcaddr dstport\n10.0.0.1 80\n")
	data := write(t, b, all(b))
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		damaged := bytes.Clone(data)
		for range 1 + rnd.IntN(3) {
			damaged[rnd.IntN(len(damaged))] = byte(rnd.Uint32())
		}
		damaged = damaged[:len(damaged)-rnd.IntN(2)*rnd.IntN(20)]
		r, err := OpenReader(bytes.NewReader(damaged), int64(len(damaged)), flowlog.VPC, ReaderOptions{})
		for out := flowlog.NewBatch(flowlog.VPC, 10); err == nil && !out.Full(); {
			_, err = r.Read(out, 5)
		}
	}
}

func TestNoFlowLog(t *testing.T) {
	var buf bytes.Buffer
	type other struct{ A, B string }
	if err := parquet.Write(&buf, []other{{"x", "y"}}); err != nil {
		t.Fatal(err)
	}
	_, err := OpenReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()), flowlog.VPC, ReaderOptions{})
	if err == nil || err.Error() != "open parquet: none of its 2 columns is a field of flows" {
		t.Errorf("got %v", err)
	}
}

func BenchmarkWrite(b *testing.B) {
	data, err := os.ReadFile(os.Getenv("WEIR_BENCH_TEXT"))
	if err != nil {
		b.Skip("WEIR_BENCH_TEXT names no file of flow logs")
	}
	batch := read(b, flowlog.VPC, string(data))
	b.ReportAllocs()
	for b.Loop() {
		days := Days(batch)
		w := NewWriter(io.Discard, NewSchema(batch.Table))
		for _, d := range days {
			if err := w.Write(batch, d.Rows); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(w.Bytes())/float64(batch.Len()), "bytes/record")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(batch.Len()), "ns/record")
	}
}

// TestCreatedBy holds the writer's name against the form that readers in Java can parse: org.apache.parquet.VersionParser,
// parquet-mr 1.16, read 2026-11.
func TestCreatedBy(t *testing.T) {
	b := read(t, flowlog.VPC, "version srcport\n2 1\n")
	data := write(t, b, []uint32{0})
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	got := f.Metadata().CreatedBy
	m := regexp.MustCompile(`^(.*?)\s+version\s*(?:([^(]*?)\s*(?:\(\s*build\s*([^)]*?)\s*\))?)?$`).FindStringSubmatch(got)
	if m == nil || m[1] != "weir" || !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(m[2]) {
		t.Errorf("created by %q: %q", got, m)
	}
}
