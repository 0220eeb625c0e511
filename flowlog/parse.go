package flowlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"net/netip"
	"strconv"
	"unicode/utf8"
)

// readAhead is how far the parser loads beyond the byte it stands on. The buffer has that much behind its last line.
const readAhead = 32

// parser turns whole lines into records of a batch, guided by a format compiled to one op a field.
//
// It is the inner loop of everything, so it does per token what the token needs and no more: most columns repeat the
// value of the line before, which is seen by comparing three words; a short token is found, hashed and compared as two
// words; a number is read as one.
type parser struct {
	format  *Format
	ops     []op
	status  *op  // the op of log-status, if the format has it
	foreign bool // the lines are of another table than the batch

	extra []byte // pairs of the record at hand that go to Extra

	batch  *Batch // the batch that the ops are bound to
	resets int    // and how often it had been reset then

	line  int64 // number of the last line that was begun
	stats struct{ byStatus [4]int64 }
	bad   LineError
}

// op reads one field of a line.
type op struct {
	kind  Kind
	keep  bool // store it; else only check it
	sep   byte // what must follow the token
	class uint8
	field *Field // nil: unknown to the table
	name  string
	twin  *op // the op before this one that likely has the same address

	// The token of the line before with its separator, if it has at most 24 bytes: words, masks and length.
	w, m [3]uint64
	n    int
	// What that token meant.
	code   uint32
	int    int32
	long   int64
	lo, hi uint64

	dict  *Dict
	codes []uint32
	ints  []int32
	longs []int64
}

var (
	errNotANumber = errors.New("not a number")
	errTooLarge   = errors.New("number too large")
	errNotAddress = errors.New("not an address")
	errNotUTF8    = errors.New("not UTF-8")
	errEmpty      = errors.New("empty value (two blanks in a row, or one at the end)")
	errTooFew     = errors.New("line has fewer values than the format")
	errTooMany    = errors.New("line has more values than the format")
	errControl    = errors.New("control character in the line")
	errTooLong    = errors.New("longer than 64 KiB, so not a record")
	errForeign    = errors.New("record of another kind of log than the object began with")
	errEmptyLine  = errors.New("empty line")
	errNotAValue  = errors.New("the field's own name instead of a value")
)

// setFormat compiles a format. want says which fields the caller needs; nil means all.
func (p *parser) setFormat(f *Format, want func(*Field) bool) {
	p.format = f
	p.ops = make([]op, len(f.Fields))
	p.status = nil
	byName := map[string]*op{}
	for i, field := range f.Fields {
		o := &p.ops[i]
		*o = op{field: field, name: f.Names[i], sep: ' '}
		o.forget()
		if i == len(f.Fields)-1 {
			o.sep = '\n'
		}
		if field == nil {
			o.kind = extraKind
			o.keep = want == nil
			continue
		}
		o.kind = field.Kind
		if o.kind == Enum {
			o.kind = Text
		}
		o.keep = want == nil || want(field)
		byName[field.Name] = o
		if t := byName[twins[field.Name]]; t != nil && t.keep == o.keep {
			o.twin = t
		}
		if field.Name == "log-status" {
			p.status = o
		}
	}
}

// extraKind marks a field that the table does not know.
const extraKind Kind = 0

// twins are pairs of fields that are mostly equal.
var twins = map[string]string{"pkt-srcaddr": "srcaddr", "pkt-dstaddr": "dstaddr", "srcaddr": "pkt-srcaddr", "dstaddr": "pkt-dstaddr"}

// forget makes sure that no token compares equal to the one before: eight bytes of 0xff are not text.
func (o *op) forget() {
	o.w, o.m, o.n = [3]uint64{math.MaxUint64}, [3]uint64{math.MaxUint64}, 0
	o.lo, o.hi = 0, 0
}

// bind points the ops at the columns of a batch that has room for the records from row on.
func (p *parser) bind(b *Batch) {
	// In another batch, or this one after a Reset, remembered codes mean nothing.
	fresh := p.batch != b || p.resets != b.resets
	p.batch, p.resets = b, b.resets
	for i := range p.ops {
		o := &p.ops[i]
		if !o.keep || o.field == nil {
			continue
		}
		c := b.Use(o.field)
		if fresh {
			o.forget()
		}
		o.dict = c.Dict
		o.codes, o.ints, o.longs = c.Codes, c.Int32, c.Int64
	}
}

