package flowlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

// readAhead is how far the parser loads beyond the byte it stands on. The buffer has that much behind its last line.
const readAhead = 32

// parser turns whole lines into records of a batch, guided by a format compiled to one op a field.
//
// It is the inner loop of everything, so it does per token what the token needs and no more: most columns repeat the
// value of the line before, which is seen by comparing four words; a short token is found, hashed and compared as two
// words; a number is read as one.
type parser struct {
	format  *Format
	ops     []op
	status  *op  // the op of log-status, if the format has it
	foreign bool // the lines are of another table than the batch
	skips   bool // some ops are not kept
	extras  bool // some ops go to Extra

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
	keep  bool // store it; else skip it
	sep   byte // what must follow the token
	class uint8
	field *Field // nil: unknown to the table
	name  string
	twin  *op // the op before this one that likely has the same address

	// At the first of some ops whose values hold for a run of records, group is how many there are, and text what they
	// read last; it is empty unless each of them remembers its part of it.
	group int
	text  []byte
	// At the first of some ops that are not kept, skip is how many there are.
	skip int

	// The last two tokens, since many fields take turns (ingress, egress, ingress), and which is the later.
	memo [2]memo
	last uint8
	// The records from this row on have the last token's value, which is not stored yet: most fields repeat for long.
	from int
	// What the last token meant. Of an address also its words, for a twin to compare with.
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
	p.status, p.extras = nil, false
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
			p.extras = p.extras || o.keep
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
	p.groupOps()
	p.skipOps()
}

// volatile fields change from record to record, and would spoil the group that they are in.
var volatile = map[string]bool{
	"action": true, "type": true, "protocol": true, "flow-direction": true, "traffic-path": true,
	"pkt-src-aws-service": true, "pkt-dst-aws-service": true, "reject-reason": true, "encryption-status": true,
	"next-hop-interface-id": true, "next-hop-subnet-id": true, "next-hop-az-id": true, "next-hop-vpc-id": true,
	"next-hop-interface-type": true,
}

// maxGroup is the longest text of a group that is compared at once, in bytes.
const maxGroup = 256

// groupOps finds the runs of ops that are read as one while their text stays the same.
func (p *parser) groupOps() {
	for i := 0; i < len(p.ops); {
		k := i
		for k < len(p.ops) {
			o := &p.ops[k]
			if !o.keep || o.kind != Text && o.kind != Code && o.kind != Epoch || volatile[o.name] {
				break
			}
			k++
		}
		if k-i > 1 {
			p.ops[i].group = k - i
			p.ops[i].text = make([]byte, 0, maxGroup)
		}
		i = max(k, i+1)
	}
}

// skipOps finds the runs of ops that are not kept: of their values only the number is looked at.
func (p *parser) skipOps() {
	p.skips = false
	for i := 0; i < len(p.ops); i++ {
		k := i
		for k < len(p.ops) && !p.ops[k].keep {
			k++
		}
		if k > i {
			p.ops[i].skip = k - i
			p.skips = true
			i = k
		}
	}
}

var blank = []byte(" ")

// skip returns where the value after the next n begins, if these are in order: as many as there should be, and
// before the last in the line none empty. Else it returns -1. It reads eight bytes at a time.
func skip(data []byte, pos, n int, sep byte) int {
	const low, high = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	if data[pos] <= ' ' {
		return -1
	}
	if sep == '\n' { // the rest of the line
		end := bytes.IndexByte(data[pos:], '\n')
		if rest := data[pos : pos+end]; bytes.Count(rest, blank) != n-1 || rest[end-1] == ' ' {
			return -1
		}
		return pos + end + 1
	}
	before := uint64(0) // the highest bit is set if the byte before was a blank
	for {
		w := binary.LittleEndian.Uint64((*[8]byte)(data[pos:])[:])
		ends := ^((w&low + 0x5f5f5f5f5f5f5f5f) | w) & high // bytes of at most ' '
		if k := bits.OnesCount64(ends); k < n {
			x := w ^ 0x2020202020202020
			if blanks := ^((x&low + low) | x) & high; blanks != ends || ends&(ends<<8|before>>56) != 0 {
				return -1
			}
			before = ends
			n -= k
			pos += 8
			continue
		}
		x := w ^ 0x2020202020202020
		blanks := ^((x&low + low) | x) & high
		all := ends
		for ; n > 1; n-- {
			ends &= ends - 1
		}
		last := ends & -ends // the n-th
		until := last<<1 - 1
		if all&(all<<8|before>>56)&until != 0 || (all^blanks)&(last-1) != 0 {
			return -1
		}
		at := pos + bits.TrailingZeros64(last)>>3
		if data[at] != sep {
			return -1
		}
		return at + 1
	}
}

// extraKind marks a field that the table does not know.
const extraKind Kind = 0

// twins are pairs of fields that are mostly equal.
var twins = map[string]string{"pkt-srcaddr": "srcaddr", "pkt-dstaddr": "dstaddr", "srcaddr": "pkt-srcaddr", "dstaddr": "pkt-dstaddr"}

// memo is a token with its separator, if it has at most 32 bytes, as words and masks, and what it means.
type memo struct {
	w, m  [4]uint64
	never uint64 // not 0: nothing is equal to it
	n     int
	code  uint32
	class uint8
	long  int64
}

