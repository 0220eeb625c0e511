package rules

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestAll: the rules that weir brings say more than others must.
func TestAll(t *testing.T) {
	seen := map[string]string{} // catalogue: rule
	for _, r := range All() {
		firing, silent := false, false
		for _, ex := range r.Examples {
			firing = firing || len(ex.Want) > 0
			silent = silent || len(ex.Want) == 0
		}
		if !firing || !silent {
			t.Errorf("%s: it needs an example that fires, and one that nearly does", r.ID)
		}
		if len(r.Catalogue) == 0 || len(r.FalsePositives) == 0 || len(r.References) == 0 {
			t.Errorf("%s: catalogue, false_positives and references are wanted", r.ID)
		}
		if len(r.Techniques) == 0 && r.Group != "posture" && r.Group != "health" {
			t.Errorf("%s: it needs an ATT&CK technique", r.ID)
		}
		for _, c := range r.Catalogue {
			if seen[c] != "" {
				t.Errorf("%s and %s are both %s", seen[c], r.ID, c)
			}
			seen[c] = r.ID
		}
		for _, s := range slices.Concat([]string{r.Explain, r.Fix}, r.FalsePositives) {
			if !strings.HasSuffix(strings.TrimSpace(s), ".") {
				t.Errorf("%s: %q is no sentence", r.ID, s)
			}
		}
		text, err := Source(r.ID)
		if err != nil || !strings.HasPrefix(string(text), "# yaml-language-server: $schema=../docs/rule.schema.json\n") {
			t.Errorf("%s: the first line should say where the schema is (%v)", r.ID, err)
		}
	}
	names, err := fs.Glob(os.DirFS("."), "*.yaml")
	if err != nil || len(names) != len(All()) {
		t.Errorf("%d rules of %d files (%v)", len(All()), len(names), err)
	}
}
