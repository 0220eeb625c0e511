package network

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// List is a file of addresses and blocks that somebody calls threats.
type List struct {
	Name     string         // of the file
	Prefixes []netip.Prefix // those that count
	Bad      []*LineError   // lines that are left out, with the reason: no address, or too many
	Inside   int            // lines left out because they are private or special: they say nothing about the internet
}

// LineError says which line of a list or settings file was not understood.
type LineError struct {
	File  string
	Line  int    // from 1
	Token string // what was read there
	Err   error
}

func (e *LineError) Error() string {
	if e.Token == "" {
		return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d: %q: %v", e.File, e.Line, e.Token, e.Err)
}

func (e *LineError) Unwrap() error { return e.Err }

// Blocks wider than these are an error of whoever made the list, or an attack on whoever uses it: a /7 of IPv4 is 1/128 of
// the whole space. A guess with room to spare.
const (
	widest4 = 8
	widest6 = 16
)

var (
	errNoAddress = errors.New("not an address or block")
	errWide      = fmt.Errorf("wider than /%d of IPv4 or /%d of IPv6", widest4, widest6)
	errNoLines   = errors.New("no line of it is an address or block")
)

// ReadList reads a list: an address or a block at the beginning of each line; what follows a blank, '#', ';' or ',' is a
// comment. Lines that are neither are left out and in List.Bad. It is an error if there are lines and all are bad: then
// it is some other file.
func ReadList(name string, text []byte) (*List, error) {
	l := &List{Name: name}
	n, good := 0, 0
	for raw := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		n++
		line := strings.TrimSpace(string(raw))
		if i := strings.IndexAny(line, "#;, \t"); i >= 0 {
			line = line[:i]
		}
		if line == "" {
			continue
		}
		p, err := parseBlock(line)
		switch {
		case err != nil:
		case wide(p):
			err = errWide
		case unreachable(p):
			good++
			l.Inside++
			continue
		}
		if err != nil {
			l.Bad = append(l.Bad, &LineError{name, n, shorten(line), err})
			continue
		}
		good++
		l.Prefixes = append(l.Prefixes, p)
	}
	if good == 0 && len(l.Bad) > 0 {
		return nil, fmt.Errorf("read list %s: %w: %w", name, errNoLines, l.Bad[0])
	}
	return l, nil
}

// parseBlock reads an address or a block, and returns the block that is meant. Bits beyond its length are dropped.
func parseBlock(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, errNoAddress
		}
		a = plain(a)
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, errNoAddress
	}
	return plainPrefix(p), nil
}

func wide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < widest4
	}
	return p.Bits() < widest6
}

// shorten keeps what is said about a line to a line.
func shorten(s string) string {
	const most = 80 // bytes
	if len(s) <= most {
		return s
	}
	s = s[:most]
	for len(s) > 0 && !utf8.ValidString(s) && len(s) > most-utf8.UTFMax {
		s = s[:len(s)-1]
	}
	return s + "…"
}
