package flowlog

import (
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"bytes"
)

// readAll reads a text and returns the records as lines of its own formats, in order, and the lines refused.
func readAll(t testing.TB, text string, o ReaderOptions, limit int) (lines []string, refused []*LineError, stats Stats, err error) {
	t.Helper()
	o.Reject = func(e *LineError) { refused = append(refused, e) }
	r := NewReader(strings.NewReader(text), o)
	f, err := r.Format()
	if err != nil || f == nil {
		return nil, nil, r.Stats(), err
	}
	b := NewBatch(f.Table, limit)
	for {
		from := b.Len()
		n, err := r.Read(b)
		f, _ := r.Format()
		for i := from; i < from+n; i++ {
			lines = append(lines, string(b.AppendRecord(nil, f, i)))
		}
		if err == io.EOF {
			return lines, refused, r.Stats(), nil
		}
		if err != nil {
			return lines, refused, r.Stats(), err
		}
		if b.Full() {
			b.Reset()
		}
	}
}

// slowRead is the reader's slow, obvious twin: it returns what readAll should.
func slowRead(text string) (lines []string, refused int, ok bool) {
	var f *Format
	all := strings.Split(text, "\n")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	var table *Table
	for i, line := range all {
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		head := line
		if i == 0 {
			head = strings.TrimPrefix(head, "\xef\xbb\xbf")
		}
		h, err := parseHeader([]byte(head))
		if f == nil {
			if h == nil || err != nil {
				return nil, 0, false
			}
			f, table = h, h.Table
			continue
		}
		fields := strings.Split(line, " ")
		good := len(fields) == len(f.Names) && f.Table == table && line != ""
		var out []string
		for i := 0; good && i < len(fields); i++ {
			v, valid := slowValue(f.Fields[i], f.Names[i], fields[i])
			good = valid
			out = append(out, v)
		}
		switch {
		case good:
			lines = append(lines, strings.Join(out, " "))
		case h != nil && err == nil:
			f = h
		default:
			refused++
		}
	}
	return lines, refused, true
}

func slowValue(f *Field, name, v string) (string, bool) {
	if v == "" || !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' }) {
		return "", false
	}
	if v == "-" || f == nil {
		return v, true
	}
	switch f.Kind {
	case Text, Enum:
		return v, v != f.Name
	case Address:
		_, err := netip.ParseAddr(v)
		return v, err == nil
	}
	if strings.Trim(v, "0123456789") != "" {
		return "", false
	}
	limit := int64(math.MaxInt64)
	switch f.Kind {
	case Port:
		limit = 65535
	case Code, Flags:
		limit = 1<<31 - 1
	default:
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if f.Kind == Epoch && n >= milliseconds {
		if n /= 1000; n > 253402300799 {
			return "", false
		}
	}
	return strconv.FormatInt(n, 10), err == nil && n <= limit
}

