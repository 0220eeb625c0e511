package main

import (
	"fmt"
	"strings"
	"time"

	"weir/internal/rule"
)

// hoursText writes 1h, 24h or 7d as a rule does.
func hoursText(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return fmt.Sprintf("%dh", d/time.Hour)
}

// needsText says without what a rule is blind.
func needsText(r *rule.Rule) string {
	var out []string
	if len(r.Needs.Fields) > 0 {
		out = append(out, strings.Join(r.Needs.Fields, ","))
	}
	if r.Needs.Interval < 600 {
		out = append(out, fmt.Sprintf("interval<=%ds", r.Needs.Interval))
	}
	if r.Needs.History > 0 {
		out = append(out, "history "+hoursText(r.Needs.History))
	}
	return strings.Join(out, " ")
}

func showRule(a *app, format string, r *rule.Rule) error {
	if format != "table" {
		l := &list{columns: []string{"id", "version", "title", "severity", "group", "catalogue", "techniques", "window", "every", "resolve", "needs", "params",
			"entity", "message", "explain", "fix", "false_positives", "references", "sql"}}
		params := []map[string]any{}
		for _, p := range r.Params {
			params = append(params, map[string]any{"name": p.Name, "type": string(p.Type), "default": p.Default, "doc": p.Doc})
		}
		needs := map[string]any{"fields": texts(r.Needs.Fields), "interval": r.Needs.Interval, "history": hoursText(r.Needs.History)}
		l.add(r.ID, r.Version, r.Title, r.Severity, r.Group, texts(r.Catalogue), texts(r.Techniques), hoursText(r.Window), hoursText(r.Every), hoursText(r.Resolve),
			needs, params, r.Entity, r.Template, r.Explain, r.Fix, texts(r.FalsePositives), texts(r.References), r.SQL)
		return l.write(a.stdout, format)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n", r.ID, r.Title)
	fmt.Fprintf(&b, "severity    %s\ngroup       %s\n", r.Severity, r.Group)
	if len(r.Techniques) > 0 {
		fmt.Fprintf(&b, "ATT&CK      %s\n", strings.Join(r.Techniques, ", "))
	}
	fmt.Fprintf(&b, "reads       %s every %s; a finding not seen for %s is resolved\n", hoursText(r.Window), hoursText(r.Every), hoursText(r.Resolve))
	if n := needsText(r); n != "" {
		fmt.Fprintf(&b, "needs       %s\n", n)
	}
	fmt.Fprintf(&b, "about one   %s\nsays        %s\n", strings.Join(r.Entity, ", "), r.Template)
	fmt.Fprintf(&b, "\nWhat it means:\n  %s\n\nWhat to do:\n  %s\n", fold(r.Explain), fold(r.Fix))
	if len(r.FalsePositives) > 0 {
		b.WriteString("\nWhat else it can be:\n")
		for _, s := range r.FalsePositives {
			fmt.Fprintf(&b, "  - %s\n", s)
		}
	}
	if len(r.Params) > 0 {
		b.WriteString("\nParameters:\n")
		width := 0
		for _, p := range r.Params {
			width = max(width, len(p.Name)+len(p.Default)+1)
		}
		for _, p := range r.Params {
			fmt.Fprintf(&b, "  %-*s  %s (%s)\n", width, p.Name+"="+p.Default, p.Doc, p.Type)
		}
	}
	if len(r.References) > 0 {
		b.WriteString("\nMore:\n")
		for _, s := range r.References {
			fmt.Fprintf(&b, "  %s\n", s)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", r.SQL)
	_, err := fmt.Fprint(a.stdout, printableLines(b.String()))
	return err
}

// texts is a list that is [] in JSON where there is nothing.
func texts(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// fold keeps the lines of a text, indented.
func fold(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n  ") }
