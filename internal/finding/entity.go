package finding

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Entity is what a finding is about: columns of a rule's result with their values, in the rule's order.
type Entity []Attribute

// Attribute is one column of an Entity.
type Attribute struct {
	Name  string
	Value any
}

// Get returns the value of a column, nil if there is none.
func (e Entity) Get(name string) any {
	for _, a := range e {
		if a.Name == name {
			return a.Value
		}
	}
	return nil
}

// MarshalJSON writes an object whose keys are in the rule's order.
func (e Entity) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, a := range e {
		if i > 0 {
			b.WriteByte(',')
		}
		k, _ := json.Marshal(a.Name)
		v, err := json.Marshal(clean(a.Value, 0))
		if err != nil {
			return nil, err
		}
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Entity) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("read entity: not an object")
	}
	*e = nil
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return err
		}
		var v any
		if err := d.Decode(&v); err != nil {
			return err
		}
		*e = append(*e, Attribute{k.(string), numbers(v)})
	}
	return nil
}

// idDigits is the length of the hash in an ID: 40 bits. Among 100,000 findings of one rule, two share them once in 200
// stores; the second then gets a longer one.
const idDigits = 10

// identity is what makes a finding the same one: a hash of the rule's id and of the entity. It depends neither on the
// order of the columns nor on the rule's version, nor on which of its types an engine used for a number.
func identity(rule string, e Entity) [sha256.Size]byte {
	parts := make([]string, 0, len(e))
	for _, a := range e {
		parts = append(parts, strconv.Quote(a.Name)+"="+canonical(a.Value))
	}
	slices.Sort(parts)
	return sha256.Sum256([]byte(strconv.Quote(rule) + ";" + strings.Join(parts, ";")))
}

// ID returns the id of the finding that a rule has about an entity.
func ID(rule string, e Entity) string {
	sum := identity(rule, e)
	return idOf(rule, sum[:], idDigits)
}

func idOf(rule string, sum []byte, digits int) string {
	return rule + "-" + hex.EncodeToString(sum)[:digits]
}

// canonical is one text for one value. Texts are quoted, so that none looks like a number.
func canonical(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(v)
	case []byte:
		return "0x" + hex.EncodeToString(v)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case *big.Int:
		return v.String()
	case json.Number:
		return canonical(numbers(v))
	}
	switch r := reflect.ValueOf(v); {
	case r.CanInt():
		return strconv.FormatInt(r.Int(), 10)
	case r.CanUint():
		return strconv.FormatUint(r.Uint(), 10)
	case r.CanFloat():
		f := r.Float()
		if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return strconv.FormatInt(int64(f), 10)
		}
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	text, err := json.Marshal(clean(v, 0))
	if err != nil {
		return strconv.Quote(fmt.Sprint(v))
	}
	return string(text)
}

// Bounds of what is kept of a value, in bytes: logs are written by strangers, and a store must not be filled by one.
const (
	maxText  = 4 << 10
	maxItems = 200 // of a list or a map
	maxDepth = 4
)

// clean makes of a value one that JSON can hold, bounded. What is left out is said in its place.
func clean(v any, depth int) any {
	if depth > maxDepth {
		return "…"
	}
	switch v := v.(type) {
	case nil, bool, int64, int:
		return v
	case string:
		return bound(v, maxText)
	case []byte:
		return bound(hex.EncodeToString(v), maxText)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case *big.Int:
		return json.Number(v.String())
	case json.Number:
		return numbers(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
		return v
	case map[string]any:
		out := map[string]any{}
		for i, k := range sortedKeys(v) {
			if i == maxItems {
				out["…"] = fmt.Sprintf("%d more", len(v)-maxItems)
				break
			}
			out[bound(k, maxText)] = clean(v[k], depth+1)
		}
		return out
	case []any:
		out := []any{}
		for i, x := range v {
			if i == maxItems {
				out = append(out, fmt.Sprintf("… %d more", len(v)-maxItems))
				break
			}
			out = append(out, clean(x, depth+1))
		}
		return out
	}
	switch r := reflect.ValueOf(v); {
	case r.Kind() == reflect.String:
		return bound(r.String(), maxText)
	case r.CanInt():
		return r.Int()
	case r.CanUint():
		return r.Uint()
	case r.CanFloat():
		return clean(r.Float(), depth)
	case r.Kind() == reflect.Slice:
		out := make([]any, 0, r.Len())
		for i := range min(r.Len(), maxItems+1) {
			out = append(out, r.Index(i).Interface())
		}
		return clean(out, depth)
	}
	return bound(fmt.Sprint(v), maxText)
}

// bound makes text UTF-8, and cuts it at n bytes, saying so.
func bound(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	cut := n
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return fmt.Sprintf("%s… (%d bytes more)", s[:cut], len(s)-cut)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// numbers makes the numbers of decoded JSON int64 where they are whole, else float64.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}
