package terraform

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"weir/internal/doctor"
)

// plan reads what will be there when the plan is carried out. Its configuration tells which arguments were written and
// what they were made from, so that the checks see in it what they see in the text.
func (s *showReader) plan(doc *shown) error {
	if doc.Complete != nil && !*doc.Complete || doc.Errored {
		s.note("%s: the plan is not complete; what it leaves out is taken as not there", s.file)
	}
	s.config = doc.Config
	if s.config == nil {
		s.config = &configuration{}
		s.note("%s: the plan has no configuration; what was written is not told from defaults", s.file)
	}
	for _, c := range doc.Changes {
		base := baseAddress(c.Module, c.Mode, c.Type, c.Name)
		s.instances[base] = append(s.instances[base], c.Address)
		s.modules[c.Module] = true
	}
	for _, wantData := range []bool{true, false} { // policies are made from data sources
		for i := range doc.Changes {
			c := &doc.Changes[i]
			if (c.Mode == "data") != wantData || c.Deposed != "" || goes(c.Change.Actions) {
				continue
			}
			if err := s.change(c); err != nil {
				return fmt.Errorf("%s: %w", c.Address, err)
			}
		}
	}
	s.providers()
	return s.finish()
}

// goes tells whether a resource will not be there.
func goes(actions []string) bool {
	return len(actions) == 1 && (actions[0] == "delete" || actions[0] == "forget")
}

// baseAddress is the address of a resource without its key.
func baseAddress(module, mode, typ, name string) string {
	base := typ + "." + name
	if mode == "data" {
		base = "data." + base
	}
	return join(module, base)
}

func (s *showReader) change(c *change) error {
	r := s.resource(c.Address, c.Type, c.Name)
	if c.Mode == "managed" {
		s.module.Resources = append(s.module.Resources, r)
	}
	if !looked(c.Type) {
		return nil
	}
	var parts [4]any
	cfg, raw := s.expressions(c.Module, baseAddress("", c.Mode, c.Type, c.Name))
	for i, text := range []json.RawMessage{c.Change.After, c.Change.Unknown, c.Change.Sensitive, raw} {
		v, err := s.decode(text)
		if err != nil {
			return err
		}
		parts[i] = v
	}
	s.remember(r, parts[0])
	exprs, written := parts[3].(map[string]any)
	if r.Written = written; !written {
		r.Values, _ = bare(s.value(parts[0], parts[1], parts[2])).(map[string]any)
		return nil
	}
	b := &planned{s: s, r: r, at: place{cfg, c.Module, c.Index}}
	r.Values = b.block(parts[0], parts[1], parts[2], []map[string]any{exprs}, 0, "")
	if c.Mode == "data" && c.Type == "aws_iam_policy_document" {
		if d, ok := policyDocument(r); ok {
			s.documents[c.Address] = d
		}
	}
	return nil
}

// expressions finds what was written for a resource: in the module of that address, keys left out.
func (s *showReader) expressions(module, address string) (*configModule, json.RawMessage) {
	cfg := &s.config.Root
	names := split(module)
	for i := 1; i < len(names); i += 2 {
		call, ok := cfg.Calls[unkeyed(names[i])]
		if !ok || call.Module == nil {
			return nil, nil
		}
		cfg = call.Module
	}
	if cfg.byAddress == nil {
		cfg.byAddress = map[string]json.RawMessage{}
		for _, r := range cfg.Resources {
			cfg.byAddress[r.Address] = r.Expressions
		}
	}
	return cfg, cfg.byAddress[address]
}

// split takes an address apart at its dots, those in keys excepted.
func split(address string) (names []string) {
	from, quoted := 0, false
	for i := 0; i < len(address); i++ {
		switch c := address[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '.' && !quoted:
			names, from = append(names, address[from:i]), i+1
		}
	}
	if address == "" {
		return nil
	}
	return append(names, address[from:])
}

func unkeyed(name string) string {
	name, _, _ = strings.Cut(name, "[")
	return name
}

// providers makes the provider blocks, and the versions that are asked for. No value is kept: it may be a credential.
func (s *showReader) providers() {
	versions := map[string]bool{}
	for _, key := range sorted(s.config.Providers) {
		p := s.config.Providers[key]
		name := p.Name
		if strings.HasSuffix(p.FullName, "/hashicorp/aws") {
			name = "aws"
		}
		address := join(p.Module, "provider."+key)
		r := s.resource(address, "provider", name)
		r.Written = true
		for arg, raw := range p.Expressions {
			var e expression
			if json.Unmarshal(raw, &e) == nil && len(e.Constant) == 0 {
				r.Values[arg] = doctor.Unknown{}
			} else {
				r.Values[arg] = "(not kept)"
			}
		}
		s.module.Providers = append(s.module.Providers, r)
		if p.Version != "" && p.Module == "" && !versions[name] {
			versions[name] = true
			v := s.resource("required_providers."+name, "required_provider", name)
			v.Values["version"] = p.Version
			s.module.Versions = append(s.module.Versions, v)
		}
	}
}

// place is where an expression stands: in which module, and in which copy of it.
type place struct {
	cfg     *configModule
	address string // of the module's copy, "" for the root
	key     any    // of the resource's or the module's own copy
}

// planned makes the arguments of one resource.
type planned struct {
	s  *showReader
	r  *doctor.Resource
	at place
}

