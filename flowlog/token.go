package flowlog

import (
	"math"
	"math/bits"
	"net/netip"
	"strconv"
	"unicode/utf8"
)

// slow reads any token in the obvious way, and remembers it. It returns where the next begins, or -1.
func (p *parser) slow(o *op, data []byte, pos, row int) int {
	n := 0
	for data[pos+n] > ' ' {
		n++
	}
	token := data[pos : pos+n]
	used := n + 1
	if data[pos+n] == '\r' && data[pos+n+1] == '\n' {
		used++
	}
	if sep := data[pos+used-1]; sep != o.sep || used > n+1 && o.sep != '\n' {
		switch {
		case sep == '\n' && n == 0 && o == &p.ops[0]:
			return p.refuse(o, nil, errEmptyLine)
		case sep == '\n':
			return p.refuse(o, token, errTooFew)
		case sep != ' ':
			return p.refuse(o, token, errControl)
		case n > 0:
			return p.refuse(o, token, errTooMany)
		}
	}
	if n == 0 {
		return p.refuse(o, token, errEmpty)
	}
	if n > maxLine {
		return p.refuse(o, token, errTooLong)
	}
	o.flush(row) // before the last value is another
	if err := o.read(token, p); err != nil {
		o.forget()
		return p.refuse(o, token, err)
	}
	o.remember(data[pos : pos+used])
	if o.keep && o.field != nil {
		switch o.kind {
		case Address:
			o.codes[row] = o.code
		case Port, Flags:
			o.ints[row] = o.int
		case Count:
			o.longs[row] = o.long
		}
	}
	return pos + used
}

func (p *parser) refuse(o *op, token []byte, err error) int {
	p.bad = LineError{Field: o.name, Token: cut(token, maxToken), Err: err}
	return -1
}

// read gives the token its meaning, in the op's fields.
func (o *op) read(token []byte, p *parser) error {
	null := len(token) == 1 && token[0] == '-'
	switch o.kind {
	case extraKind:
		if !utf8.Valid(token) {
			return errNotUTF8
		}
		if o.keep && !null {
			p.extra = AppendExtra(p.extra, o.name, string(token))
		}
	case Text:
		o.code = 0
		if null {
			o.class = classNone
			return nil
		}
		if o == p.status {
			o.class = classOf(token)
		}
		if o.keep {
			if o.code = o.dict.find(token); o.code != 0 {
				return nil
			}
		}
		if !utf8.Valid(token) {
			return errNotUTF8
		}
		if string(token) == o.name {
			return errNotAValue // perhaps a header in the middle of the object
		}
		if o.keep {
			o.code = o.dict.Code(token)
		}
	case Address:
		if o.code = 0; null {
			return nil
		}
		if o.keep {
			if o.code = o.dict.find(token); o.code != 0 {
				return nil
			}
		}
		if _, err := netip.ParseAddr(string(token)); err != nil {
			return errNotAddress
		}
		if o.keep {
			o.code = o.dict.Code(token)
		}
	case Port, Code, Flags:
		o.int = NullInt32
		if null {
			return nil
		}
		limit := int64(math.MaxInt32)
		if o.kind == Port {
			limit = math.MaxUint16
		}
		v, err := parseNumber(token, limit)
		o.int = int32(v)
		return err
	case Count, Epoch:
		o.long = NullInt64
		if null {
			return nil
		}
		v, err := parseNumber(token, math.MaxInt64)
		if o.kind == Epoch && err == nil {
			v, err = EpochSeconds(v)
		}
		o.long = v
		return err
	}
	return nil
}

// milliseconds is from where on a time is taken to be in milliseconds: the year 5138 in seconds. SKIPDATA records of
// 2017 had such times (flowlogs-reader, tests).
const milliseconds = 100_000_000_000

// lastSecond is the end of the year 9999. Whatever is later is no time, and none that a calendar's day can be given to.
const lastSecond = 253402300799

// EpochSeconds makes seconds of a time that may be in milliseconds. It refuses what can be neither.
func EpochSeconds(v int64) (int64, error) {
	if v >= milliseconds {
		v /= 1000
	}
	if v > lastSecond {
		return 0, errTooLarge
	}
	return v, nil
}

