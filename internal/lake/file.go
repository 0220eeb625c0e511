package lake

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"weir/flowlog"

	"github.com/google/uuid"
)

// File is a data file that is being written, in the lake's staging folder. It belongs to no table until Commit.
type File struct {
	Table *flowlog.Table // nil: it is of a derived table
	Day   time.Time      // the UTC day that all its rows start on; zero for rows without a start
	Hour  time.Time      // of a derived table's file: the hour of all its rows
	Rows  int64          // set by the writer before Commit, which checks it against the file

	of     stored
	f      *os.File
	w      *bufio.Writer
	staged string // where its bytes are on this machine; "" once they are the lake's affair
	bytes  int64  // once it is closed
	name   string // where it will be, relative to the lake, with slashes; from Commit on
	path   string // where it is in the lake; "" before it is placed
	err    error
}

// Create starts a data file for rows of one UTC day (zero: rows without a start). The caller writes it, sets Rows,
// closes it and hands it to Commit; or calls Remove.
func (l *Lake) Create(t *flowlog.Table, day time.Time) (*File, error) {
	return l.create(File{Table: t, Day: day, of: recordsOf(t)})
}

func (l *Lake) create(file File) (*File, error) {
	if !l.write {
		return nil, fmt.Errorf("create data file: %w", errReadOnly)
	}
	staged := filepath.Join(l.staging.dir, uuid.NewString()+".parquet")
	f, err := os.OpenFile(staged, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create data file: %w", err)
	}
	file.f, file.w, file.staged = f, bufio.NewWriterSize(f, 256<<10), staged
	return &file, nil
}

// Write adds to the file.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("write data file: %w", err)
	}
	return n, err
}

// Path is where the file is while it is written.
func (f *File) Path() string { return f.staged }

// Close puts the file on disk. It may be called again.
func (f *File) Close() error {
	if f.f == nil {
		return f.err
	}
	err := f.w.Flush()
	if err == nil {
		err = f.f.Sync()
	}
	if e := f.f.Close(); err == nil {
		err = e
	}
	f.f = nil
	if err == nil && f.of.derived != nil {
		err = syncFile(f.staged) // who wrote to Path may have put another file there
	}
	if st, e := os.Stat(f.staged); e == nil {
		f.bytes = st.Size()
	}
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("write data file: %w", err)
	}
	return f.err
}

func syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Remove gives the file up. After a Commit it does nothing.
func (f *File) Remove() error {
	if f.f != nil {
		f.f.Close()
		f.f = nil
	}
	if f.staged == "" {
		return nil
	}
	staged := f.staged
	f.staged, f.err = "", errors.New("data file was removed")
	if err := os.Remove(staged); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove data file: %w", err)
	}
	return nil
}