// parse reads lines of data[pos:end], which ends in a newline and is followed by readAhead bytes that may be read,
// until rows records are appended to b, which has room for them, or the next line is a header. It returns where it
// stopped. A line that is no record goes to reject.
func (p *parser) parse(data []byte, pos, end int, b *Batch, rows int, reject func(line []byte)) int {
	if !p.foreign {
		p.bind(b)
	}
	from := b.n
	for row := from; pos < end && b.n-from < rows; row = b.n {
		p.line++
		next := -1
		if !p.foreign {
			next = p.parseLine(data, pos, row)
		} else {
			p.bad = LineError{Err: errForeign}
		}
		if next < 0 {
			stop := pos + bytes.IndexByte(data[pos:end], '\n')
			if h, err := parseHeader(data[pos:stop]); h != nil && err == nil {
				p.line--
				break // the caller's business, once the records before it are out
			}
			reject(data[pos:stop])
			pos = stop + 1
			continue
		}
		pos = next
		if p.status != nil {
			p.stats.byStatus[p.status.class]++
		}
		b.Extra.Codes[row] = 0
		if len(p.extra) > 0 {
			b.Extra.Codes[row] = b.Extra.Dict.Code(p.extra)
		}
		if b.KeepLines {
			b.Lines[row] = uint32(p.line)
		}
		b.n++
	}
	for _, c := range b.cols { // the columns that this format lacks
		if c != nil && c.Field != nil && !p.keeps(c.Field) {
			c.setNull(from, b.n)
		}
	}
	return pos
}

func (p *parser) keeps(f *Field) bool {
	for i := range p.ops {
		if p.ops[i].field == f {
			return p.ops[i].keep
		}
	}
	return false
}

// parseLine reads the line at data[pos:] into the row and returns where the next begins; -1 if it is not a record,
// and then p.bad says why.
func (p *parser) parseLine(data []byte, pos, row int) int {
	p.extra = p.extra[:0]
	for i := range p.ops {
		o := &p.ops[i]
		d := (*[readAhead]byte)(data[pos:])
		lo := binary.LittleEndian.Uint64(d[0:])
		switch o.kind {
		case Address:
			n, hi := tokenEnd(lo), uint64(0)
			if n < 8 {
				lo &= 1<<(8*n) - 1
			} else if n, hi = 8, binary.LittleEndian.Uint64(d[8:]); true {
				m := tokenEnd(hi)
				if m == 8 { // an IPv6 address, or no address at all
					pos = p.slow(o, data, pos, row)
					if pos < 0 {
						return -1
					}
					continue
				}
				hi &= 1<<(8*m) - 1
				n += m
			}
			if n == 0 || d[n] != o.sep {
				if pos = p.slow(o, data, pos, row); pos < 0 {
					return -1
				}
				continue
			}
			if o.twin != nil && o.twin.lo == lo && o.twin.hi == hi {
				o.code = o.twin.code
			} else if o.lo != lo || o.hi != hi {
				if !p.address(o, d[:n], lo, hi) {
					return -1
				}
			}
			o.lo, o.hi = lo, hi
			if o.keep {
				o.codes[row] = o.code
			}
			pos += n + 1
		case Port, Count, Code, Flags:
			n := tokenEnd(lo)
			// Right-align the digits in eight, with zeros before them, and read them at once.
			v, ok := eightDigits(lo<<(64-8*n) | 0x3030303030303030>>(8*n))
			if !ok || n == 0 || n == 8 || d[n&7] != o.sep || o.kind == Port && v > math.MaxUint16 {
				if pos = p.slow(o, data, pos, row); pos < 0 {
					return -1
				}
				continue
			}
			if o.keep {
				if o.kind == Count {
					o.longs[row] = int64(v)
				} else {
					o.ints[row] = int32(v)
				}
			}
			pos += n + 1
		default:
			differ := (lo ^ o.w[0]) & o.m[0]
			differ |= (binary.LittleEndian.Uint64(d[8:]) ^ o.w[1]) & o.m[1]
			differ |= (binary.LittleEndian.Uint64(d[16:]) ^ o.w[2]) & o.m[2]
			if differ != 0 {
				if pos = p.slow(o, data, pos, row); pos < 0 {
					return -1
				}
				continue
			}
			pos += o.n
			if o.keep {
				if o.kind == Text {
					o.codes[row] = o.code
				} else {
					o.longs[row] = o.long
				}
			}
		}
	}
	return pos
}

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
	if err := o.read(token, p); err != nil {
		o.forget()
		return p.refuse(o, token, err)
	}
	o.remember(data[pos:pos+used], token)
	if o.keep && o.field != nil {
		switch {
		case isText(o.field.Kind):
			o.codes[row] = o.code
		case isInt32(o.field.Kind):
			o.ints[row] = o.int
		default:
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
	if _, err := netip.ParseAddr(string(token)); err != nil {
		o.forget()
		p.refuse(o, token, errNotAddress)
		return false
	}
	if o.keep {
		o.code = o.dict.addShort(lo, hi, token)
	}
	return true
}

// remember keeps a token and its separator for comparison with the next line's, if three words hold them.
func (o *op) remember(raw, token []byte) {
	if o.kind == extraKind || len(raw) > 24 {
		o.forget()
		return
	}
	if o.kind == Address {
		o.lo, o.hi = 0, 0 // not read as words, so there is nothing for a twin to compare with
		return
	}
	var w, m [24]byte
	copy(w[:], raw)
	for i := range raw {
		m[i] = 0xff
	}
	for i := range o.w {
		o.w[i] = binary.LittleEndian.Uint64(w[8*i:])
		o.m[i] = binary.LittleEndian.Uint64(m[8*i:])
	}
	o.n = len(raw)
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
