package rule

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// schema is as much of JSON Schema as docs/rule.schema.json uses.
type schema struct {
	Properties map[string]schema
	Required   []string
	Items      *schema
	Enum       []any
	Additional *bool `json:"additionalProperties"`
	Pattern    string
}

// TestSchema holds the schema for editors against what Parse takes.
func TestSchema(t *testing.T) {
	text, err := os.ReadFile("../../docs/rule.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	keys := func(what string, s schema, known, needed []string) {
		t.Helper()
		var got []string
		for k := range s.Properties {
			got = append(got, k)
		}
		sorted := func(list []string) []string {
			list = slices.Clone(list)
			slices.Sort(list)
			return list
		}
		if d := cmp.Diff(sorted(known), sorted(got)); d != "" {
			t.Errorf("keys of %s (- Parse, + schema):\n%s", what, d)
		}
		if d := cmp.Diff(sorted(needed), sorted(s.Required)); d != "" {
			t.Errorf("keys that %s must have (- Parse, + schema):\n%s", what, d)
		}
		if s.Additional == nil || *s.Additional {
			t.Errorf("%s takes other keys", what)
		}
	}
	p := s.Properties
	keys("a rule", s, ruleKeys, ruleNeeded)
	keys("needs", p["needs"], needsKeys, nil)
	keys("a parameter", *p["params"].Items, paramKeys, paramKeys)
	keys("an example", *p["examples"].Items, exampleKeys, []string{"name", "want"})
	keys("mutation", p["mutation"], mutationKeys, nil)
	keys("a survivor", *p["mutation"].Properties["survives"].Items, survivorKeys, survivorKeys)

	words := func(what string, s schema, want []string) {
		t.Helper()
		var got []string
		for _, w := range s.Enum {
			got = append(got, w.(string))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (- Parse, + schema):\n%s", what, d)
		}
	}
	words("severities", p["severity"], Severities)
	words("groups", p["group"], Groups)
	words("types", p["params"].Items.Properties["type"], types)
	words("fields", *p["needs"].Properties["fields"].Items, KnownFields)
	if got := p["id"].Pattern; got != idForm.String() {
		t.Errorf("form of id: %s in the schema, %s here", got, idForm)
	}
}
