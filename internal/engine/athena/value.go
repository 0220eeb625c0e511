package athena

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"weir/internal/engine"
)

// typeName is the dialect's name of a type as Athena reports it.
func typeName(t string) string {
	switch t {
	case "float":
		return "real" // so a real is called in results
	case "string":
		return "varchar"
	case "int":
		return "integer"
	}
	return t
}

// value turns the text of a cell into the value that engine.Rows promises. Athena sends all values as text.
func value(typ, text string) (any, error) {
	switch base, _, _ := strings.Cut(typ, "("); strings.TrimSpace(base) {
	case "boolean":
		switch text {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return nil, fmt.Errorf("%q is not a boolean", text)
	case "tinyint", "smallint", "integer", "bigint":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
		if n, ok := new(big.Int).SetString(text, 10); ok {
			return n, nil
		}
		return nil, fmt.Errorf("%q is not an integer", text)
	case "real":
		f, err := strconv.ParseFloat(text, 32)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", text)
		}
		// The shortest text of the 32 bits, read as 64: 0.1 stays 0.1.
		return strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	case "double":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", text)
		}
		return f, nil
	case "decimal":
		return engine.Decimal(text), nil
	case "date":
		t, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a date", text)
		}
		return t, nil
	case "timestamp", "timestamp with time zone":
		return parseTime(text)
	case "varbinary":
		b, err := hex.DecodeString(strings.ReplaceAll(text, " ", "")) // "68 65 6c"
		if err != nil {
			return nil, fmt.Errorf("%q is not hexadecimal", text)
		}
		return b, nil
	case "array":
		if list, ok := parseArray(text); ok {
			return list, nil
		}
	case "map", "row":
		if m, ok := parseMap(text); ok {
			return m, nil
		}
	}
	return text, nil // varchar, char, json, ipaddress, uuid, time, intervals
}

// parseTime reads "2026-11-20 08:00:00.000", which is in UTC, and the same with a zone: "UTC", "+02:00",
// "Europe/Berlin".
func parseTime(text string) (any, error) {
	bad := fmt.Errorf("%q is not a time", text)
	parts := strings.SplitN(text, " ", 3)
	if len(parts) < 2 {
		return nil, bad
	}
	zone := time.UTC
	if len(parts) == 3 {
		var err error
		if z := parts[2]; z[:min(1, len(z))] == "+" || z[:min(1, len(z))] == "-" {
			t, err := time.Parse("-07:00", z)
			if err != nil {
				return nil, bad
			}
			_, seconds := t.Zone()
			zone = time.FixedZone(z, seconds)
		} else if zone, err = time.LoadLocation(z); err != nil {
			return nil, bad
		}
	}
	t, err := time.ParseInLocation("2006-01-02 15:04:05", parts[0]+" "+parts[1], zone) // a fraction is read too
	if err != nil {
		return nil, bad
	}
	return t.UTC(), nil
}

// parseArray reads Athena's text of an array, "[a, b]". Athena neither quotes its elements nor tells their types, so
// that they are text, and a text that could be split in two ways is no array here: its elements must be single words.
func parseArray(text string) ([]any, bool) {
	inner, ok := between(text, "[", "]")
	if !ok {
		return nil, false
	}
	list := []any{}
	if inner == "" {
		return list, true
	}
	for piece := range strings.SplitSeq(inner, ", ") {
		if !isWord(piece) {
			return nil, false
		}
		list = append(list, element(piece))
	}
	return list, true
}

// parseMap reads Athena's text of a map or row, "{k=v, l=w}", under the same rule.
func parseMap(text string) (map[string]any, bool) {
	inner, ok := between(text, "{", "}")
	if !ok {
		return nil, false
	}
	m := map[string]any{}
	if inner == "" {
		return m, true
	}
	for piece := range strings.SplitSeq(inner, ", ") {
		k, v, ok := strings.Cut(piece, "=")
		if _, twice := m[k]; !ok || twice || !isWord(k) || !isWord(v) {
			return nil, false
		}
		m[k] = element(v)
	}
	return m, true
}

func between(s, left, right string) (string, bool) {
	s, ok1 := strings.CutPrefix(s, left)
	s, ok2 := strings.CutSuffix(s, right)
	return s, ok1 && ok2
}

// isWord tells text in which nothing can be a separator of Athena's.
func isWord(s string) bool { return s != "" && !strings.ContainsAny(s, " ,=[]{}\"'\t\r\n") }

func element(s string) any {
	if s == "null" {
		return nil
	}
	return s
}
