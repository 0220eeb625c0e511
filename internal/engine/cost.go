package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
)

// Price is what an engine takes for scanning, in US dollars. The zero value is an engine that takes nothing.
type Price struct {
	PerTB float64 // 10^12 bytes; whoever bills by 2^40 takes a tenth less
	Least int64   // bytes that a query is billed for at least
	Round int64   // bytes to whose multiple it is rounded up
}

// AthenaPrice is Athena's way to bill: by the MB, 10 MB at least a query. Athena pricing page, read 2026-11.
func AthenaPrice(perTB float64) Price { return Price{perTB, 10e6, 1e6} }

// Of is the price of scanning so many bytes.
func (p Price) Of(bytes int64) float64 {
	if p.PerTB == 0 || bytes == 0 {
		return 0
	}
	bytes = max(bytes, p.Least)
	if p.Round > 1 {
		bytes += (p.Round - bytes%p.Round) % p.Round
	}
	return float64(bytes) / 1e12 * p.PerTB
}

// Text is a price for people: $6.00, $0.0012, or "" where there is none.
func (p Price) Text(bytes int64) string {
	usd := p.Of(bytes)
	switch {
	case p.PerTB == 0:
		return ""
	case usd == 0 || usd >= 0.1:
		return fmt.Sprintf("$%.2f", usd)
	}
	digits := 1 - int(math.Floor(math.Log10(usd))) // two that count
	return fmt.Sprintf("$%.*f", digits, usd)
}

// Cost is what a query would scan, at most.
type Cost struct {
	Bytes   int64
	AtLeast bool     // there is more than was looked at
	Unknown []string // tables of which nobody knows
}

// CostOf adds up the scans of a plan.
func CostOf(scans []Scan) Cost {
	var c Cost
	for _, s := range scans {
		c.Bytes += max(0, s.Bytes)
		c.AtLeast = c.AtLeast || s.AtLeast
		if s.Unknown() && !slices.Contains(c.Unknown, s.Table) {
			c.Unknown = append(c.Unknown, s.Table)
		}
	}
	return c
}

// bounded tells whether Bytes is what the query scans at most.
func (c Cost) bounded() bool { return !c.AtLeast && len(c.Unknown) == 0 }

// Estimates is an Engine that tells what a query would scan with less work than Explain.
type Estimates interface {
	Estimate(ctx context.Context, sql string, args ...any) ([]Scan, error)
}

// Limits are what queries may cost. The zero value is no limit.
type Limits struct {
	MaxBytes int64   // of one query; 0 is no bound
	Budget   *Budget // of all queries of a day; nil is none
	Price    Price   // for what is said about it
	// Cutoff is the number of bytes at which the engine ends a query by itself, 0 where it does not. nil is an engine
	// that never does.
	Cutoff func(context.Context) (int64, error)
}

// Guard makes an engine that runs no query that would cost more than the limits. It asks for an estimate before each.
func Guard(e Engine, l Limits) Engine {
	if l.MaxBytes == 0 && l.Budget == nil {
		return e
	}
	return &guarded{e, l}
}

type guarded struct {
	Engine
	Limits
}

// Unguarded is the engine behind Guard, or e itself: for what scans nothing.
func Unguarded(e Engine) Engine {
	if g, ok := e.(*guarded); ok {
		return g.Engine
	}
	return e
}

// Query implements Engine. Errors are *CostError and *UnknownCostError besides those of the engine.
func (g *guarded) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	if toks := Tokens(sql); len(toks) > 0 && toks[0].Is("EXPLAIN") {
		return g.Engine.Query(ctx, sql, args...) // which scans nothing
	}
	cost, err := g.estimate(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	most := cost.Bytes // that it can scan
	if !cost.bounded() {
		if most, err = g.cutoff(ctx, cost); err != nil {
			return nil, err
		}
	}
	if g.MaxBytes > 0 && cost.Bytes > g.MaxBytes {
		return nil, &CostError{Cost: cost, Price: g.Price, Limit: g.MaxBytes}
	}
	if g.Budget == nil {
		return g.Engine.Query(ctx, sql, args...)
	}
	settle, err := g.Budget.Reserve(ctx, most)
	if err != nil {
		var over *CostError
		if errors.As(err, &over) {
			over.Cost, over.Price = cost, g.Price
			over.Cost.Bytes = most
		}
		return nil, err
	}
	rows, err := g.Engine.Query(ctx, sql, args...)
	if err != nil {
		if ctx.Err() != nil {
			// What a query has scanned until it is stopped is paid for, and nobody says how much it was: all of it counts.
			return nil, err
		}
		took := int64(0) // failed queries are not charged, but those that the engine's own limit ended are
		if s := interface{ BytesScanned() int64 }(nil); errors.As(err, &s) {
			took = s.BytesScanned()
		}
		return nil, errors.Join(err, settle(took))
	}
	return &guardedRows{Rows: rows, most: most, settle: settle}, nil
}

