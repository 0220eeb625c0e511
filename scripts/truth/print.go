package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// print writes the report for people.
func (rep *report) print(out io.Writer, verbose bool) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nrule\tlabels\tfound\tmissed\tfalse\trelated\tprecision\trecall\thours to see")
	for _, t := range rep.Rules {
		if slices.Contains(rep.Unmeasured, t.Rule) && t.True+t.False+t.Related == 0 {
			continue
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", t.Rule, t.Labels, t.Found, t.Missed, t.False, t.Related,
			number(t.Precision(), 2), number(t.Recall(), 2), number(t.Hours, 1))
	}
	w.Flush()
	section := func(title string, n int) bool {
		if n > 0 {
			fmt.Fprintf(out, "\n%s: %d\n", title, n)
		}
		return n > 0
	}
	if section("missed", len(rep.Missed)) {
		for _, m := range rep.Missed {
			fmt.Fprintf(out, "  %s %s should raise %s: %s\n", m.Corpus, m.Label, m.Detection, strings.Join(m.Rules, ", "))
		}
	}
	list := func(title string, all []verdict) {
		if !section(title, len(all)) {
			return
		}
		for _, v := range all {
			about := ""
			if v.Label != "" {
				about = " [" + v.Label + "]"
			}
			fmt.Fprintf(out, "  %s %s %s%s: %s\n", v.Corpus, v.Severity, v.Rule, about, strconv.QuoteToGraphic(v.Summary))
		}
	}
	list("false", rep.False)
	if verbose {
		list("true", rep.True)
	}
	list("about an attack that is labelled for other rules", rep.Related)
	if section("unmeasured rules, which no label is for", len(rep.Unmeasured)) {
		fmt.Fprintln(out, " ", strings.Join(rep.Unmeasured, ", "))
	}
	if section("labelled detections that no rule is for", len(rep.NoRule)) {
		fmt.Fprintln(out, " ", strings.Join(rep.NoRule, ", "))
	}
	list("found on the ordinary day", rep.Day)
	fmt.Fprintln(out)
}

func number(v *float64, digits int) string {
	if v == nil {
		return "-"
	}
	return strconv.FormatFloat(*v, 'f', digits, 64)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
