package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"weir/internal/rule"
)

// Mutant is a small change to a rule that some example should notice.
type Mutant struct {
	Name string // "clients up", "without: port = 22", "window begins an hour earlier"
	Hint string // what an example would need
}

// mutant is one with what it takes to run it.
type mutant struct {
	Mutant
	rule   *rule.Rule
	param  *rule.Param // changed, or nil
	change func(text string) string
	span   func(rule.Span) rule.Span
}

// mutate tries every mutant on every example until one notices.
func (res *Result) mutate(ctx context.Context, r *rule.Rule, stages []*stage) error {
	list, err := mutants(r)
	if err != nil {
		return err
	}
	allowed := map[string]bool{}
	for _, m := range list {
		res.Mutants++
		noticed := slices.ContainsFunc(stages, func(s *stage) bool { return s.notices(ctx, m) })
		if err := ctx.Err(); err != nil {
			return err
		}
		i := slices.IndexFunc(r.Survives, func(s rule.Survivor) bool { return s.Mutant == m.Name })
		switch {
		case i < 0 && !noticed:
			res.Survived = append(res.Survived, m.Mutant)
		case i >= 0 && noticed:
			res.Failures = append(res.Failures, Failure{Line: r.Survives[i].Line, Text: fmt.Sprintf("mutation %q is said to survive, but an example notices it: take it off the list", m.Name)})
		}
		allowed[m.Name] = true
	}
	for _, s := range r.Survives {
		if !allowed[s.Mutant] {
			res.Failures = append(res.Failures, Failure{Line: s.Line, Text: fmt.Sprintf("there is no mutation %q", s.Mutant)})
		}
	}
	return nil
}

// notices tells whether the example fails with the mutant.
func (s *stage) notices(ctx context.Context, m *mutant) bool {
	params := s.ex.Params
	if m.param != nil {
		params = maps.Clone(params)
		text, ok := params[m.param.Name]
		if !ok {
			text = m.param.Default
		}
		params[m.param.Name] = m.change(text)
	}
	rows, _, err := s.run(ctx, m.rule, m.span(s.span(m.rule)), params)
	return err != nil || compare(rows, s.ex.Want) != ""
}

func (s *stage) span(r *rule.Rule) rule.Span { return r.Span(s.end) }

// mutants are the changes to a rule, in the order of its text.
func mutants(r *rule.Rule) ([]*mutant, error) {
	same := func(s rule.Span) rule.Span { return s }
	var out []*mutant
	for i := range r.Params {
		p := &r.Params[i]
		for _, c := range changes(p) {
			out = append(out, &mutant{Mutant: Mutant{c.name, c.hint}, rule: r, param: p, change: c.change, span: same})
		}
	}
	for _, c := range conditions(r.SQL) {
		changed, err := r.WithSQL(r.SQL[:c.pos] + "true" + r.SQL[c.end:])
		if err != nil {
			return nil, fmt.Errorf("check rule %s: %w", r.ID, err)
		}
		out = append(out, &mutant{rule: changed, span: same,
			Mutant: Mutant{"without: " + c.text, "an example with rows that only this condition keeps out"}})
	}
	edge := func(name, hint string, span func(rule.Span) rule.Span) {
		out = append(out, &mutant{rule: r, span: span, Mutant: Mutant{name, hint}})
	}
	edge("window begins an hour earlier", "rows in the hour before the window, which must not count", func(s rule.Span) rule.Span {
		s.Start = s.Start.Add(-time.Hour)
		return s
	})
	edge("window ends an hour later", "rows in the hour that begins at the window's end (set end:), which must not count", func(s rule.Span) rule.Span {
		s.End = s.End.Add(time.Hour)
		return s
	})
	edge("window begins an hour later", "rows in the window's first hour, which must count", func(s rule.Span) rule.Span {
		s.Start = s.Start.Add(time.Hour)
		return s
	})
	edge("window ends an hour earlier", "rows in the window's last hour, which must count", func(s rule.Span) rule.Span {
		s.End = s.End.Add(-time.Hour)
		return s
	})
	return out, nil
}

type change struct {
	name, hint string
	change     func(string) string
}

// changes are a parameter twice as large and one more, and half as large. Half of 0 or 1 is no value that means anything.
func changes(p *rule.Param) []change {
	value := func(text string) any {
		v, err := p.Parse(text)
		if err != nil {
			panic("BUG: " + err.Error()) // it was parsed before
		}
		return v
	}
	scale := func(by float64, plus int64) func(string) string {
		return func(text string) string {
			switch v := value(text).(type) {
			case float64:
				return strconv.FormatFloat(v*by, 'g', -1, 64)
			case int64:
				n := int64(float64(v)*by) + plus
				if p.Type == rule.Duration {
					return strconv.FormatInt(n, 10) + "s"
				}
				return strconv.FormatInt(n, 10)
			}
			return text + "?"
		}
	}
	up := change{p.Name + " up", "an example that would be silent if " + p.Name + " were twice as large: closer to the threshold", scale(2, 1)}
	down := change{p.Name + " down", "an example that is silent, and would fire if " + p.Name + " were half as large: closer to the threshold", scale(0.5, 0)}
	switch v := value(p.Default).(type) {
	case float64:
		if v == 0 {
			return nil
		}
	case int64:
		if v < 2 {
			return []change{up}
		}
	case string:
		return []change{{p.Name + " other", "an example for which " + p.Name + " matters", scale(1, 0)}}
	}
	return []change{up, down}
}
