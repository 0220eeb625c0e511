package source

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync/atomic"
	"time"
)

// Stdin is a Source with one object, "-", whose bytes are those of r. It can be opened once.
//
// A stream has no identity that could be known again: its Version is the time at which it began, so that the same
// bytes, piped in twice, are two objects.
func Stdin(r io.Reader, now time.Time) Source {
	return &stdin{r: r, version: "stream-" + now.UTC().Format(time.RFC3339Nano)}
}

type stdin struct {
	r       io.Reader
	version string
	opened  atomic.Bool
}

func (s *stdin) List(ctx context.Context, _ Window) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(Object{}, err)
			return
		}
		if s.opened.Load() {
			return // nothing more will come: who follows sees an empty place
		}
		yield(Object{URI: "-", Version: s.version, Size: -1}, nil)
	}
}

var errReadOnce = errors.New("standard input can be read only once")

func (s *stdin) Open(ctx context.Context, o Object) (io.ReadCloser, error) {
	if o.URI != "-" || s.opened.Swap(true) {
		return nil, &ObjectError{URI: o.URI, Err: errReadOnce}
	}
	return io.NopCloser(readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return s.r.Read(p)
	})), nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
