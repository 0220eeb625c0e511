package terraform

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"weir/internal/doctor"
)

// ref marks a value as made from the resource of that address. Marks go where values go, through templates and
// functions, so that a bucket's policy is found however its name came there.
type ref string

// scope works out the values of one module. Each is worked out when it is asked for, once; what needs itself is unknown.
type scope struct {
	r      *reader
	src    *source
	prefix string // "module.logs."
	inputs map[string]cty.Value
	memo   map[string]cty.Value
	busy   map[string]bool
	depth  int
}

// evaluate adds what a module makes, and returns its scope for its outputs.
func (r *reader) evaluate(src *source, prefix string, inputs map[string]cty.Value, depth int) *scope {
	s := &scope{r: r, src: src, prefix: prefix, inputs: inputs, memo: map[string]cty.Value{}, busy: map[string]bool{}, depth: depth}
	for _, b := range src.order {
		if s.none(b) {
			continue // count = 0: it is not made
		}
		if r.judged++; r.judged > maxJudged {
			r.problem(b.file, b.pos.Line, "not read from here on: more than %d resources", maxJudged)
			break
		}
		r.module.Resources = append(r.module.Resources, s.resource(b, prefix+b.typ+"."+b.name))
	}
	for _, b := range src.providers {
		r.module.Providers = append(r.module.Providers, s.resource(b, prefix+"provider."+b.name))
	}
	for _, q := range src.required {
		res := &doctor.Resource{Address: prefix + "required_providers." + q.name, Type: "required_provider", Name: q.name, File: q.file, Pos: q.pos,
			Values: map[string]any{}, At: map[string]doctor.Pos{}, Refs: map[string][]string{}, Documents: map[string]any{}, Literal: map[string]bool{}}
		v, _, _ := s.eval(q.expr)
		res.Values["version"] = nil
		switch t := tree(v).(type) {
		case string:
			res.Values["version"] = t
		case map[string]any:
			res.Values = t
		}
		r.module.Versions = append(r.module.Versions, res)
	}
	// Modules are evaluated when something asks for their outputs, and those that nothing asked for now.
	for _, name := range sorted(src.modules) {
		s.call(name)
	}
	return s
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// none tells whether a resource is known not to be made.
func (s *scope) none(b *block) bool {
	a := b.attribute("count")
	if a == nil {
		return false
	}
	v, _, _ := s.eval(a.Expr)
	return v.IsWhollyKnown() && !v.IsNull() && v.Type() == cty.Number && v.AsBigFloat().Sign() == 0
}

// resource works out all arguments of a block.
func (s *scope) resource(b *block, address string) *doctor.Resource {
	res := &doctor.Resource{Address: address, Type: b.typ, Name: b.name, File: b.file, Pos: b.pos, Written: true, At: map[string]doctor.Pos{},
		Refs: map[string][]string{}, Documents: map[string]any{}, Literal: map[string]bool{}}
	w := &walk{s: s, res: res}
	res.Values = w.body(b.body, "", 0)
	for _, o := range b.over {
		w.override(o)
	}
	return res
}

// walk fills the side tables of a resource while its tree is made.
type walk struct {
	s   *scope
	res *doctor.Resource
}

func (w *walk) body(body hcl.Body, at string, depth int) map[string]any {
	out := map[string]any{}
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		attrs, _ := body.JustAttributes() // JSON: what is a block is told by its name, later
		for name, a := range attrs {
			v := w.attribute(name, a.Expr, a.Range, join(at, name))
			if m, isMap := v.(map[string]any); name == "dynamic" && isMap {
				for label := range m {
					out[label] = doctor.Unknown{}
				}
				continue
			}
			out[name] = v
		}
		return out
	}
	for name, a := range native.Attributes {
		out[name] = w.attribute(name, a.Expr, a.SrcRange, join(at, name))
	}
	for _, b := range native.Blocks {
		name, inner := b.Type, b.Body
		if name == "dynamic" && len(b.Labels) == 1 {
			out[b.Labels[0]] = doctor.Unknown{}
			continue
		}
		list, isList := out[name].([]any)
		if _, taken := out[name]; (taken && !isList) || depth > maxDepth {
			continue
		}
		here := join(at, name)
		if len(list) == 0 {
			w.res.At[here] = blockRange(b)
		}
		w.res.At[here+"."+itoa(len(list))] = blockRange(b)
		out[name] = append(list, w.body(inner, here+"."+itoa(len(list)), depth+1))
	}
	return out
}

