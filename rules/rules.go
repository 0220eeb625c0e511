// Package rules holds the detection rules that come with weir: one YAML file each, embedded in the program, with the examples
// that prove it.
//
// Start at All. docs/writing-rules.md says how one is written, `weir rules check FILE` whether it holds. The package runs
// nothing. What must hold: every file here parses, and passes its examples and the changes that its examples must notice.
package rules

import (
	"cmp"
	"embed"
	"io/fs"
	"slices"
	"sync"

	"weir/internal/rule"
)

//go:embed *.yaml
var files embed.FS

var load = sync.OnceValue(func() []*rule.Rule {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		panic("BUG: " + err.Error())
	}
	var out []*rule.Rule
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			panic("BUG: " + err.Error())
		}
		r, err := rule.Parse("rules/"+name, text)
		if err != nil {
			panic("BUG: " + err.Error()) // a test reads all of them
		}
		out = append(out, r)
	}
	Sort(out)
	return out
})

// Sort puts rules into the order in which they are listed: by group and id.
func Sort(list []*rule.Rule) {
	slices.SortFunc(list, func(a, b *rule.Rule) int {
		return cmp.Or(slices.Index(rule.Groups, a.Group)-slices.Index(rule.Groups, b.Group), cmp.Compare(a.ID, b.ID))
	})
}

// All are the rules, by group and id. They must not be changed.
func All() []*rule.Rule { return load() }

// Get returns the rule of that id.
func Get(id string) (*rule.Rule, bool) {
	for _, r := range load() {
		if r.ID == id {
			return r, true
		}
	}
	return nil, false
}

// Source is the file of a rule, as its author wrote it.
func Source(id string) ([]byte, error) { return files.ReadFile(id + ".yaml") }
