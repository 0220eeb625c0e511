package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	icebergio "github.com/apache/iceberg-go/io"
)

// folder is a lake's files in a folder. As the file system that iceberg-go sees it differs from iceberg-go's own in two
// ways: what is written is on disk when Close returns, since the catalog will point at it; and a lake that was moved or
// copied still opens, because Iceberg's absolute paths under the folder that the lake was made in (from) are taken as
// paths under the folder that it is in (to). A copy never touches the files of its original.
type folder struct {
	from, to string
	readOnly bool

	made *created // files made so far, if they are to be known
}

var _ files = (*folder)(nil)

func (f *folder) recording() files {
	g := *f
	g.made = new(created)
	return &g
}

func (f *folder) created() []string { return f.made.list() }

func (f *folder) join(rel string) string { return filepath.Join(f.to, filepath.FromSlash(rel)) }

// place moves files from staging.
func (f *folder) place(_ context.Context, list []*File) error {
	var dirs []string
	for _, file := range list {
		to := f.join(file.name)
		dir := filepath.Dir(to)
		if !slices.Contains(dirs, dir) {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return fmt.Errorf("place data file: %w", err)
			}
			dirs = append(dirs, dir, filepath.Dir(dir))
		}
		if err := os.Rename(file.staged, to); err != nil {
			return fmt.Errorf("place data file: %w", err)
		}
		file.path, file.staged = to, to
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) read(_ context.Context, path string) (dataReader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &openFile{file, st.Size()}, nil
}

func (f *folder) size(_ context.Context, path string) (int64, error) {
	st, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (f *folder) remove(_ context.Context, path string) error {
	if _, ok := under(f.to, path); !ok || f.readOnly {
		return &fs.PathError{Op: "remove", Path: path, Err: errReadOnly}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// A partition without files needs no folder. It is not empty as a rule, and then it stays.
	if dir := filepath.Dir(path); isPartition(dir) {
		_ = os.Remove(dir)
	}
	return nil
}

func (f *folder) list(ctx context.Context, dir string, found func(path string, bytes int64, modified time.Time)) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil || !d.Type().IsRegular():
			return err
		}
		i, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			found(path, i.Size(), i.ModTime())
		}
		return err
	})
}

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
func (f *folder) path(name string) (string, error) {
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
func (f *folder) name(path string) string {
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

func (f *folder) Open(name string) (icebergio.File, error) {
	p, err := f.path(name)
	if err != nil {
		return nil, err
	}
	return os.Open(p)
}

func (f *folder) ReadFile(name string) ([]byte, error) {
	p, err := f.path(name)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(p)
}

// writable is path for a file that is to be changed: in this lake, and only if it is open for writing.
func (f *folder) writable(op, name string) (string, error) {
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

func (f *folder) Create(name string) (icebergio.FileWriter, error) {
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
	f.made.add(p)
	return &syncedFile{File: w}, nil
}

func (f *folder) WriteFile(name string, content []byte) error {
	w, err := f.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return errors.Join(err, w.Close())
}

func (f *folder) Remove(name string) error {
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
