package dir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"weir/internal/source"
)

// Open implements source.Source. The reader of a regular file is an io.ReaderAt, too.
func (s *Source) Open(ctx context.Context, o source.Object) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.Open(o.URI)
	if err != nil {
		return nil, objectError(o.URI, err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, objectError(o.URI, err)
	}
	r := &reader{ctx: ctx, file: f, object: o}
	switch {
	case info.IsDir():
		f.Close()
		return nil, objectError(o.URI, errors.New("is a folder"))
	case o.Size < 0 && !info.Mode().IsRegular():
		return &struct{ io.ReadCloser }{&stream{reader: r}}, nil
	}
	if err := r.check(info); err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// reader hands out the file as it was listed: its length is the listed one, and a file that was written to meanwhile
// is an error at the end, since nobody can say which version the bytes were of.
type reader struct {
	ctx    context.Context
	file   *os.File
	object source.Object
	off    int64
}

func (r *reader) check(info fs.FileInfo) error {
	if v := version(info); r.object.Version != "" && v != r.object.Version {
		return &source.ObjectError{URI: r.object.URI,
			Err: fmt.Errorf("%w: %d bytes then, %d now", source.ErrChanged, r.object.Size, info.Size())}
	}
	return nil
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	left := r.object.Size - r.off
	if left <= 0 {
		return 0, r.end(io.EOF)
	}
	if int64(len(p)) > left {
		p = p[:left]
	}
	n, err := r.file.Read(p)
	r.off += int64(n)
	switch {
	case err == io.EOF:
		return n, r.end(&source.ObjectError{URI: r.object.URI, Err: io.ErrUnexpectedEOF})
	case err != nil:
		return n, objectError(r.object.URI, err)
	}
	return n, nil
}

// end is the error at the end of the file: that it has changed, or else the one given.
func (r *reader) end(err error) error {
	info, serr := r.file.Stat()
	if serr != nil {
		return objectError(r.object.URI, serr)
	}
	if cerr := r.check(info); cerr != nil {
		return cerr
	}
	return err
}

func (r *reader) ReadAt(p []byte, off int64) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.file.ReadAt(p, off)
	if err != nil && err != io.EOF {
		err = objectError(r.object.URI, err)
	}
	return n, err
}

func (r *reader) Close() error { return r.file.Close() }

// stream reads a pipe: as long as bytes come.
type stream struct{ *reader }

func (s *stream) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.file.Read(p)
	if err != nil && err != io.EOF {
		err = objectError(s.object.URI, err)
	}
	return n, err
}
