package ingest

import "io"

// aheadFrom is the size from which an object is decompressed by one goroutine while another parses, in bytes. Smaller
// objects are many, and keep every core busy as they are.
const aheadFrom = 32 << 20

const (
	aheadChunk  = 256 << 10
	aheadChunks = 8
)

// ahead reads a source in a goroutine of its own, some chunks ahead of whoever reads it.
type ahead struct {
	full  chan aheadPart
	empty chan []byte
	stop  chan struct{}
	done  chan struct{}

	buf  []byte // to be given back
	rest []byte // of it, to be read
	err  error
}

type aheadPart struct {
	buf []byte
	n   int
	err error
}

func newAhead(r io.Reader) *ahead {
	a := &ahead{
		full: make(chan aheadPart, aheadChunks), empty: make(chan []byte, aheadChunks),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	for range aheadChunks {
		a.empty <- make([]byte, aheadChunk)
	}
	go func() {
		defer close(a.done)
		for {
			var p aheadPart
			select {
			case p.buf = <-a.empty:
			case <-a.stop:
				return
			}
			p.n, p.err = r.Read(p.buf)
			select {
			case a.full <- p:
			case <-a.stop:
				return
			}
			if p.err != nil {
				return
			}
		}
	}()
	return a
}

func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.err != nil {
			return 0, a.err
		}
		if a.buf != nil {
			a.empty <- a.buf
		}
		part := <-a.full
		a.buf, a.rest, a.err = part.buf, part.buf[:part.n], part.err
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// close ends the goroutine. The source must not block for ever; that of an object is closed before.
func (a *ahead) close() {
	close(a.stop)
	<-a.done
}
