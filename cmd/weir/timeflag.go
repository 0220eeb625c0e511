package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"weir/internal/source"
)

// timeFlag is the value of --since and --until: a moment, or an age counted back from now.
type timeFlag struct {
	Time time.Time // UTC; zero if the flag was not given
	text string
	now  func() time.Time
}

// String returns what was typed.
func (f *timeFlag) String() string { return f.text }

// Type names the value in help.
func (f *timeFlag) Type() string { return "TIME" }

// Set parses s; see parseTime.
func (f *timeFlag) Set(s string) error {
	t, err := parseTime(s, f.now())
	if err != nil {
		return err
	}
	f.Time, f.text = t, s
	return nil
}

// timeWindow is the pair of flags --since and --until. Since is included, until is not.
type timeWindow struct{ since, until timeFlag }

// addTimeFlags declares --since and --until.
func addTimeFlags(f *pflag.FlagSet, now func() time.Time) *timeWindow {
	w := &timeWindow{since: timeFlag{now: now}, until: timeFlag{now: now}}
	f.Var(&w.since, "since", "from then on: 2026-11-01, 2026-11-01T08:00:00Z, or an age: 24h, 7d")
	f.Var(&w.until, "until", "before then, in the same forms; the moment itself is not included")
	return w
}

// window returns what was asked for. Times that leave nothing between them are an error, not an empty answer.
func (w *timeWindow) window() (source.Window, error) {
	s, u := w.since.Time, w.until.Time
	if !s.IsZero() && !u.IsZero() && !s.Before(u) {
		return source.Window{}, fmt.Errorf("--since %s is not before --until %s: no time is left between them", w.since.text, w.until.text)
	}
	return source.Window{Start: s, End: u}, nil
}

// timeLayouts are the forms of a moment. One without a zone is UTC, as everything in a flow log is.
var timeLayouts = []string{time.RFC3339Nano, time.DateOnly, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}

// parseTime reads a moment in RFC 3339, a date (its first moment in UTC), or an age before now: 90s, 30m, 24h, 7d, 2w,
// and compounds such as 1d12h.
func parseTime(s string, now time.Time) (time.Time, error) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	age, err := parseAge(s)
	if err != nil {
		return time.Time{}, fmt.Errorf("want a date, a time in RFC 3339, or an age such as 24h or 7d: %w", err)
	}
	return now.UTC().Add(-age), nil
}

var ageUnits = map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}

func parseAge(s string) (time.Duration, error) {
	if s == "" {
		return 0, errors.New("it is empty")
	}
	var age time.Duration
	smaller := time.Duration(math.MaxInt64) // units must get smaller, so that none can come twice
	for rest := s; rest != ""; {
		digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits < 1 {
			return 0, fmt.Errorf("%q is none of them", s)
		}
		unit, ok := ageUnits[rest[digits]]
		if !ok || unit >= smaller {
			return 0, fmt.Errorf("%q is none of them", s)
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil || n > int64((math.MaxInt64-age)/unit) {
			return 0, fmt.Errorf("%q is longer ago than can be counted", s)
		}
		age += time.Duration(n) * unit
		smaller = unit
		rest = rest[digits+1:]
	}
	return age, nil
}
