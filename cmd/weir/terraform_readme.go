package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// terraformReadme is the module's README. What is between its marks is made from the module's own variables and outputs: the
// marks and headings are those of terraform-docs, which can take it over.
const (
	terraformReadme = "README.md"
	readmeBegin     = "<!-- BEGIN_TF_DOCS -->\n"
	readmeEnd       = "<!-- END_TF_DOCS -->\n"
)

// tfInput is a variable or an output of a module.
type tfInput struct {
	name, about, typ, def string
	required              bool
}

// moduleReadme is the README of the module in dir, with its inputs and outputs as they are now.
func moduleReadme(dir string) ([]byte, error) {
	readme := filepath.Join(dir, terraformReadme)
	text, err := os.ReadFile(readme)
	if err != nil {
		return nil, err
	}
	before, rest, begun := bytes.Cut(text, []byte(readmeBegin))
	_, after, ended := bytes.Cut(rest, []byte(readmeEnd))
	if !begun || !ended {
		return nil, fmt.Errorf("%s lacks its marks %s and %s", readme, strings.TrimSpace(readmeBegin), strings.TrimSpace(readmeEnd))
	}
	inputs, outputs, err := moduleInterface(dir)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(before)
	b.WriteString(readmeBegin + "## Inputs\n\n| Name | Description | Type | Default | Required |\n|------|-------------|------|---------|:--------:|\n")
	for _, v := range inputs {
		required := "no"
		if v.required {
			required = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", v.name, tableText(v.about), tableCode(v.typ), tableCode(v.def), required)
	}
	b.WriteString("\n## Outputs\n\n| Name | Description |\n|------|-------------|\n")
	for _, o := range outputs {
		fmt.Fprintf(&b, "| `%s` | %s |\n", o.name, tableText(o.about))
	}
	b.WriteString(readmeEnd)
	b.Write(after)
	return b.Bytes(), nil
}

// moduleInterface reads the variables and outputs of a module, by file name and then as they stand.
func moduleInterface(dir string) (inputs, outputs []tfInput, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil {
		return nil, nil, err
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		parsed, diags := hclsyntax.ParseConfig(src, file, hcl.InitialPos)
		if diags.HasErrors() {
			return nil, nil, diags
		}
		for _, block := range parsed.Body.(*hclsyntax.Body).Blocks {
			if block.Type != "variable" && block.Type != "output" {
				continue
			}
			attributes := block.Body.Attributes
			code := func(name string) string {
				if a := attributes[name]; a != nil {
					return strings.Join(strings.Fields(string(a.Expr.Range().SliceBytes(src))), " ")
				}
				return ""
			}
			in := tfInput{name: block.Labels[0], typ: code("type"), def: code("default"), required: attributes["default"] == nil}
			if a := attributes["description"]; a != nil {
				v, diags := a.Expr.Value(nil)
				if diags.HasErrors() || v.Type() != cty.String {
					return nil, nil, fmt.Errorf("%s: description of %s %s is no text", file, block.Type, in.name)
				}
				in.about = strings.TrimSpace(v.AsString())
			}
			if in.about == "" {
				return nil, nil, fmt.Errorf("%s: %s %s has no description", file, block.Type, in.name)
			}
			if block.Type == "variable" {
				inputs = append(inputs, in)
			} else {
				outputs = append(outputs, in)
			}
		}
	}
	return inputs, outputs, nil
}

var tableEscapes = strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "\n", "<br>")

// tableText is plain text as a cell of a table in Markdown. Of what is in backquotes only the bar is escaped: it would end the
// cell there, too.
func tableText(s string) string {
	parts := strings.Split(s, "`")
	for i := range parts {
		if i%2 == 0 {
			parts[i] = tableEscapes.Replace(parts[i])
		} else {
			parts[i] = strings.ReplaceAll(parts[i], "|", `\|`)
		}
	}
	return strings.Join(parts, "`")
}

func tableCode(s string) string {
	if s == "" {
		return "n/a"
	}
	return "`" + strings.ReplaceAll(s, "|", `\|`) + "`"
}
