package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible makes text that others wrote safe to show to people: whatever could move a cursor, change colours, break the
// line or turn the reading direction is shown as an escape instead, but for the runes in keep.
func Visible(s, keep string) string {
	clean := true
	for i, r := range s {
		if Unsafe(r, s[i:]) && !strings.ContainsRune(keep, r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case !Unsafe(r, s[i:]) || strings.ContainsRune(keep, r) && r != utf8.RuneError:
			b.WriteString(s[i : i+n])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x80 || r == utf8.RuneError:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return b.String()
}

// Unsafe reports whether r, which rest begins with, may do more to a reader than put ink on the page. Cf are the
// format characters: bidirectional overrides, zero-width joiners, tags.
func Unsafe(r rune, rest string) bool {
	if r == utf8.RuneError {
		_, n := utf8.DecodeRuneInString(rest)
		return n == 1 // not UTF-8; the replacement character itself is harmless
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// Cut shortens text to at most n characters, of which the last is … if something is missing.
func Cut(s string, n int) string {
	if len(s) <= n { // no more characters than bytes
		return s
	}
	count := 0
	end := 0 // of the first n-1 characters
	for i := range s {
		if count == n-1 {
			end = i
		}
		if count == n {
			return s[:end] + "…"
		}
		count++
	}
	return s
}
