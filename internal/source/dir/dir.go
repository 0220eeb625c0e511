// Package dir is the source of objects that lie in a folder, or of one file.
//
// Start at Source.List: it walks the folder once for the folders of days, leaving out those outside the window, and
// then reads day by day, so that it holds no more than a day's names where the files lie as AWS delivers them.
//
// What must hold: no file is listed twice, whatever the links in the folder. Files in place are named by their path
// as it was given, made absolute; links in it are kept.
package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"

	"weir/internal/source"
)

// Source is a folder or a file.
type Source struct {
	root  string // absolute
	skips source.Skips
}

// New makes a source of the folder or file at path. That it exists is found out by List.
func New(path string) (*Source, error) {
	if path == "" {
		return nil, errors.New("open folder: no path")
	}
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	return &Source{root: root}, nil
}

// Skipped implements source.Skipper.
func (s *Source) Skipped() map[string]int { return s.skips.Skipped() }

// List implements source.Source. A folder that cannot be read is an *source.ObjectError, as a file is.
func (s *Source) List(ctx context.Context, w source.Window) iter.Seq2[source.Object, error] {
	return func(yield func(source.Object, error) bool) {
		s.skips.Reset()
		info, err := os.Stat(s.root)
		switch {
		case err != nil:
			yield(source.Object{}, fmt.Errorf("list %s: %w", s.root, plain(err)))
			return
		case !info.IsDir():
			s.one(info, w, yield)
			return
		}
		l := &lister{Source: s, ctx: ctx, window: w, yield: yield}
		l.run()
	}
}

// one yields the file that was named itself. It may be a pipe, as of a shell's <(command).
func (s *Source) one(info fs.FileInfo, w source.Window, yield func(source.Object, error) bool) {
	o := object(s.root, info)
	if !w.Has(o) {
		s.skips.Add(source.SkipWindow)
		return
	}
	yield(o, nil)
}

func object(path string, info fs.FileInfo) source.Object {
	o := source.Object{
		URI:     path,
		Version: version(info),
		Size:    -1,
		Key:     source.ParseKey(filepath.ToSlash(path)),
	}
	if info.Mode().IsRegular() {
		o.Size, o.ModTime = info.Size(), info.ModTime()
	}
	return o
}

// version is what stands for a file's content. Two writes of the same length within the clock of the file system
// cannot be told apart; delivered files are written once.
func version(info fs.FileInfo) string {
	mtime := strconv.FormatInt(info.ModTime().UnixNano(), 10)
	if !info.Mode().IsRegular() {
		return "stream-" + mtime
	}
	return strconv.FormatInt(info.Size(), 10) + "-" + mtime
}

// plain gives the reason of a file error without the operation and the path, which our own text names.
func plain(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// objectError says what is wrong with one file or folder.
func objectError(path string, err error) error {
	cause := plain(err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		cause = fmt.Errorf("%w: %w", source.ErrVanished, cause)
	case errors.Is(err, fs.ErrPermission):
		cause = fmt.Errorf("%w: %w", source.ErrDenied, cause)
	}
	return &source.ObjectError{URI: path, Err: cause}
}
