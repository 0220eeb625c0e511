package check

import (
	"slices"
	"testing"

	"weir/internal/engine"
	"weir/internal/engine/enginetest"
	"weir/rules"
)

// TestRulesOrder runs each example with its rows in another order: a table has none.
func TestRulesOrder(t *testing.T) {
	cfg := config()
	for _, r := range rules.All() {
		t.Run(r.ID, func(t *testing.T) {
			for i := range r.Examples {
				ex := &r.Examples[i]
				if ex.Records != "" || len(ex.Want) == 0 {
					continue
				}
				var answers []*enginetest.Answer
				for _, back := range []bool{false, true} {
					turned := cfg
					turned.Open = func(tables []engine.Table) (engine.Engine, error) {
						for i := range tables {
							if back && tables[i].Rows != nil {
								rows := slices.Clone(tables[i].Rows)
								slices.Reverse(rows)
								tables[i].Rows = rows
							}
						}
						return cfg.Open(tables)
					}
					s, err := newStage(t.Context(), turned, r, ex)
					if err != nil {
						t.Fatal(err)
					}
					sql, args, err := r.BindSpan(s.span(r), s.end, ex.Params, cfg.Ports)
					if err != nil {
						t.Fatal(err)
					}
					a, err := enginetest.Ask(t, s.engine, enginetest.Case{SQL: sql, Args: args})
					if err != nil {
						t.Fatal(err)
					}
					s.engine.Close()
					s.done()
					answers = append(answers, a)
				}
				for _, d := range enginetest.Differences(answers[0], answers[1], enginetest.Case{}) {
					t.Errorf("example %q, rows in reverse: %s", ex.Name, d)
				}
			}
		})
	}
}
