package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"weir/flowlog"
	"weir/internal/source"
)

// decoded is what came out of one object.
type decoded struct {
	lines   []string // records in the format that they came in; for Parquet, in that of the columns
	rejects []string
	problem string
	format  string
	table   *flowlog.Table
	stats   flowlog.Stats
	err     error
}

// decode reads one object to its end.
func decode(t testing.TB, data []byte, format string) decoded {
	t.Helper()
	return decodeFrom(t, &made{objects: []object{{uri: "o", data: data}}}, format)
}

func decodeFrom(t testing.TB, src source.Source, format string) (d decoded) {
	t.Helper()
	opt := DecodeOptions{TempDir: t.TempDir(), Reject: func(e *flowlog.LineError) {
		d.rejects = append(d.rejects, fmt.Sprintf("%d %s %q: %v", e.Line, e.Field, e.Token, e.Err))
		if len(e.Text) > 2000 || len(e.Token) > 300 {
			t.Errorf("a reject quotes %d bytes", len(e.Text)+len(e.Token))
		}
	}}
	if format != "" {
		f, err := flowlog.ParseFormat(format)
		if err != nil {
			t.Fatal(err)
		}
		opt.Format = f
	}
	rec, err := Open(context.Background(), src, source.Object{URI: "o", Version: "1"}, opt)
	if err != nil {
		d.err = err
		return d
	}
	defer rec.Close()
	d.table, d.format = rec.Table(), rec.Format()
	b := flowlog.NewBatch(rec.Table(), 7)
	for {
		b.Reset()
		_, err := rec.Read(b)
		f := rec.LogFormat()
		if f == nil {
			f = &flowlog.Format{Table: b.Table}
			for i := range b.Table.Fields {
				if b.Column(i) != nil {
					f.Fields, f.Names = append(f.Fields, &b.Table.Fields[i]), append(f.Names, b.Table.Fields[i].Name)
				}
			}
		}
		for i := range b.Len() {
			d.lines = append(d.lines, string(b.AppendRecord(nil, f, i)))
		}
		if err != nil {
			if err != io.EOF {
				d.err = err
			}
			break
		}
	}
	d.problem, d.stats = rec.Problem(), rec.Stats()
	if d.stats.Rows != int64(len(d.lines)) || d.stats.Rejected != int64(len(d.rejects)) || d.stats.Records != d.stats.Rows+d.stats.Rejected {
		t.Errorf("%d records and %d rejects, but stats %+v", len(d.lines), len(d.rejects), d.stats)
	}
	return d
}

// want fails the test unless the records are these, nothing was rejected, and nothing is wrong.
func (d decoded) want(t testing.TB, lines ...string) {
	t.Helper()
	if d.err != nil || d.problem != "" || len(d.rejects) > 0 {
		t.Errorf("error %v, problem %q, rejects %q", d.err, d.problem, d.rejects)
	}
	d.wantLines(t, lines...)
}

func (d decoded) wantLines(t testing.TB, lines ...string) {
	t.Helper()
	if got, want := strings.Join(d.lines, "\n"), strings.Join(lines, "\n"); got != want {
		t.Errorf("got %d records:\n%.2000s\nwant %d:\n%.2000s", len(d.lines), got, len(lines), want)
	}
}

// wantErr fails the test unless the error names the object and has the text in it.
func (d decoded) wantErr(t testing.TB, text string) {
	t.Helper()
	if d.err == nil || !strings.HasPrefix(d.err.Error(), "o:") || !strings.Contains(d.err.Error(), text) {
		t.Errorf("got error %v, want one that begins with o: and contains %q", d.err, text)
	}
	if d.err != nil && len(d.err.Error()) > 1000 {
		t.Errorf("the error has %d bytes", len(d.err.Error()))
	}
}

const (
	line1 = "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK"
	line2 = "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA"
	line3 = "2 unknown eni-11111111aaaaaaaaa 2001:db8::1 2001:db8::2 34892 22 6 54 8855 1477913708 1477913820 REJECT OK"
)

