package main

import (
	"errors"
	"strconv"
	"strings"
)

// sizeUnits are what a size may end in. SI and binary units differ by 7 % at a gigabyte; both mean what they say.
var sizeUnits = []struct {
	suffix string
	bytes  int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"B", 1},
}

// parseSize reads a number of bytes, "512MiB" or "2GB". A bare number is refused: nobody means 512 bytes.
func parseSize(s string) (int64, error) {
	t := strings.TrimSpace(s)
	for _, u := range sizeUnits {
		if len(t) <= len(u.suffix) || !strings.EqualFold(t[len(t)-len(u.suffix):], u.suffix) {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(t[:len(t)-len(u.suffix)]), 64)
		if err != nil || !(n > 0) || n*float64(u.bytes) >= 1<<62 {
			break
		}
		return int64(n * float64(u.bytes)), nil
	}
	return 0, errors.New("must be a size with its unit, such as 512MiB or 2GB")
}

// formatSize is the inverse of parseSize, to the unit that leaves a whole number. 0 gives "".
func formatSize(n int64) string {
	if n == 0 {
		return ""
	}
	best, unit := n, "B"
	for _, u := range sizeUnits {
		if n%u.bytes == 0 && n/u.bytes < best && len(u.suffix) > 1 {
			best, unit = n/u.bytes, u.suffix
		}
	}
	return strconv.FormatInt(best, 10) + unit
}
