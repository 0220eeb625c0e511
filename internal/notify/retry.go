package notify

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Clock is the time that channels wait by.
type Clock interface {
	Now() time.Time
	// Sleep waits for d, or until ctx is done, and returns its error.
	Sleep(ctx context.Context, d time.Duration) error
}

// System is the machine's clock.
type System struct{}

// Now returns the time.
func (System) Now() time.Time { return time.Now() }

// Sleep waits.
func (System) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Bounds of sending one notice.
const (
	attempts   = 4
	firstWait  = time.Second      // doubled each time
	longestGap = 30 * time.Second // what a receiver may ask to wait for
	oneTry     = 15 * time.Second
)

// temporary is an error after which it is worth trying again.
type temporary struct {
	err   error
	after time.Duration // that the receiver asks to wait for; 0 if it does not say
}

func (e *temporary) Error() string { return e.err.Error() }
func (e *temporary) Unwrap() error { return e.err }

// retry calls try until it ends well or for good. All together take attempts × oneTry and the waits at most: about two
// and a half minutes where the receiver hangs and asks for the longest waits.
func retry(ctx context.Context, clock Clock, try func(context.Context) error) error {
	wait := firstWait
	for n := 1; ; n++ {
		bounded, cancel := context.WithTimeout(ctx, oneTry)
		err := try(bounded)
		cancel()
		var t *temporary
		if err == nil || !errors.As(err, &t) {
			return err
		}
		if n == attempts || ctx.Err() != nil {
			return fmt.Errorf("%w (tried %d times)", err, n)
		}
		pause := wait
		if t.after > 0 {
			if t.after > longestGap {
				return fmt.Errorf("%w (it asks to wait for %s; the next run tries again)", err, t.after)
			}
			pause = t.after
		}
		if clock.Sleep(ctx, pause) != nil {
			return fmt.Errorf("%w (interrupted after %d tries)", err, n)
		}
		wait *= 2
	}
}