// ParseValue gives a value that some other reader found, such as text in a Parquet column, its place in column c of a
// batch: the code or the number to store; 0, NullInt32 or NullInt64 for "-".
func ParseValue(c *Column, value []byte) (code uint32, number int64, err error) {
	o := op{kind: c.Field.Kind, keep: true, field: c.Field, name: c.Field.Name, dict: c.Dict}
	if o.kind == Enum {
		o.kind = Text
	}
	if len(value) == 0 {
		return 0, 0, errEmpty
	}
	for _, ch := range value {
		if ch <= ' ' {
			return 0, 0, errControl
		}
	}
	err = o.read(value, &parser{})
	number = o.long
	if isInt32(c.Field.Kind) {
		number = int64(o.int)
	}
	return o.code, number, err
}

func parseNumber(token []byte, limit int64) (int64, error) {
	for _, c := range token {
		if c < '0' || c > '9' {
			return 0, errNotANumber
		}
	}
	v, err := strconv.ParseInt(string(token), 10, 64)
	if err != nil || v > limit {
		return 0, errTooLarge
	}
	return v, nil
}

// address finds or adds the code of an address of at most 15 characters; it returns false if it is none.
func (p *parser) address(o *op, token []byte, lo, hi uint64) bool {
	if lo == '-' && hi == 0 {
		o.code = 0
		return true
	}
	if o.keep {
		if o.code = o.dict.shortCode(lo, hi); o.code != 0 {
			return true
		}
	}
	if !isIPv4(token) {
		if _, err := netip.ParseAddr(string(token)); err != nil {
			o.forget()
			p.refuse(o, token, errNotAddress)
			return false
		}
	}
	if o.keep {
		o.code = o.dict.addShort(lo, hi, token)
	}
	return true
}

// remember keeps a token and its separator for comparison with the next lines', if four words hold them.
func (o *op) remember(raw []byte) {
	if o.kind == extraKind {
		return
	}
	if o.kind == Address {
		// Not read as words, so there is nothing for this field or its twin to compare with. However long it is: the
		// words of the address before would now mean this one.
		o.lo, o.hi = 0, 0
		return
	}
	if len(raw) > readAhead {
		o.last ^= 1
		o.memo[o.last&1] = memo{code: o.code, class: o.class, long: o.value(), never: 1}
		return
	}
	o.last ^= 1
	m := &o.memo[o.last&1]
	*m = memo{n: len(raw), code: o.code, class: o.class, long: o.value()}
	for i := range raw {
		m.w[i>>3] |= uint64(raw[i]) << (i & 7 * 8)
		m.m[i>>3] |= 0xff << (i & 7 * 8)
	}
}

// value is the number that the last token meant.
func (o *op) value() int64 {
	if o.kind == Epoch {
		return o.long
	}
	return int64(o.int)
}

// The values of log-status, and none.
const (
	classNone = iota
	classOK
	classNoData
	classSkipData
)

func classOf(status []byte) uint8 {
	switch string(status) {
	case "OK":
		return classOK
	case "NODATA":
		return classNoData
	case "SKIPDATA":
		return classSkipData
	}
	return classNone
}

// tokenEnd returns how many of the word's bytes come before the first blank or control character: 0 to 8.
func tokenEnd(w uint64) int {
	return bits.TrailingZeros64((w-0x2121212121212121)&^w&0x8080808080808080) >> 3
}

// eightDigits reads eight ASCII digits, the first in the lowest byte. Daniel Lemire's method.
func eightDigits(w uint64) (v uint64, ok bool) {
	ok = w&0xf0f0f0f0f0f0f0f0 == 0x3030303030303030 && (w+0x0606060606060606)&0xf0f0f0f0f0f0f0f0 == 0x3030303030303030
	w = (w & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8
	w = (w & 0x00ff00ff00ff00ff) * 6553601 >> 16
	return (w & 0x0000ffff0000ffff) * 42949672960001 >> 32, ok
}

// isIPv4 tells whether a token is an IPv4 address as AWS writes them: no leading zeros. It is several times as fast as
// parsing one.
func isIPv4(s []byte) bool {
	dots, digits, v := 0, 0, 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			if digits > 0 && v == 0 {
				return false
			}
			v = v*10 + int(c-'0')
			if digits++; v > 255 {
				return false
			}
		case c == '.' && digits > 0:
			dots++
			digits, v = 0, 0
		default:
			return false
		}
	}
	return dots == 3 && digits > 0
}

// cut shortens a text that goes into a message, at the end of a character.
func cut(s []byte, n int) string {
	if len(s) <= n {
		return string(s)
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return string(s[:n]) + "…"
}
