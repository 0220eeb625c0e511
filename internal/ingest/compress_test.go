package ingest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"weir/flowlog"
)

func zst(t testing.TB, s string) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return e.EncodeAll([]byte(s), nil)
}

// linesOf are the records of a text, without the header.
func linesOf(text string) []string {
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")[1:]
}

func TestCompression(t *testing.T) {
	one, two := text(1, 300, day0), text(2, 10, day0)
	empty := zip(t, "")
	check := func(name string, data []byte, lines ...string) {
		t.Run(name, func(t *testing.T) { decode(t, data, "").want(t, lines...) })
	}
	check("gzip", zip(t, one), linesOf(one)...)
	check("gzip of one member after the other", append(zip(t, one), zip(t, two)...), append(linesOf(one), linesOf(two)...)...)
	check("gzip members that divide a line", append(zip(t, one[:1001]), zip(t, one[1001:])...), linesOf(one)...)
	check("gzip with an empty member at the end", append(zip(t, one), empty...), linesOf(one)...)
	check("gzip in gzip", zip(t, string(zip(t, one))), linesOf(one)...)
	check("gzip in gzip in gzip", zip(t, string(zip(t, string(zip(t, one))))), linesOf(one)...)
	check("gzip of nothing", empty)
	check("gzip of a header", zip(t, defaultHead))
	check("gzip of a byte", zip(t, "\n\n"[:0]))
	check("zstd", zst(t, one), linesOf(one)...)
	check("zstd in gzip", zip(t, string(zst(t, one))), linesOf(one)...)
	check("zstd frames", append(zst(t, one), zst(t, two)...), append(linesOf(one), linesOf(two)...)...)
	check("gzip without a newline at the end", zip(t, one[:len(one)-1]), linesOf(one)...)

	var named bytes.Buffer
	z := gzip.NewWriter(&named)
	z.Name, z.Comment, z.Extra = "flow.log", "made by hand", []byte("xy\x02\x00ab")
	io.WriteString(z, one)
	z.Close()
	check("gzip with a name and a comment", named.Bytes(), linesOf(one)...)

	deep := one
	for range 4 {
		deep = string(zip(t, deep))
	}
	decode(t, []byte(deep), "").wantErr(t, "more than three times")
}

// wholeLines are those of the records that a reader may give who sees n bytes of the text.
func wholeLines(t *testing.T, name string, d decoded, text string) {
	t.Helper()
	all := linesOf(text)
	if len(d.lines) > len(all) {
		t.Fatalf("%s: %d records of %d", name, len(d.lines), len(all))
	}
	for i, l := range d.lines {
		if l != all[i] {
			t.Fatalf("%s: record %d is\n%s\nwant\n%s", name, i, l, all[i])
		}
	}
	if len(d.rejects) > 0 {
		t.Fatalf("%s: the piece of a line at the cut was taken for a line: %q", name, d.rejects)
	}
}

// TestTruncated cuts compressed objects at every byte. What is before the cut is read, as far as the lines are whole,
// and the object says that it was cut; a piece of a line is never taken for a line.
func TestTruncated(t *testing.T) {
	one := text(1, 60, day0)
	event := func(s string) string {
		var b strings.Builder
		for _, l := range linesOf(s) {
			fmt.Fprintf(&b, "{\"message\":%q}", l)
		}
		return b.String()
	}
	csv := "timestamp,message\n"
	export := ""
	for _, l := range linesOf(one) {
		csv += "1,\"" + l + "\"\n"
		export += "2026-11-20T00:00:00.000Z " + l + "\n"
	}
	for name, data := range map[string][]byte{
		"gzip":         zip(t, one),
		"gzip in gzip": zip(t, string(zip(t, one))),
		"zstd":         zst(t, one),
		"JSON":         zip(t, event(one)),
		"CSV":          zip(t, csv),
		"export":       zip(t, export),
	} {
		t.Run(name, func(t *testing.T) {
			format := ""
			if name == "JSON" || name == "CSV" || name == "export" {
				format = "default"
			}
			step := 3
			if testing.Short() {
				step = 31
			}
			most, failed := 0, 0
			for n := 4; n < len(data); n += step {
				d := decode(t, data[:n], format)
				if d.err != nil {
					failed++
					d.wantErr(t, "")
					if t.Failed() || len(d.lines) > 0 {
						t.Fatalf("at %d: %d records, and then %v", n, len(d.lines), d.err)
					}
					continue
				}
				if !strings.HasPrefix(d.problem, "truncated ") {
					t.Errorf("at %d: problem %q", n, d.problem)
				}
				wholeLines(t, fmt.Sprint("at ", n), d, one)
				most = max(most, len(d.lines))
			}
			if most < 50 && name != "zstd" { // zstd gives whole blocks
				t.Errorf("at best %d of 60 records before the cut", most)
			}
			if failed == 0 || failed == len(data)-1 && name != "zstd" {
				t.Errorf("%d of %d cuts failed", failed, len(data))
			}
		})
	}
}