// forget makes sure that no token compares equal to one before.
func (o *op) forget() {
	none := memo{never: 1}
	o.memo = [2]memo{none, none}
	o.text = o.text[:0]
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
	for i := range p.ops {
		p.ops[i].from = from
	}
	row := from
	for ; pos < end && row-from < rows; p.line++ {
		next := -1
		switch {
		case p.foreign:
			p.bad = LineError{Err: errForeign}
		case p.skips && p.headerLike(data[pos:]):
			p.bad = LineError{Err: errNotAValue}
		default:
			next = p.parseLine(data, pos, row)
		}
		if next < 0 {
			stop := pos + bytes.IndexByte(data[pos:end], '\n')
			if h, err := parseHeader(data[pos:stop]); h != nil && err == nil {
				break // the caller's business, once the records before it are out
			}
			p.line++
			reject(data[pos:stop])
			p.line--
			pos = stop + 1
			continue
		}
		pos = next
		if p.status != nil {
			p.stats.byStatus[p.status.class]++
		}
		if p.extras {
			b.Extra.Codes[row] = 0
			if len(p.extra) > 0 {
				b.Extra.Codes[row] = b.Extra.Dict.Code(p.extra)
			}
		}
		if b.KeepLines {
			b.Lines[row] = uint32(p.line + 1)
		}
		row++
	}
	b.n = row
	if !p.extras {
		clear(b.Extra.Codes[from:row])
	}
	if !p.foreign {
		for i := range p.ops {
			p.ops[i].flush(row)
		}
	}
	for _, c := range b.cols { // the columns that this format lacks
		if c != nil && c.Field != nil && !p.keeps(c.Field) {
			c.setNull(from, b.n)
		}
	}
	return pos
}

// headerLike tells whether a line begins with the name of a field. Where values are skipped a header in the middle of
// an object would not be noticed by failing as a record.
func (p *parser) headerLike(line []byte) bool {
	if c := line[0]; c < 'a' || c > 'z' {
		return false
	}
	n := 0
	for line[n] > ' ' && n < 64 {
		n++
	}
	return VPC.byName[string(line[:n])] != nil || TransitGateway.byName[string(line[:n])] != nil
}

func (p *parser) keeps(f *Field) bool {
	for i := range p.ops {
		if p.ops[i].field == f {
			return p.ops[i].keep
		}
	}
	return false
}

// flush stores the last token's value in the rows up to to, which is not included.
func (o *op) flush(to int) {
	from := o.from
	o.from = to
	if from >= to || !o.keep {
		return
	}
	m := &o.memo[o.last&1]
	switch o.kind {
	case Text:
		fill(o.codes[from:to], m.code)
	case Epoch:
		fill(o.longs[from:to], m.long)
	case Code:
		fill(o.ints[from:to], int32(m.long))
	}
}

func fill[T any](s []T, v T) {
	for i := range s {
		s[i] = v
	}
}

// appendGroup sets the text of a group, if it is short enough.
func appendGroup(text, read []byte) []byte {
	if len(read) > maxGroup {
		return text[:0]
	}
	return append(text[:0], read...)
}

// parseLine reads the line at data[pos:] into the row and returns where the next begins; -1 if it is not a record,
// and then p.bad says why.
func (p *parser) parseLine(data []byte, pos, row int) int {
	p.extra = p.extra[:0]
	var group *op // the group that is being read, which ends before op groupEnd and began at groupPos
	groupEnd, groupPos := -1, 0
	for i := 0; i < len(p.ops); i++ {
		o := &p.ops[i]
		if i == groupEnd {
			group.text = appendGroup(group.text, data[groupPos:pos])
			groupEnd = -1
		}
		if o.skip > 0 {
			if next := skip(data, pos, o.skip, p.ops[i+o.skip-1].sep); next >= 0 {
				pos = next
				i += o.skip - 1
				continue
			}
		}
		if o.group > 0 {
			if n := len(o.text); n > 0 && n <= len(data)-pos && string(data[pos:pos+n]) == string(o.text) {
				pos += n
				i += o.group - 1
				continue
			}
			o.text = o.text[:0] // in case the line is refused half-way
			group, groupEnd, groupPos = o, i+o.group, pos
		}
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
		case Port, Count, Flags:
			n := tokenEnd(lo)
			// Right-align the digits in eight, with zeros before them, and read them at once.
			v, ok := eightDigits(lo<<(64-8*n) | 0x3030303030303030>>(8*n))
			if !ok || n == 0 || n == 8 || d[n&7] != o.sep || o.kind == Port && v > math.MaxUint16 {
				if d[0] == '-' && d[1] == o.sep {
					if o.keep {
						if o.kind == Count {
							o.longs[row] = NullInt64
						} else {
							o.ints[row] = NullInt32
						}
					}
					pos += 2
					continue
				}
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
			w1, w2, w3 := binary.LittleEndian.Uint64(d[8:]), binary.LittleEndian.Uint64(d[16:]), binary.LittleEndian.Uint64(d[24:])
			m := &o.memo[o.last&1]
			if (lo^m.w[0])&m.m[0]|(w1^m.w[1])&m.m[1]|(w2^m.w[2])&m.m[2]|(w3^m.w[3])&m.m[3]|m.never != 0 {
				m = &o.memo[o.last&1^1]
				if (lo^m.w[0])&m.m[0]|(w1^m.w[1])&m.m[1]|(w2^m.w[2])&m.m[2]|(w3^m.w[3])&m.m[3]|m.never != 0 {
					if pos = p.slow(o, data, pos, row); pos < 0 {
						return -1
					}
					continue
				}
				o.flush(row)
				o.last ^= 1
				o.class = m.class
			}
			pos += m.n
		}
	}
	if groupEnd == len(p.ops) {
		group.text = appendGroup(group.text, data[groupPos:pos])
	}
	return pos
}