// compare reads a text with Reader, in batches of several sizes, and with its twin.
func compare(t *testing.T, text string) {
	t.Helper()
	want, refused, ok := slowRead(text)
	for _, limit := range []int{1 << 16, 3} {
		got, errs, stats, err := readAll(t, text, ReaderOptions{Object: "o"}, limit)
		if !ok {
			if err == nil && text != "" {
				t.Fatalf("no header in %q, but no error", text)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("limit %d\n got %q\nwant %q\ntext %q", limit, got, want, text)
		}
		if len(errs) != refused || stats.Records != int64(len(want)+refused) || stats.Records != stats.Rows+stats.Rejected {
			t.Fatalf("refused %d lines %v, want %d; stats %+v", len(errs), errs, refused, stats)
		}
	}
}

// TestSamples reads every sample record of AWS and of public projects, and writes it as it was.
func TestSamples(t *testing.T) {
	data, err := os.ReadFile("testdata/samples.txt")
	if err != nil {
		t.Fatal(err)
	}
	records := 0
	for _, block := range strings.Split(string(data), "\n\n") {
		name, text, _ := strings.Cut(block, "\n")
		t.Run(strings.TrimPrefix(name, "# "), func(t *testing.T) {
			text = strings.TrimSpace(text) + "\n"
			compare(t, text)
			got, errs, _, err := readAll(t, text, ReaderOptions{}, 1<<10)
			if err != nil || len(errs) > 0 {
				t.Fatal(err, errs)
			}
			want := strings.Split(strings.TrimSpace(text), "\n")[1:]
			for i, w := range want {
				w = strings.Replace(w, "1512564058000 1512564059000", "1512564058 1512564059", 1) // milliseconds
				if got[i] != w {
					t.Errorf(" got %s\nwant %s", got[i], w)
				}
			}
			records += len(want)
		})
	}
	if records != 70 {
		t.Errorf("%d sample records, want 70", records)
	}
}

func TestRefused(t *testing.T) {
	const head = "srcaddr srcport bytes action start\n"
	long := strings.Repeat("x", 10<<20)
	for _, c := range []struct{ name, line, want string }{
		{"too few", "10.0.0.1 80 5 ACCEPT", `o:2: action "ACCEPT": line has fewer values than the format`},
		{"one", "bogus", `o:2: srcaddr "bogus": line has fewer values than the format`},
		{"too many", "10.0.0.1 80 5 ACCEPT 1 2", `o:2: start "1": line has more values than the format`},
		{"empty", "", `o:2: srcaddr "": empty line`},
		{"doubled blank", "10.0.0.1  80 5 ACCEPT 1", `o:2: srcport "": empty value (two blanks in a row, or one at the end)`},
		{"blank at the end", "10.0.0.1 80 5 ACCEPT 1 ", `o:2: start "1": line has more values than the format`},
		{"tab", "10.0.0.1\t80 5 ACCEPT 1", `o:2: srcaddr "10.0.0.1": control character in the line`},
		{"NUL", "10.0.0.1 80 5 ACC\x00EPT 1", `o:2: action "ACC": control character in the line`},
		{"not a number", "10.0.0.1 80 5x ACCEPT 1", `o:2: bytes "5x": not a number`},
		{"prefix", "10.0.0.1 0x10 5 ACCEPT 1", `o:2: srcport "0x10": not a number`},
		{"negative", "10.0.0.1 80 -5 ACCEPT 1", `o:2: bytes "-5": not a number`},
		{"port", "10.0.0.1 65536 5 ACCEPT 1", `o:2: srcport "65536": number too large`},
		{"int64", "10.0.0.1 80 9223372036854775808 ACCEPT 1", `o:2: bytes "9223372036854775808": number too large`},
		{"year 10000", "10.0.0.1 80 5 ACCEPT 253402300800000", `o:2: start "253402300800000": number too large`},
		{"address", "10.0.0.256 80 5 ACCEPT 1", `o:2: srcaddr "10.0.0.256": not an address`},
		{"leading zero", "10.0.0.01 80 5 ACCEPT 1", `o:2: srcaddr "10.0.0.01": not an address`},
		{"latin-1", "10.0.0.1 80 5 ACC\xe9PT 1", "o:2: action \"ACC\\xe9PT\": not UTF-8"},
		{"10 MB", long, "o:2: longer than 64 KiB, so not a record"},
		{"100 kB token", "10.0.0.1 80 5 " + long[:100<<10] + " 1", "o:2: action \"" + long[:maxToken] + "…\": longer than 64 KiB, so not a record"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines, errs, stats, err := readAll(t, head+c.line+"\n10.0.0.2 81 6 REJECT 2\n", ReaderOptions{Object: "o"}, 10)
			if err != nil || len(errs) != 1 || errs[0].Error() != c.want {
				t.Fatalf("got %v %v\nwant %s", err, errs, c.want)
			}
			if len(lines) != 1 || lines[0] != "10.0.0.2 81 6 REJECT 2" || stats.Records != 2 {
				t.Fatalf("the next line: %q, %+v", lines, stats)
			}
			if len(errs[0].Text) > maxText+len("…") {
				t.Errorf("quotes %d bytes", len(errs[0].Text))
			}
		})
	}
}

