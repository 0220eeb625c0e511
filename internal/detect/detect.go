// Package detect is the verb that makes findings: it runs the rules over the derived tables of a lake, hands what they
// saw to the store, and closes findings that are no longer seen.
//
// Start at Run. steps.go says which steps of which rules are due, evaluate.go runs one of them within its bounds,
// sighting.go makes a sighting of a row, resolve.go closes findings by evidence, coverage.go says what was logged and
// which rules are blind there. It leaves to others: how the tables come about (refine), what a rule is (rule), what
// becomes of sightings (finding), who is told (notify).
//
// What must hold: what is found is a function of the hours in the lake and of the rules, and not of the order in which
// hours came, how often a run was repeated, or where it was killed. So a step reads its reach and nothing else, no clock
// enters a query, and a step is recorded whole or not at all. And a rule that fails, takes too long or returns too much is
// named, never silent, and never stops the others.
package detect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"weir/internal/engine"
	"weir/internal/finding"
	"weir/internal/lake"

	"weir/internal/rule"
)

// Tables are the derived tables of a lake.
type Tables interface {
	// Made lists the hours that are refined.
	Made(ctx context.Context) ([]lake.Made, error)
	// Open gives the tables of those names with the rows of the hours from from until before to, and perhaps others. done
	// gives back what that took.
	Open(ctx context.Context, names []string, from, to time.Time) (tables []engine.Table, done func() error, err error)
}

// Config says what to run, on what, within which bounds. Zero values of bounds are the defaults.
type Config struct {
	Tables Tables
	Engine func(context.Context, []engine.Table) (engine.Engine, error)
	Rules  []*rule.Rule
	Params map[string]map[string]string // of rules, by id and name, where they are not the rule's own
	Ports  rule.Ports
	Store  finding.Store

	Since, Until time.Time // only steps that end in there; zero is no bound
	Again        bool      // also steps that nothing came for since
	MaxSteps     int       // that one run takes, the newest; 0 is all

	Workers int           // rules at once; default 2
	Time    time.Duration // for one evaluation; default a minute
	Rows    int           // of one evaluation that become findings; default 1,000

	Now      func() time.Time // for what is recorded, never for what is found
	Log      *slog.Logger
	Progress func(done, total int) // steps; from one goroutine at a time
}

// The bounds.
const (
	defaultWorkers = 2
	defaultTime    = time.Minute
	defaultRows    = 1000
	// readRows is how many rows are read for each that is kept. Until there the worst are kept, whatever order an engine
	// gives them in; a result that is longer still is cut where it happens to be, and the query is ended.
	readRows = 100
	// maxSlow is how often in a run a rule may take too long, before its other steps are left to the next run.
	maxSlow = 3
)

