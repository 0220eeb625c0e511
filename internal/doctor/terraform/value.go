package terraform

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"weir/internal/doctor"
)

// tree turns a value without marks into the doctor's.
func tree(v cty.Value) any {
	switch {
	case !v.IsKnown():
		return doctor.Unknown{}
	case v.IsNull():
		return nil
	}
	switch t := v.Type(); {
	case t == cty.String:
		return v.AsString()
	case t == cty.Bool:
		return v.True()
	case t == cty.Number:
		f, _ := v.AsBigFloat().Float64()
		return f
	case t.IsTupleType() || t.IsListType() || t.IsSetType():
		out := make([]any, 0, v.LengthInt())
		for it := v.ElementIterator(); it.Next(); {
			_, x := it.Element()
			out = append(out, tree(x))
		}
		return out
	case t.IsObjectType() || t.IsMapType():
		out := map[string]any{}
		for it := v.ElementIterator(); it.Next(); {
			k, x := it.Element()
			out[k.AsString()] = tree(x)
		}
		return out
	}
	return doctor.Unknown{}
}

// size counts what a value is made of, up to a limit.
func size(v cty.Value, limit int) (n int) {
	v, _ = v.Unmark()
	n = 1
	switch {
	case !v.IsKnown() || v.IsNull():
	case v.Type() == cty.String:
		n += len(v.AsString())
	case v.CanIterateElements():
		for it := v.ElementIterator(); n < limit && it.Next(); {
			_, x := it.Element()
			n += size(x, limit-n)
		}
	}
	return n
}

// loops is how deep for expressions and splats stand in each other.
func loops(e hcl.Expression) (deepest int) {
	native, ok := e.(hclsyntax.Expression)
	if !ok {
		return 0 // JSON: its templates are found when they are evaluated, and their text is short
	}
	w := &loopWalker{}
	_ = hclsyntax.Walk(native, w)
	return w.deepest
}

type loopWalker struct{ now, deepest int }

func isLoop(n hclsyntax.Node) bool {
	switch n.(type) {
	case *hclsyntax.ForExpr, *hclsyntax.SplatExpr:
		return true
	}
	return false
}

func (w *loopWalker) Enter(n hclsyntax.Node) hcl.Diagnostics {
	if isLoop(n) {
		w.now++
		w.deepest = max(w.deepest, w.now)
	}
	return nil
}

func (w *loopWalker) Exit(n hclsyntax.Node) hcl.Diagnostics {
	if isLoop(n) {
		w.now--
	}
	return nil
}

func posOf(r hcl.Range) doctor.Pos { return doctor.Pos{Line: r.Start.Line, End: r.End.Line} }

func blockPos(b *hcl.Block) doctor.Pos {
	p := doctor.Pos{Line: b.DefRange.Start.Line, End: b.DefRange.End.Line}
	if native, ok := b.Body.(*hclsyntax.Body); ok {
		p.End = native.SrcRange.End.Line
	}
	return p
}

func blockRange(b *hclsyntax.Block) doctor.Pos {
	return doctor.Pos{Line: b.TypeRange.Start.Line, End: b.CloseBraceRange.End.Line}
}

func itoa(n int) string { return strconv.Itoa(n) }

