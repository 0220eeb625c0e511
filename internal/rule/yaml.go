package rule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// reader walks a YAML document and keeps the first complaint. Its getters return zero values after that, so that a
// caller can read on and look at err once.
type reader struct {
	file string
	err  error
}

func (r *reader) fail(line int, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%s:%d: %s", r.file, line, fmt.Sprintf(format, args...))
	}
}

// yamlLine is how the library says where.
var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

// document reads the one document that a rule is.
func (r *reader) document(text []byte) *yaml.Node {
	var doc, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		r.fail(1, "the file is empty")
		return nil
	case err != nil:
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			line, _ := strconv.Atoi(m[1])
			r.fail(line, "%s", m[2])
		} else {
			r.fail(1, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
		}
		return nil
	}
	if d.Decode(&more) != io.EOF {
		r.fail(1, "more than one document")
		return nil
	}
	return doc.Content[0]
}

// fields are the values of a mapping by key.
type fields struct {
	*reader
	line int
	what string // for messages: "rule", "parameter"
	at   map[string]*yaml.Node
}

// mapping reads a mapping whose keys are all among known.
func (r *reader) mapping(n *yaml.Node, what string, known ...string) fields {
	f := fields{reader: r, what: what, at: map[string]*yaml.Node{}}
	if n == nil {
		return f
	}
	f.line = n.Line
	if n.Kind != yaml.MappingNode {
		r.fail(n.Line, "%s must be keys with values", what)
		return f
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch {
		case !slices.Contains(known, k.Value):
			r.fail(k.Line, "%s: there is no key %q, only %s", what, k.Value, strings.Join(known, ", "))
		case f.at[k.Value] != nil:
			r.fail(k.Line, "%s: %s is given twice", what, k.Value)
		}
		f.at[k.Value] = v
	}
	return f
}

// lineOf is the line of a key's value, or of the mapping.
func (f fields) lineOf(key string) int {
	if n := f.at[key]; n != nil {
		return n.Line
	}
	return f.line
}

func (f fields) has(key string) bool { return f.at[key] != nil }

// need complains about keys that are not there.
func (f fields) need(keys ...string) {
	for _, k := range keys {
		if !f.has(k) {
			f.fail(f.line, "%s: %s is missing", f.what, k)
		}
	}
}

// text is a scalar as it is written; "" if the key is absent.
func (f fields) text(key string) string {
	n := f.at[key]
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		f.fail(n.Line, "%s: %s must be a text", f.what, key)
		return ""
	}
	return n.Value
}

// word is a text that is not empty.
func (f fields) word(key string) string {
	s := strings.TrimSpace(f.text(key))
	if s == "" && f.has(key) {
		f.fail(f.lineOf(key), "%s: %s is empty", f.what, key)
	}
	return s
}

func (f fields) oneOf(key string, allowed []string) string {
	s := f.text(key)
	if f.has(key) && !slices.Contains(allowed, s) {
		f.fail(f.lineOf(key), "%s: %s %q is none of %s", f.what, key, s, strings.Join(allowed, ", "))
	}
	return s
}

func (f fields) integer(key string) int {
	n := f.at[key]
	if n == nil {
		return 0
	}
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil {
		f.fail(n.Line, "%s: %s must be a whole number", f.what, key)
	}
	return v
}

// hours is a duration of whole hours, from least to most.
func (f fields) hours(key string, least, most time.Duration) time.Duration {
	if !f.has(key) {
		return 0
	}
	d, err := parseDuration(f.text(key))
	switch {
	case err != nil:
		f.fail(f.lineOf(key), "%s: %s %q is no length of time such as 1h or 7d", f.what, key, f.text(key))
	case d%time.Hour != 0:
		f.fail(f.lineOf(key), "%s: %s must be whole hours", f.what, key)
	case d < least || d > most:
		f.fail(f.lineOf(key), "%s: %s must be from %dh to %dd", f.what, key, least/time.Hour, most/(24*time.Hour))
	}
	return d
}

func (r *reader) items(n *yaml.Node, what string) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		r.fail(n.Line, "%s must be a list", what)
		return nil
	}
	return n.Content
}

// texts is a list of texts, none of them empty.
func (f fields) texts(key string) []string {
	var out []string
	for _, n := range f.items(f.at[key], key) {
		if n.Kind != yaml.ScalarNode || strings.TrimSpace(n.Value) == "" {
			f.fail(n.Line, "%s: %s must be a list of texts; one with a colon in it wants quotes", f.what, key)
		}
		out = append(out, strings.TrimSpace(n.Value))
	}
	return out
}

// distinct complains about what a list has twice.
func (f fields) distinct(key string, list []string) {
	for i, s := range list {
		if slices.Contains(list[:i], s) {
			f.fail(f.lineOf(key), "%s: %s has %s twice", f.what, key, s)
		}
	}
}
