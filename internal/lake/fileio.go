package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	icebergio "github.com/apache/iceberg-go/io"
)

// fileIO is the file system that iceberg-go sees. It differs from iceberg-go's own in two ways: what is written is on
// disk when Close returns, since the catalog will point at it; and a lake that was moved or copied still opens, because
// Iceberg's absolute paths under the folder that the lake was made in (from) are taken as paths under the folder that
// it is in (to). A copy never touches the files of its original.
type fileIO struct {
	from, to string
	readOnly bool

	created *created // files made so far, if they are to be known
}

// created lists the files that a commit made beside its data files, so that one that fails leaves nothing.
type created struct {
	mu    sync.Mutex
	paths []string
}

// recording returns f, remembering the files that it creates.
func (f *fileIO) recording() *fileIO {
	g := *f
	g.created = new(created)
	return &g
}

// removeCreated removes what was created while recording.
func (f *fileIO) removeCreated() error {
	if f.created == nil {
		return nil
	}
	f.created.mu.Lock()
	defer f.created.mu.Unlock()
	var errs []error
	for _, p := range f.created.paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

var (
	_ icebergio.WriteFileIO = (*fileIO)(nil)
	_ icebergio.ReadFileIO  = (*fileIO)(nil)
)

// uri is how Iceberg names an absolute path.
func uri(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// local is the path that Iceberg's name stands for, before mapping. Other engines write file:/a and file:///a.
func local(name string) (string, error) {
	if strings.HasPrefix(name, "/") {
		return filepath.Clean(name), nil
	}
	u, err := url.Parse(name)
	if err != nil {
		return "", err
	}
	if u.Scheme != "file" || (u.Host != "" && u.Host != "localhost") || !strings.HasPrefix(u.Path, "/") {
		return "", fmt.Errorf("not a local file: %q", name)
	}
	return filepath.Clean(filepath.FromSlash(u.Path)), nil
}

// path is where the file that Iceberg calls name lies.
func (f *fileIO) path(name string) (string, error) {
	p, err := local(name)
	if err != nil {
		return "", err
	}
	if f.from != f.to {
		if rel, ok := under(f.from, p); ok {
			p = filepath.Join(f.to, rel)
		}
	}
	return p, nil
}

// name is what Iceberg calls the file at path, for files under the lake's folder.
func (f *fileIO) name(path string) string {
	if rel, ok := under(f.to, path); ok {
		path = filepath.Join(f.from, rel)
	}
	return uri(path)
}

// under gives path relative to dir, if it lies in it.
func under(dir, path string) (rel string, ok bool) {
	rel, err := filepath.Rel(dir, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", false
	}
	return rel, true
}

func (f *fileIO) Open(name string) (icebergio.File, error) {
	p, err := f.path(name)
	if err != nil {
		return nil, err
	}
	return os.Open(p)
}

func (f *fileIO) ReadFile(name string) ([]byte, error) {
	p, err := f.path(name)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(p)
}

// writable is path for a file that is to be changed: in this lake, and only if it is open for writing.
func (f *fileIO) writable(op, name string) (string, error) {
	p, err := f.path(name)
	if err != nil {
		return "", err
	}
	if f.readOnly {
		return "", &fs.PathError{Op: op, Path: p, Err: errReadOnly}
	}
	if _, ok := under(f.to, p); !ok {
		return "", &fs.PathError{Op: op, Path: p, Err: errors.New("outside of the lake")}
	}
	return p, nil
}

func (f *fileIO) Create(name string) (icebergio.FileWriter, error) {
	p, err := f.writable("create", name)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return nil, err
	}
	w, err := os.Create(p)
	if err != nil {
		return nil, err
	}
	if f.created != nil {
		f.created.mu.Lock()
		f.created.paths = append(f.created.paths, p)
		f.created.mu.Unlock()
	}
	return &syncedFile{File: w}, nil
}

func (f *fileIO) WriteFile(name string, content []byte) error {
	w, err := f.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return errors.Join(err, w.Close())
}

func (f *fileIO) Remove(name string) error {
	p, err := f.writable("remove", name)
	if err != nil {
		return err
	}
	return os.Remove(p)
}

// syncedFile is on disk, with its name, once it is closed. iceberg-go closes some files twice.
type syncedFile struct {
	*os.File
	closed bool
	bad    error
}

func (f *syncedFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	if err != nil {
		f.bad = err
	}
	return n, err
}

func (f *syncedFile) Close() error {
	if f.closed {
		return f.bad
	}
	f.closed = true
	err := f.Sync()
	if e := f.File.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = syncDir(filepath.Dir(f.Name()))
	}
	if f.bad == nil {
		f.bad = err
	}
	return f.bad
}

// syncDir makes the names in a folder last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}
