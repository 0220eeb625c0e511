//go:build unix

package engine

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes the lock on f, which ends with f, unless somebody has it.
func tryLock(f *os.File) (free bool, err error) {
	for {
		switch err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err {
		case nil:
			return true, nil
		case unix.EWOULDBLOCK:
			return false, nil
		case unix.EINTR:
		default:
			return false, err
		}
	}
}
