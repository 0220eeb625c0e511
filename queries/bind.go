package queries

import (
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// BindOptions say what a query cannot know by itself.
type BindOptions struct {
	Now time.Time
	// ParseTime reads a time or an age before now. Without it only RFC 3339 and dates are understood.
	ParseTime func(text string, now time.Time) (time.Time, error)
}

// UnknownArgError says that a query has no argument of a name.
type UnknownArgError struct {
	Name  string
	Known []string
}

func (e *UnknownArgError) Error() string { return fmt.Sprintf("there is no argument %q", e.Name) }

// Bind gives arguments their values, as text, and returns the SQL with a ? for each, and what the ? stand for: int64,
// string or time.Time. Arguments that are not given have their defaults.
func (q *Query) Bind(given map[string]string, o BindOptions) (string, []any, error) {
	for name := range given {
		if !slices.ContainsFunc(q.Args, func(a Arg) bool { return a.Name == name }) {
			known := make([]string, len(q.Args))
			for i, a := range q.Args {
				known[i] = a.Name
			}
			return "", nil, &UnknownArgError{name, known}
		}
	}
	values := map[string]any{}
	var conditions []string
	var scope []any
	for _, a := range q.Args {
		text, ok := given[a.Name]
		if !ok {
			text = a.Default
		}
		if a.Common && !ok {
			continue
		}
		v, err := a.parse(text, o)
		if err != nil {
			return "", nil, fmt.Errorf("%s=%q: %w", a.Name, text, err)
		}
		values[a.Name] = v
		if a.Common {
			conditions = append(conditions, scopes[q.Table][a.Name])
			scope = append(scope, v)
		}
	}
	since, ok1 := values["since"].(time.Time)
	until, ok2 := values["until"].(time.Time)
	if ok1 && ok2 && !since.Before(until) {
		return "", nil, errors.New("since is not before until: no time is left between them")
	}
	if len(conditions) == 0 {
		conditions = []string{"true"}
	}

	var b strings.Builder
	var args []any
	end := 0
	for p := range placeholders(q.SQL) {
		b.WriteString(q.SQL[end:p.pos])
		end = p.pos + 1 + len(p.name)
		if p.name == "scope" {
			b.WriteString(strings.Join(conditions, " AND "))
			args = append(args, scope...)
			continue
		}
		b.WriteByte('?')
		args = append(args, values[p.name])
	}
	b.WriteString(q.SQL[end:])
	return b.String(), args, nil
}

func (a Arg) parse(text string, o BindOptions) (any, error) {
	switch a.Type {
	case Integer:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, errors.New("want a whole number")
		}
		return n, nil
	case Text:
		if text == "" || strings.ContainsRune(text, 0) {
			return nil, errors.New("want a text")
		}
		return text, nil
	case CIDR:
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, errors.New("want a network such as 10.0.0.0/8")
		}
		if p != p.Masked() {
			return nil, fmt.Errorf("the address has bits beyond its /%d; want %s", p.Bits(), p.Masked())
		}
		return p.String(), nil
	case IP:
		ip, err := netip.ParseAddr(text)
		if err != nil || ip.Zone() != "" {
			return nil, errors.New("want an address such as 10.0.1.10 or 2001:db8::1")
		}
		return ip.String(), nil
	case Timestamp:
		if o.ParseTime != nil {
			return wrapTime(o.ParseTime(text, o.Now))
		}
		if t, err := time.Parse(time.DateOnly, text); err == nil {
			return t, nil
		}
		return wrapTime(time.Parse(time.RFC3339, text))
	case Duration:
		d, err := parseDuration(text)
		if err != nil || d <= 0 {
			return nil, errors.New("want a length of time such as 90s, 30m, 24h or 7d")
		}
		return int64(d / time.Second), nil
	}
	panic("BUG: unknown type " + string(a.Type))
}

func wrapTime(t time.Time, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return t.UTC(), nil
}

// parseDuration is time.ParseDuration and days.
func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseInt(days, 10, 32)
		if err != nil || n > 36500 {
			return 0, errors.New("not a number of days")
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	return time.ParseDuration(text)
}

type placeholder struct {
	name string
	pos  int // of the colon
}

// placeholders yields the :names of a text, outside of quotes and comments. The texts are our own: enough is enough.
func placeholders(sql string) iter.Seq[placeholder] {
	return func(yield func(placeholder) bool) {
		for i := 0; i < len(sql); i++ {
			switch c := sql[i]; {
			case c == '\'' || c == '"':
				j := strings.IndexByte(sql[i+1:], c)
				if j < 0 {
					return
				}
				i += j + 1
			case strings.HasPrefix(sql[i:], "--"):
				j := strings.IndexByte(sql[i:], '\n')
				if j < 0 {
					return
				}
				i += j
			case c == ':':
				j := i + 1
				for j < len(sql) && (sql[j] >= 'a' && sql[j] <= 'z' || sql[j] == '_') {
					j++
				}
				if j > i+1 && !yield(placeholder{sql[i+1 : j], i}) {
					return
				}
				i = j - 1
			}
		}
	}
}
