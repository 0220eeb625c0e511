package detect

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"weir/internal/engine"
	"weir/internal/finding"
	"weir/internal/rule"
)

// derived are the names of the tables that a rule may read.
var derived = []string{"addresses", "conversations", "exposures", "edges", "coverage"}

func prepare(c *Config, r *rule.Rule, sum *RuleSummary) *prepared {
	p := &prepared{Rule: r, params: c.Params[r.ID], sum: sum}
	p.ref = finding.Rule{
		ID: r.ID, Version: r.Version, Hash: hash(c, r, p.params), Title: r.Title, Severity: r.Severity, Techniques: r.Techniques, Resolve: r.Resolve,
	}
	for _, t := range engine.Tokens(r.SQL) {
		name := strings.ToLower(t.Value())
		if (t.Kind == engine.Word || t.Kind == engine.Quoted) && slices.Contains(derived, name) && !slices.Contains(p.tables, name) {
			p.tables = append(p.tables, name)
		}
	}
	return p
}

// hash is of all of a rule that its sightings follow from, the meaning of its sets of ports and the values of its
// parameters included: a change of it makes every step due again. A rule that cannot be bound says so when it is evaluated.
func hash(c *Config, r *rule.Rule, params map[string]string) string {
	h, epoch := sha256.New(), time.Unix(0, 0).UTC()
	part := func(v ...any) { fmt.Fprintf(h, "%q\n", fmt.Sprint(v...)) }
	sql, args, err := r.Bind(epoch.Add(-r.Window), epoch, epoch, params, c.Ports)
	part(sql, err)
	for _, a := range args {
		part(a)
	}
	part(r.Window, r.Every, r.Needs.History)
	part(r.Severity)
	part(r.Template)
	for _, name := range r.Entity {
		part(name)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// outcome is what came of an evaluation.
type outcome struct {
	sightings []finding.Sighting
	seconds   float64
	slow      bool // ended after Config.Time
	cut       bool // there were more than Config.Rows
	unread    int
	err       error
}

// evaluate runs a rule at a step, within the bounds.
func evaluate(ctx context.Context, c *Config, eng engine.Engine, s step) (o outcome) {
	began := time.Now()
	defer func() { o.seconds = time.Since(began).Seconds() }()
	ctx, cancel := context.WithTimeout(ctx, c.Time)
	defer cancel()
	// The end of the step is all the now that a rule may know: a clock would make findings depend on when a run was.
	sql, args, err := s.rule.Bind(s.start(), s.end, s.end, s.rule.params, c.Ports)
	if err != nil {
		return outcome{err: err}
	}
	worst := &worst{most: c.Rows}
	err = read(ctx, eng, sql, args, c.Rows*readRows, func(columns []engine.Column, row []any) {
		worst.add(newRow(s.rule.Rule, columns, row))
	})
	switch {
	case errors.Is(err, errMore):
		o.cut = true
	case err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return outcome{slow: true}
	case err != nil:
		return outcome{err: err}
	}
	o.unread, o.cut = worst.unread, o.cut || worst.cut()
	for _, r := range worst.rows() {
		o.sightings = append(o.sightings, r.sighting(s, sql, args))
	}
	return o
}

// errMore says that a result has more rows than are read.
var errMore = errors.New("more rows")

// read hands the rows of a query to each, at most so many; the slice is the engine's. What is left of a longer result is
// never computed.
func read(ctx context.Context, eng engine.Engine, sql string, args []any, most int, each func([]engine.Column, []any)) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rows, err := eng.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer func() {
		cancel() // Close waits for a query that runs
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	columns := rows.Columns()
	for n := 0; ; n++ {
		row, err := rows.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n == most {
			return errMore
		}
		each(columns, row)
	}
}

// worst keeps the rows of a result that are the worst, in an order that does not depend on that in which an engine gives
// them: by severity, then by entity.
type worst struct {
	most   int
	held   []*row
	more   bool
	unread int
}

func (w *worst) add(r *row) {
	if r == nil {
		w.unread++
		return
	}
	w.held = append(w.held, r)
	if len(w.held) >= 2*w.most+1024 {
		w.settle()
	}
}

func (w *worst) settle() {
	slices.SortFunc(w.held, func(a, b *row) int {
		return cmp.Or(cmp.Compare(finding.Rank(b.severity), finding.Rank(a.severity)), cmp.Compare(a.key, b.key), cmp.Compare(b.count, a.count), cmp.Compare(a.text, b.text))
	})
	if len(w.held) > w.most {
		clear(w.held[w.most:])
		w.held, w.more = w.held[:w.most], true
	}
}

func (w *worst) rows() []*row { w.settle(); return w.held }

// cut tells whether rows were left out. It settles first.
func (w *worst) cut() bool { w.settle(); return w.more }
