package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Module is what was read of a Terraform configuration: the root module and the modules below it, as one list. Or it is what
// was seen of a live account, in the same words.
type Module struct {
	Resources []*Resource
	Providers []*Resource         // provider blocks, of type "provider" and the provider's name
	Versions  []*Resource         // one for each entry of required_providers, with its version
	Unread    []*Resource         // module calls whose source is outside of the directory
	Lines     map[string][]string // the text of each HCL file, for diffs; none for JSON
	Problems  []Problem
	Notes     []string // what was left out, and why

	// Looked is when a live account was looked at; zero for files. What only a live account can tell stands in a block "live" of a
	// resource, and of the fields of delivered objects there are resources of type live_object.
	Looked time.Time
}

// isLive tells whether it is about what runs. What is not there is not there then.
func (m *Module) isLive() bool { return !m.Looked.IsZero() }

// Problem is a part of the input that could not be read. The rest was.
type Problem struct {
	File string
	Line int // 0 where the whole file is meant
	Err  string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Err)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Err)
}

// Unknown stands in a tree of values for what can be told only when Terraform runs: an attribute that AWS makes up, a
// variable without a default, the result of a data source.
type Unknown struct{}

// Pos is where something is written. Lines count from 1; zero is unknown.
type Pos struct{ Line, End int }

// Resource is one block with its arguments. A nested block is a list of maps, whatever it was written as.
type Resource struct {
	Address string // module.logs.aws_s3_bucket.this
	Type    string
	Name    string
	File    string
	Pos     Pos            // from the opening line to the closing brace
	Values  map[string]any // string, bool, float64, nil, []any, map[string]any, Unknown
	Written bool           // Values are what somebody wrote; else what a provider or AWS fills in is among them

	// By path, such as "rule.0.expiration.0.days".
	At        map[string]Pos
	Refs      map[string][]string // addresses of the resources that the value was made from
	Documents map[string]any      // JSON text of which some is unknown, as a tree
	Literal   map[string]bool     // the argument is plain text, made from nothing
}

// get returns the value at a path of names. Of a list of blocks it takes the first. ok is false where there is none,
// which an explicit null is, too.
func (r *Resource) get(path string) (v any, ok bool) { return dig(r.Values, path) }

func dig(v any, path string) (any, bool) {
	for _, name := range strings.Split(path, ".") {
		if list, isList := v.([]any); isList {
			i, err := strconv.Atoi(name)
			if err != nil {
				i = 0
			}
			if i < 0 || i >= len(list) {
				return nil, false
			}
			v = list[i]
			if err == nil {
				continue
			}
		}
		switch m := v.(type) {
		case map[string]any:
			v = m[name]
		case Unknown:
			return Unknown{}, true
		default:
			return nil, false
		}
	}
	return v, v != nil
}

// key is a path as the side tables have it, with the places in lists: storage_descriptor.0.location.
func (r *Resource) key(path string) string {
	var out []string
	var v any = r.Values
	for _, name := range strings.Split(path, ".") {
		if list, ok := v.([]any); ok {
			i, err := strconv.Atoi(name)
			if err != nil {
				out = append(out, "0")
				i = 0
			}
			if v = nil; i >= 0 && i < len(list) {
				v = list[i]
			}
			if err == nil {
				out = append(out, name)
				continue
			}
		}
		out = append(out, name)
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return strings.Join(out, ".")
}

// has tells whether the argument is there, known or not.
func (r *Resource) has(path string) bool { _, ok := r.get(path); return ok }

// text returns a text that is known.
func (r *Resource) text(path string) (string, bool) { return textOf(r.get(path)) }

func textOf(v any, ok bool) (string, bool) {
	s, isText := v.(string)
	return s, ok && isText
}

// number returns a number that is known, also one written as text.
func (r *Resource) number(path string) (float64, bool) { return numberOf(r.get(path)) }

func numberOf(v any, ok bool) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, ok
	case string:
		var f float64
		_, err := fmt.Sscanf(v, "%g", &f)
		return f, ok && err == nil
	}
	return 0, false
}

// is tells whether the argument is known to be that.
func (r *Resource) is(path string, want bool) bool {
	v, ok := r.get(path)
	switch v := v.(type) {
	case bool:
		return ok && v == want
	case string:
		return ok && v == fmt.Sprint(want)
	}
	return false
}

// off tells whether a switch is known to be off, or not there, where off is the default.
func (r *Resource) off(path string) bool { return !r.has(path) || r.is(path, false) }

// blocks returns the maps of a nested block. known is false where there may be more.
func (r *Resource) blocks(path string) (maps []map[string]any, known bool) {
	v, ok := r.get(path)
	if !ok {
		return nil, true
	}
	return mapsOf(v)
}

func mapsOf(v any) (maps []map[string]any, known bool) {
	switch v := v.(type) {
	case map[string]any:
		return []map[string]any{v}, true
	case []any:
		known = true
		for _, x := range v {
			if m, ok := x.(map[string]any); ok {
				maps = append(maps, m)
			} else {
				known = false
			}
		}
		return maps, known
	}
	return nil, false
}

// list returns the texts of a list. known is false where some are not.
func listOf(v any) (texts []string, known bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case string:
		return []string{v}, true
	case []any:
		known = true
		for _, x := range v {
			if s, ok := x.(string); ok {
				texts = append(texts, s)
			} else {
				known = false
			}
		}
		return texts, known
	}
	return nil, false
}

// refers tells whether the argument was made from the resource of that address.
func (r *Resource) refers(path, address string) bool {
	return slices.Contains(r.Refs[r.key(path)], address)
}

// line is where an argument stands, else where its block begins.
func (r *Resource) line(path string) int {
	for path = r.key(path); path != ""; {
		if p, ok := r.At[path]; ok {
			return p.Line
		}
		path, _, _ = cutLast(path)
	}
	return r.Pos.Line
}

func cutLast(path string) (before, after string, found bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}
