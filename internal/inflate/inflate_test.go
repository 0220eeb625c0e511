package inflate

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	kgzip "github.com/klauspost/compress/gzip"
)

func compress(t testing.TB, level int, parts ...[]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	for _, p := range parts {
		w, err := gzip.NewWriterLevel(&buf, level)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return buf.Bytes()
}

// twin decompresses with the standard library.
func twin(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// compare checks that a file gives what compress/gzip gives: the same bytes and the same kind of end.
func compare(t *testing.T, data []byte) {
	t.Helper()
	want, wantErr := twin(data)
	for name, src := range map[string]io.Reader{
		"whole": bytes.NewReader(data),
		"bytes": iotest.OneByteReader(bytes.NewReader(data)),
		"half":  iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(data))),
	} {
		got, err := io.ReadAll(NewReader(src))
		if wantErr == nil && (err != nil || !bytes.Equal(got, want)) {
			t.Fatalf("%s: got %d bytes and %v, want %d", name, len(got), err, len(want))
		}
		if wantErr != nil && err == nil {
			t.Fatalf("%s: no error, want %v", name, wantErr)
		}
		// compress/flate hands bytes out by the window; what it gave must be there, and may go on.
		if wantErr != nil && !bytes.HasPrefix(got, want) && !bytes.HasPrefix(want, got) {
			t.Fatalf("%s: got other bytes before the error", name)
		}
	}
}

func logText(n int) []byte {
	rnd := rand.New(rand.NewPCG(5, 6))
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, "2 123456789012 eni-0a%d 10.0.%d.%d 203.0.113.%d %d 443 6 %d %d %d %d ACCEPT OK\n", i/100,
			rnd.IntN(4), rnd.IntN(256), rnd.IntN(256), 1024+rnd.IntN(60000), rnd.IntN(50), rnd.IntN(90000), 1767225600+i/10, 1767225660+i/10)
	}
	return []byte(s.String())
}

func TestRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	skewed := make([]byte, 400_000) // long codes, so sub-tables
	for i := range skewed {
		skewed[i] = byte(min(255, rnd.ExpFloat64()*12))
	}
	texts := map[string][]byte{
		"empty": nil, "one": []byte("x"), "log": logText(20_000), "noise": noise, "skewed": skewed,
		"zeros": make([]byte, 1_000_000), "two": bytes.Repeat([]byte("ab"), 200_000), "seven": bytes.Repeat([]byte("abcdefg"), 60_000),
		"nine": bytes.Repeat([]byte("abcdefghi"), 60_000),
		"far":  append(append(bytes.Clone(noise[:32768]), noise[:32768]...), noise[:100]...),
	}
	for name, text := range texts {
		for level := gzip.HuffmanOnly; level <= gzip.BestCompression; level++ {
			t.Run(fmt.Sprintf("%s-%d", name, level), func(t *testing.T) {
				data := compress(t, level, text)
				got, err := io.ReadAll(NewReader(bytes.NewReader(data)))
				if err != nil || !bytes.Equal(got, text) {
					t.Fatalf("got %d bytes and %v, want %d", len(got), err, len(text))
				}
			})
		}
	}
	compare(t, compress(t, 6, texts["log"], nil, texts["skewed"], []byte("end")))
}

// TestCut: whatever is cut off, the bytes before come out, and the end says so.
func TestCut(t *testing.T) {
	text := logText(3000)
	data := compress(t, 6, text)
	for n := 0; n < len(data); n += 1 + n/50 {
		got, err := io.ReadAll(NewReader(bytes.NewReader(data[:n])))
		if err != io.ErrUnexpectedEOF || !bytes.HasPrefix(text, got) {
			t.Fatalf("cut at %d: %d bytes, %v", n, len(got), err)
		}
		if n > 1000 && len(got) < len(text)*n/len(data)/2 {
			t.Fatalf("cut at %d of %d: only %d bytes of %d", n, len(data), len(got), len(text))
		}
		compare(t, data[:n])
	}
}

func TestErrors(t *testing.T) {
	data := compress(t, 6, logText(2000))
	flip := func(at int) []byte {
		d := bytes.Clone(data)
		d[at] ^= 0x10
		return d
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"header":      {flip(0), ErrHeader},
		"method":      {flip(2), ErrHeader},
		"checksum":    {flip(len(data) - 6), ErrChecksum},
		"size":        {flip(len(data) - 2), ErrChecksum},
		"junk behind": {append(bytes.Clone(data), "some junk behind it"...), ErrHeader},
		"few behind":  {append(bytes.Clone(data), "x"...), ErrHeader},
		"empty":       {nil, io.ErrUnexpectedEOF},
		"block type":  {append(bytes.Clone(data[:10]), 0x07, 0, 0, 0), ErrCorrupt},
	} {
		if _, err := io.ReadAll(NewReader(bytes.NewReader(c.data))); err != c.want {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	broken := io.MultiReader(bytes.NewReader(data[:len(data)/2]), iotest.ErrReader(io.ErrClosedPipe))
	if _, err := io.ReadAll(NewReader(broken)); err != io.ErrClosedPipe {
		t.Errorf("error of the source: got %v", err)
	}
}

func TestHeaderFields(t *testing.T) {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Name, w.Comment, w.Extra = "name", "comment", bytes.Repeat([]byte("x"), 60_000)
	if _, err := w.Write([]byte("text")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	compare(t, buf.Bytes())
}

func TestDamage(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	data := compress(t, 6, logText(500))
	for range 3000 {
		d := bytes.Clone(data)
		for range 1 + rnd.IntN(4) {
			d[rnd.IntN(len(d))] = byte(rnd.Uint32())
		}
		compare(t, d)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(compress(f, 6, logText(20)))
	f.Add(compress(f, gzip.HuffmanOnly, []byte("hello")))
	f.Add(compress(f, gzip.NoCompression, []byte("hello"), []byte("again")))
	f.Fuzz(compare)
}

func BenchmarkReader(b *testing.B) {
	data, err := os.ReadFile(os.Getenv("WEIR_BENCH_GZIP"))
	if err != nil {
		b.Skip("WEIR_BENCH_GZIP names no gzip file of flow logs")
	}
	buf := make([]byte, 256<<10)
	for name, open := range map[string]func(io.Reader) (io.Reader, error){
		"weir":      func(r io.Reader) (io.Reader, error) { return NewReader(r), nil },
		"klauspost": func(r io.Reader) (io.Reader, error) { return kgzip.NewReader(r) },
		"standard":  func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	} {
		b.Run(name, func(b *testing.B) {
			n := int64(0)
			for b.Loop() {
				r, err := open(bytes.NewReader(data))
				if err != nil {
					b.Fatal(err)
				}
				n = 0
				for {
					m, err := r.Read(buf)
					n += int64(m)
					if err == io.EOF {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.SetBytes(n)
		})
	}
}
