package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"weir/internal/source"
)

// Open implements source.Source. The object is asked for by its ETag, so that another version is an error.
func (s *Source) Open(ctx context.Context, o source.Object) (io.ReadCloser, error) {
	key, ok := strings.CutPrefix(o.URI, s.uri(""))
	if !ok {
		return nil, &source.ObjectError{URI: o.URI, Err: fmt.Errorf("not in bucket %s", s.Bucket)}
	}
	r := &reader{source: s, ctx: ctx, key: key, object: o, size: o.Size}
	if err := r.connect(); err != nil {
		return nil, err
	}
	return r, nil
}

// Resuming: an object of 5 GB takes minutes, longer than a connection may live. Each cut is made good by a request
// for the rest, until maxResumes in a row have brought fewer than minProgress bytes.
const (
	maxResumes  = 8
	minProgress = 64 << 10
)

// reader hands out an object, and asks for the rest when a connection ends early.
type reader struct {
	source *Source
	ctx    context.Context
	key    string
	object source.Object
	size   int64 // of the object; -1 until known

	body   io.ReadCloser
	cancel context.CancelFunc // ends the request of body

	off     int64 // bytes handed out
	resumes int   // in a row, without progress
	mark    int64 // where the row began
	err     error // for good
}

// connect asks for the object from off on.
func (r *reader) connect() error {
	in := &sdk.GetObjectInput{Bucket: &r.source.Bucket, Key: &r.key, RequestPayer: r.source.payer()}
	if v := r.object.Version; v != "" {
		etag := `"` + v + `"`
		in.IfMatch = &etag
	}
	if r.off == 0 {
		in.ChecksumMode = types.ChecksumModeEnabled // what there is of a checksum covers the whole
	} else {
		rest := fmt.Sprintf("bytes=%d-", r.off)
		in.Range = &rest
	}
	ctx, cancel := context.WithCancel(r.ctx)
	out, err := call(ctx, r.source, in, r.source.Client.GetObject)
	if err != nil {
		cancel()
		return r.source.objectError(r.ctx, r.object.URI, err)
	}
	r.body, r.cancel = out.Body, cancel
	length := int64(-1)
	if out.ContentLength != nil {
		length = *out.ContentLength
	}
	if r.off > 0 && out.ContentRange == nil {
		// A server that knows no ranges sends it all again.
		if _, err := io.CopyN(io.Discard, r.body, r.off); err != nil {
			r.disconnect()
			return errCut{err}
		}
	}
	if r.size < 0 {
		r.size = length
	}
	return nil
}

// errCut is an error after which it makes sense to ask for the rest.
type errCut struct{ error }

func (e errCut) Unwrap() error { return e.error }

func (r *reader) disconnect() {
	if r.body != nil {
		r.cancel()
		r.body.Close()
		r.body = nil
	}
}

func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, r.err
	}
	for r.err == nil {
		if r.err = r.ctx.Err(); r.err != nil {
			break // also where bytes are at hand
		}
		if r.body == nil {
			if err := r.connect(); err != nil {
				r.cut(err)
				continue
			}
		}
		n, err := r.read(p)
		r.off += int64(n)
		switch {
		case err == nil:
		case err == io.EOF && (r.off == r.size || r.size < 0):
			r.err = io.EOF
		case r.off == r.size:
			// All is there, but does not add up: the SDK checks a checksum where the object has one.
			r.err = &source.ObjectError{URI: r.object.URI, Err: err}
		default:
			r.cut(errCut{err})
		}
		if n > 0 {
			return n, nil // an error is for the next call
		}
	}
	r.disconnect()
	return 0, r.err
}

// read reads from the connection. When nothing comes for too long the connection is given up. Only the time of waiting
// counts: whoever reads may take as long as they like in between.
func (r *reader) read(p []byte) (int, error) {
	timer := time.AfterFunc(r.source.stall, r.cancel)
	n, err := r.readBody(p)
	if !timer.Stop() && err != nil && r.ctx.Err() == nil {
		err = fmt.Errorf("silent for %v: %w", r.source.stall, io.ErrUnexpectedEOF)
	}
	return n, err
}

func (r *reader) readBody(p []byte) (int, error) {
	left := r.size - r.off
	if r.size >= 0 && left == 0 {
		// The end must be seen, not assumed: there the SDK compares the checksum.
		var one [1]byte
		n, err := r.body.Read(one[:])
		if n > 0 {
			err = fmt.Errorf("%w: longer than %d bytes", source.ErrChanged, r.size)
		}
		return 0, err
	}
	if r.size >= 0 && int64(len(p)) > left {
		p = p[:left]
	}
	return r.body.Read(p)
}

// cut notes that a connection was lost, and waits before the next. An error that another connection would meet again
// stays.
func (r *reader) cut(err error) {
	r.disconnect()
	var lost errCut
	switch {
	case r.ctx.Err() != nil:
		r.err = r.ctx.Err()
		return
	case !errors.As(err, &lost):
		r.err = err
		return
	}
	if r.off-r.mark >= minProgress {
		r.resumes, r.mark = 0, r.off
	}
	if r.resumes >= maxResumes {
		cause := lost.error
		if cause == io.EOF {
			cause = io.ErrUnexpectedEOF
		}
		if !errors.Is(cause, io.ErrUnexpectedEOF) {
			cause = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, cause)
		}
		r.err = &source.ObjectError{URI: r.object.URI,
			Err: fmt.Errorf("%d of %d bytes, cut again and again: %w", r.off, r.size, cause)}
		return
	}
	if err := sleep(r.ctx, r.source.backoff(r.resumes)); err != nil {
		r.err = err
	}
	r.resumes++
}

func (r *reader) Close() error {
	r.disconnect()
	if r.err == nil {
		r.err = errors.New("read after close")
	}
	return nil
}
