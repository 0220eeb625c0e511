package finding

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// ParseSuppressions reads suppressions from a file that is kept in git:
//
//	suppressions:
//	  - id: our-scanner
//	    rule: horizontal-scan
//	    client: 10.0.8.0/24
//	    owner: net@example.com
//	    reason: the scanner of the security team
//	    expires: 2027-01-31
//
// Errors name the file and the line. Keys that it does not know are errors: a misspelt one would hide too much.
func ParseSuppressions(name string, data []byte, now time.Time) ([]Suppression, error) {
	var doc, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(data))
	err := d.Decode(&doc)
	if err == io.EOF || err == nil && len(doc.Content) == 0 {
		return nil, nil // empty, or comments only
	}
	if err != nil {
		return nil, fmt.Errorf("read suppressions: %s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	at := func(n *yaml.Node, format string, args ...any) error {
		return fmt.Errorf("read suppressions: %s:%d: %w", name, n.Line, fmt.Errorf(format, args...))
	}
	if d.Decode(&more) != io.EOF {
		return nil, fmt.Errorf("read suppressions: %s: more than one document", name)
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, at(root, "want the key suppressions, with a list")
	}
	var out []Suppression
	lines := map[string]int{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		k, v := root.Content[i], root.Content[i+1]
		if k.Value != "suppressions" {
			return nil, at(k, "unknown key %q: the only one here is suppressions", k.Value)
		}
		if i > 0 {
			return nil, at(k, "the key suppressions is given twice")
		}
		if v.Kind == yaml.ScalarNode && v.Tag == "!!null" {
			continue
		}
		if v.Kind != yaml.SequenceNode {
			return nil, at(v, "suppressions must be a list")
		}
		for _, n := range v.Content {
			s, where, err := parseSuppression(n)
			if err == nil {
				where, err = n, s.Check(now)
			}
			if err == nil && s.ID == "" {
				err = errors.New("id is missing")
			}
			if first, twice := lines[s.ID]; err == nil && twice {
				err = fmt.Errorf("id %q is given twice, first in line %d", s.ID, first)
			}
			if err != nil {
				return nil, at(where, "%w", err)
			}
			lines[s.ID] = n.Line
			s.From = fmt.Sprintf("%s:%d", name, n.Line)
			out = append(out, s)
		}
	}
	return out, nil
}

// suppressionKeys are those of an entry, in the order of the manual.
var suppressionKeys = []string{"id", "rule", "findings", "interface", "vpc", "account", "client", "server", "ports", "network", "owner", "reason", "created", "expires", "long_term"}

func parseSuppression(n *yaml.Node) (s Suppression, where *yaml.Node, err error) {
	if n.Kind != yaml.MappingNode {
		return s, n, errors.New("a suppression must be keys with values")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if seen[k.Value] {
			return s, k, fmt.Errorf("%s is given twice", k.Value)
		}
		seen[k.Value] = true
		one := map[string]*string{"id": &s.ID, "rule": &s.Scope.Rule, "interface": &s.Scope.InterfaceID, "vpc": &s.Scope.VPCID, "account": &s.Scope.AccountID,
			"client": &s.Scope.Client, "server": &s.Scope.Server, "network": &s.Scope.Network, "owner": &s.Owner, "reason": &s.Reason}
		times := map[string]*time.Time{"created": &s.Created, "expires": &s.Expires}
		lists := map[string]*[]string{"findings": &s.Scope.Findings, "ports": &s.Scope.Ports}
		switch {
		case lists[k.Value] != nil:
			items := []*yaml.Node{v}
			if v.Kind == yaml.SequenceNode {
				items = v.Content
			}
			if len(items) == 0 {
				return s, v, fmt.Errorf("%s is an empty list", k.Value)
			}
			for _, item := range items {
				if item.Kind != yaml.ScalarNode || item.Value == "" {
					return s, item, fmt.Errorf("%s must be values", k.Value)
				}
				*lists[k.Value] = append(*lists[k.Value], item.Value)
			}
		case one[k.Value] == nil && times[k.Value] == nil && k.Value != "long_term":
			return s, k, fmt.Errorf("unknown key %q: there are %s", k.Value, strings.Join(suppressionKeys, ", "))
		case v.Kind != yaml.ScalarNode || v.Tag == "!!null" || v.Value == "":
			return s, v, fmt.Errorf("%s must be a single value", k.Value)
		case one[k.Value] != nil:
			*one[k.Value] = v.Value
		case times[k.Value] != nil:
			t, err := parseDay(v.Value)
			if err != nil {
				return s, v, fmt.Errorf("%s: %w", k.Value, err)
			}
			*times[k.Value] = t
		default:
			if v.Value != "true" && v.Value != "false" {
				return s, v, errors.New("long_term must be true or false")
			}
			s.LongTerm = v.Value == "true"
		}
	}
	return s, n, nil
}

// parseDay reads a date, which is its first moment in UTC, or a time in RFC 3339.
func parseDay(s string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date such as 2027-01-31", s)
}