// block makes the arguments of a block from what will be (after, unknown, sensitive) and from what was written. exprs are
// the blocks of that name as they were written, of which this is the nth, or another where they have no order. What a
// provider filled in is left out: a check that asks for what is not there must find it missing.
func (p *planned) block(after, unknown, sensitive any, exprs []map[string]any, n int, at string) map[string]any {
	values, _ := after.(map[string]any)
	open, _ := unknown.(map[string]any)
	hide, _ := sensitive.(map[string]any)
	out := map[string]any{}
	for name := range values {
		out[name] = nil
	}
	for name := range open {
		out[name] = nil
	}
	for name := range out {
		e, written := pick(exprs, n, name)
		here := join(at, name)
		v := p.s.value(values[name], open[name], hide[name])
		inner, isBlock := blocksOf(e)
		switch {
		case !written:
			// A dynamic block is not in the configuration; where it gives blocks, they are here.
			v = bare(v)
			list, isList := v.([]any)
			_, mayBeBlock := hide[name].([]any)
			_, unknownNow := v.(doctor.Unknown)
			switch shadow := p.r.Type == "aws_s3_bucket" && name != "lifecycle_rule"; {
			case shadow: // settings of a bucket that resources of their own make, which the provider shows here, too
				delete(out, name)
			case isList && onlyMaps(list), unknownNow && mayBeBlock && p.r.Type != "aws_s3_bucket":
				out[name] = v
			default:
				delete(out, name)
			}
			continue
		case isBlock:
			out[name] = p.blocks(values[name], open[name], hide[name], v, inner, here)
		default:
			out[name] = v
			p.made(e, here, v)
		}
		if out[name] == nil {
			delete(out, name)
		}
	}
	return out
}

func (p *planned) blocks(after, unknown, sensitive, v any, inner []map[string]any, here string) any {
	switch list := after.(type) {
	case []any:
		if len(list) != len(inner) {
			return bare(v) // dynamic blocks, which are not in the configuration, are among them
		}
		blocks := make([]any, len(list))
		for i, x := range list {
			blocks[i] = p.block(x, element(unknown, i), element(sensitive, i), inner, i, here+"."+itoa(i))
		}
		return blocks
	case map[string]any:
		return []any{p.block(list, unknown, sensitive, inner, 0, here+".0")}
	}
	return v
}

// pick returns what was written for an argument in the nth block, else in any of them: blocks in sets have no order.
func pick(exprs []map[string]any, n int, name string) (any, bool) {
	if n < len(exprs) {
		if e, ok := exprs[n][name]; ok {
			return e, true
		}
	}
	for _, m := range exprs {
		if e, ok := m[name]; ok {
			return e, true
		}
	}
	return nil, false
}

// blocksOf tells nested blocks, as they were written, from an expression.
func blocksOf(e any) ([]map[string]any, bool) {
	switch e := e.(type) {
	case []any:
		var out []map[string]any
		for _, x := range e {
			if m, ok := x.(map[string]any); ok {
				out = append(out, m)
			}
		}
		return out, true
	case map[string]any:
		for k, v := range e {
			if _, isList := v.([]any); k == "constant_value" || k == "references" && isList {
				return nil, false
			}
		}
		return []map[string]any{e}, len(e) > 0
	}
	return nil, false
}

func onlyMaps(list []any) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(x any) bool { _, ok := x.(map[string]any); return !ok })
}

func element(v any, i int) any {
	if list, ok := v.([]any); ok {
		if i < len(list) {
			return list[i]
		}
		return nil
	}
	return v // true: all of it
}

// made notes what an argument was made from.
func (p *planned) made(e any, at string, v any) {
	m, _ := e.(map[string]any)
	if _, constant := m["constant_value"]; constant {
		p.r.Literal[at] = true
		return
	}
	found := &found{}
	p.s.follow(texts(m["references"]), p.at, found, 0)
	slices.Sort(found.resources)
	p.r.Refs[at] = slices.Compact(found.resources)
	if _, unknown := v.(doctor.Unknown); unknown && !found.lost && len(p.r.Refs[at]) == 1 {
		if d, ok := p.s.documents[p.r.Refs[at][0]]; ok {
			p.r.Documents[at] = d
		}
	}
}

func texts(v any) (out []string) {
	list, _ := v.([]any)
	for _, x := range list {
		if t, ok := x.(string); ok {
			out = append(out, t)
		}
	}
	return out
}

// value is an argument as the checks see it. What is sensitive is as good as unknown: it gets into no finding.
func (s *showReader) value(v, unknown, sensitive any) any {
	if sensitive == true {
		s.hidden++
		return doctor.Unknown{}
	}
	if unknown == true {
		return doctor.Unknown{}
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = s.value(x, element(unknown, i), element(sensitive, i))
		}
		return out
	case map[string]any:
		open, _ := unknown.(map[string]any)
		hide, _ := sensitive.(map[string]any)
		out := map[string]any{}
		for k, x := range v {
			out[k] = s.value(x, open[k], hide[k])
		}
		for k, u := range open {
			if _, there := v[k]; !there && u != false {
				out[k] = s.value(nil, u, hide[k])
			}
		}
		return out
	case nil:
		if list, ok := unknown.([]any); ok && len(list) > 0 {
			return doctor.Unknown{}
		}
	}
	return v
}

// bare leaves out what means that nothing is set, in values of which it is not told who set them: null, "", 0, and empty
// lists and maps, an empty block excepted.
func bare(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, 0, len(v))
		for _, x := range v {
			if m, ok := x.(map[string]any); ok {
				x = bareMap(m)
			}
			out = append(out, x)
		}
		if len(out) > 0 {
			return out
		}
		return nil
	case map[string]any:
		if m := bareMap(v); len(m) > 0 {
			return m
		}
		return nil
	case string:
		if v == "" {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	}
	return v
}

func bareMap(m map[string]any) map[string]any {
	out := map[string]any{}
	for k, x := range m {
		if x = bare(x); x != nil {
			out[k] = x
		}
	}
	return out
}