func TestText(t *testing.T) {
	all := line1 + "\n" + line2 + "\n" + line3 + "\n"
	check := func(name, data, format string, lines ...string) {
		t.Run(name, func(t *testing.T) { decode(t, []byte(data), format).want(t, lines...) })
	}
	check("with a header", defaultHead+all, "", line1, line2, line3)
	check("without a newline at the end", defaultHead+line1, "", line1)
	check("CRLF", strings.ReplaceAll(defaultHead+all, "\n", "\r\n"), "", line1, line2, line3)
	check("byte order mark", "\xef\xbb\xbf"+defaultHead+line1, "", line1)
	check("header only", defaultHead, "")
	check("header only, no newline", flowlog.DefaultFormat, "")
	check("empty", "", "")
	check("empty, declared", "", "default")
	check("headerless, declared", all, "default", line1, line2, line3)
	check("header wins over declared", "action srcport\nACCEPT 1\n", "default", "ACCEPT 1")
	check("unknown name", "action new-field srcport\nACCEPT x 1\nREJECT - 2\n", "", "ACCEPT x 1", "REJECT - 2")
	check("transit gateway", "tgw-id srcport\ntgw-1 1\n", "", "tgw-1 1")
	check("glued objects", defaultHead+line1+"\n"+defaultHead+line2+"\naction srcport\nACCEPT 1\n", "", line1, line2, "ACCEPT 1")
	check("one byte at a time is a format, too", "action\nACCEPT\n", "", "ACCEPT")
}

func TestBadText(t *testing.T) {
	decode(t, []byte(line1+"\n"), "").wantErr(t, "no log format was declared")
	decode(t, []byte("action srcport action\nACCEPT 1 ACCEPT\n"), "").wantErr(t, "action stands twice")
	decode(t, []byte("action srcport new-field new-field\nACCEPT 1 2 3\n"), "").wantErr(t, "new-field stands twice")
	decode(t, []byte("\x7fELF\x02\x01\x01\x00 and so on\n\x00\x00\n"), "").wantErr(t, "not a header")
	decode(t, bytes.Repeat([]byte{0}, 1<<20), "").wantErr(t, "o:1:")
	decode(t, append(bytes.Repeat([]byte("x"), 10<<20), "\n"+defaultHead+line1...), "").wantErr(t, "o:1:")

	// Behind a header, what is bad is counted, and the rest is read.
	noise := make([]byte, 4096)
	for i := range noise {
		noise[i] = byte(i*7 + i>>8)
	}
	for name, junk := range map[string]string{
		"noise":      strings.ReplaceAll(string(noise), "\n", "x"),
		"NUL":        strings.Replace(line1, "eni", "\x00ni", 1),
		"only NUL":   strings.Repeat("\x00", 100),
		"10 MB":      strings.Repeat("x", 10<<20),
		"10 MB long": strings.Repeat("2 ", 5<<20),
		"empty":      "",
		"blank":      " ",
		"bogus":      "bogus line",
		"too few":    line1[:len(line1)-3],
		"too many":   line1 + " OK",
		"latin-1":    strings.Replace(line1, "ACCEPT", "ACC\xc9PT", 1),
	} {
		d := decode(t, []byte(defaultHead+line1+"\n"+junk+"\n"+line2+"\n"), "")
		if d.err != nil || len(d.rejects) != 1 || !strings.HasPrefix(d.rejects[0], "3 ") {
			t.Errorf("%s: error %v, rejects %.300q, want one of line 3", name, d.err, d.rejects)
		}
		d.wantLines(t, line1, line2)
		// The same as the last thing in the object, without a newline.
		d = decode(t, []byte(defaultHead+line1+"\n"+junk), "")
		if want := min(1, len(junk)); d.err != nil || len(d.rejects) != want {
			t.Errorf("%s at the end: error %v, %d rejects, want %d: %.300q", name, d.err, len(d.rejects), want, d.rejects)
		}
		d.wantLines(t, line1)
	}
	// A line whose length is a multiple of what is read at a time.
	for _, n := range []int{256<<10 - 1, 256 << 10, 256<<10 + 1, 1 << 20, 1<<20 + 64<<10} {
		for _, end := range []string{"", "\n"} {
			d := decode(t, []byte("action\nACCEPT\n"+strings.Repeat("x", n)+end), "")
			if len(d.rejects) != 1 || len(d.lines) != 1 {
				t.Errorf("a line of %d bytes, then %q: %d rejects, %d records", n, end, len(d.rejects), len(d.lines))
			}
		}
	}
}

func TestReaderFails(t *testing.T) {
	broken := fmt.Errorf("connection reset")
	for _, data := range []string{
		defaultHead + line1 + "\n" + line2,
		`{"message":"` + line1 + `"}`,
		string(zip(t, text(1, 1000, day0))),
		"timestamp,message\n1," + line1 + "\n",
		"2026-11-20T00:00:00Z " + line1 + "\n",
	} {
		for _, at := range []int{0, 1, 3, 11, len(data) / 2, len(data)} {
			d := decodeFrom(t, &made{objects: []object{{uri: "o", data: []byte(data), failAt: at, fail: broken}}}, "default")
			d.wantErr(t, "connection reset")
			if d.problem != "" {
				t.Errorf("problem %q: a broken connection is not a broken object", d.problem)
			}
		}
	}
}
