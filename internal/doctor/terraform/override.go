package terraform

import (
	"maps"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"weir/internal/doctor"
)

// isOverride tells the files that Terraform reads last, to change what the others say (Terraform, "Override Files", read
// 2026-11).
func isOverride(name string) bool {
	name = strings.TrimSuffix(name, ".json")
	return name == "override.tf" || strings.HasSuffix(name, "_override.tf")
}

// override merges the blocks of an override file into those that are there.
func (s *source) override(r *reader, file string, body hcl.Body) {
	o := newSource(s.dir)
	o.add(file, body)
	maps.Copy(s.locals, o.locals)
	for _, q := range o.required {
		s.required = append(without(s.required, q.name), q)
	}
	for kind, pair := range map[string][2]map[string]*block{"resource": {s.resources, o.resources}, "data": {s.data, o.data}, "variable": {s.variables, o.variables}, "output": {s.outputs, o.outputs}, "module": {s.modules, o.modules}} {
		for _, name := range sorted(pair[1]) {
			b := pair[1][name]
			if base := pair[0][name]; base != nil {
				base.over = append(base.over, b)
			} else {
				r.problem(file, b.pos.Line, "overrides a %s that is not there: %s", kind, name)
			}
		}
	}
	for _, b := range o.providers {
		there := false
		for _, base := range s.providers {
			if base.name == b.name && (base.attribute("alias") == nil) == (b.attribute("alias") == nil) {
				base.over, there = append(base.over, b), true
			}
		}
		if !there {
			s.providers = append(s.providers, b)
		}
	}
}

func without(list []required, name string) (out []required) {
	for _, q := range list {
		if q.name != name {
			out = append(out, q)
		}
	}
	return out
}

// override puts the arguments of an override block into the resource. An argument replaces one, a block all of that name;
// those of lifecycle are merged. Their lines are in another file, so none is kept, and no diff can be made.
func (w *walk) override(o *block) {
	other := &doctor.Resource{At: map[string]doctor.Pos{}, Refs: map[string][]string{}, Documents: map[string]any{}, Literal: map[string]bool{}}
	inner := &walk{s: w.s, res: other}
	values := inner.body(o.body, "", 0)
	for name, v := range values {
		if list, ok := v.([]any); name == "lifecycle" && ok && len(list) == 1 {
			if old, _ := w.res.Values[name].([]any); len(old) == 1 {
				merged := maps.Clone(old[0].(map[string]any))
				maps.Copy(merged, list[0].(map[string]any))
				v = []any{merged}
			}
		}
		w.res.Values[name] = v
		under := func(at string) bool { return at == name || strings.HasPrefix(at, name+".") }
		maps.DeleteFunc(w.res.At, func(at string, _ doctor.Pos) bool { return under(at) })
		maps.DeleteFunc(w.res.Refs, func(at string, _ []string) bool { return under(at) })
		maps.DeleteFunc(w.res.Documents, func(at string, _ any) bool { return under(at) })
		maps.DeleteFunc(w.res.Literal, func(at string, _ bool) bool { return under(at) })
	}
	maps.Copy(w.res.Refs, other.Refs)
	maps.Copy(w.res.Documents, other.Documents)
	maps.Copy(w.res.Literal, other.Literal)
	w.res.Pos.End = 0
}
