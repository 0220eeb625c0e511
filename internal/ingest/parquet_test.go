package ingest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"weir/flowlog"
)

// delivered is a record as AWS writes it to Parquet: underscores, 32 and 64 bit integers, texts.
type delivered struct {
	Version   *int32  `parquet:"version,optional"`
	AccountID *string `parquet:"account_id,optional,dict"`
	SrcAddr   *string `parquet:"srcaddr,optional,dict"`
	SrcPort   *int32  `parquet:"srcport,optional"`
	Protocol  *int32  `parquet:"protocol,optional"`
	Bytes     *int64  `parquet:"bytes,optional"`
	Start     *int64  `parquet:"start,optional"`
	LogStatus *string `parquet:"log_status,optional,dict"`
	NewField  *string `parquet:"new_field,optional"`
}

func parquetObject(t testing.TB, n int) (data []byte, lines []string) {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[delivered](&b, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(50))
	for i := range n {
		r := delivered{
			Version: new(int32(5)), AccountID: new("123456789012"), SrcAddr: new(fmt.Sprintf("10.0.0.%d", i%200)), SrcPort: new(int32(i)),
			Protocol: new(int32(6)), Bytes: new(int64(40 + i)), Start: new(int64(day0 + i)), LogStatus: new("OK"),
		}
		line := fmt.Sprintf("5 123456789012 10.0.0.%d %d 6 %d %d OK", i%200, i, 40+i, day0+i)
		switch i % 10 {
		case 3:
			r.SrcAddr, r.SrcPort, r.Protocol, r.Bytes, r.LogStatus = nil, nil, nil, nil, new("NODATA")
			line = fmt.Sprintf("5 123456789012 - - - - %d NODATA", day0+i)
		case 4:
			r.NewField = new("x")
		}
		lines = append(lines, line)
		if _, err := w.Write([]delivered{r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), lines
}

func TestParquet(t *testing.T) {
	data, lines := parquetObject(t, 230)
	for name, b := range map[string][]byte{"bare": data, "gzip": zip(t, string(data)), "zstd": zst(t, string(data))} {
		t.Run(name, func(t *testing.T) {
			d := decode(t, b, "")
			d.want(t, lines...)
			if d.table != flowlog.VPC || d.stats.NoData != 23 || !strings.HasPrefix(d.format, "parquet: version account_id") {
				t.Errorf("table %v, stats %+v, format %s", d.table.Name, d.stats, d.format)
			}
		})
	}
	none, _ := parquetObject(t, 0)
	decode(t, none, "").want(t)
	decode(t, append(data, "junk"...), "").wantErr(t, "parquet")
	decode(t, append([]byte("PAR1"), data...), "") // wherever that leads, not into a panic
	decode(t, data[:len(data)-1], "").wantErr(t, "parquet")
	decode(t, data[:len(data)/2], "").wantErr(t, "parquet")
	decode(t, []byte("PAR1"), "").wantErr(t, "parquet")
	decode(t, []byte("PAR1PAR1"), "").wantErr(t, "parquet")
	z := zip(t, string(data))
	decode(t, z[:len(z)/2], "").wantErr(t, "truncated gzip: a part of a Parquet file is of no use")

	var other bytes.Buffer
	if err := parquet.Write(&other, []struct{ Name string }{{"x"}}); err != nil {
		t.Fatal(err)
	}
	decode(t, other.Bytes(), "").wantErr(t, "none of its 1 columns is a field")

	var nested bytes.Buffer
	type inner struct{ A int64 }
	if err := parquet.Write(&nested, []struct {
		Version int32 `parquet:"version"`
		Inner   inner `parquet:"inner"`
	}{{5, inner{1}}}); err != nil {
		t.Fatal(err)
	}
	decode(t, nested.Bytes(), "").wantErr(t, "nested")
}

// TestPeer14ParquetTypes: columns of other types than AWS's. What can be the field's value is; a row with what cannot is rejected.
func TestPeer14ParquetTypes(t *testing.T) {
	var b bytes.Buffer
	type loose struct {
		Protocol int64   `parquet:"protocol"` // bigint, as some tables have it
		SrcPort  string  `parquet:"srcport"`  // text
		Bytes    int32   `parquet:"bytes"`
		SrcAddr  *string `parquet:"srcaddr,optional"`
		Start    int64   `parquet:"start"` // milliseconds
	}
	if err := parquet.Write(&b, []loose{
		{6, "80", 1, new("10.0.0.1"), 1512564058000},
		{17, "-", 2, nil, 1512564058},
		{6, "80x", 3, new("10.0.0.1"), 1},
		{-1, "80", 3, new("10.0.0.1"), 1},
		{6, "65536", 3, new("10.0.0.1"), 1},
		{6, "80", -3, new("10.0.0.1"), 1},
		{6, "80", 3, new("10.0.0.256"), 1},
		{6, "80", 3, new("10.0.0.1 x"), 1},
		{6, "81", 4, new("-"), 0},
	}); err != nil {
		t.Fatal(err)
	}
	d := decode(t, b.Bytes(), "")
	if d.err != nil || len(d.rejects) != 6 {
		t.Errorf("error %v, %d rejects, want 6: %q", d.err, len(d.rejects), d.rejects)
	}
	d.wantLines(t, "10.0.0.1 80 6 1 1512564058", "- - 17 2 1512564058", "- 81 6 4 0")
	if len(d.rejects) > 0 && !strings.HasPrefix(d.rejects[0], `3 srcport "80x"`) {
		t.Errorf("first reject: %s", d.rejects[0])
	}
}

// TestParquetDamaged changes bytes of a Parquet object: an error or other values, never a panic or rows without end.
func TestParquetDamaged(t *testing.T) {
	data, lines := parquetObject(t, 230)
	rnd := rand.New(rand.NewPCG(1, 2))
	n := 600
	if testing.Short() {
		n = 200
	}
	failed := 0
	for range n {
		bad := bytes.Clone(data)
		for range 1 + rnd.IntN(3) {
			at := rnd.IntN(len(bad))
			if rnd.IntN(2) == 0 {
				at = len(bad) - 1 - rnd.IntN(len(bad)/4) // the footer
			}
			bad[at] = byte(rnd.Uint32())
		}
		d := decode(t, bad, "")
		if d.err != nil {
			failed++
			d.wantErr(t, "")
		}
		if len(d.lines) > len(lines) {
			t.Errorf("%d rows of %d", len(d.lines), len(lines))
		}
	}
	if failed < n/10 {
		t.Errorf("%d of %d failed", failed, n)
	}
}

// TestParquetNone: a column of texts, as a data frame writes it, may say "None" where AWS has no value.
func TestParquetNone(t *testing.T) {
	var b bytes.Buffer
	type texts struct {
		SrcAddr string `parquet:"srcaddr"`
		Bytes   string `parquet:"bytes"`
		Tag     string `parquet:"instance_tag"`
	}
	if err := parquet.Write(&b, []texts{{"-", "-", "-"}, {"10.0.0.1", "1", "None"}, {"None", "2", "x"}, {"10.0.0.1", "None", "none"}}); err != nil {
		t.Fatal(err)
	}
	decode(t, b.Bytes(), "").want(t, "- - -", "10.0.0.1 1 -", "- 2 x", "10.0.0.1 - none")
}
