//go:build !unix

package lake

import (
	"errors"
	"os"
)

func flock(*os.File) (bool, error) { return false, errors.ErrUnsupported }

func flockShared(*os.File) error { return errors.ErrUnsupported }
