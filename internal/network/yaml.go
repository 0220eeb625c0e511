package network

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// File is the user's file: what only they can know of their networks. Names of files in it are as they wrote them.
type File struct {
	Networks  []Network
	Ports     *Ports   // DefaultPorts as changed by the file
	Threats   []string // files for ReadList, in order
	AWSRanges string   // file
	Country   string   // file
	ASN       string   // file
}

// ParseFile reads the user's file. What it does not know is an error, with its line: a misspelt key must not be silence.
func ParseFile(name string, text []byte) (*File, error) {
	f := &File{Ports: DefaultPorts()}
	root, err := document(name, text)
	if err != nil || root == nil {
		return f, err
	}
	p := parser{name}
	ports := DefaultPorts().clone()
	err = p.keys(root, map[string]func(*yaml.Node) error{
		"networks": func(n *yaml.Node) error { return p.networks(n, &f.Networks) },
		"ports":    func(n *yaml.Node) error { return p.sets(n, ports) },
		"services": func(n *yaml.Node) error { return p.services(n, ports) },
		"threats": func(n *yaml.Node) error {
			return p.each(n, func(n *yaml.Node) error { return p.appendText(n, &f.Threats) })
		},
		"aws_ranges": func(n *yaml.Node) error { return p.text(n, &f.AWSRanges) },
		"mmdb": func(n *yaml.Node) error {
			return p.keys(n, map[string]func(*yaml.Node) error{
				"country": func(n *yaml.Node) error { return p.text(n, &f.Country) },
				"asn":     func(n *yaml.Node) error { return p.text(n, &f.ASN) },
			})
		},
	})
	if err != nil {
		return nil, err
	}
	f.Ports = ports
	return f, nil
}

func parseDefaultPorts(text []byte) (*Ports, error) {
	root, err := document("ports.yaml", text)
	if err != nil {
		return nil, err
	}
	p := parser{"ports.yaml"}
	ports := &Ports{sets: map[string][]Range{}, services: map[service]string{}}
	err = p.keys(root, map[string]func(*yaml.Node) error{
		"sets":     func(n *yaml.Node) error { return p.sets(n, ports) },
		"services": func(n *yaml.Node) error { return p.services(n, ports) },
	})
	return ports, err
}

// document returns the root of a YAML text, nil if there is nothing in it.
func document(name string, text []byte) (*yaml.Node, error) {
	var doc, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	err := d.Decode(&doc)
	if err == io.EOF || err == nil && (len(doc.Content) == 0 || doc.Content[0].Tag == "!!null") {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if d.Decode(&more) != io.EOF {
		return nil, fmt.Errorf("%s: more than one document", name)
	}
	return doc.Content[0], nil
}

// parser reads nodes of YAML. Each of its errors says file and line.
type parser struct{ file string }

func (p parser) fail(n *yaml.Node, format string, args ...any) error {
	return &LineError{File: p.file, Line: n.Line, Err: fmt.Errorf(format, args...)}
}

// keys calls the function of each key of a mapping.
func (p parser) keys(n *yaml.Node, known map[string]func(*yaml.Node) error) error {
	return p.pairs(n, func(k, v *yaml.Node) error {
		set := known[k.Value]
		if set == nil {
			return p.fail(k, "unknown key %q; there are %s", shorten(k.Value), strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		if v.Tag == "!!null" {
			return nil
		}
		return set(v)
	})
}

// pairs calls do for each key and value of a mapping. Aliases and merges are refused: the file is a list of facts.
func (p parser) pairs(n *yaml.Node, do func(k, v *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return p.fail(n, "must be keys with values")
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			return p.fail(k, "a key must be a word")
		}
		if first := seen[k.Value]; first > 0 {
			return p.fail(k, "%q is given twice, first in line %d", shorten(k.Value), first)
		}
		seen[k.Value] = k.Line
		if err := do(k, v); err != nil {
			return err
		}
	}
	return nil
}

func (p parser) each(n *yaml.Node, do func(*yaml.Node) error) error {
	if n.Kind != yaml.SequenceNode {
		return p.fail(n, "must be a list")
	}
	for _, item := range n.Content {
		if err := do(item); err != nil {
			return err
		}
	}
	return nil
}

func (p parser) text(n *yaml.Node, s *string) error {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" {
		return p.fail(n, "must be a text")
	}
	*s = n.Value
	return nil
}

func (p parser) appendText(n *yaml.Node, to *[]string) error {
	var s string
	if err := p.text(n, &s); err != nil {
		return err
	}
	*to = append(*to, s)
	return nil
}

func (p parser) yes(n *yaml.Node, b *bool) error {
	if n.Tag != "!!bool" {
		return p.fail(n, "must be true or false")
	}
	return n.Decode(b)
}

func (p parser) networks(n *yaml.Node, to *[]Network) error {
	names, blocks := map[string]int{}, map[netip.Prefix]int{}
	return p.each(n, func(n *yaml.Node) error {
		var x Network
		err := p.keys(n, map[string]func(*yaml.Node) error{
			"name":    func(n *yaml.Node) error { return p.text(n, &x.Name) },
			"zone":    func(n *yaml.Node) error { return p.text(n, &x.Zone) },
			"note":    func(n *yaml.Node) error { return p.text(n, &x.Note) },
			"trusted": func(n *yaml.Node) error { return p.yes(n, &x.Trusted) },
			"own":     func(n *yaml.Node) error { return p.yes(n, &x.Own) },
			"expires": func(n *yaml.Node) error { return p.date(n, &x.Expires) },
			"cidrs": func(n *yaml.Node) error {
				return p.each(n, func(n *yaml.Node) error { return p.block(n, blocks, &x.Prefixes) })
			},
		})
		switch {
		case err != nil:
			return err
		case x.Name == "":
			return p.fail(n, "the network has no name")
		case names[x.Name] > 0:
			return p.fail(n, "network %q is given twice, first in line %d", shorten(x.Name), names[x.Name])
		case len(x.Prefixes) == 0:
			return p.fail(n, "network %q has no cidrs", shorten(x.Name))
		case !x.Expires.IsZero() && !x.Trusted:
			return p.fail(n, "network %q: expires is when trust ends, and it is not trusted", shorten(x.Name))
		}
		names[x.Name] = n.Line
		*to = append(*to, x)
		return nil
	})
}

// date reads a day, whose first moment in UTC is meant, or a time.
func (p parser) date(n *yaml.Node, t *time.Time) (err error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if *t, err = time.Parse(layout, n.Value); err == nil {
			return nil
		}
	}
	return p.fail(n, "%q: must be a day such as 2027-01-31, or a time", shorten(n.Value))
}

