package lake

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	icebergio "github.com/apache/iceberg-go/io"
)

// files is where a lake's files lie: a folder, or a part of a bucket. There are three ways to say which file: by its
// path relative to the lake, with slashes, as the ledger does; by its name, a URI, as Iceberg does; and by its path, by
// which it is opened: absolute in a folder, a URI in a bucket.
//
// It is also the file system that iceberg-go sees.
type files interface {
	icebergio.WriteFileIO
	icebergio.ReadFileIO

	// join is the path of a file by its place relative to the lake.
	join(rel string) string
	// path is the path of the file that Iceberg calls name.
	path(name string) (string, error)
	// name is what Iceberg calls the file at path.
	name(path string) string

	// place brings closed files from staging to where they stay. Each has its name; its path is set.
	place(ctx context.Context, list []*File) error
	// read opens a file that is to be read as a whole.
	read(ctx context.Context, path string) (dataReader, error)
	size(ctx context.Context, path string) (int64, error) // fs.ErrNotExist if it is gone
	remove(ctx context.Context, path string) error        // fine if it is gone
	// list finds the files below dir, in no order. It is fine if there is no dir.
	list(ctx context.Context, dir string, found func(path string, bytes int64, modified time.Time)) error

	// recording returns the same files, remembering those that are made through it: created lists their paths.
	recording() files
	created() []string
}

// dataReader is an open data file.
type dataReader interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

type openFile struct {
	*os.File
	size int64
}

func (f *openFile) Size() int64 { return f.size }

// created lists the files that a commit made beside its data files, so that one that fails leaves nothing.
type created struct {
	mu    sync.Mutex
	paths []string
}

func (c *created) add(path string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paths = append(c.paths, path)
}

func (c *created) list() []string {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.paths...)
}

// removeCreated removes what was made through f while it was recording.
func removeCreated(ctx context.Context, f files) error {
	var errs []error
	for _, p := range f.created() {
		errs = append(errs, f.remove(ctx, p))
	}
	return errors.Join(errs...)
}
