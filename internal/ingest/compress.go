package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"weir/internal/inflate"
)

// maxExpansion bounds how much larger than its compressed form an object may be. Flow logs expand 10 to 60 fold, one
// of nothing but NODATA 120 fold; gzip can do 1,032. The bound is only looked at beyond expansionFree bytes.
const (
	maxExpansion  = 300
	expansionFree = 256 << 20
)

var (
	errBomb   = fmt.Errorf("expands more than %d fold: not a flow log", maxExpansion)
	errNested = errors.New("compressed more than three times")
)

// inflaters keeps the memory of readers, a third of a megabyte each: an object may have no more than some hundred records.
var inflaters = sync.Pool{New: func() any { return inflate.NewReader(nil) }}

// plainReader is the decompressed content of an object. What it finds wrong at the end of the compressed form, after
// which nothing more can be read, is its problem: the content before it counts.
type plainReader struct {
	raw     *rawReader
	r       *bufio.Reader
	free    []func()
	n       atomic.Int64
	layers  int
	problem string
	what    string // the compression, for the problem's text
}

// openPlain looks at the first bytes and takes compression off, also several layers, as Firehose makes them.
func openPlain(raw *rawReader) (*plainReader, error) {
	p := &plainReader{raw: raw, r: bufio.NewReaderSize(raw, 4<<10)}
	for {
		head, err := p.r.Peek(4)
		if err != nil && err != io.EOF && len(head) == 0 {
			return p, p.end(err)
		}
		var next io.Reader
		switch {
		case len(head) >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8:
			z := inflaters.Get().(*inflate.Reader)
			z.Reset(p.r)
			p.what, next = "gzip", z
			p.free = append(p.free, func() { inflaters.Put(z) })
		case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
			z, err := zstd.NewReader(p.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(128<<20))
			if err != nil {
				return p, fmt.Errorf("read zstd header: %w", p.end(err))
			}
			p.what, next = "zstd", z
			p.free = append(p.free, z.Close)
		default:
			return p, nil
		}
		if p.layers++; p.layers > 3 {
			return p, errNested
		}
		p.r = bufio.NewReaderSize(next, 4<<10) // to look ahead; whoever reads asks for more at a time
	}
}

// peek returns the beginning of the content: the first line, or as much of it as one needs to tell what it is. It waits
// for no more, since a stream may be slow.
func (p *plainReader) peek() ([]byte, error) {
	const enough = 4 << 10
	for n := 1; ; n = p.r.Buffered() + 1 {
		head, err := p.r.Peek(min(n, enough))
		if err != nil && err != io.EOF && len(head) == 0 {
			return nil, p.end(err)
		}
		if head, _ = p.r.Peek(min(p.r.Buffered(), enough)); err != nil || len(head) == enough || bytes.IndexByte(head, '\n') > 2 {
			return head, nil
		}
	}
}

func (p *plainReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if all := p.n.Add(int64(n)); all > expansionFree && all/maxExpansion > p.raw.n.Load() {
		return n, errBomb
	}
	if err != nil {
		err = p.end(err)
	}
	return n, err
}

// cutError ends content whose compressed form was cut off. It is not io.EOF, so that nobody takes the piece of a line
// before it for a line.
type cutError struct{ what string }

func (e *cutError) Error() string {
	return "truncated " + e.what + ": there is no whole line before the cut"
}

// end judges the error that ended the content. A cut has the problem said, and is a cutError; damage is another error.
func (p *plainReader) end(err error) error {
	switch {
	case p.raw.err() != nil:
		return p.raw.err()
	case err == io.EOF || p.layers == 0:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		p.problem = "truncated " + p.what + ": the whole lines before the cut were read"
		return &cutError{p.what}
	case errors.Is(err, inflate.ErrHeader) && p.n.Load() > 0:
		p.problem = "junk behind the " + p.what + " stream: what came before it was read"
		return io.EOF
	}
	return fmt.Errorf("damaged %s: %w", p.what, err)
}

func (p *plainReader) close() {
	for _, f := range p.free {
		f()
	}
}