func TestHeader(t *testing.T) {
	declared, _ := ParseFormat("${srcport} ${bytes}")
	for _, c := range []struct {
		name, text string
		o          ReaderOptions
		want       string // records, joined by |
		err        string
	}{
		{name: "header only", text: "srcport bytes\n"},
		{name: "empty"},
		{name: "empty, declared", o: ReaderOptions{Format: declared}},
		{name: "no header", text: "80 1\n", err: `o:1: first line is not a header, and no log format was declared: "80 1"`},
		{name: "no header, declared", text: "80 1\n", o: ReaderOptions{Format: declared}, want: "80 1"},
		{name: "header wins", text: "bytes srcport\n1 80\n", o: ReaderOptions{Format: declared}, want: "1 80"},
		{name: "unknown name", text: "srcport new-field bytes\n80 x 1\n81 - 2", want: "80 x 1|81 - 2"},
		{name: "doubled name", text: "srcport bytes srcport\n", err: `o:1: header: field srcport stands twice, at positions 1 and 3: "srcport bytes srcport"`},
		{name: "doubled unknown", text: "srcport bytes b b\n", err: `o:1: header: field b stands twice, at positions 3 and 4: "srcport bytes b b"`},
		{name: "prose", text: "the start of it\n", err: `o:1: first line is not a header, and no log format was declared: "the start of it"`},
		{name: "no newline at the end", text: "srcport bytes\n80 1", want: "80 1"},
		{name: "CRLF", text: "srcport bytes\r\n80 1\r\n80 1\r\n", want: "80 1|80 1"},
		{name: "BOM", text: "\xef\xbb\xbfsrcport bytes\n80 1\n", want: "80 1"},
		{name: "header again", text: "srcport bytes\n80 1\nsrcport bytes\n81 2\n", want: "80 1|81 2"},
		{name: "another header", text: "srcport bytes\n80 1\nbytes srcport action\n2 81 ACCEPT\n", want: "80 1|2 81 ACCEPT"},
		{name: "header again, text first", text: "action type\nACCEPT IPv4\naction type\nREJECT IPv6\n", want: "ACCEPT IPv4|REJECT IPv6"},
		{name: "underscores", text: "srcport pkt_srcaddr\n80 ::1\n", want: "80 ::1"},
		{name: "junk", text: "\x1f\x8b\x00\x01\xff junk", err: "o:1: first line is not a header, nor is it text: \"\\x1f\\x8b\\x00\\x01\\xff junk\""},
		{name: "much junk", text: "\x7fELF" + strings.Repeat("\x01", 5000), err: "o:1: first line is not a header, nor is it text: \"\\x7fELF" + strings.Repeat("\\x01", 20) + "…\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Object = "o"
			lines, refused, _, err := readAll(t, c.text, c.o, 100)
			if fmt.Sprint(err) != c.err && !(err == nil && c.err == "") {
				t.Fatalf("got error %v\nwant %s", err, c.err)
			}
			if got := strings.Join(lines, "|"); got != c.want || len(refused) > 0 {
				t.Errorf("got %q %v, want %q", got, refused, c.want)
			}
		})
	}
}

// TestForeign: a transit gateway header in a VPC object must not put one's values into the other's columns.
func TestForeign(t *testing.T) {
	lines, refused, _, err := readAll(t, "srcport bytes\n80 1\ntgw-id bytes\ntgw-1 2\nsrcport bytes\n81 2\n", ReaderOptions{}, 10)
	if err != nil || strings.Join(lines, "|") != "80 1|81 2" || len(refused) != 1 || refused[0].Line != 4 {
		t.Errorf("got %q %v %v", lines, refused, err)
	}
}