// functions are those of Terraform's that work on values alone. None reads a file, the clock or the network; what calls
// another one is unknown.
var functions = map[string]function.Function{
	"jsonencode": stdlib.JSONEncodeFunc, "jsondecode": stdlib.JSONDecodeFunc,
	"lower": stdlib.LowerFunc, "upper": stdlib.UpperFunc, "trimspace": stdlib.TrimSpaceFunc, "trim": stdlib.TrimFunc,
	"trimprefix": stdlib.TrimPrefixFunc, "trimsuffix": stdlib.TrimSuffixFunc, "substr": stdlib.SubstrFunc, "chomp": stdlib.ChompFunc,
	"split": stdlib.SplitFunc, "join": guarded(stdlib.JoinFunc), "replace": guarded(replaceFunc), "format": guarded(stdlib.FormatFunc),
	"concat": stdlib.ConcatFunc, "merge": stdlib.MergeFunc, "compact": stdlib.CompactFunc, "distinct": stdlib.DistinctFunc, "flatten": stdlib.FlattenFunc,
	"reverse": stdlib.ReverseListFunc, "sort": stdlib.SortFunc, "slice": stdlib.SliceFunc, "keys": stdlib.KeysFunc, "values": stdlib.ValuesFunc,
	"lookup": stdlib.LookupFunc, "element": stdlib.ElementFunc, "contains": stdlib.ContainsFunc, "coalesce": stdlib.CoalesceFunc, "zipmap": stdlib.ZipmapFunc,
	"length": stdlib.LengthFunc, "max": stdlib.MaxFunc, "min": stdlib.MinFunc, "abs": stdlib.AbsoluteFunc, "floor": stdlib.FloorFunc, "ceil": stdlib.CeilFunc,
	"tostring": stdlib.MakeToFunc(cty.String), "tonumber": stdlib.MakeToFunc(cty.Number), "tobool": stdlib.MakeToFunc(cty.Bool),
	"toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)), "tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
	"try": tryfunc.TryFunc, "can": tryfunc.CanFunc, "one": oneFunc,
}

// replaceFunc is Terraform's: a pattern between slashes is a regular expression.
var replaceFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "str", Type: cty.String}, {Name: "old", Type: cty.String}, {Name: "new", Type: cty.String}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		text, old, with := args[0].AsString(), args[1].AsString(), args[2].AsString()
		if len(old) > 1 && old[0] == '/' && old[len(old)-1] == '/' {
			re, err := regexp.Compile(old[1 : len(old)-1])
			if err != nil {
				return cty.UnknownVal(cty.String), err
			}
			return cty.StringVal(re.ReplaceAllString(text, with)), nil
		}
		return cty.StringVal(strings.ReplaceAll(text, old, with)), nil
	},
})

var oneFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if !args[0].CanIterateElements() || args[0].LengthInt() > 1 {
			return cty.DynamicVal, errors.New("must be a list with one element or none")
		}
		for it := args[0].ElementIterator(); it.Next(); {
			_, v := it.Element()
			return v, nil
		}
		return cty.NullVal(cty.DynamicPseudoType), nil
	},
})

var errLarge = errors.New("the result would be too large")

var wideVerb = regexp.MustCompile(`%[^a-zA-Z%]*[0-9]{4,}`)

// guarded refuses to work out a text that could be far larger than what it is made from.
func guarded(f function.Function) function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "args", Type: cty.DynamicPseudoType, AllowNull: true, AllowDynamicType: true},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			const limit = 4 << 20
			sum, product := 0, 1
			for i, a := range args {
				n := size(a, maxWeight)
				sum += n
				product = min(limit, product*min(limit, n))
				if i == 0 && a.Type() == cty.String && a.IsKnown() && !a.IsNull() && wideVerb.MatchString(a.AsString()) {
					return cty.UnknownVal(cty.String), errLarge
				}
			}
			if product >= limit && sum > 4096 {
				return cty.UnknownVal(cty.String), errLarge
			}
			for i, p := range f.Params() { // as a call by itself would have converted them
				if i < len(args) && p.Type != cty.DynamicPseudoType {
					v, err := convert.Convert(args[i], p.Type)
					if err != nil {
						return cty.UnknownVal(cty.String), err
					}
					args[i] = v
				}
			}
			if p := f.VarParam(); p != nil && p.Type != cty.DynamicPseudoType {
				for i := len(f.Params()); i < len(args); i++ {
					v, err := convert.Convert(args[i], p.Type)
					if err != nil {
						return cty.UnknownVal(cty.String), err
					}
					args[i] = v
				}
			}
			return f.Call(args)
		},
	})
}
