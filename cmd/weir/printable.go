package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable makes text that others wrote (a key, a tag, a line of a log) safe to show on a terminal: whatever could
// move the cursor, change colours, break the line or turn the reading direction is shown as an escape instead.
func printable(s string) string { return escape(s, "") }

// printableLines is printable for text of several lines, such as an error that points into a query.
func printableLines(s string) string { return escape(s, "\n\t") }

func escape(s, keep string) string {
	clean := true
	for i, r := range s {
		if unsafeRune(r, s[i:]) && !strings.ContainsRune(keep, r) {
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
		case !unsafeRune(r, s[i:]) || strings.ContainsRune(keep, r) && r != utf8.RuneError:
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

// unsafeRune reports whether r, which rest begins with, may do more to a terminal than put ink on it. Cf are the
// format characters: bidirectional overrides, zero-width joiners, tags.
func unsafeRune(r rune, rest string) bool {
	if r == utf8.RuneError {
		_, n := utf8.DecodeRuneInString(rest)
		return n == 1 // not UTF-8; the replacement character itself is harmless
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}
