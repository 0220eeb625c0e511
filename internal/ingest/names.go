package ingest

import (
	"strings"

	"weir/flowlog"
)

// fieldName returns the name for a header of a field that is spelled "pkt-srcaddr", "pkt_srcaddr" or "pktSrcAddr", and
// whether it is a field that AWS has. A name that is not a field's is made one that a header may hold. It is "" for
// what stands beside a record without belonging to it: CloudWatch's own fields, and weir's, which are made anew.
func fieldName(s string) (name string, known bool) {
	switch s {
	case "source_object", "source_line", "start_time", "end_time", "extra":
		return "", false
	case "startTime": // as Logs Insights calls them
		return "start", true
	case "endTime":
		return "end", true
	}
	if strings.HasPrefix(s, "@") {
		return "", false
	}
	for _, t := range flowlog.Tables {
		if f := t.Field(s); f != nil {
			return f.Name, true
		}
		if f := t.Column(s); f != nil {
			return f.Name, true
		}
	}
	plain := strings.ToLower(s)
	for _, t := range flowlog.Tables {
		for i := range t.Fields {
			if strings.ReplaceAll(t.Fields[i].Name, "-", "") == plain {
				return t.Fields[i].Name, true
			}
		}
	}
	plain = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, plain)
	if plain == "" || plain[0] < 'a' || plain[0] > 'z' {
		plain = "x" + plain
	}
	return plain[:min(len(plain), 128)], false
}

// oneToken is a value as a token of a line. What would be more than one token becomes none: the line is refused then,
// as a line of text would be, and not read with its values shifted.
func oneToken(v string) string {
	if v == "" {
		return "-"
	}
	if strings.IndexFunc(v, func(r rune) bool { return r <= ' ' }) < 0 {
		return v
	}
	return strings.Map(func(r rune) rune {
		if r <= ' ' {
			return '\x01'
		}
		return r
	}, v)
}
