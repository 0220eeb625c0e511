package doctor

import (
	"encoding/json"
	"slices"
	"strings"
)

// statement is one statement of a policy. Lists are nil where unknown; whole tells whether they were all known.
type statement struct {
	effect     string
	actions    []string
	resources  []string
	principals map[string][]string // "AWS", "Service"; "*" for everybody
	conditions map[string]any      // by operator
	whole      bool
}

// policy reads the policy document in an argument. whole is false where there may be more than is returned.
func (r *Resource) policy(path string) (out []statement, whole bool) {
	doc, ok := r.Documents[path]
	if !ok {
		text, known := r.text(path)
		if !known || len(text) > 256<<10 || json.Unmarshal([]byte(text), &doc) != nil {
			return nil, false
		}
	}
	m, ok := doc.(map[string]any)
	if !ok {
		return nil, false
	}
	list, whole := mapsOf(m["Statement"])
	for _, s := range list {
		out = append(out, readStatement(s))
	}
	return out, whole
}

func readStatement(m map[string]any) statement {
	s := statement{principals: map[string][]string{}}
	var a, b bool
	s.effect, _ = m["Effect"].(string)
	s.actions, a = listOf(m["Action"])
	s.resources, b = listOf(m["Resource"])
	s.whole = a && b
	switch p := m["Principal"].(type) {
	case nil:
	case string:
		s.principals["*"] = []string{p}
	case map[string]any:
		for kind, v := range p {
			ids, known := listOf(v)
			s.principals[kind], s.whole = ids, s.whole && known
		}
	default:
		s.whole = false
	}
	switch c := m["Condition"].(type) {
	case nil:
	case map[string]any:
		s.conditions = c
	default:
		s.whole = false
	}
	return s
}

// everybody tells whether anyone at all may use an allowing statement.
func (s statement) everybody() bool {
	return s.effect == "Allow" && (slices.Contains(s.principals["*"], "*") || slices.Contains(s.principals["AWS"], "*"))
}

func (s statement) service(name string) bool {
	return s.effect == "Allow" && slices.Contains(s.principals["Service"], name)
}

// conditioned tells whether a condition names one of the keys.
func (s statement) conditioned(keys ...string) bool {
	for _, v := range s.conditions {
		m, ok := v.(map[string]any)
		if !ok {
			return true // unknown: not ours to blame
		}
		for k := range m {
			if slices.ContainsFunc(keys, func(want string) bool { return strings.EqualFold(k, want) }) {
				return true
			}
		}
	}
	return false
}
