package flowlog

import (
	"errors"
	"fmt"
	"strings"
)

// Format is the order of fields in the lines of a log: what a header says, or what the log was created with.
type Format struct {
	Table  *Table
	Names  []string // AWS's names, in order
	Fields []*Field // nil where the table does not know the name; such a value goes to Batch.Extra
}

// DefaultFormat is AWS's default: the fields of version 2.
const DefaultFormat = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"

// ErrNoHeader says that an object begins with a record and that no format was declared.
// The number of tokens of a line is no evidence of its format, so none is guessed.
var ErrNoHeader = errors.New("first line is not a header, and no log format was declared")

// errBinary says that an object is no text, so that declaring a format would not help.
var errBinary = errors.New("first line is not a header, nor is it text")

// ParseFormat reads a log format as a user or DescribeFlowLogs writes it: "${version} ${account-id} …", a plain list
// of names separated by blanks or commas, or "default".
func ParseFormat(s string) (*Format, error) {
	if strings.TrimSpace(s) == "default" {
		s = DefaultFormat
	}
	tokens := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' || r == '\r' })
	if len(tokens) == 0 {
		return nil, errors.New("parse log format: it is empty")
	}
	for i, t := range tokens {
		if strings.HasPrefix(t, "$") {
			name, ok := strings.CutPrefix(t, "${")
			if ok {
				name, ok = strings.CutSuffix(name, "}")
			}
			if !ok {
				return nil, fmt.Errorf("parse log format: %q is not of the form ${field}", t)
			}
			tokens[i] = name
		}
	}
	f, err := newFormat(tokens)
	if err != nil {
		return nil, fmt.Errorf("parse log format: %w", err)
	}
	if f.known() == 0 {
		return nil, fmt.Errorf("parse log format: none of its %d names is a field of flow logs (the first is %q)", len(tokens), tokens[0])
	}
	return f, nil
}

// parseHeader reads the first line of an object. It returns nil if the line is not a header: if a token cannot be a
// field's name, or if fewer than half are known: "start", "end" and "action" are words of prose, too.
func parseHeader(line []byte) (*Format, error) {
	if len(line) > maxLine {
		return nil, nil
	}
	tokens := strings.Fields(string(line))
	known := 0
	for _, t := range tokens {
		if !nameLike(t) {
			return nil, nil
		}
		if lookup(VPC, t) != nil || lookup(TransitGateway, t) != nil {
			known++
		}
	}
	if known == 0 || 2*known < len(tokens) {
		return nil, nil
	}
	return newFormat(tokens)
}

// newFormat makes a format of names, each at most once.
func newFormat(names []string) (*Format, error) {
	f := &Format{Table: VPC}
	for _, n := range names {
		if lookup(VPC, n) == nil && lookup(TransitGateway, n) != nil {
			f.Table = TransitGateway // a field that only transit gateways have
			break
		}
	}
	seen := map[string]int{}
	for i, n := range names {
		if !nameLike(n) {
			return nil, fmt.Errorf("%q is not the name of a field", n)
		}
		field := lookup(f.Table, n)
		if field != nil {
			n = field.Name
		}
		if at, twice := seen[n]; twice {
			return nil, fmt.Errorf("field %s stands twice, at positions %d and %d", n, at+1, i+1)
		}
		seen[n] = i
		f.Names = append(f.Names, n)
		f.Fields = append(f.Fields, field)
	}
	return f, nil
}

// lookup knows a field by AWS's name and by its column's name, which dumps of Parquet objects use.
func lookup(t *Table, name string) *Field {
	if f := t.byName[name]; f != nil {
		return f
	}
	return t.byColumn[name]
}

// nameLike tells whether s could be the name of a field, of today or to come.
func nameLike(s string) bool {
	if s == "" || len(s) > 128 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// String returns the format as a header spells it.
func (f *Format) String() string { return strings.Join(f.Names, " ") }

// Unknown returns the names that the table does not know.
func (f *Format) Unknown() []string {
	var out []string
	for i, n := range f.Names {
		if f.Fields[i] == nil {
			out = append(out, n)
		}
	}
	return out
}

// Has tells whether the format has the field of that AWS name.
func (f *Format) Has(name string) bool {
	for _, n := range f.Names {
		if n == name {
			return true
		}
	}
	return false
}

func (f *Format) known() int { return len(f.Names) - len(f.Unknown()) }
