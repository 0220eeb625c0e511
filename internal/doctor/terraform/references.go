package terraform

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// found collects resources. lost says that something else has a part in it, too.
type found struct {
	resources []string
	lost      bool
	steps     int
}

// follow finds the resources behind references, through variables and outputs of modules. Where one of many copies is
// meant and it is not told which, none is named. Locals are not in a plan, and end the way.
func (s *showReader) follow(refs []string, at place, f *found, depth int) {
	if f.steps += len(refs); depth > 2*maxDepth || f.steps > 500 || at.cfg == nil {
		f.lost = true
		return
	}
	for _, ref := range refs {
		// Beside a.b["c"].d stand a.b["c"] and a.b, which say less.
		names := split(ref)
		if len(names) < 2 || slices.ContainsFunc(refs, func(r string) bool { return strings.HasPrefix(r, ref+".") || strings.HasPrefix(r, ref+"[") }) {
			continue
		}
		switch names[0] {
		case "var":
			s.followVariable(names[1], at, f, depth)
		case "module":
			if len(names) > 2 {
				s.followOutput(names[1], unkeyed(names[2]), at, f, depth)
				continue
			}
			// module.m[each.key].x is written as module.m: which output is meant is told only where all lead to one.
			f.lost = true
			all := &found{steps: f.steps}
			for _, output := range sorted(at.cfg.Calls[unkeyed(names[1])].outputs()) {
				s.followOutput(names[1], output, at, all, depth)
			}
			f.steps = all.steps
			if slices.Sort(all.resources); len(slices.Compact(all.resources)) == 1 {
				f.resources = append(f.resources, all.resources[0])
			}
		case "local", "each", "count", "self", "path", "terraform":
			f.lost = true
		case "data":
			if len(names) > 2 {
				s.name(join(at.address, "data."+names[1]+"."+names[2]), at.key, f)
			}
		default:
			s.name(join(at.address, names[0]+"."+names[1]), at.key, f)
		}
	}
}

// name adds a resource, or the copy of it that has the same key as what refers to it.
func (s *showReader) name(address string, key any, f *found) {
	last := address[len(address)-len(lastOf(address)):]
	base := address[:len(address)-len(last)] + unkeyed(last)
	copies := s.instances[base]
	switch {
	case slices.Contains(copies, address):
		f.resources = append(f.resources, address)
	case len(copies) == 1 && last == unkeyed(last):
		f.resources = append(f.resources, copies[0])
	case key != nil && slices.Contains(copies, base+keyed(key)):
		f.resources = append(f.resources, base+keyed(key))
	default:
		f.lost = true
	}
}

func lastOf(address string) string {
	names := split(address)
	return names[len(names)-1]
}

func keyed(key any) string {
	switch key := key.(type) {
	case string:
		text, _ := json.Marshal(key)
		return "[" + string(text) + "]"
	case float64:
		return fmt.Sprintf("[%d]", int(key))
	}
	return ""
}

// parent takes the last module off an address: module.a["x"].module.b[0] gives module.a["x"], b and 0.
func parent(module string) (outer, name string, key any) {
	names := split(module)
	name = names[len(names)-1]
	outer = strings.TrimSuffix(strings.TrimSuffix(module, "module."+name), ".")
	if _, text, ok := strings.Cut(strings.TrimSuffix(name, "]"), "["); ok {
		_ = json.Unmarshal([]byte(text), &key)
	}
	return outer, unkeyed(name), key
}

func (s *showReader) followVariable(name string, at place, f *found, depth int) {
	if at.address == "" {
		f.lost = true // the root's variables are values
		return
	}
	outer, call, key := parent(at.address)
	cfg, _ := s.expressions(outer, "")
	if cfg == nil {
		f.lost = true
		return
	}
	var e expression
	if raw := cfg.Calls[call].Expressions[unkeyed(name)]; len(raw) == 0 || json.Unmarshal(raw, &e) != nil || len(e.References) == 0 {
		f.lost = true
		return
	}
	s.follow(e.References, place{cfg, outer, key}, f, depth+1)
}

func (s *showReader) followOutput(call, output string, at place, f *found, depth int) {
	c, ok := at.cfg.Calls[unkeyed(call)]
	if !ok || c.Module == nil {
		f.lost = true
		return
	}
	inner := join(at.address, "module."+call)
	if !s.modules[inner] && call == unkeyed(call) {
		inner += keyed(at.key) // the copy with the same key, where there is one
	}
	if !s.modules[inner] {
		f.lost = true
		return
	}
	_, _, key := parent(inner)
	s.follow(c.Module.Outputs[output].Expression.References, place{c.Module, inner, key}, f, depth+1)
}
