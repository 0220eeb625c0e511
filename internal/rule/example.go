package rule

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

func parseExamples(f fields, r *Rule) []Example {
	var out []Example
	for _, n := range f.items(f.at["examples"], "examples") {
		e := f.mapping(n, "example", exampleKeys...)
		e.need("name", "want")
		ex := Example{Name: e.word("name"), Records: e.text("records"), Tables: map[string]string{}, Params: map[string]string{}, Line: n.Line}
		for _, t := range ExampleTables {
			if e.has(t) {
				ex.Tables[t] = e.text(t)
			}
		}
		switch {
		case f.err != nil:
			return nil
		case slices.ContainsFunc(out, func(o Example) bool { return o.Name == ex.Name }):
			e.fail(n.Line, "example: there is another one named %q", ex.Name)
		case e.has("records") && len(ex.Tables) > 0:
			e.fail(n.Line, "example %q: records, or rows of tables, not both", ex.Name)
		case !e.has("records") && len(ex.Tables) == 0:
			e.fail(n.Line, "example %q: it has no rows: give records or conversations, exposures, edges, coverage", ex.Name)
		}
		if e.has("end") {
			ex.End = parseEnd(e, r)
		}
		for name, v := range e.plain("params") {
			i := slices.IndexFunc(r.Params, func(p Param) bool { return p.Name == name })
			if i < 0 {
				e.fail(v.Line, "example %q: there is no parameter %q", ex.Name, name)
				continue
			}
			if _, err := r.Params[i].Parse(v.Value); err != nil {
				e.fail(v.Line, "example %q: parameter %s=%q: %v", ex.Name, name, v.Value, err)
			}
			ex.Params[name] = v.Value
		}
		for _, w := range f.items(e.at["want"], "want") {
			row := map[string]any{}
			if w.Kind != yaml.MappingNode || len(w.Content) == 0 {
				e.fail(w.Line, "example %q: want is a list of rows such as {port: 22}", ex.Name)
			} else if err := w.Decode(&row); err != nil {
				e.fail(w.Line, "example %q: want: %v", ex.Name, err)
			}
			ex.Want = append(ex.Want, row)
		}
		out = append(out, ex)
	}
	if len(out) == 0 {
		f.fail(f.lineOf("examples"), "rule: a rule without examples proves nothing")
	}
	return out
}

// parseEnd reads the end of an example's step, which must be one of the rule's.
func parseEnd(e fields, r *Rule) time.Time {
	text := e.text("end")
	t, err := ParseTime(text)
	switch {
	case err != nil:
		e.fail(e.lineOf("end"), "example: end %q is no time such as 2026-11-03T11:00Z", text)
	case r.Every > 0 && !r.Next(t).Equal(t):
		e.fail(e.lineOf("end"), "example: no step ends at %s: steps are %s apart, from midnight", text, r.Every)
	}
	return t
}

// ParseTime reads RFC 3339, of which the seconds may be missing, or a date.
func ParseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	_, err := time.Parse(time.RFC3339, text)
	return time.Time{}, err
}

// plain are the values of a mapping of scalars, with any keys.
func (f fields) plain(key string) map[string]*yaml.Node {
	n := f.at[key]
	out := map[string]*yaml.Node{}
	if n == nil {
		return out
	}
	if n.Kind != yaml.MappingNode {
		f.fail(n.Line, "%s: %s must be keys with values", f.what, key)
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i+1].Kind != yaml.ScalarNode {
			f.fail(n.Content[i+1].Line, "%s: %s must be a single value", f.what, n.Content[i].Value)
		}
		out[n.Content[i].Value] = n.Content[i+1]
	}
	return out
}
