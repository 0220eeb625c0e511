package main

import (
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

var testNow = time.Date(2026, 11, 24, 12, 30, 15, 0, time.FixedZone("", 3600)) // 11:30:15 UTC

func TestParseTime(t *testing.T) {
	for in, want := range map[string]string{
		"2026-11-01T08:00:00Z":      "2026-11-01T08:00:00Z",
		"2026-11-01T08:00:00+02:00": "2026-11-01T06:00:00Z",
		"2026-11-01T08:00:00.5Z":    "2026-11-01T08:00:00.5Z",
		"2026-11-01":                "2026-11-01T00:00:00Z",
		"2026-11-01T08:00":          "2026-11-01T08:00:00Z",
		"2026-11-01 08:00:01":       "2026-11-01T08:00:01Z",
		"24h":                       "2026-11-23T11:30:15Z",
		"7d":                        "2026-11-17T11:30:15Z",
		"2w":                        "2026-11-10T11:30:15Z",
		"90m":                       "2026-11-24T10:00:15Z",
		"15s":                       "2026-11-24T11:30:00Z",
		"1d12h":                     "2026-11-22T23:30:15Z",
		"0s":                        "2026-11-24T11:30:15Z",
	} {
		got, err := parseTime(in, testNow)
		if err != nil || got.Format(time.RFC3339Nano) != want || got.Location() != time.UTC {
			t.Errorf("parseTime(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", " ", "yesterday", "7", "d", "-7d", "+7d", "7 d", "7D", "1.5h", "7days", "12h1d", "1h1h", "2026-13-01", "2026-02-30",
		"2026-11-01T25:00:00Z", "1000000w", "99999999999999999999h", "9223372036s99", "2026", "20261101", "24h ",
	} {
		if got, err := parseTime(in, testNow); err == nil {
			t.Errorf("parseTime(%q) = %v, want an error", in, got)
		}
	}
}

func TestTimeWindow(t *testing.T) {
	parse := func(args ...string) (*timeWindow, error) {
		f := pflag.NewFlagSet("", pflag.ContinueOnError)
		w := addTimeFlags(f, func() time.Time { return testNow })
		return w, f.Parse(args)
	}
	w, err := parse("--since", "2d", "--until=2026-11-24")
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.window()
	if err != nil {
		t.Fatal(err)
	}
	if s, e := got.Start.Format(time.RFC3339), got.End.Format(time.RFC3339); s != "2026-11-22T11:30:15Z" || e != "2026-11-24T00:00:00Z" {
		t.Errorf("window is %s to %s", s, e)
	}

	w, _ = parse()
	if got, err := w.window(); err != nil || !got.Start.IsZero() || !got.End.IsZero() {
		t.Errorf("without flags the window is %v, %v; want unbounded", got, err)
	}
	for _, args := range [][]string{{"--since", "1h", "--until", "2h"}, {"--since", "2026-11-01", "--until", "2026-11-01"}} {
		w, _ = parse(args...)
		if _, err := w.window(); err == nil || !strings.Contains(err.Error(), args[1]) {
			t.Errorf("%v: error %v, want one that names the times", args, err)
		}
	}
	if _, err := parse("--since", "tomorrow"); err == nil || !strings.Contains(err.Error(), "24h or 7d") {
		t.Errorf("--since tomorrow: %v, want an error that says what is understood", err)
	}
}
