package rule

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parse reads a value: int64, float64 or string.
func (p Param) Parse(text string) (any, error) {
	switch p.Type {
	case Integer:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, errors.New("want a whole number")
		}
		return n, nil
	case Double:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, errors.New("want a number")
		}
		return f, nil
	case Text:
		if strings.ContainsRune(text, 0) {
			return nil, errors.New("want a text")
		}
		return text, nil
	case Bytes:
		return parseBytes(text)
	case Duration:
		d, err := parseDuration(text)
		if err != nil || d < 0 || d%time.Second != 0 {
			return nil, errors.New("want a length of time such as 90s, 30m, 24h or 7d")
		}
		return int64(d / time.Second), nil
	}
	panic("BUG: unknown type " + string(p.Type))
}

// parseDuration is time.ParseDuration and days.
func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil || n > 3660 {
			return 0, errors.New("not a number of days")
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	return time.ParseDuration(text)
}

// byteUnits are the words for sizes, those that end alike the longer first.
var byteUnits = []struct {
	name string
	size int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1},
}

func parseBytes(text string) (any, error) {
	for _, u := range byteUnits {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		f, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || !(f >= 0) || f*float64(u.size) > 1<<60 {
			break
		}
		return int64(math.Round(f * float64(u.size))), nil
	}
	return nil, errors.New("want a size such as 500kB, 50MB or 1GiB")
}

// WithDefault is the rule with another default of a parameter. Its examples are about the defaults of its author, so they
// keep those.
func (r *Rule) WithDefault(name, value string) (*Rule, error) {
	i := slices.IndexFunc(r.Params, func(p Param) bool { return p.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("rule %s: there is no parameter %q", r.ID, name)
	}
	if _, err := r.Params[i].Parse(value); err != nil {
		return nil, fmt.Errorf("rule %s: parameter %s=%q: %w", r.ID, name, value, err)
	}
	c := *r
	c.Params = slices.Clone(r.Params)
	c.Params[i].Default = value
	c.Examples = slices.Clone(r.Examples)
	for j := range c.Examples {
		params := maps.Clone(c.Examples[j].Params)
		if _, ok := params[name]; !ok {
			params[name] = r.Params[i].Default
		}
		c.Examples[j].Params = params
	}
	return &c, nil
}
