package main

import (
	"bytes"
	"fmt"
	"strings"

	"weir/internal/rule"
	"weir/rules"
)

// leftOut are the entries of the catalogue that no rule is of, with the reason.
var leftOut = [][2]string{
	{"D22", "Odd flag bits: whether AWS delivers PSH and URG is not known."},
	{"D35", "Breach of a declared policy: there is no file of policies yet. The rule on zones covers environments."},
	{"D40", "Simple beacon: `beacon` says more."},
	{"D61", "Bulk out of hours: it needs a calendar for each tag."},
	{"D67", "NAT gateway spike: a NAT gateway's interface is one like any other to the rules on volumes."},
}

// rulesDoc is docs/rules.md.
func rulesDoc() []byte {
	var b bytes.Buffer
	b.WriteString("# Rules\n\n" + generatedNote)
	b.WriteString("The detection rules that weir brings. `weir rules` lists them, `weir rules show ID` has the SQL, too; [writing-rules.md](writing-rules.md) says how\none is written. " +
		"\"Catalogue\" is the number in the list of what is worth detecting in flow logs; ATT&CK is Enterprise v16.\n\n")
	l := list{columns: []string{"rule", "catalogue", "severity", "group", "title"}}
	for _, r := range rules.All() {
		l.add(fmt.Sprintf("[`%s`](#%s)", r.ID, r.ID), strings.Join(r.Catalogue, ", "), r.Severity, r.Group, r.Title)
	}
	_ = l.writeMarkdown(&b) // a bytes.Buffer takes everything
	b.WriteString("\nSeverity is that of a row that has none of its own. Your own rules lie in a folder (`rules.dir`); parameters and rules that you do not want\nare settings, too: `weir help settings`.\n")
	b.WriteString("\nLeft out of the catalogue, and why:\n\n")
	for _, o := range leftOut {
		fmt.Fprintf(&b, "- %s. %s\n", o[0], o[1])
	}
	group := ""
	for _, r := range rules.All() {
		if r.Group != group {
			group = r.Group
			fmt.Fprintf(&b, "\n## %s\n", strings.ToUpper(group[:1])+group[1:])
		}
		writeRuleDoc(&b, r)
	}
	return b.Bytes()
}

func writeRuleDoc(b *bytes.Buffer, r *rule.Rule) {
	fmt.Fprintf(b, "\n### %s\n\n**%s.** %s\n\n", r.ID, r.Title, strings.TrimSpace(r.Explain))
	fmt.Fprintf(b, "*What to do:* %s\n", strings.TrimSpace(r.Fix))
	if len(r.FalsePositives) > 0 {
		b.WriteString("\n*What else it can be:*\n\n")
		for _, s := range r.FalsePositives {
			fmt.Fprintf(b, "- %s\n", s)
		}
	}
	fmt.Fprintf(b, "\nIt says: `%s`\n", r.Template)
	l := list{columns: []string{"", ""}}
	l.add("severity", r.Severity)
	if len(r.Techniques) > 0 {
		l.add("ATT&CK", strings.Join(r.Techniques, ", "))
	}
	l.add("reads", fmt.Sprintf("%s every %s; resolved when not seen for %s", hoursText(r.Window), hoursText(r.Every), hoursText(r.Resolve)))
	if n := needsText(r); n != "" {
		l.add("needs", n)
	}
	l.add("about", strings.Join(r.Entity, ", "))
	for _, p := range r.Params {
		l.add("`"+p.Name+"`", fmt.Sprintf("%s (%s, %s)", p.Doc, p.Type, p.Default))
	}
	b.WriteString("\n")
	_ = l.writeMarkdown(b)
	for _, s := range r.References {
		fmt.Fprintf(b, "\n<%s>\n", s)
	}
}