func (g *guarded) estimate(ctx context.Context, sql string, args []any) (Cost, error) {
	if e, ok := g.Engine.(Estimates); ok {
		scans, err := e.Estimate(ctx, sql, args...)
		return CostOf(scans), err
	}
	plan, err := g.Explain(ctx, sql, args...)
	if err != nil {
		return Cost{}, err
	}
	return CostOf(plan.Tables), nil
}

// cutoff is what bounds a query where no estimate does: the engine's own limit, if it has one within ours.
func (g *guarded) cutoff(ctx context.Context, cost Cost) (int64, error) {
	var n int64
	if g.Cutoff != nil {
		var err error
		if n, err = g.Cutoff(ctx); err != nil {
			return 0, err
		}
	}
	if n == 0 || g.MaxBytes > 0 && n > g.MaxBytes {
		return 0, &UnknownCostError{Cost: cost, Limit: g.MaxBytes, Cutoff: n}
	}
	return n, nil
}

// guardedRows tell the budget what they took once they are at their end, or left.
type guardedRows struct {
	Rows
	most   int64
	settle func(int64) error
	once   sync.Once
	err    error
}

var _ Scanned = (*guardedRows)(nil)

func (r *guardedRows) done() {
	r.once.Do(func() {
		took := r.most
		if s, ok := r.Rows.(Scanned); ok {
			took = s.BytesScanned()
		}
		r.err = r.settle(took)
	})
}

// Next implements Rows.
func (r *guardedRows) Next() ([]any, error) {
	row, err := r.Rows.Next()
	if err == io.EOF {
		r.done()
	}
	return row, err
}

// Close implements Rows.
func (r *guardedRows) Close() error {
	err := r.Rows.Close()
	r.done()
	return errors.Join(err, r.err)
}

// BytesScanned implements Scanned.
func (r *guardedRows) BytesScanned() int64 {
	if s, ok := r.Rows.(Scanned); ok {
		return s.BytesScanned()
	}
	return 0
}

// QueryID implements Scanned.
func (r *guardedRows) QueryID() string {
	if s, ok := r.Rows.(Scanned); ok {
		return s.QueryID()
	}
	return ""
}

// CostError is the refusal of a query that would cost too much.
type CostError struct {
	Cost  Cost
	Price Price
	Limit int64
	Daily bool  // the limit is that of a day
	Used  int64 // of the day so far
}

func (e *CostError) Error() string {
	s := "query would scan " + sizeText(e.Cost.Bytes)
	if p := e.Price.Text(e.Cost.Bytes); p != "" {
		s += " (about " + p + ")"
	}
	if e.Cost.AtLeast {
		s += " or more"
	}
	if e.Daily {
		return fmt.Sprintf("%s; with the %s of today that is more than daily_bytes %s", s, sizeText(e.Used), sizeText(e.Limit))
	}
	return s + ", more than max_bytes " + sizeText(e.Limit)
}

// UnknownCostError is the refusal of a query of which nobody knows what it would cost.
type UnknownCostError struct {
	Cost   Cost
	Limit  int64 // max_bytes, or 0 where only the budget of the day is set
	Cutoff int64 // at which the engine ends queries, or 0
}

func (e *UnknownCostError) Error() string {
	s := "nobody knows how much the query would scan"
	switch {
	case len(e.Cost.Unknown) > 0:
		s += " of " + strings.Join(e.Cost.Unknown, ", ")
	case e.Cost.AtLeast:
		s = fmt.Sprintf("the query would scan %s and more: there are more files than were looked at", sizeText(e.Cost.Bytes))
	}
	limit := "daily_bytes is set"
	if e.Limit > 0 {
		limit = "max_bytes is " + sizeText(e.Limit)
	}
	if e.Cutoff > 0 {
		return fmt.Sprintf("%s; %s, and the workgroup ends queries at %s only", s, limit, sizeText(e.Cutoff))
	}
	return fmt.Sprintf("%s; %s, and the engine has no limit of its own", s, limit)
}

// sizeText is a number of bytes for people, to three digits.
func sizeText(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	f, u := float64(n), 0
	for f >= 999.5 && u < len(units)-1 {
		f, u = f/1000, u+1
	}
	if u > 0 && f < 9.95 && f != math.Trunc(f) {
		return fmt.Sprintf("%.1f %s", f, units[u])
	}
	return fmt.Sprintf("%.0f %s", f, units[u])
}
