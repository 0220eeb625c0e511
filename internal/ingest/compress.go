package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
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
	p := &plainReader{raw: raw, r: bufio.NewReaderSize(raw, 64<<10)}
	for {
		head, err := p.r.Peek(4)
		if err != nil && err != io.EOF {
			return p, p.end(err)
		}
		var next io.Reader
		switch {
		case len(head) >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8:
			p.what, next = "gzip", inflate.NewReader(p.r)
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
		p.r = bufio.NewReaderSize(next, 64<<10)
	}
}

// peek returns the beginning of the content.
func (p *plainReader) peek() ([]byte, error) {
	head, err := p.r.Peek(4 << 10)
	if err != nil && err != io.EOF && len(head) == 0 {
		return nil, p.end(err)
	}
	return head, nil
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

// end judges the error that ended the content. A cut is the end, with a problem; damage is an error.
func (p *plainReader) end(err error) error {
	switch {
	case p.raw.err != nil:
		return p.raw.err
	case err == io.EOF || p.layers == 0:
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		p.problem = "truncated " + p.what + ": the whole lines before the cut were read"
		return io.EOF
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
