package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Budget is how many bytes all queries of a user may scan in a day of UTC. It is kept in a file, so that it holds for
// all processes: one after another and at once.
type Budget struct {
	Path  string // of the file; its folder is made
	Daily int64  // bytes
	Now   func() time.Time
}

// spent is the file.
type spent struct {
	Day   string `json:"day"`   // "2026-11-24"
	Bytes int64  `json:"bytes"` // scanned, and reserved by queries that run
}

// Reserve sets aside what a query will scan at most, or refuses with a *CostError. settle says afterwards what it really
// was. Of a process that dies before, the reservation stays until the day is over: that is too much rather than too little.
func (b *Budget) Reserve(ctx context.Context, bytes int64) (settle func(took int64) error, err error) {
	var day string
	err = b.change(ctx, func(s *spent) error {
		if s.Bytes+bytes > b.Daily {
			return &CostError{Cost: Cost{Bytes: bytes}, Limit: b.Daily, Daily: true, Used: s.Bytes}
		}
		s.Bytes += bytes
		day = s.Day
		return nil
	})
	if err != nil {
		return nil, err
	}
	return func(took int64) error {
		// The query is over, whatever became of its context.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockTime)
		defer cancel()
		return b.change(ctx, func(s *spent) error {
			if s.Day == day { // else a new day has begun, which owes nothing
				s.Bytes = max(0, s.Bytes+took-bytes)
			}
			return nil
		})
	}, nil
}

// lockTime is how long the end of a query waits for its turn at the file.
const lockTime = 10 * time.Second

// change reads the file, has do change it, and writes it, while no other process does.
func (b *Budget) change(ctx context.Context, do func(*spent) error) (err error) {
	defer func() {
		var over *CostError
		if err != nil && !errors.As(err, &over) {
			err = fmt.Errorf("keep the budget of the day: %w", err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(b.Path), 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(b.Path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // which ends the lock
	for {
		free, err := tryLock(lock)
		if err != nil {
			return fmt.Errorf("lock %s: %w", lock.Name(), err)
		}
		if free {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("lock %s: %w", lock.Name(), ctx.Err())
		case <-time.After(10 * time.Millisecond): // the lock is held for a few milliseconds
		}
	}
	today := b.Now().UTC().Format(time.DateOnly)
	s := spent{Day: today}
	switch text, err := os.ReadFile(b.Path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		var old spent
		if err := json.Unmarshal(text, &old); err != nil {
			return fmt.Errorf("%s is damaged: %w", b.Path, err)
		}
		if _, err := time.Parse(time.DateOnly, old.Day); err != nil || old.Bytes < 0 {
			return fmt.Errorf("%s is damaged: it has day %q and %d bytes", b.Path, old.Day, old.Bytes)
		}
		// A day that is still to come is kept, too: a clock that was wrong gives no second budget.
		if old.Day >= today {
			s = old
		}
	}
	if err := do(&s); err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return replace(b.Path, append(text, '\n'))
}

// replace writes a file whole or not at all.
func replace(path string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".budget-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails once it is renamed
	_, err = tmp.Write(text)
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
