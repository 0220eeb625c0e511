package lake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"weir/internal/columnar"

	"golang.org/x/sync/errgroup"
)

// Cache is a folder on this machine that keeps what was brought of a bucket's data files, so that the next query need
// not bring it again. Data files never change, and so nothing in it is ever stale.
type Cache struct {
	Dir   string
	Bytes int64 // what it may hold between queries; the least recently used goes first. 0: 10 GiB

	// Progress is told how many files are there, and how many bytes came for them. It may be called from several places
	// at once.
	Progress func(files, bytes int64)
}

const defaultCache = 10 << 30

// Fetched are data files on this machine.
type Fetched struct {
	Paths []string // in the order of the files that were asked for
	Bytes int64    // that were brought over the network for it

	lock  *os.File
	cache *Cache
}

// Fetch makes the columns of data files readable on this machine; nil is all columns, an empty list none, which is
// enough to count rows. In a lake that is a folder there is nothing to do. Of a file in a bucket the parts that hold the
// columns are brought into the cache, to the places where they are in the file; the rest of it is a hole. So whoever
// reads the paths must not touch other columns. Close the result when they are read.
func (l *Lake) Fetch(ctx context.Context, list []DataFile, columns []string, c Cache) (_ *Fetched, err error) {
	b, ok := l.fs.(*bucket)
	f := &Fetched{cache: &c}
	if !ok {
		for _, d := range list {
			f.Paths = append(f.Paths, d.Path)
		}
		return f, nil
	}
	if c.Bytes == 0 {
		c.Bytes = defaultCache
	}
	sum := sha256.Sum256([]byte(l.dir))
	dir := filepath.Join(c.Dir, hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	if f.lock, err = shareCache(c.Dir); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	f.Paths = make([]string, len(list))
	var files, brought atomic.Int64
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(downloaders)
	for i, d := range list {
		g.Go(func() error {
			key, err := b.key(d.Path)
			if err != nil {
				return err
			}
			cf := &cachedFile{store: b.store, key: key, size: d.Bytes, path: filepath.Join(dir, strings.ReplaceAll(key, "/", "_"))}
			n, err := cf.fill(gctx, columns)
			if err != nil {
				return fmt.Errorf("fetch %s: %w", d.Path, err)
			}
			f.Paths[i] = cf.path
			bytes := brought.Add(n)
			if n := files.Add(1); c.Progress != nil {
				c.Progress(n, bytes)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, noSpace(err)
	}
	f.Bytes = brought.Load()
	return f, nil
}

// Close lets the cache remove the files again, and has it do so if it holds too much.
func (f *Fetched) Close() error {
	if f.lock == nil {
		return nil
	}
	err := f.lock.Close()
	f.lock = nil
	return errors.Join(err, f.cache.trim())
}

// cachedFile is a data file in the cache: a file of the same size, with holes, and beside it a note of what is there.
type cachedFile struct {
	store Store
	key   string
	size  int64
	path  string
}

// note is what is known of a cached file. All stands for every column.
type note struct {
	Columns []string `json:"columns"`
	All     bool     `json:"all"`
}

// fill brings what is missing of columns.
func (c *cachedFile) fill(ctx context.Context, columns []string) (brought int64, err error) {
	have := c.note()
	missing := slices.DeleteFunc(slices.Clone(columns), func(name string) bool { return have == nil || slices.Contains(have.Columns, name) })
	if have == nil {
		missing = columns
	}
	if have != nil && (have.All || columns != nil && len(missing) == 0) {
		now := time.Now()
		return 0, os.Chtimes(c.path+".json", now, now) // used: the last to be removed
	}
	f, err := os.OpenFile(c.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// Another process may be filling the same file with the same bytes, which does no harm.
	if err := f.Truncate(c.size); err != nil {
		return 0, err
	}
	spans := []columnar.Span{{Off: 0, End: c.size}}
	if columns != nil {
		if spans, err = columnar.Spans(&rangeReader{store: c.store, key: c.key, size: c.size}, c.size, missing); err != nil {
			return 0, err
		}
	}
	parts := make([]span, len(spans))
	for i, s := range spans {
		parts[i] = span{s.Off, s.End}
		brought += s.End - s.Off
	}
	if err := download(ctx, c.store, c.key, f, parts); err != nil {
		return brought, err
	}
	// The note must not outlive the bytes that it speaks of.
	if err := f.Sync(); err != nil {
		return brought, err
	}
	n := note{All: columns == nil, Columns: missing}
	if have != nil {
		n.Columns = append(n.Columns, have.Columns...)
	}
	return brought, c.write(n)
}

// note reads what is there of the file; nil if nothing is.
func (c *cachedFile) note() *note {
	text, err := os.ReadFile(c.path + ".json")
	if err != nil {
		return nil
	}
	var n note
	st, err := os.Stat(c.path)
	if err != nil || st.Size() != c.size || json.Unmarshal(text, &n) != nil {
		return nil
	}
	return &n
}

func (c *cachedFile) write(n note) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(c.path), "note-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), c.path+".json")
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

// shareCache says that files of the cache are in use, until the file that it returns is closed.
func shareCache(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flockShared(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// trim removes the files that were not used for longest, until the cache holds what it may. It does nothing while
// another query reads the cache: the last of them does it.
func (c *Cache) trim() error {
	f, err := os.OpenFile(filepath.Join(c.Dir, lockName), os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if held, err := flock(f); err != nil || held {
		return err
	}
	type entry struct {
		path  string
		bytes int64
		used  time.Time
	}
	var entries []entry
	var sum int64
	err = filepath.WalkDir(c.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == lockName || strings.HasSuffix(path, ".json") {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		e := entry{path, i.Size(), i.ModTime()}
		if st, ok := i.Sys().(*syscall.Stat_t); ok {
			e.bytes = st.Blocks * 512 // without the holes
		}
		if n, err := os.Stat(path + ".json"); err == nil {
			e.used = n.ModTime()
		}
		entries = append(entries, e)
		sum += e.bytes
		return nil
	})
	if err != nil || sum <= c.Bytes {
		return err
	}
	slices.SortFunc(entries, func(a, b entry) int { return a.used.Compare(b.used) })
	for _, e := range entries {
		if sum <= c.Bytes {
			break
		}
		// The note goes first: a file without one is nothing.
		if err := os.Remove(e.path + ".json"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("trim cache: %w", err)
		}
		if err := os.Remove(e.path); err != nil {
			return fmt.Errorf("trim cache: %w", err)
		}
		sum -= e.bytes
	}
	return nil
}
