// Package check proves a detection rule by its own examples: it makes the tables that an example describes, runs the rule's
// SQL on them in DuckDB, and compares rows.
//
// Start at Rule. tables.go says how an example's text becomes rows, expand.go and defaults.go what it may leave out,
// derive.go how records become tables, and
// want.go how rows are compared. ties.go finds what rows do not decide. mutate.go changes the rule a little, and wants some example to notice.
//
// It reads no lake. What must hold: an example passes only if its rows are exactly those wanted, each of them
// has an identity and a sentence, and nothing of one example is seen by another.
package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"weir/internal/engine"
	"weir/internal/network"
	"weir/internal/refine"
	"weir/internal/rule"
)

// Config is what checking takes.
type Config struct {
	// Open opens an engine over tables.
	Open func(tables []engine.Table) (engine.Engine, error)
	// Store opens one that can store: tables are made of an example's records with it.
	Store refine.Opener
	Ports *network.Ports
	Book  *network.Book // what addresses of records are
	// Limit is how long an example's query may take; 0 is 10 s.
	Limit time.Duration
}

// Result is what came of a rule's examples.
type Result struct {
	Rule     *rule.Rule
	Failures []Failure
	Examples int      // that ran
	Mutants  int      // that were tried
	Survived []Mutant // that no example noticed, and that the rule does not allow
}

// OK tells whether every example passed.
func (res *Result) OK() bool { return len(res.Failures) == 0 }

// Failure is what is wrong with an example, or with "" as Example the rule.
type Failure struct {
	Example string
	Line    int // in the rule's file; 0 if unknown
	Text    string
}

// Options say how much is checked.
type Options struct {
	Mutants bool // change the rule, and see whether an example notices
}

// Rule runs the examples of r. What is wrong with the rule is in the result; an error is trouble on our side.
func Rule(ctx context.Context, cfg Config, r *rule.Rule, o Options) (*Result, error) {
	if cfg.Limit == 0 {
		cfg.Limit = 10 * time.Second
	}
	res := &Result{Rule: r}
	var stages []*stage
	defer func() {
		for _, s := range stages {
			s.engine.Close()
			s.done()
		}
	}()
	for _, text := range ties(r.SQL) {
		res.Failures = append(res.Failures, Failure{Text: text})
	}
	for i := range r.Examples {
		ex := &r.Examples[i]
		fail := func(text string) {
			res.Failures = append(res.Failures, Failure{ex.Name, ex.Line, text})
		}
		s, err := newStage(ctx, cfg, r, ex)
		if err != nil {
			if bad := (*textError)(nil); errors.As(err, &bad) {
				fail(bad.Error())
				continue
			}
			return nil, fmt.Errorf("check rule %s: example %q: %w", r.ID, ex.Name, err)
		}
		stages = append(stages, s)
		res.Examples++
		if text := s.judge(ctx, r); text != "" {
			fail(text)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if !o.Mutants || !res.OK() {
		return res, nil
	}
	if err := res.mutate(ctx, r, stages); err != nil {
		return nil, err
	}
	return res, nil
}

// stage is an example whose tables are there.
type stage struct {
	cfg    Config
	ex     *rule.Example
	engine engine.Engine
	end    time.Time
	done   func() // removes what the tables lie in
}

// textError is a mistake in what the rule's author wrote.
type textError struct{ msg string }

func (e *textError) Error() string { return e.msg }

func mistake(format string, args ...any) error { return &textError{fmt.Sprintf(format, args...)} }

func newStage(ctx context.Context, cfg Config, r *rule.Rule, ex *rule.Example) (*stage, error) {
	tables, last, done, err := tablesOf(ctx, cfg, r, ex)
	if err != nil {
		return nil, err
	}
	s := &stage{cfg: cfg, ex: ex, end: ex.End, done: done}
	if s.end.IsZero() {
		if last.IsZero() {
			done()
			return nil, mistake("it has no rows, so end: must say when the step is")
		}
		s.end = r.Next(last.Add(time.Hour))
	}
	if s.engine, err = cfg.Open(tables); err != nil {
		done()
		return nil, err
	}
	return s, nil
}

// run is the rows of a rule on the example.
func (s *stage) run(ctx context.Context, r *rule.Rule, span rule.Span, params map[string]string) ([]map[string]any, []engine.Column, error) {
	sql, args, err := r.BindSpan(span, s.end, params, s.cfg.Ports)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Limit)
	defer cancel()
	rows, columns, err := collect(ctx, s.engine, sql, args)
	for _, row := range rows {
		if row["severity"] == nil {
			row["severity"] = r.Severity // as whoever makes findings of the rows does
		}
	}
	return rows, columns, err
}

// judge runs the example and says what is wrong, or "".
func (s *stage) judge(ctx context.Context, r *rule.Rule) string {
	rows, columns, err := s.run(ctx, r, s.span(r), s.ex.Params)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("the query takes longer than %s", s.cfg.Limit)
	case err != nil:
		return err.Error()
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	var wrong []string
	for _, name := range slices.Concat(r.Entity, r.MessageColumns()) {
		if !slices.Contains(names, name) {
			wrong = append(wrong, fmt.Sprintf("the rows have no column %s, which entity or message name; they have %s", name, strings.Join(names, ", ")))
		}
	}
	if len(wrong) > 0 {
		return strings.Join(wrong, "\n")
	}
	seen := map[string]bool{}
	for _, row := range rows {
		wrong = append(wrong, s.judgeRow(r, row, seen)...)
	}
	if text := compare(rows, s.ex.Want); text != "" {
		wrong = append(wrong, text)
	}
	return strings.Join(wrong, "\n")
}

// judgeRow says what is wrong with a row, whatever was wanted.
func (s *stage) judgeRow(r *rule.Rule, row map[string]any, seen map[string]bool) (wrong []string) {
	for _, name := range r.Entity {
		if row[name] == nil {
			wrong = append(wrong, fmt.Sprintf("%s is NULL in %s: a finding must be about something", name, show(row, nil)))
		}
	}
	key := identity(r, row)
	if seen[key] {
		wrong = append(wrong, "two rows have the same entity, "+key)
	}
	seen[key] = true
	for column, words := range map[string][]string{"severity": rule.Severities, "confidence": rule.Confidences} {
		if v, ok := row[column]; ok && v != nil {
			if w, ok := v.(string); !ok || !slices.Contains(words, w) {
				wrong = append(wrong, fmt.Sprintf("%s %s is none of %s", column, showValue(v), strings.Join(words, ", ")))
			}
		}
	}
	if v := row["weight"]; v != nil {
		switch v.(type) {
		case int64, float64:
		default:
			wrong = append(wrong, fmt.Sprintf("weight %s is no number", showValue(v)))
		}
	}
	for _, name := range r.MessageColumns() {
		if row[name] == nil {
			wrong = append(wrong, fmt.Sprintf("the message names %s, which is NULL in %s", name, show(row, nil)))
		}
	}
	return wrong
}
