package detect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"weir/internal/engine"
	"weir/internal/rule"
)

// sparse are the fields that most records have no value of though they are logged. Of them, one value in an account
// says that the account logs them.
var sparse = []string{"instance_id", "pkt_dst_aws_service", "pkt_src_aws_service", "traffic_path", "reject_reason", "encryption_status"}

// blindness says why a rule cannot see an interface in an hour, "" if it can. An hour without traffic has nothing to see.
func blindness(r *rule.Rule, v *coverageRow) string {
	if v.accepts+v.rejects == 0 {
		return ""
	}
	var missing []string
	for _, f := range r.Needs.Fields {
		if !slices.Contains(v.fields, f) {
			missing = append(missing, f)
		}
	}
	switch {
	case len(missing) > 0:
		return strings.Join(missing, ", ") + " not logged"
	case r.Needs.Interval > 0 && v.interval > int64(r.Needs.Interval):
		return fmt.Sprintf("logged every %d s, needs %d", v.interval, r.Needs.Interval)
	}
	return ""
}

// sparseSQL finds which accounts log which fields: their combinations are few.
const sparseSQL = `SELECT account_id, fields FROM coverage WHERE hour >= ? AND hour < ? GROUP BY 1, 2`

// knownSQL finds the interfaces that were logged before a time.
const knownSQL = `SELECT interface_id, max(account_id) AS account_id, max(region) AS region, max(vpc_id) AS vpc_id, max(subnet_id) AS subnet_id,
  max(own_address) AS own_address, min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM coverage
WHERE hour >= ? AND hour < ?
GROUP BY 1`

const coverageSQL = `SELECT interface_id, hour, max(account_id) AS account_id, max(region) AS region, max(vpc_id) AS vpc_id, max(subnet_id) AS subnet_id,
  max(own_address) AS own_address, sum(records) AS records, sum(nodata) AS nodata, sum(skipdata) AS skipdata, sum(accepts) AS accepts,
  sum(rejects) AS rejects, max(interval_seconds) AS interval_seconds, max(delay_seconds) AS delay_seconds, max(fields) AS fields,
  min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM coverage
WHERE hour >= ? AND hour < ?
GROUP BY 1, 2
ORDER BY 1, 2`

// maxCoverage bounds the interface-hours that are read: a year of 600 interfaces.
const maxCoverage = 5_500_000

// coverageRow is one interface in one hour.
type coverageRow struct {
	id, account, region, vpc, subnet, address string
	hour, first, last                         time.Time
	records, nodata, skipdata                 int64
	accepts, rejects                          int64
	interval, delay                           int64 // seconds; delay -1 is not known
	fields                                    []string
}

// log reads the table coverage.
type log struct {
	tables Tables
	open   func(context.Context, []engine.Table) (engine.Engine, error)
}

// query hands the rows of a query about the hours of a time to each.
func (l log) query(ctx context.Context, sql string, from, to time.Time, each func(cells)) (err error) {
	tables, done, err := l.tables.Open(ctx, []string{"coverage"}, from, to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	eng, err := l.open(ctx, tables)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, eng.Close()) }()
	err = read(ctx, eng, sql, []any{from, to}, maxCoverage, func(_ []engine.Column, row []any) { each(row) })
	if errors.Is(err, errMore) {
		return fmt.Errorf("more than %d interfaces times hours: ask for less time", maxCoverage)
	}
	return err
}

// read hands the interfaces and hours of a time to each, in this order.
func (l log) read(ctx context.Context, from, to time.Time, each func(*coverageRow)) error {
	logs := map[string][]string{} // sparse fields, by account
	err := l.query(ctx, sparseSQL, from, to, func(v cells) {
		for _, f := range strings.Split(v.text(1), ",") {
			if slices.Contains(sparse, f) && !slices.Contains(logs[v.text(0)], f) {
				logs[v.text(0)] = append(logs[v.text(0)], f)
			}
		}
	})
	if err != nil {
		return err
	}
	lists := map[[2]string][]string{} // many interfaces have the same fields
	return l.query(ctx, coverageSQL, from, to, func(v cells) {
		r := &coverageRow{
			id: v.text(0), hour: v.time(1), account: v.text(2), region: v.text(3), vpc: v.text(4), subnet: v.text(5), address: v.text(6),
			records: v.number(7, 0), nodata: v.number(8, 0), skipdata: v.number(9, 0), accepts: v.number(10, 0), rejects: v.number(11, 0),
			interval: v.number(12, 0), delay: v.number(13, -1), first: v.time(15), last: v.time(16),
		}
		key := [2]string{r.account, v.text(14)}
		fields, ok := lists[key]
		if !ok {
			fields = strings.FieldsFunc(key[1], func(r rune) bool { return r == ',' })
			fields = append(fields, logs[r.account]...)
			lists[key] = fields
		}
		r.fields = fields
		each(r)
	})
}

// cells are the values of a row.
type cells []any

func (v cells) text(i int) string { s, _ := v[i].(string); return s }

func (v cells) time(i int) time.Time { t, _ := v[i].(time.Time); return t }

func (v cells) number(i int, none int64) int64 {
	if n, ok := v[i].(int64); ok {
		return n
	}
	return none
}