func (c *Config) complete() {
	if c.Workers <= 0 {
		c.Workers = defaultWorkers
	}
	if c.Time <= 0 {
		c.Time = defaultTime
	}
	if c.Rows <= 0 {
		c.Rows = defaultRows
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Progress == nil {
		c.Progress = func(int, int) {}
	}
}

// Summary is what a run did.
type Summary struct {
	Rules     []RuleSummary // one for each rule, in the order of Config
	Steps     int           // evaluated and recorded
	Left      int           // due, and left to the next run
	Sightings int
	Changes   []finding.Change // in the order in which they came about
	Resolved  []Resolution     // findings that were closed, and those of which nobody can tell
	Coverage  *Coverage        // of the day before the end of the lake's hours, or of what Since and Until ask for
	Seconds   float64
}

// RuleSummary is what became of one rule.
type RuleSummary struct {
	Rule      *rule.Rule
	Steps     int
	Sightings int
	Seconds   float64       // of evaluations, summed
	Slowest   float64       // one of them
	Err       error         // what stopped it; its steps are due again in the next run
	Slow      int           // evaluations that were ended after Config.Time
	Cut       int           // evaluations that returned more than Config.Rows
	Unread    int           // rows that were no sighting: without a value of the entity's columns
	Learning  int           // steps that wait for history
	Have      time.Duration // of the history, where it is learning: so much there is
}

// Failed lists the rules that an evaluation of failed or was ended.
func (s *Summary) Failed() []*RuleSummary {
	var out []*RuleSummary
	for i := range s.Rules {
		if r := &s.Rules[i]; r.Err != nil || r.Slow > 0 {
			out = append(out, r)
		}
	}
	return out
}

// prepared is a rule in a run.
type prepared struct {
	*rule.Rule
	ref    finding.Rule // as the store knows it
	params map[string]string
	tables []string // that its SQL names
	sum    *RuleSummary
}

// Run evaluates what is due and records it. It returns what was done also with an error.
func Run(ctx context.Context, c Config) (sum Summary, err error) {
	c.complete()
	start := time.Now()
	defer func() { sum.Seconds = time.Since(start).Seconds() }()

	made, err := c.Tables.Made(ctx)
	if err != nil {
		return sum, fmt.Errorf("detect: list hours: %w", err)
	}
	h := sorted(made)
	sum.Rules = make([]RuleSummary, len(c.Rules))
	var steps []step
	var all []*prepared
	for i, r := range c.Rules {
		sum.Rules[i].Rule = r
		p := prepare(&c, r, &sum.Rules[i])
		all = append(all, p)
		evaluated, err := c.Store.Evaluated(ctx, p.ref)
		if err != nil {
			return sum, fmt.Errorf("detect: %w", err)
		}
		if c.Again {
			evaluated = nil
		}
		mine, learning := due(p, h, evaluated, c.Since, c.Until)
		if p.sum.Learning = learning; learning > 0 {
			p.sum.Have = h.end().Sub(h.first()) - p.Window
		}
		steps = append(steps, mine...)
	}
	steps, sum.Left = newest(steps, c.MaxSteps)

	d := &run{c: &c, sum: &sum, total: len(steps)}
	for _, round := range rounds(steps) {
		if err := d.round(ctx, round); err != nil {
			return sum, err
		}
	}
	if h.empty() {
		return sum, nil
	}
	if sum.Coverage, err = ReadCoverage(ctx, CoverageConfig{Tables: c.Tables, Engine: c.Engine, Since: c.Since, Until: c.Until, Rules: c.Rules}); err != nil {
		return sum, err
	}
	return sum, d.resolve(ctx, all, h)
}

// run is a run that is going on.
type run struct {
	c     *Config
	total int

	mu   sync.Mutex // of what follows, and of the store: steps are recorded one at a time
	sum  *Summary
	done int
	err  error // of the store, which ends the run
}

// round evaluates steps that read the same hours. Its error ends the run; those of rules are in their summaries.
func (d *run) round(ctx context.Context, steps []step) (err error) {
	var names []string
	for _, s := range steps {
		names = append(names, s.rule.tables...)
	}
	slices.Sort(names)
	tables, done, err := d.c.Tables.Open(ctx, slices.Compact(names), steps[0].reach(), steps[0].end)
	if err != nil {
		return fmt.Errorf("detect: open tables: %w", err)
	}
	defer func() { err = errors.Join(err, done()) }()
	eng, err := d.c.Engine(ctx, tables)
	if err != nil {
		return fmt.Errorf("detect: %w", err)
	}
	defer func() { err = errors.Join(err, eng.Close()) }()

	queue := make(chan step)
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range min(d.c.Workers, len(steps)) {
		wg.Go(func() {
			for s := range queue {
				if !d.step(ctx, eng, s) {
					cancel()
				}
			}
		})
	}
	for _, s := range steps {
		queue <- s
	}
	close(queue)
	wg.Wait()
	if d.err != nil {
		return d.err
	}
	return ctx.Err()
}

// step evaluates one step and records it. It is false if the run is over.
func (d *run) step(ctx context.Context, eng engine.Engine, s step) bool {
	r := s.rule.sum
	d.mu.Lock()
	skip := r.Err != nil || r.Slow >= maxSlow
	d.mu.Unlock()
	var o outcome
	if !skip && ctx.Err() == nil {
		o = evaluate(ctx, d.c, eng, s)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if ctx.Err() != nil || d.err != nil {
		return false
	}
	d.done++
	d.c.Progress(d.done, d.total)
	r.Seconds += o.seconds
	r.Slowest = max(r.Slowest, o.seconds)
	switch {
	case skip:
		d.sum.Left++
		return true
	case o.slow:
		r.Slow++
		d.sum.Left++
		return true
	case o.err != nil:
		r.Err = fmt.Errorf("rule %s, step %s: %w", s.rule.ID, s.end.Format(time.RFC3339), o.err)
		d.sum.Left++
		return true
	}
	changes, err := d.c.Store.Record(ctx, s.evaluation(o.sightings, d.c.Now()))
	if err != nil {
		d.err = fmt.Errorf("detect: record rule %s: %w", s.rule.ID, err)
		return false
	}
	if o.cut {
		r.Cut++
	}
	r.Unread += o.unread
	r.Steps++
	r.Sightings += len(o.sightings)
	d.sum.Steps++
	d.sum.Sightings += len(o.sightings)
	d.sum.Changes = append(d.sum.Changes, changes...)
	return true
}
