package main

import (
	"testing"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "",
		"plain, ümläut, 日本語 🌊": "plain, ümläut, 日本語 🌊",
		"\x1b[31mred\x1b[0m":   `\x1b[31mred\x1b[0m`,
		"a\nb\tc\rd\x00e\x7f":  `a\nb\tc\rd\x00e\x7f`,
		"csi \u009b31m":        `csi \u009b31m`,
		"bidi \u202egnp.exe":   `bidi \u202egnp.exe`,
		"zero\u200bwidth":      `zero\u200bwidth`,
		"line\u2028sep":        `line\u2028sep`,
		"bad \xff\xfe utf8":    `bad \xff\xfe utf8`,
		"replacement \ufffd":   "replacement \ufffd",
		"back\\slash":          `back\slash`,
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
	if got, want := printableLines("a\n\tb\x1b\xff"), "a\n\tb\\x1b\\xff"; got != want {
		t.Errorf("printableLines = %q, want %q", got, want)
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("\x1b]0;title\x07")
	f.Add("\xff\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		got := printable(s)
		if !utf8.ValidString(got) {
			t.Errorf("printable(%q) = %q, which is not UTF-8", s, got)
		}
		for _, r := range got {
			if r < 0x20 || r >= 0x7f && r < 0xa0 {
				t.Errorf("printable(%q) = %q, which has a control character", s, got)
			}
		}
		if printable(got) != got {
			t.Errorf("printable(%q) is not printable itself", s)
		}
	})
}
