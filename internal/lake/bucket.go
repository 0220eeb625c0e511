package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	icebergio "github.com/apache/iceberg-go/io"
	"golang.org/x/sync/errgroup"
)

// Store is the part of a bucket in which a lake's files lie. Keys are relative to it, with slashes. Implementations are
// safe for concurrent use, try again what is worth it, and check what they read and write as far as the server lets
// them. A key that is not there is fs.ErrNotExist.
type Store interface {
	// URI is where it is: s3://bucket/prefix, without a slash at the end.
	URI() string
	// Get returns a whole object.
	Get(ctx context.Context, key string) ([]byte, error)
	// ReadAt fills p with the bytes of an object from off on, all of them or an error.
	ReadAt(ctx context.Context, key string, p []byte, off int64) error
	// Put stores an object, all of it or nothing.
	Put(ctx context.Context, key string, body io.ReaderAt, size int64) error
	Size(ctx context.Context, key string) (int64, error)
	// Delete removes objects. Those that are gone are fine.
	Delete(ctx context.Context, keys ...string) error
	// List finds the objects whose keys begin with prefix, in no order.
	List(ctx context.Context, prefix string, found func(key string, bytes int64, modified time.Time)) error
	// Unfinished counts the uploads under prefix that began before a time and were not finished, because their writer was
	// killed: no objects, and yet paid for. With abort it ends them.
	Unfinished(ctx context.Context, prefix string, before time.Time, abort bool) (int, error)
}

// placers is how many data files are uploaded at once.
const placers = 4

// bucket is a lake's files in a Store. An object is there whole or not at all, so that nothing needs to be synced.
type bucket struct {
	store    Store
	readOnly bool
	made     *created
}

var _ files = (*bucket)(nil)

// key is the key of a path.
func (b *bucket) key(path string) (string, error) {
	key, ok := strings.CutPrefix(path, b.store.URI()+"/")
	if !ok || key == "" || strings.Contains("/"+key+"/", "/../") {
		return "", fmt.Errorf("%q is not in the lake at %s", path, b.store.URI())
	}
	return key, nil
}

func (b *bucket) join(rel string) string { return b.store.URI() + "/" + rel }

// path takes s3a and s3n, as Hadoop's engines write, for s3.
func (b *bucket) path(name string) (string, error) {
	if scheme, rest, ok := strings.Cut(name, "://"); ok && (scheme == "s3a" || scheme == "s3n") {
		name = "s3://" + rest
	}
	if !strings.HasPrefix(name, "s3://") {
		return "", fmt.Errorf("not in a bucket: %q", name)
	}
	return name, nil
}

func (b *bucket) name(path string) string { return path }

// keyOf is the key of the file that Iceberg calls name.
func (b *bucket) keyOf(name string) (string, error) {
	p, err := b.path(name)
	if err != nil {
		return "", err
	}
	return b.key(p)
}

func (b *bucket) recording() files {
	c := *b
	c.made = new(created)
	return &c
}

func (b *bucket) created() []string { return b.made.list() }

func (b *bucket) place(ctx context.Context, list []*File) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(placers)
	for _, f := range list {
		g.Go(func() error {
			body, err := os.Open(f.staged)
			if err != nil {
				return fmt.Errorf("place data file: %w", err)
			}
			defer body.Close()
			if err := b.store.Put(ctx, f.name, body, f.bytes); err != nil {
				return fmt.Errorf("place data file: %w", err)
			}
			f.path = b.join(f.name)
			return nil
		})
	}
	return g.Wait()
}

// read brings a data file to this machine, where reading it here and there costs no requests.
func (b *bucket) read(ctx context.Context, path string) (_ dataReader, err error) {
	key, err := b.key(path)
	if err != nil {
		return nil, err
	}
	size, err := b.store.Size(ctx, key)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp("", "weir-read-*")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	// Without a name it cannot outlive us.
	if err := os.Remove(f.Name()); err != nil {
		return nil, err
	}
	if err := download(ctx, b.store, key, f, []span{{0, size}}); err != nil {
		return nil, err
	}
	return &openFile{f, size}, nil
}

// span is a part of a file: from off to end.
type span struct{ off, end int64 }

// downloadPart is how much is asked for at once, and downloaders how often at the same time.
const (
	downloadPart = 8 << 20
	downloaders  = 8
)

// download copies parts of an object to the same places of w.
func download(ctx context.Context, s Store, key string, w io.WriterAt, parts []span) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(downloaders)
	for _, p := range parts {
		for off := p.off; off < p.end; off += downloadPart {
			n := min(downloadPart, p.end-off)
			g.Go(func() error {
				buf := make([]byte, n)
				if err := s.ReadAt(ctx, key, buf, off); err != nil {
					return err
				}
				_, err := w.WriteAt(buf, off)
				return err
			})
		}
	}
	return g.Wait()
}

