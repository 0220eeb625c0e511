package terraform

import (
	"encoding/json"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"weir/internal/doctor"
)

// hole stands in a template for a part that is unknown. No JSON text has it.
const hole = "\uFFFF"

// document works out a text of JSON of which parts are unknown: the argument of jsonencode, a template, a policy
// document. As one text it would be unknown as a whole, and a policy is most worth reading where it names an ARN.
func (s *scope) document(e hcl.Expression, depth int) (any, bool) {
	if depth > maxDepth {
		return nil, false
	}
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return s.document(e.Expression, depth+1)
	case *hclsyntax.FunctionCallExpr:
		if e.Name == "jsonencode" && len(e.Args) == 1 {
			v, _, ok := s.eval(e.Args[0])
			return tree(v), ok
		}
	case *hclsyntax.TemplateWrapExpr:
		return s.document(e.Wrapped, depth+1)
	case *hclsyntax.TemplateExpr:
		return s.template(e)
	case *hclsyntax.ScopeTraversalExpr:
		root, second, third := names(e.Traversal)
		switch {
		case root == "local" && len(e.Traversal) == 2 && s.src.locals[second] != nil:
			return s.document(s.src.locals[second], depth+1)
		case root == "data" && second == "aws_iam_policy_document" && len(e.Traversal) == 4:
			if b := s.src.data[second+"."+third]; b != nil && !b.many() && !s.busy["document."+third] {
				s.busy["document."+third] = true
				defer delete(s.busy, "document."+third)
				return policyDocument(s.resource(b, s.prefix+"data."+second+"."+third))
			}
		}
	}
	return nil, false
}

func (s *scope) template(e *hclsyntax.TemplateExpr) (any, bool) {
	var text strings.Builder
	for _, part := range e.Parts {
		v, _, ok := s.eval(part)
		switch {
		case ok && v.IsKnown() && !v.IsNull() && v.Type() == cty.String:
			text.WriteString(v.AsString())
		default:
			text.WriteString(hole)
		}
		if text.Len() > maxWeight {
			return nil, false
		}
	}
	var v any
	if err := json.Unmarshal([]byte(text.String()), &v); err != nil {
		return nil, false
	}
	return holes(v), true
}

func holes(v any) any {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, hole) {
			return doctor.Unknown{}
		}
	case []any:
		for i := range v {
			v[i] = holes(v[i])
		}
	case map[string]any:
		for k := range v {
			if strings.Contains(k, hole) {
				return doctor.Unknown{}
			}
			v[k] = holes(v[k])
		}
	}
	return v
}

// policyDocument is the JSON that the data source aws_iam_policy_document makes.
func policyDocument(r *doctor.Resource) (any, bool) {
	if r.Values["source_policy_documents"] != nil || r.Values["override_policy_documents"] != nil || r.Values["source_json"] != nil || r.Values["override_json"] != nil {
		return nil, false
	}
	list, ok := r.Values["statement"].([]any)
	if !ok {
		return nil, false
	}
	var statements []any
	for _, x := range list {
		from, ok := x.(map[string]any)
		if !ok {
			return nil, false
		}
		to := map[string]any{"Effect": "Allow"}
		for arg, key := range map[string]string{"sid": "Sid", "effect": "Effect", "actions": "Action", "not_actions": "NotAction", "resources": "Resource", "not_resources": "NotResource"} {
			if from[arg] != nil {
				to[key] = from[arg]
			}
		}
		principal(from, to, "principals", "Principal")
		principal(from, to, "not_principals", "NotPrincipal")
		conditions(from, to)
		statements = append(statements, to)
	}
	return map[string]any{"Version": "2012-10-17", "Statement": statements}, true
}

func principal(from, to map[string]any, arg, key string) {
	list, ok := from[arg].([]any)
	if !ok {
		if from[arg] != nil {
			to[key] = doctor.Unknown{}
		}
		return
	}
	out := map[string]any{}
	for _, x := range list {
		p, _ := x.(map[string]any)
		kind, known := p["type"].(string)
		if !known {
			to[key] = doctor.Unknown{}
			return
		}
		if ids, ok := p["identifiers"].([]any); ok {
			old, _ := out[kind].([]any)
			out[kind] = append(old, ids...)
		} else {
			out[kind] = doctor.Unknown{}
		}
	}
	to[key] = out
}

func conditions(from, to map[string]any) {
	list, ok := from["condition"].([]any)
	if !ok {
		if from["condition"] != nil {
			to["Condition"] = doctor.Unknown{}
		}
		return
	}
	out := map[string]any{}
	for _, x := range list {
		c, _ := x.(map[string]any)
		test, a := c["test"].(string)
		variable, b := c["variable"].(string)
		if !a || !b {
			to["Condition"] = doctor.Unknown{}
			return
		}
		inner, _ := out[test].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
			out[test] = inner
		}
		inner[variable] = c["values"]
	}
	to["Condition"] = out
}