func TestExtra(t *testing.T) {
	r := NewReader(strings.NewReader("srcport new-a bytes new-b\n80 x 1 y\n81 - 2 z\n82 - 3 -\n"), ReaderOptions{})
	b := NewBatch(VPC, 10)
	if n, err := r.Read(b); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	var got []string
	for row := range 3 {
		s := ""
		for name, value := range ExtraPairs(b.Extra.Dict.Bytes(b.Extra.Codes[row])) {
			s += fmt.Sprintf("%s=%s;", name, value)
		}
		got = append(got, s)
	}
	if want := "[new-a=x;new-b=y; new-b=z; ]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if f, _ := r.Format(); fmt.Sprint(f.Unknown()) != "[new-a new-b]" {
		t.Errorf("unknown %v", f.Unknown())
	}
}

// TestColumnsAppear: a batch takes objects of different formats; what one lacks is NULL.
func TestColumnsAppear(t *testing.T) {
	b := NewBatch(VPC, 10)
	for _, text := range []string{"srcport\n80\n", "bytes action\n5 ACCEPT\n", "srcaddr\n::1\n"} {
		if _, err := NewReader(strings.NewReader(text), ReaderOptions{Object: text[:3]}).Read(b); err != nil {
			t.Fatal(err)
		}
	}
	f, _ := ParseFormat("srcport bytes action srcaddr")
	var got []string
	for i := range b.Len() {
		got = append(got, string(b.AppendRecord(nil, f, i))+" "+b.Object.Dict.String(b.Object.Codes[i]))
	}
	want := "80 - - - src|- 5 ACCEPT - byt|- - - ::1 src"
	if strings.Join(got, "|") != want {
		t.Errorf("got %q", got)
	}
	b.Reset()
	if b.Column(VPC.Field("srcport").Index()) != nil {
		t.Error("column lives on after Reset")
	}
}

// TestBatchReset: what a reader remembers of its last line must not outlive the batch's dictionaries.
func TestBatchReset(t *testing.T) {
	b := NewBatch(VPC, 2)
	text := "interface-id srcaddr\n" + strings.Repeat("eni-1 10.0.0.1\n", 5)
	r := NewReader(strings.NewReader(text), ReaderOptions{})
	total := 0
	for {
		n, err := r.Read(b)
		total += n
		if err == io.EOF {
			break
		}
		f, _ := r.Format()
		for i := range b.Len() {
			if got := string(b.AppendRecord(nil, f, i)); got != "eni-1 10.0.0.1" {
				t.Fatalf("got %q", got)
			}
		}
		b.Reset()
	}
	if total != 5 {
		t.Errorf("read %d records", total)
	}
}

