package check

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"weir/internal/engine"
	"weir/internal/rule"
)

// Backtest is what a rule would have found, had it run on each of its steps.
type Backtest struct {
	Steps    int
	Days     []Day
	Findings []*Found // in the order in which they were first seen
}

// Day is a day of UTC: of the steps that end in it, those that end at midnight being of the day before.
type Day struct {
	Date     time.Time
	Steps    int
	Rows     int
	Findings int // that were new
}

// Found is what would have been one finding.
type Found struct {
	Entity      string // port=22 client=…
	Severity    string // the worst
	Message     string // of its last row
	First, Last time.Time
	Steps       int // in which it was seen
}

// BacktestConfig says over what.
type BacktestConfig struct {
	Engine   engine.Engine // over the derived tables
	Ports    rule.Ports
	From, To time.Time           // steps end after From, and at To at the latest
	Progress func(done, all int) // may be nil
}

// RunBacktest runs every step of a rule, and puts rows of one entity together. Nothing is stored.
func RunBacktest(ctx context.Context, cfg BacktestConfig, r *rule.Rule) (*Backtest, error) {
	out := &Backtest{}
	found := map[string]*Found{}
	steps := r.Steps(cfg.From, cfg.To)
	for i, end := range steps {
		start, _ := r.WindowOf(end)
		sql, args, err := r.Bind(start, end, end, nil, cfg.Ports)
		if err != nil {
			return nil, err
		}
		rows, _, err := collect(ctx, cfg.Engine, sql, args)
		if err != nil {
			return nil, fmt.Errorf("backtest %s: step %s: %w", r.ID, end.Format(time.RFC3339), err)
		}
		date := end.Add(-time.Second).Truncate(24 * time.Hour)
		if n := len(out.Days); n == 0 || !out.Days[n-1].Date.Equal(date) {
			out.Days = append(out.Days, Day{Date: date})
		}
		d := &out.Days[len(out.Days)-1]
		d.Steps++
		d.Rows += len(rows)
		for _, row := range rows {
			if row["severity"] == nil {
				row["severity"] = r.Severity
			}
			key := identity(r, row)
			f := found[key]
			if f == nil {
				f = &Found{Entity: key, Severity: fmt.Sprint(row["severity"]), First: start}
				found[key] = f
				out.Findings = append(out.Findings, f)
				d.Findings++
			}
			if s := fmt.Sprint(row["severity"]); worse(s, f.Severity) {
				f.Severity = s
			}
			f.Message, f.Last = r.Message(row), end
			f.Steps++
		}
		if cfg.Progress != nil {
			cfg.Progress(i+1, len(steps))
		}
	}
	out.Steps = len(steps)
	return out, nil
}

func worse(a, b string) bool {
	rank := func(s string) int {
		for i, w := range rule.Severities {
			if w == s {
				return i
			}
		}
		return len(rule.Severities)
	}
	return rank(a) < rank(b)
}

// identity is the entity of a row, as text.
func identity(r *rule.Rule, row map[string]any) string {
	var out []string
	for _, name := range r.Entity {
		out = append(out, name+"="+showValue(row[name]))
	}
	return strings.Join(out, " ")
}

// collect runs a query and returns its rows by column, and the columns.
func collect(ctx context.Context, e engine.Engine, sql string, args []any) ([]map[string]any, []engine.Column, error) {
	rows, err := e.Query(ctx, sql, args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	columns := rows.Columns()
	var out []map[string]any
	for {
		values, err := rows.Next()
		if err == io.EOF {
			return out, columns, nil
		}
		if err != nil {
			return nil, nil, err
		}
		row := make(map[string]any, len(columns))
		for i, c := range columns {
			row[c.Name] = values[i]
		}
		out = append(out, row)
	}
}
