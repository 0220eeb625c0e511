package trino

import (
	"database/sql/driver"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/trinodb/trino-go-client/trino"

	"weir/internal/engine"
)

// typ is a type of Trino's.
type typ struct {
	name  string // without what is in parentheses: "timestamp with time zone"
	in    string // what is in parentheses, of a type without parts: "38,2"
	parts []*typ // of array, map and row
	names []string
}

// nativeType is the type of a column as Trino writes it, which the client tells in pieces.
func nativeType(r driver.Rows, i int) string {
	name := strings.ToLower(r.(driver.RowsColumnTypeDatabaseTypeName).ColumnTypeDatabaseTypeName(i))
	precision, scale, ok := r.(driver.RowsColumnTypePrecisionScale).ColumnTypePrecisionScale(i)
	switch {
	case name == "decimal" && ok:
		return fmt.Sprintf("decimal(%d,%d)", precision, scale)
	case ok && strings.HasPrefix(name, "time"):
		word, rest, _ := strings.Cut(name, " ")
		return strings.TrimSpace(fmt.Sprintf("%s(%d) %s", word, precision, rest))
	}
	return name
}

// parseType reads a type.
func parseType(s string) (*typ, error) {
	s = strings.TrimSpace(s)
	open := strings.IndexByte(s, '(')
	if open < 0 {
		return &typ{name: s}, nil
	}
	end := strings.LastIndexByte(s, ')')
	if end < open {
		return nil, fmt.Errorf("read type %q: a parenthesis is open", s)
	}
	t := &typ{name: strings.TrimSpace(s[:open])}
	inside := s[open+1 : end]
	if rest := strings.TrimSpace(s[end+1:]); rest != "" {
		t.name += " " + rest
	}
	if t.name != "array" && t.name != "map" && t.name != "row" {
		t.in = strings.ReplaceAll(inside, " ", "")
		return t, nil
	}
	for _, part := range splitTypes(inside) {
		name := ""
		if t.name == "row" {
			name, part = fieldName(part)
		}
		p, err := parseType(part)
		if err != nil {
			return nil, err
		}
		t.parts, t.names = append(t.parts, p), append(t.names, name)
	}
	if want := map[string]int{"array": 1, "map": 2}[t.name]; want > 0 && len(t.parts) != want {
		return nil, fmt.Errorf("read type %q: it has %d parts", s, len(t.parts))
	}
	return t, nil
}

// splitTypes cuts a list at the commas that are in no parentheses and no quotes.
func splitTypes(s string) []string {
	var out []string
	depth, start, quoted := 0, 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// fieldName cuts the name off a field of a row: fields without one are a type alone, which may be of several words.
func fieldName(s string) (name, rest string) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, `"`) {
		if end := strings.LastIndex(s, `" `); end > 0 {
			return strings.ReplaceAll(s[1:end], `""`, `"`), s[end+2:]
		}
	}
	name, rest, ok := strings.Cut(s, " ")
	first, _, _ := strings.Cut(rest, " ")
	if !ok || strings.Contains(name, "(") || name == "time" && first == "with" || name == "timestamp" && first == "with" || name == "interval" && (first == "day" || first == "year") {
		return "", s
	}
	return name, rest
}

// String is the type's name in the dialect, where texts have no length and times six digits.
func (t *typ) String() string {
	switch t.name {
	case "varchar", "char":
		return "varchar"
	case "timestamp", "timestamp with time zone", "time", "time with time zone":
		digits := "6"
		if n, err := strconv.Atoi(t.in); err == nil && n > 6 {
			digits = t.in
		}
		word, zone, _ := strings.Cut(t.name, " ")
		return strings.TrimSpace(word + "(" + digits + ") " + zone)
	case "array", "map", "row":
		var parts []string
		for i, p := range t.parts {
			s := p.String()
			if t.names[i] != "" {
				s = t.names[i] + " " + s
			}
			parts = append(parts, s)
		}
		return t.name + "(" + strings.Join(parts, ", ") + ")"
	}
	if t.in != "" {
		return t.name + "(" + t.in + ")"
	}
	return t.name
}

// value turns a value of the client into one that engine.Rows promises. left is how many bytes it may have. Values inside
// of others come as they are in JSON, unless there is a row around them.
func (t *typ) value(v any, left *int) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		if *left -= len(v); *left < 0 {
			return nil, &engine.LimitError{Msg: "a value is longer than the limit"}
		}
		return t.text(v)
	case []byte:
		if *left -= len(v); *left < 0 {
			return nil, &engine.LimitError{Msg: "a value is longer than the limit"}
		}
		return v, nil
	case json.Number:
		if t.name == "real" || t.name == "double" {
			f, err := v.Float64()
			return t.float(f), err
		}
		return v.Int64()
	case int64, bool:
		return v, nil
	case float64:
		return t.float(v), nil
	case time.Time:
		return t.time(v), nil
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			part, err := t.part(0)
			if err != nil {
				return nil, err
			}
			if t.name == "row" {
				if part, err = t.part(i); err != nil {
					return nil, err
				}
			}
			if out[i], err = part.value(x, left); err != nil {
				return nil, err
			}
		}
		if t.name == "row" {
			return t.fields(out), nil
		}
		return out, nil
	case map[string]any:
		part, err := t.part(1)
		if err != nil {
			return nil, err
		}
		out := make(map[string]any, len(v))
		for k, x := range v {
			if *left -= len(k); *left < 0 {
				return nil, &engine.LimitError{Msg: "a value is longer than the limit"}
			}
			if out[k], err = part.value(x, left); err != nil {
				return nil, err
			}
		}
		return out, nil
	case trino.Row:
		values := make([]any, v.Len())
		for i := range values {
			values[i] = v.Value(i)
		}
		return t.value(values, left)
	}
	return nil, fmt.Errorf("there is no value for %T", v)
}

func (t *typ) part(i int) (*typ, error) {
	if i >= len(t.parts) {
		return nil, fmt.Errorf("type %s has no part %d", t, i+1)
	}
	return t.parts[i], nil
}

func (t *typ) fields(values []any) map[string]any {
	out := make(map[string]any, len(values))
	for i, v := range values {
		name := t.names[i]
		if name == "" {
			name = "field" + strconv.Itoa(i)
		}
		out[name] = v
	}
	return out
}

func (t *typ) float(f float64) float64 {
	if t.name == "real" {
		return float64(float32(f))
	}
	return f
}

func (t *typ) time(v time.Time) any {
	switch t.name {
	case "time":
		return v.Format("15:04:05.000000")
	case "time with time zone":
		return v.Format("15:04:05.000000-07:00")
	}
	return v.UTC()
}

// text is a value that came as text.
func (t *typ) text(s string) (any, error) {
	switch t.name {
	case "decimal":
		return engine.Decimal(s), nil
	case "varbinary":
		return base64.StdEncoding.DecodeString(s)
	case "real", "double":
		switch s {
		case "NaN":
			return math.NaN(), nil
		case "Infinity":
			return math.Inf(1), nil
		case "-Infinity":
			return math.Inf(-1), nil
		}
		return nil, fmt.Errorf("%q is no number", s)
	case "date":
		return time.Parse(time.DateOnly, s)
	case "timestamp":
		return time.Parse("2006-01-02 15:04:05.999999999999", s)
	case "timestamp with time zone":
		at, zone, _ := cutLastSpace(s)
		if zone != "UTC" {
			return nil, errors.New("a time is not in UTC")
		}
		return time.Parse("2006-01-02 15:04:05.999999999999", at)
	}
	return s, nil
}

func cutLastSpace(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