func TestReadError(t *testing.T) {
	src := io.MultiReader(strings.NewReader("srcport bytes\n80 1\n81 2\n82"), errReader{io.ErrUnexpectedEOF})
	r := NewReader(src, ReaderOptions{})
	b := NewBatch(VPC, 10)
	var err error
	for err == nil {
		_, err = r.Read(b)
	}
	if b.Len() != 2 || err != io.ErrUnexpectedEOF {
		t.Errorf("read %d records, error %v", b.Len(), err)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

// TestWant: fields that are not wanted are skipped, but lines that are none are still refused.
func TestWant(t *testing.T) {
	const head = "srcport srcaddr bytes action start end log-status\n"
	want := func(f *Field) bool { return f.Name == "bytes" }
	for _, c := range []struct{ line, want string }{
		{"80 10.0.0.1 1 ACCEPT 1 2 OK", "- - 1 - - - -"},
		{"x nowhere 1 ACC\xffEPT y z w", "- - 1 - - - -"}, // nobody asked
		{"- - 2 - - - -", "- - 2 - - - -"},
		{"80 2001:db8:1234:a100:8d6e:3477:df66:f105 3 ACCEPT 1 2 OK\r", "- - 3 - - - -"},
		{"80 10.0.0.1 y ACCEPT 1 2 OK", ""},
		{"80 10.0.0.1 1 ACCEPT 1 2", ""},
		{"80 10.0.0.1 1 ACCEPT 1 2 OK 3", ""},
		{"80 10.0.0.1 1 ACCEPT 1 2 ", ""},
		{"80 10.0.0.1 1 ACCEPT  2 OK", "- - 1 - - - -"},
		{"80  10.0.0.1 1 ACCEPT 2 OK", ""},
		{" 80 10.0.0.1 1 ACCEPT 2 OK", ""},
		{"80 10.0.0.1\t1 1 ACCEPT 1 2 OK", ""},
		{"80 10.0.0.1 1 ACC\x00EPT 1 2 OK", "- - 1 - - - -"},
		{"80", ""},
		{"", ""},
	} {
		for _, before := range []string{"", "80 10.0.0.7 9 REJECT 1 2 NODATA\n"} {
			lines, refused, stats, err := readAll(t, head+before+c.line+"\n"+"81 ::1 5 ACCEPT 1 2 OK\n", ReaderOptions{Want: want}, 10)
			wanted := "- - 5 - - - -"
			if c.want != "" {
				wanted = c.want + "|" + wanted
			}
			if before != "" {
				wanted = "- - 9 - - - -|" + wanted
			}
			if got := strings.Join(lines, "|"); err != nil || got != wanted || len(refused) != 1-len(c.want)/len("- - 1 - - - -") {
				t.Errorf("%q: got %q, refused %v, %v, %+v", c.line, got, refused, err, stats)
			}
		}
	}
}

// FuzzWant: with some fields wanted, those that are wanted are as with all, for every record that all would give.
func FuzzWant(f *testing.F) {
	f.Add("srcport srcaddr bytes action start\n80 10.0.0.1 1 ACCEPT 2\n80  1 ACCEPT 2\n", uint32(5))
	f.Add("version account-id interface-id srcaddr dstaddr srcport\n2 1 eni-1 1.2.3.4 5.6.7.8 90\n", uint32(0x55))
	f.Fuzz(func(t *testing.T, text string, mask uint32) {
		for i, line := range strings.Split(text, "\n") {
			first, _, _ := strings.Cut(line, " ")
			if i > 0 && (lookup(VPC, strings.TrimSpace(first)) != nil || lookup(TransitGateway, strings.TrimSpace(first)) != nil) {
				return // a header, or a record that looks like one
			}
			if h, _ := parseHeader([]byte(line)); i > 0 && h != nil {
				return
			}
		}
		full, _, stats, err := readAll(t, text, ReaderOptions{}, 1<<16)
		some, _, fewer, err2 := readAll(t, text, ReaderOptions{Want: func(f *Field) bool { return mask>>(f.Index()&31)&1 == 1 }}, 1<<16)
		if (err == nil) != (err2 == nil) || stats.Records != fewer.Records || len(some) < len(full) {
			t.Fatalf("%v, %+v with all fields; %v, %+v with some", err, stats, err2, fewer)
		}
	})
}

func FuzzReader(f *testing.F) {
	data, err := os.ReadFile("testdata/samples.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, block := range strings.Split(string(data), "\n\n") {
		_, text, _ := strings.Cut(block, "\n")
		f.Add(text)
	}
	f.Add("srcport srcaddr\n0 ::\r\n65536 -\n  \n")
	f.Add("srcport bytes\n srcport bytes\n1 2\n") // once an endless loop
	f.Add("action\naction\nsrcaddr x-y\n1.2.3.4 -\n")
	f.Fuzz(compare)
}

func BenchmarkReader(b *testing.B) {
	data, err := os.ReadFile(os.Getenv("WEIR_BENCH_TEXT"))
	if err != nil {
		b.Skip("WEIR_BENCH_TEXT names no file of flow logs")
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	batch := NewBatch(VPC, 1<<20)
	for range b.N {
		batch.Reset()
		r := NewReader(bytes.NewReader(data), ReaderOptions{})
		for {
			_, err := r.Read(batch)
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			if batch.Full() {
				batch.Reset()
			}
		}
	}
}
