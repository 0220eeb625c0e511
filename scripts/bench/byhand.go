package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"weir/internal/engine"
	"weir/queries"
)

// byHand is a saved query as one would write it for DuckDB alone: the values in the text, DuckDB's own names of functions,
// and addresses compared as the texts that they are, since DuckDB has no networks without an extension.
func byHand(sql string) string {
	for _, r := range duckdbWords {
		sql = r.from.ReplaceAllString(sql, r.to)
	}
	return sql
}

var duckdbWords = []struct {
	from *regexp.Regexp
	to   string
}{
	// A private address, as :private is written out.
	{regexp.MustCompile(`\(contains\('10\.0\.0\.0/8', TRY_CAST\((.+?) AS IPADDRESS\)\) OR .+? OR contains\('fe80::/10', TRY_CAST\(.+? AS IPADDRESS\)\)\)`),
		`(starts_with($1, '10.') OR regexp_matches($1, '^172\.(1[6-9]|2[0-9]|3[01])\.') OR starts_with($1, '192.168.')` +
			` OR regexp_matches($1, '^100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.') OR starts_with($1, '169.254.')` +
			` OR starts_with($1, 'fc') OR starts_with($1, 'fd') OR regexp_matches($1, '^fe[89ab]'))`},
	{regexp.MustCompile(`contains\('([0-9]+\.[0-9]+\.)0\.0/16', TRY_CAST\((.+?) AS IPADDRESS\)\)`), `starts_with($2, '$1')`},
	{regexp.MustCompile(`contains\('([0-9]+\.[0-9]+\.[0-9]+\.)0/24', TRY_CAST\((.+?) AS IPADDRESS\)\)`), `starts_with($2, '$1')`},
	{regexp.MustCompile(`bitwise_and\((\w+), (\w+)\)`), `($1 & $2)`},
	{regexp.MustCompile(`bitwise_or_agg\(`), `bit_or(`},
	{regexp.MustCompile(`day_of_week\(`), `isodow(`},
	{regexp.MustCompile(`array_join\(`), `array_to_string(`},
	{regexp.MustCompile(`approx_percentile\(`), `approx_quantile(`},
	{regexp.MustCompile(`from_unixtime\(`), `to_timestamp(`},
	{regexp.MustCompile(`regexp_like\(`), `regexp_matches(`},
}

// saved is a saved query with its defaults: as weir runs it, and with the values in the text.
type saved struct {
	name    string
	sql     string
	args    []any
	written string
}

// savedQueries are those about the records of VPCs, at a time.
func savedQueries(d *engine.Dialect, now time.Time) ([]saved, error) {
	var out []saved
	for _, q := range queries.List() {
		if q.Table != "flows" {
			continue // nothing is generated for transit gateways
		}
		sql, args, err := q.Bind(nil, queries.BindOptions{Now: now, ParseTime: func(text string, now time.Time) (time.Time, error) {
			age, err := time.ParseDuration(text)
			return now.Add(-age), err
		}})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.Name, err)
		}
		s := saved{name: q.Name, sql: sql, args: args, written: sql}
		for _, a := range args {
			text, err := d.Literal(a)
			if err != nil {
				return nil, err
			}
			s.written = strings.Replace(s.written, "?", text, 1)
		}
		out = append(out, s)
	}
	return out, nil
}