func (b *bucket) size(ctx context.Context, path string) (int64, error) {
	key, err := b.key(path)
	if err != nil {
		return 0, err
	}
	return b.store.Size(ctx, key)
}

func (b *bucket) remove(ctx context.Context, path string) error {
	key, err := b.key(path)
	if err != nil {
		return err
	}
	if b.readOnly {
		return &fs.PathError{Op: "remove", Path: path, Err: errReadOnly}
	}
	return b.store.Delete(ctx, key)
}

func (b *bucket) list(ctx context.Context, dir string, found func(path string, bytes int64, modified time.Time)) error {
	key, err := b.key(dir)
	if err != nil {
		return err
	}
	return b.store.List(ctx, key+"/", func(key string, bytes int64, modified time.Time) { found(b.join(key), bytes, modified) })
}

// ioTimeout bounds one access by iceberg-go, which has no context to give. It is longer than the store's own retries.
const ioTimeout = 5 * time.Minute

func (b *bucket) ReadFile(name string) ([]byte, error) {
	key, err := b.keyOf(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), ioTimeout)
	defer cancel()
	return b.store.Get(ctx, key)
}

// Open opens a file of Iceberg's. Metadata and manifests are read whole at once: they are small, and would be read to
// the end anyway. Of a data file iceberg-go reads the footer.
func (b *bucket) Open(name string) (icebergio.File, error) {
	if !strings.HasSuffix(name, ".parquet") {
		text, err := b.ReadFile(name)
		if err != nil {
			return nil, err
		}
		return &memoryFile{Reader: bytes.NewReader(text), name: path.Base(name)}, nil
	}
	key, err := b.keyOf(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), ioTimeout)
	defer cancel()
	size, err := b.store.Size(ctx, key)
	if err != nil {
		return nil, err
	}
	at := &rangeReader{store: b.store, key: key, size: size}
	return &rangeFile{SectionReader: io.NewSectionReader(at, 0, size), name: path.Base(name)}, nil
}

func (b *bucket) Create(name string) (icebergio.FileWriter, error) {
	key, err := b.keyOf(name)
	if err != nil {
		return nil, err
	}
	if b.readOnly {
		return nil, &fs.PathError{Op: "create", Path: name, Err: errReadOnly}
	}
	b.made.add(b.join(key))
	return &objectWriter{store: b.store, key: key}, nil
}

func (b *bucket) WriteFile(name string, content []byte) error {
	w, err := b.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return errors.Join(err, w.Close())
}

func (b *bucket) Remove(name string) error {
	p, err := b.path(name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), ioTimeout)
	defer cancel()
	return b.remove(ctx, p)
}

// objectWriter gathers an object and stores it when closed. iceberg-go closes some files twice.
type objectWriter struct {
	bytes.Buffer
	store  Store
	key    string
	closed bool
	err    error
}

func (w *objectWriter) Close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	ctx, cancel := context.WithTimeout(context.Background(), ioTimeout)
	defer cancel()
	w.err = w.store.Put(ctx, w.key, bytes.NewReader(w.Bytes()), int64(w.Len()))
	return w.err
}

// memoryFile is a file that was read whole.
type memoryFile struct {
	*bytes.Reader
	name string
}

func (f *memoryFile) Close() error               { return nil }
func (f *memoryFile) Stat() (fs.FileInfo, error) { return fileInfo{f.name, f.Size()}, nil }

// rangeFile is a file that is read where it is asked for.
type rangeFile struct {
	*io.SectionReader
	name string
}

func (f *rangeFile) Close() error               { return nil }
func (f *rangeFile) Stat() (fs.FileInfo, error) { return fileInfo{f.name, f.Size()}, nil }

// tailBytes is how much of a file's end is read at once: the footer of a data file, as a rule.
const tailBytes = 64 << 10

// rangeReader reads parts of an object, and keeps its end.
type rangeReader struct {
	store Store
	key   string
	size  int64

	mu   sync.Mutex
	tail []byte
}

func (r *rangeReader) ReadAt(p []byte, off int64) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), ioTimeout)
	defer cancel()
	from := max(0, r.size-tailBytes)
	if off < from {
		if err := r.store.ReadAt(ctx, r.key, p, off); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tail == nil {
		tail := make([]byte, r.size-from)
		if err := r.store.ReadAt(ctx, r.key, tail, from); err != nil {
			return 0, err
		}
		r.tail = tail
	}
	n := copy(p, r.tail[off-from:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// fileInfo is what there is to know of an object.
type fileInfo struct {
	name string
	size int64
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return 0o444 }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return false }
func (i fileInfo) Sys() any           { return nil }
