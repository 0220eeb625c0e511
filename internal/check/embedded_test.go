package check

import (
	"context"
	"testing"

	"weir/rules"
)

// TestRules runs the examples of every rule that weir brings, and wants them to notice every change to it.
func TestRules(t *testing.T) {
	examples, mutants := 0, 0
	for _, r := range rules.All() {
		t.Run(r.ID, func(t *testing.T) {
			res, err := Rule(context.Background(), config(), r, Options{Mutants: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range res.Failures {
				t.Errorf("%s:%d: %s: %s", r.File, f.Line, f.Example, f.Text)
			}
			for _, m := range res.Survived {
				t.Errorf("%s: no example notices: %s; it wants %s", r.File, m.Name, m.Hint)
			}
			examples += res.Examples
			mutants += res.Mutants
		})
	}
	t.Logf("%d rules, %d examples, %d changes", len(rules.All()), examples, mutants)
}
