//go:build unix

package lake

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// flock takes the lock on f, and says whether another process has it.
func flock(f *os.File) (held bool, err error) {
	for {
		switch err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
		case err == nil:
			return false, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return true, nil
		case !errors.Is(err, unix.EINTR):
			return false, err
		}
	}
}

// flockShared waits until nobody has f's lock to themselves, and shares it.
func flockShared(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_SH); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
