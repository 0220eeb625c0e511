package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"weir/internal/rule"
	"weir/rules"
)

// ruleSettings say which rules there are. In the settings file:
//
//	rules:
//	  dir: rules
//	  disable: [cleartext-service]
//	  params:
//	    beacon: {calls: 48}
type ruleSettings struct {
	Dirs    []string
	Disable []string
	Params  []ruleParam
}

type ruleParam struct{ rule, name, value string }

var (
	rulesDirSetting = setting{key: "rules.dir", flag: "rules", env: "WEIR_RULES", def: "none", doc: "folder with rules of your own, *.yaml; several with commas. One with the id of a rule of weir's replaces it",
		set: func(s *settings, v string) error { s.Rules.Dirs = words(v); return nil },
		get: func(s *settings) string { return strings.Join(s.Rules.Dirs, ",") }}
	rulesDisableSetting = setting{key: "rules.disable", flag: "rules-disable", env: "WEIR_RULES_DISABLE", def: "none", doc: "rules that are not used: ids, with commas",
		set: func(s *settings, v string) error { s.Rules.Disable = words(v); return nil },
		get: func(s *settings) string { return strings.Join(s.Rules.Disable, ",") }}
	rulesParamsSetting = setting{key: "rules.params", flag: "rules-params", env: "WEIR_RULES_PARAMS", def: "the rules' own", doc: "parameters of rules: beacon.calls=48, with commas",
		set: func(s *settings, v string) error {
			s.Rules.Params = nil
			for _, w := range words(v) {
				name, value, ok := strings.Cut(w, "=")
				id, name, dot := strings.Cut(name, ".")
				if !ok || !dot || id == "" || name == "" {
					return errors.New("must be RULE.PARAMETER=VALUE, with commas between")
				}
				s.Rules.Params = append(s.Rules.Params, ruleParam{id, name, value})
			}
			return nil
		},
		get: func(s *settings) string {
			var out []string
			for _, p := range s.Rules.Params {
				out = append(out, p.rule+"."+p.name+"="+p.value)
			}
			return strings.Join(out, ",")
		}}
)

func words(s string) []string {
	var out []string
	for _, w := range strings.Split(s, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// flatRules writes the lists and maps that the settings file may have for rules as their settings' text. It is nil for all
// else.
func flatRules(path, key string, n *yaml.Node) (*yaml.Node, error) {
	var out []string
	scalar := func(n *yaml.Node) error {
		if n.Kind != yaml.ScalarNode || strings.Contains(n.Value, ",") {
			return fmt.Errorf("%s:%d: %s: values are single words, without a comma", path, n.Line, key)
		}
		return nil
	}
	switch {
	case (key == rulesDirSetting.key || key == rulesDisableSetting.key) && n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			if err := scalar(item); err != nil {
				return nil, err
			}
			out = append(out, item.Value)
		}
	case key == rulesParamsSetting.key && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			id, params := n.Content[i], n.Content[i+1]
			if params.Kind != yaml.MappingNode {
				return nil, fmt.Errorf("%s:%d: %s: %s must be parameters with values", path, params.Line, key, id.Value)
			}
			for j := 0; j+1 < len(params.Content); j += 2 {
				name, value := params.Content[j], params.Content[j+1]
				if err := scalar(value); err != nil {
					return nil, err
				}
				out = append(out, id.Value+"."+name.Value+"="+value.Value)
			}
		}
	default:
		return nil, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: strings.Join(out, ","), Line: n.Line}, nil
}

// besideAll is besideFile for a list of folders.
func besideAll(file, list string) string {
	dirs := words(list)
	for i, d := range dirs {
		dirs[i] = besideFile(file, d)
	}
	return strings.Join(dirs, ",")
}

// allRules are the rules that weir brings and the user's own, with the settings' parameters as their defaults, and without
// those that are disabled.
func allRules(a *app) ([]*rule.Rule, error) {
	s := a.settings.Rules
	out := slices.Clone(rules.All())
	own := map[string]string{} // id: file
	for _, dir := range s.Dirs {
		list, err := readRules(dir)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if own[r.ID] != "" {
				return nil, fmt.Errorf("read rules: %s and %s are both %s", own[r.ID], r.File, r.ID)
			}
			own[r.ID] = r.File
			out = slices.DeleteFunc(out, func(o *rule.Rule) bool { return o.ID == r.ID })
			out = append(out, r)
		}
	}
	rules.Sort(out)
	var ids []string
	for _, r := range out {
		ids = append(ids, r.ID)
	}
	known := func(id, key string) error {
		if !slices.Contains(ids, id) {
			return fmt.Errorf("setting %s: there is no rule %q%s", key, id, didYouMean(id, ids))
		}
		return nil
	}
	for _, p := range s.Params {
		if err := known(p.rule, rulesParamsSetting.key); err != nil {
			return nil, err
		}
		i := slices.Index(ids, p.rule)
		changed, err := out[i].WithDefault(p.name, p.value)
		if err != nil {
			return nil, fmt.Errorf("setting %s: %w", rulesParamsSetting.key, err)
		}
		out[i] = changed
	}
	for _, id := range s.Disable {
		if err := known(id, rulesDisableSetting.key); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(out, func(r *rule.Rule) bool { return slices.Contains(s.Disable, r.ID) }), nil
}

// readRules reads the rules of a folder, but not of folders in it.
func readRules(dir string) ([]*rule.Rule, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	var out []*rule.Rule
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) != ".yaml" && filepath.Ext(e.Name()) != ".yml" {
			continue
		}
		path := filepath.Join(dir, e.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		r, err := rule.Parse(path, text)
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		out = append(out, r)
	}
	return out, nil
}
