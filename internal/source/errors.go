package source

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// What can be wrong with an object, to be found with errors.Is in the error of a List, Open or Read.
var (
	ErrVanished = errors.New("no longer there")
	ErrChanged  = errors.New("changed since it was listed")
	ErrDenied   = errors.New("access denied")
	ErrArchived = errors.New("archived, must be restored before it can be read")
)

// ObjectError says that one object cannot be read, and why (archived in Glacier, vanished, no permission).
type ObjectError struct {
	URI string
	Err error
}

// Error names the object first. Whoever may write into a bucket chooses its keys, and the text may end on a terminal:
// what is not printable is escaped.
func (e *ObjectError) Error() string { return printable(fmt.Sprintf("%s: %v", e.URI, e.Err)) }

func (e *ObjectError) Unwrap() error { return e.Err }

func printable(s string) string {
	clean := func(r rune) bool { return unicode.IsPrint(r) && r != unicode.ReplacementChar }
	if strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	// Quote also doubles backslashes and escapes quotes, which is right: only so the text can be read back.
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}
