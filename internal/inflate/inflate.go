// Package inflate decompresses gzip, two to three times as fast as the libraries do on flow logs.
//
// Flow logs are gzip text that shrinks ten fold: nearly all of it is matches, copied from what came before, so the
// time goes into copying. Reader decodes into one large buffer that holds the window too, and copies in words. Start
// at Reader.Read; block.go has the loop, huffman.go the tables.
//
// It leaves to others what the content is, and how large it may grow. What must hold: for any input it gives the
// bytes and the end that compress/gzip gives, and a stream that is cut gives all bytes that can be known.
//
// RFC 1951 (deflate) and RFC 1952 (gzip) are the sources of its constants.
package inflate

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
)

var (
	// ErrHeader says that no gzip stream begins where one should.
	ErrHeader = errors.New("gzip: invalid header")
	// ErrChecksum says that the content is not what was compressed.
	ErrChecksum = errors.New("gzip: invalid checksum")
	// ErrCorrupt says that the stream breaks the rules of deflate.
	ErrCorrupt = errors.New("deflate: corrupt stream")
)

const (
	window   = 32 << 10
	outSize  = window + 192<<10
	slack    = 320 // a match of 258 bytes, and what word copies write beyond
	inSize   = 64 << 10
	inMargin = 16 // bytes behind the input that may be loaded
)

// Reader decompresses a gzip file: one member or several. It is not safe for concurrent use.
type Reader struct {
	src io.Reader
	err error // to be returned once out is read

	in     []byte // in[pos:end] is input; inMargin zeros lie behind
	pos    int
	end    int
	srcErr error // of src; io.EOF at its end

	bits  uint64 // the next bits of input, from the lowest
	nbits uint   // how many of them are input; those above may be anything

	out   []byte
	from  int // out[from:to] is waiting for Read
	to    int
	begin int // the member's first byte in out, as far as it is there: matches must not reach behind

	last   bool // in its last block
	state  state
	stored int // bytes left of a stored block

	lit  [litSize]uint32
	dist [distSize]uint32

	crc  uint32
	size uint32
	some bool // a member was read
}

type state uint8

const (
	atHeader state = iota // between members
	atBlock
	inStored
	inCodes
	atTrailer
)

// NewReader returns a Reader of the gzip file that src yields.
func NewReader(src io.Reader) *Reader {
	return &Reader{src: src, in: make([]byte, inSize+inMargin), out: make([]byte, outSize+slack)}
}

// Reset makes r read the gzip file that src yields, and keeps its memory.
func (r *Reader) Reset(src io.Reader) {
	*r = Reader{src: src, in: r.in, out: r.out}
}

// Read decompresses into p. At the end it returns io.EOF; if the input ends too early, io.ErrUnexpectedEOF after all
// that could be decompressed; else an error of this package or of the source.
func (r *Reader) Read(p []byte) (int, error) {
	for r.from == r.to {
		if r.err != nil {
			return 0, r.err
		}
		if len(p) == 0 {
			return 0, nil
		}
		r.step()
	}
	n := copy(p, r.out[r.from:r.to])
	r.from += n
	return n, nil
}

// step decodes until the buffer is full or the stream ends.
func (r *Reader) step() {
	// Keep the window, make room.
	if r.to > window {
		copy(r.out, r.out[r.to-window:r.to])
		r.begin = max(0, r.begin-(r.to-window))
		r.to = window
	}
	r.from = r.to
	checked := r.to // crc covers what is before
	for r.err == nil && r.to < outSize {
		switch r.state {
		case atHeader:
			r.header()
		case atBlock:
			r.block()
		case inStored:
			r.copyStored()
		case inCodes:
			r.codes()
		case atTrailer:
			r.check(checked)
			checked = r.to
			r.trailer()
		}
	}
	r.check(checked)
}

func (r *Reader) check(from int) {
	r.crc = crc32.Update(r.crc, crc32.IEEETable, r.out[from:r.to])
	r.size += uint32(r.to - from)
}

// more reads input so that there are at least n bytes, or all that will ever come. It returns whether there are n.
func (r *Reader) more(n int) bool {
	if r.end-r.pos >= n {
		return true
	}
	keep := min(r.pos, 8) // bytes that are in bits already may have to go back
	copy(r.in, r.in[r.pos-keep:r.end])
	r.end -= r.pos - keep
	r.pos = keep
	for empty := 0; r.srcErr == nil && r.end-r.pos < n; {
		m, err := r.src.Read(r.in[r.end:inSize])
		r.end += m
		r.srcErr = err
		if m == 0 && err == nil {
			if empty++; empty > 100 {
				r.srcErr = io.ErrNoProgress
			}
		}
	}
	clear(r.in[r.end : r.end+inMargin])
	return r.end-r.pos >= n
}

// cut is the error of an input that ends here.
func (r *Reader) cut() {
	r.err = r.srcErr
	if r.srcErr == io.EOF {
		r.err = io.ErrUnexpectedEOF
	}
}

// header reads a member's header, or finds the end of the file.
func (r *Reader) header() {
	if !r.more(1) {
		r.err = r.srcErr
		if !r.some && r.err == io.EOF {
			r.err = io.ErrUnexpectedEOF
		}
		return
	}
	if !r.more(10) {
		if r.some && !bytes.HasPrefix([]byte{0x1f, 0x8b}, r.in[r.pos:min(r.end, r.pos+2)]) && r.in[r.pos] != 0x1f {
			r.err = ErrHeader
			return
		}
		r.cut()
		return
	}
	h := r.in[r.pos : r.pos+10]
	if h[0] != 0x1f || h[1] != 0x8b || h[2] != 8 {
		r.err = ErrHeader
		return
	}
	flags := h[3]
	r.pos += 10
	if flags&4 != 0 { // extra field
		if !r.more(2) {
			r.cut()
			return
		}
		n := int(r.in[r.pos]) | int(r.in[r.pos+1])<<8
		r.pos += 2
		for n > 0 {
			if !r.more(1) {
				r.cut()
				return
			}
			k := min(n, r.end-r.pos)
			r.pos += k
			n -= k
		}
	}
	for _, flag := range []byte{8, 16} { // name, comment
		for flags&flag != 0 {
			if !r.more(1) {
				r.cut()
				return
			}
			r.pos++
			if r.in[r.pos-1] == 0 {
				break
			}
		}
	}
	if flags&2 != 0 { // checksum of the header, which compress/gzip looks at and nobody writes
		if !r.more(2) {
			r.cut()
			return
		}
		r.pos += 2
	}
	r.state, r.last, r.some = atBlock, false, true
	r.bits, r.nbits = 0, 0
	r.crc, r.size = 0, 0
	r.begin = r.to
}

// trailer checks a member against its trailer.
func (r *Reader) trailer() {
	r.pos -= int(r.nbits / 8) // whole bytes that were loaded go back
	r.bits, r.nbits = 0, 0
	if !r.more(8) {
		r.cut()
		return
	}
	t := r.in[r.pos : r.pos+8]
	crc := uint32(t[0]) | uint32(t[1])<<8 | uint32(t[2])<<16 | uint32(t[3])<<24
	size := uint32(t[4]) | uint32(t[5])<<8 | uint32(t[6])<<16 | uint32(t[7])<<24
	if crc != r.crc || size != r.size {
		r.err = ErrChecksum
		return
	}
	r.pos += 8
	r.state = atHeader
}