var errBits = errors.New("has bits beyond its length")

func (p parser) block(n *yaml.Node, seen map[netip.Prefix]int, to *[]netip.Prefix) error {
	var s string
	if err := p.text(n, &s); err != nil {
		return err
	}
	block, err := parseBlock(s)
	if err == nil {
		if raw, e := netip.ParsePrefix(s); e == nil && raw != raw.Masked() {
			err = fmt.Errorf("%w: is it %s?", errBits, raw.Masked()) // a slip of the pen, in a file of people
		} else {
			err = checkBlock(block)
		}
	}
	if err == nil && seen[block] > 0 {
		err = fmt.Errorf("is declared twice, first in line %d", seen[block])
	}
	if err != nil {
		return &LineError{p.file, n.Line, shorten(s), err}
	}
	seen[block] = n.Line
	*to = append(*to, block)
	return nil
}

var setName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,31}$`)

// sets reads sets of ports: a list replaces a set, {add: …, remove: …} changes it.
func (p parser) sets(n *yaml.Node, ports *Ports) error {
	return p.pairs(n, func(k, v *yaml.Node) error {
		if !setName.MatchString(k.Value) {
			return p.fail(k, "%q: a set of ports has a name of capital letters", shorten(k.Value))
		}
		if v.Kind != yaml.MappingNode {
			ranges, err := p.ranges(v)
			if err == nil {
				ports.sets[k.Value] = merge(ranges)
			}
			return err
		}
		if _, ok := ports.sets[k.Value]; !ok {
			return p.fail(k, "there is no set %s to change: give it as a list", k.Value)
		}
		var add, remove []Range
		err := p.keys(v, map[string]func(*yaml.Node) error{
			"add":    func(n *yaml.Node) (err error) { add, err = p.ranges(n); return err },
			"remove": func(n *yaml.Node) (err error) { remove, err = p.ranges(n); return err },
		})
		if err == nil {
			ports.sets[k.Value] = without(merge(append(slices.Clone(ports.sets[k.Value]), add...)), remove)
		}
		return err
	})
}

func (p parser) ranges(n *yaml.Node) (ranges []Range, err error) {
	err = p.each(n, func(n *yaml.Node) error {
		first, last, two := strings.Cut(n.Value, "-")
		var r Range
		if r.First, err = port(first); err == nil {
			r.Last = r.First
			if two {
				r.Last, err = port(last)
			}
		}
		if err != nil || n.Kind != yaml.ScalarNode || r.Last < r.First {
			return p.fail(n, "%q: must be a port or a range such as 6379-6383", shorten(n.Value))
		}
		ranges = append(ranges, r)
		return nil
	})
	return ranges, err
}

var errNoPort = errors.New("not a port")

func port(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != s {
		return 0, errNoPort
	}
	return int(n), nil
}

var serviceName = regexp.MustCompile(`^~?[A-Za-z0-9][A-Za-z0-9._+-]{0,31}$`)

func (p parser) services(n *yaml.Node, ports *Ports) error {
	of := func(protocol int) func(*yaml.Node) error {
		return func(n *yaml.Node) error {
			return p.pairs(n, func(k, v *yaml.Node) error {
				number, err := port(k.Value)
				if err != nil {
					return p.fail(k, "%q: must be a port", shorten(k.Value))
				}
				if v.Kind != yaml.ScalarNode || !serviceName.MatchString(v.Value) {
					return p.fail(v, "%q: the name of a service is up to 32 letters, digits, '.', '_', '+' and '-'", shorten(v.Value))
				}
				ports.services[service{protocol, number}] = strings.TrimPrefix(v.Value, "~")
				return nil
			})
		}
	}
	return p.keys(n, map[string]func(*yaml.Node) error{"tcp": of(tcp), "udp": of(udp)})
}