func (w *walk) attribute(_ string, e hcl.Expression, r hcl.Range, at string) any {
	w.res.At[at] = posOf(r)
	v, refs, ok := w.s.eval(e)
	w.res.Refs[at] = refs
	w.res.Literal[at] = len(e.Variables()) == 0
	t := tree(v)
	if !ok {
		t = doctor.Unknown{}
	}
	if _, unknown := t.(doctor.Unknown); unknown {
		if d, ok := w.s.document(e, 0); ok {
			w.res.Documents[at] = d
		}
	}
	return t
}

func join(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// eval returns a value without its marks, and what the marks were. ok is false where it could not be worked out.
func (s *scope) eval(e hcl.Expression) (v cty.Value, refs []string, ok bool) {
	v, ok = s.marked(e)
	v, marks := v.UnmarkDeep()
	for m := range marks {
		if r, isRef := m.(ref); isRef {
			refs = append(refs, string(r))
		}
	}
	slices.Sort(refs)
	return v, refs, ok
}

// maxWeight bounds the size of the values that one expression is made from, and maxLoops the for expressions inside each
// other: a few lines of locals could otherwise stand for more than fits into memory.
const (
	maxWeight = 128 << 10
	maxLoops  = 2
)

func (s *scope) marked(e hcl.Expression) (cty.Value, bool) {
	vars := map[string]map[string]cty.Value{} // root name: second name: value
	whole := map[string]cty.Value{}
	marks := cty.ValueMarks{}
	weight := e.Range().End.Byte - e.Range().Start.Byte
	seen := map[string]bool{}
	unknown := func() (cty.Value, bool) { return cty.DynamicVal.WithMarks(marks), false }
	if loops(e) > maxLoops || len(e.Variables()) > 2000 {
		return unknown()
	}
	for _, t := range e.Variables() {
		root, second, third := names(t)
		key := root + "." + second + "." + third
		if seen[key] {
			continue
		}
		seen[key] = true
		var v cty.Value
		switch root {
		case "var":
			v = s.variable(second)
		case "local":
			v = s.local(second)
		case "module":
			v = s.call(second)
		case "data":
			v = cty.DynamicVal.Mark(ref(s.prefix + "data." + second + "." + third))
		case "each", "count", "self", "path", "terraform":
			whole[root] = cty.DynamicVal
			continue
		default:
			b := s.src.resources[root+"."+second]
			if b == nil {
				continue // the name in a for expression, or a mistake
			}
			v = s.object(b, t)
		}
		weight += size(v, maxWeight)
		_, m := v.UnmarkDeep()
		for k := range m {
			marks[k] = struct{}{}
		}
		if vars[root] == nil {
			vars[root] = map[string]cty.Value{}
		}
		if root == "data" {
			vars[root][second] = cty.DynamicVal
			continue
		}
		if old, ok := vars[root][second]; ok && old.Type().IsObjectType() && v.Type().IsObjectType() {
			v = merged(old, v)
		} else if ok {
			v = cty.DynamicVal // all of it is asked for, too
		}
		vars[root][second] = v
	}
	if weight > maxWeight {
		return unknown()
	}
	for root, m := range vars {
		whole[root] = cty.ObjectVal(m)
	}
	v, diags := e.Value(&hcl.EvalContext{Variables: whole, Functions: functions})
	if diags.HasErrors() {
		return unknown()
	}
	if !v.IsWhollyKnown() {
		v = v.WithMarks(marks) // a data source hides what it was made from
	}
	if size(v, maxWeight) >= maxWeight {
		return unknown()
	}
	return v, true
}

func merged(a, b cty.Value) cty.Value {
	a, am := a.Unmark()
	b, bm := b.Unmark()
	m := a.AsValueMap()
	if m == nil {
		m = map[string]cty.Value{}
	}
	for k, v := range b.AsValueMap() {
		if _, ok := m[k]; !ok {
			m[k] = v
		}
	}
	return cty.ObjectVal(m).WithMarks(am, bm)
}

// names are the first three names of a reference: aws_s3_bucket.logs.arn.
func names(t hcl.Traversal) (root, second, third string) {
	root = t.RootName()
	if len(t) > 1 {
		if a, ok := t[1].(hcl.TraverseAttr); ok {
			second = a.Name
		}
	}
	if len(t) > 2 {
		if a, ok := t[2].(hcl.TraverseAttr); ok {
			third = a.Name
		}
	}
	return root, second, third
}

// once guards a value that is worked out from others.
func (s *scope) once(key string, f func() cty.Value) cty.Value {
	if v, ok := s.memo[key]; ok {
		return v
	}
	if s.busy[key] {
		return cty.DynamicVal
	}
	s.busy[key] = true
	v := f()
	delete(s.busy, key)
	s.memo[key] = v
	return v
}

func (s *scope) variable(name string) cty.Value {
	return s.once("var."+name, func() cty.Value {
		if v, ok := s.inputs[name]; ok {
			return v
		}
		if e := s.src.values[name]; e != nil && s.prefix == "" {
			v, _ := s.marked(e)
			return v
		}
		if b := s.src.variables[name]; b != nil {
			if a := b.attribute("default"); a != nil {
				v, _ := s.marked(a.Expr)
				return v
			}
		}
		return cty.DynamicVal
	})
}

func (s *scope) local(name string) cty.Value {
	e := s.src.locals[name]
	if e == nil {
		return cty.DynamicVal
	}
	return s.once("local."+name, func() cty.Value {
		v, _ := s.marked(e)
		return v
	})
}

// object is a resource as another expression sees it: the argument that is asked for, if it is written, else what is
// known about it, else something unknown. All of it is marked.
func (s *scope) object(b *block, t hcl.Traversal) cty.Value {
	address := s.prefix + b.typ + "." + b.name
	mark := ref(address)
	_, _, attr := names(t)
	if attr == "" || b.many() {
		return cty.DynamicVal.Mark(mark) // all of it, or one of many
	}
	v := s.once(b.typ+"."+b.name+"."+attr, func() cty.Value { return s.attribute(b, attr) })
	return cty.ObjectVal(map[string]cty.Value{attr: v}).Mark(mark)
}

func (b *block) many() bool { return b.attribute("count") != nil || b.attribute("for_each") != nil }

// attribute is an argument of the block itself, as the last override file has it.
func (b *block) attribute(name string) *hcl.Attribute {
	for _, o := range slices.Backward(b.over) {
		if a := o.attribute(name); a != nil {
			return a
		}
	}
	content, _, _ := b.body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: name}}})
	return content.Attributes[name]
}

