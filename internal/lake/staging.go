package lake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// staging is the folder on this machine in which data files are written before a commit brings them into the lake. In a
// lake that is a folder it is part of that, so that a rename brings them. For a bucket it is a temporary folder.
type staging struct {
	dir  string
	lock *lock // of a temporary folder: says that its owner lives
}

// openStaging prepares the folder of a lake at dir, wiping what a killed writer left. The caller holds the lake's lock.
func openStaging(dir string) (*staging, error) {
	s := &staging{dir: filepath.Join(dir, stagingName)}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("create lake: %w", err)
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("wipe staging: %w", err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
			return nil, fmt.Errorf("wipe staging: %w", err)
		}
	}
	return s, nil
}

// stagingPattern names temporary staging folders.
const stagingPattern = "weir-staging-"

// tempStaging makes a temporary folder, and removes those of writers that were killed: their locks are free.
func tempStaging(now time.Time) (*staging, error) {
	if old, err := filepath.Glob(filepath.Join(os.TempDir(), stagingPattern+"*")); err == nil {
		for _, dir := range old {
			// A young one may be just about to be locked.
			if st, err := os.Stat(dir); err != nil || now.Sub(st.ModTime()) < time.Hour {
				continue
			}
			l, err := takeLock(filepath.Join(dir, lockName), now)
			if err != nil { // in use, or another user's
				continue
			}
			_ = os.RemoveAll(dir)
			_ = l.release()
		}
	}
	dir, err := os.MkdirTemp("", stagingPattern)
	if err != nil {
		return nil, fmt.Errorf("stage data files: %w", err)
	}
	s := &staging{dir: dir}
	if s.lock, err = takeLock(filepath.Join(dir, lockName), now); err != nil {
		return nil, errors.Join(fmt.Errorf("stage data files: %w", err), os.RemoveAll(dir))
	}
	return s, nil
}

// close removes a temporary folder.
func (s *staging) close() error {
	if s == nil || s.lock == nil {
		return nil
	}
	err := os.RemoveAll(s.dir)
	return errors.Join(err, s.lock.release())
}
