package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

// detection measures the way from records to findings: a large day from nothing, with the time of each rule; then what one
// more hour costs, with one day in the lake and with many.
func detection(b *bencher) error {
	n, days := number("BENCH_N", 20_000_000), number("BENCH_DAYS", 7)
	fmt.Printf("A day of %s records, %d interfaces\n\n| what | seconds | peak memory |\n|---|---|---|\n", group(n), 600)
	logs, lake := b.path("day"), b.path("lake-day")
	if err := b.flows(logs, lake, n, 600, "2026-11-03", "24h"); err != nil {
		return err
	}
	sum, err := b.detect(lake)
	if err != nil {
		return err
	}
	fmt.Println("\n| rule | steps | sightings | seconds | slowest |\n|---|---|---|---|---|")
	for _, r := range sum.Rules {
		fmt.Printf("| %s | %d | %d | %.2f | %.2f |\n", r.Rule, r.Steps, r.Sightings, r.Seconds, r.Slowest)
	}
	if err := os.RemoveAll(lake); err != nil {
		return err
	}

	const small = 200_000 // records of a day: what is asked is how time grows with days
	for _, d := range []int{1, days} {
		fmt.Printf("\nOne more hour, %d days of %s records in the lake\n\n| what | seconds | peak memory |\n|---|---|---|\n", d, group(small))
		lake := b.path(fmt.Sprintf("lake-%d", d))
		if err := b.flows(b.path(fmt.Sprintf("logs-%d", d)), lake, small*d, 0, "2026-10-03", strconv.Itoa(24*d)+"h"); err != nil {
			return err
		}
		if _, err := b.detect(lake); err != nil {
			return err
		}
		next := fmt.Sprintf("2026-10-%02d", 3+d)
		if d > 28 {
			next = fmt.Sprintf("2026-11-%02d", 3+d-31)
		}
		if err := b.flows(b.path(fmt.Sprintf("more-%d", d)), lake, small/24, 0, next, "1h"); err != nil {
			return err
		}
		if _, err := b.detect(lake); err != nil {
			return err
		}
	}
	return nil
}

// flows makes records and brings them into a lake.
func (b *bencher) flows(logs, lake string, n, interfaces int, start, duration string) error {
	if _, err := run(command{nil, b.weir, []string{"generate", "--out", logs, "--seed", "1", "--records", strconv.Itoa(n), "--interfaces", strconv.Itoa(interfaces),
		"--start", start, "--duration", duration}}); err != nil {
		return err
	}
	if _, err := run(command{nil, b.weir, []string{"--lake", lake, "--quiet", "ingest", logs}}); err != nil {
		return err
	}
	return os.RemoveAll(logs)
}

// timings is what weir detect --timings=json says.
type timings struct {
	Rules []struct {
		Rule      string  `json:"rule"`
		Steps     int     `json:"steps"`
		Sightings int     `json:"sightings"`
		Seconds   float64 `json:"seconds"`
		Slowest   float64 `json:"slowest_seconds"`
	} `json:"rules"`
}

// detect refines and detects, each in a process of its own, and prints a row for each.
func (b *bencher) detect(lake string) (t timings, err error) {
	r, err := run(command{nil, b.weir, []string{"--lake", lake, "--quiet", "refine"}})
	if err != nil {
		return t, err
	}
	fmt.Printf("| refine | %.1f | %s |\n", r.wall.Seconds(), mega(r.rss))
	r, err = run(command{nil, b.weir, []string{"--lake", lake, "--quiet", "detect", "--no-notify", "--timings=json", "-o", "jsonl"}})
	if err != nil {
		return t, err
	}
	fmt.Printf("| detect | %.1f | %s |\n", r.wall.Seconds(), mega(r.rss))
	return t, json.Unmarshal(r.errs, &t)
}