func (s *scope) attribute(b *block, attr string) cty.Value {
	if a := b.attribute(attr); a != nil {
		v, _ := s.marked(a.Expr)
		return v
	}
	named := map[string]string{"aws_s3_bucket": "bucket", "aws_athena_database": "name", "aws_athena_workgroup": "name", "aws_cloudwatch_log_group": "name", "aws_glue_catalog_table": "name"}[b.typ]
	if named == "" || named == attr {
		return cty.DynamicVal
	}
	if name := s.once(b.typ+"."+b.name+"."+named, func() cty.Value { return s.attribute(b, named) }); attr == "id" {
		return name
	} else if plain, marks := name.Unmark(); attr == "arn" && b.typ == "aws_s3_bucket" && plain.IsKnown() && !plain.IsNull() && plain.Type() == cty.String {
		// The partition is AWS's public one or another; nothing that is judged depends on which.
		return cty.StringVal("arn:aws:s3:::" + plain.AsString()).WithMarks(marks)
	}
	return cty.DynamicVal
}

// call evaluates a module that is called, and returns its outputs.
func (s *scope) call(name string) cty.Value {
	b := s.src.modules[name]
	if b == nil {
		return cty.DynamicVal
	}
	return s.once("module."+name, func() cty.Value {
		if s.none(b) {
			return cty.DynamicVal
		}
		attrs := map[string]hcl.Expression{}
		for _, part := range append([]*block{b}, b.over...) {
			just, _ := part.body.JustAttributes()
			for n, a := range just {
				attrs[n] = a.Expr
			}
		}
		from := ""
		if e := attrs["source"]; e != nil {
			if v, _, _ := s.eval(e); v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
				from = v.AsString()
			}
		}
		dir := path.Join(s.src.dir, from)
		local := strings.HasPrefix(from, "./") || strings.HasPrefix(from, "../")
		mark := ref(s.prefix + "module." + name)
		if !local || dir == ".." || strings.HasPrefix(dir, "../") || s.depth >= maxDepth || s.r.calls >= maxCalls {
			s.r.note("%s:%d: module %s is not read: its source is not in this directory, or too deep", b.file, b.pos.Line, name)
			s.r.module.Unread = append(s.r.module.Unread, s.resource(b, s.prefix+"module."+name))
			return cty.DynamicVal.Mark(mark)
		}
		s.r.calls++
		inputs := map[string]cty.Value{}
		for n, e := range attrs {
			if n != "source" && n != "version" && n != "count" && n != "for_each" && n != "providers" && n != "depends_on" {
				inputs[n], _ = s.marked(e)
			}
		}
		inner := s.r.evaluate(s.r.source(dir), s.prefix+"module."+name+".", inputs, s.depth+1)
		if b.many() {
			return cty.DynamicVal.Mark(mark)
		}
		outputs := map[string]cty.Value{}
		for n, o := range inner.src.outputs {
			outputs[n] = cty.DynamicVal
			if a := o.attribute("value"); a != nil {
				outputs[n], _ = inner.marked(a.Expr)
			}
		}
		return cty.ObjectVal(outputs)
	})
}
