package postgres

import (
	"strings"
	"unicode/utf8"
)

// Postgres holds text that is UTF-8 and has no NUL. Keys of objects and rejected lines can be any bytes. A byte that
// cannot be stored is stored as a character from a corner of Unicode's private use area; such characters themselves are
// stored byte by byte in the same way, so that the way back is always clear. Ordinary text is stored as it is, and the
// beginning of a text is the beginning of what is stored.
const firstDisguise = 0x10F700 // stands for byte 0, the next for byte 1, … 255

// disguise is a text as it is stored.
func disguise(s string) string {
	if !needsDisguise(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if bad(r, n) {
			for _, c := range []byte(s[i : i+n]) {
				b.WriteRune(firstDisguise + rune(c))
			}
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func needsDisguise(s string) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c > 0 && c < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if bad(r, n) {
			return true
		}
		i += n
	}
	return false
}

func bad(r rune, n int) bool {
	return r == 0 || r == utf8.RuneError && n == 1 || isDisguise(r)
}

func isDisguise(r rune) bool { return r >= firstDisguise && r <= firstDisguise+0xff }

// undisguise is the text that was stored as s.
func undisguise(s string) string {
	if !strings.Contains(s, "\xf4\x8f\x9c") && !strings.Contains(s, "\xf4\x8f\x9d") && !strings.Contains(s, "\xf4\x8f\x9e") && !strings.Contains(s, "\xf4\x8f\x9f") {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isDisguise(r) {
			b.WriteByte(byte(r - firstDisguise))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