// TestDamaged changes a byte here and there. That is an error, or changes nothing that counts; it is never other records.
func TestDamaged(t *testing.T) {
	one := text(1, 500, day0)
	for name, data := range map[string][]byte{"gzip": zip(t, one), "zstd": zst(t, one), "gzip in gzip": zip(t, string(zip(t, one)))} {
		found := 0
		for n := 0; n < len(data); n += 13 {
			bad := bytes.Clone(data)
			bad[n] ^= 0x55
			d := decode(t, bad, "")
			if d.err != nil || d.problem != "" {
				found++
				continue
			}
			if len(d.rejects) > 0 || strings.Join(d.lines, "\n") != strings.Join(linesOf(one), "\n") {
				t.Errorf("%s, byte %d: no error, but %d records and %d rejects", name, n, len(d.lines), len(d.rejects))
			}
		}
		if found < len(data)/13*8/10 {
			t.Errorf("%s: %d of %d changes were seen", name, found, len(data)/13)
		}
	}
	sum := zip(t, one)
	sum[len(sum)-8] ^= 1
	decode(t, sum, "").wantErr(t, "damaged gzip")
	size := zip(t, one)
	size[len(size)-1] ^= 1
	decode(t, size, "").wantErr(t, "damaged gzip")
}

func TestJunkBehind(t *testing.T) {
	one := text(1, 50, day0)
	for name, junk := range map[string]string{
		"zeros": strings.Repeat("\x00", 512), "text": "this is not gzip at all\n", "a byte": "\n", "half a header": "\x1f\x8b\x08",
	} {
		d := decode(t, append(zip(t, one), junk...), "")
		if d.err != nil || d.problem == "" || len(d.rejects) > 0 {
			t.Errorf("%s: error %v, problem %q, rejects %q", name, d.err, d.problem, d.rejects)
		}
		d.wantLines(t, linesOf(one)...)
	}
}

// TestBomb: what expands without end is given up, in bounded time and memory.
func TestBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short: expands 256 MiB")
	}
	mega := zip(t, strings.Repeat("x", 1<<20))
	bomb := func(head string, n int) []byte {
		return append(zip(t, head), bytes.Repeat(mega, n)...)
	}
	decode(t, bomb(defaultHead, 300), "").wantErr(t, "not a flow log")
	decode(t, zip(t, string(bomb(defaultHead, 300))), "").wantErr(t, "not a flow log")
	decode(t, bomb(`{"message":"`, 300), "default").wantErr(t, "8 MiB")
	decode(t, bomb("PAR1", 300), "").wantErr(t, "not a flow log")
	// One that stays below the bound is read: a very long line.
	d := decode(t, bomb(defaultHead, 200), "")
	if d.err != nil || len(d.rejects) != 1 {
		t.Errorf("200 MiB: error %v, rejects %.200q", d.err, d.rejects)
	}
}

// FuzzOpen reads any bytes at all: there may be an error, but no panic, and the counts add up.
func FuzzOpen(f *testing.F) {
	one := text(1, 3, day0)
	for _, s := range []string{
		one, `{"message":"` + line1 + `"}`, "timestamp,message\n1,\"" + line1 + "\"\n", "2026-11-20T00:00:00Z " + line1,
		`{"logEvents":[{"message":"` + line1 + `"}]}`, `[[{"field":"@message","value":"x"}]]`, "PAR1", "\x1f\x8b\x08\x00", "\x28\xb5\x2f\xfd",
		`{"srcaddr":"10.0.0.1","bytes":1.0}`, "account_id,bytes\n1,2\n",
	} {
		f.Add([]byte(s))
		f.Add(zip(f, s))
	}
	f.Add(binary.LittleEndian.AppendUint32(nil, 0x184d2a50))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []string{"", flowlog.DefaultFormat} {
			decode(t, data, format)
		}
	})
}
