package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed report.html
var page string

// html/template escapes every value for the place that it stands in. Nothing in this file may say that a text is safe.
var pageTemplate = template.Must(template.New("report").Parse(page))

// htmlText is the longest text that the page shows, in characters: it is for reading.
const htmlText = 4000

// htmlFindings is the number of findings that are shown in full. Browsers grow slow beyond, and people sooner.
const htmlFindings = 1000

type (
	htmlPage struct {
		Generated, Version string
		Title              string
		Counts             []htmlCount
		Total, Settled     int
		Omitted            int
		Findings           []htmlFinding
		Coverage           *htmlCoverage
	}
	htmlCount struct {
		Severity string
		N        int
	}
	htmlFinding struct {
		ID, Anchor, Rule, Title, Severity, State, Summary string
		Settled                                           bool
		First, Last                                       string
		Facts, Details                                    []htmlPair
		Techniques                                        []htmlLink
		Explain, Fix                                      string
		References                                        []htmlLink
		SQL                                               string
		Args                                              []string
	}
	htmlPair     struct{ Name, Value string }
	htmlLink     struct{ Text, URL string } // URL "" is no link
	htmlCoverage struct {
		Since, Until      string
		Interfaces, Hours string
		Gaps              []htmlGap
		Blind             []htmlBlind
		MoreGaps          int
	}
	htmlGap   struct{ What, Since, Until, Why string }
	htmlBlind struct{ Rule, Title, Interfaces, Why string }
)

// shown is a text as the page has it: harmless, and cut with a word on how much is missing.
func shown(s string) string {
	c := Cut(s, htmlText)
	v := Visible(c, "\n\t")
	if len(c) < len(s) && strings.HasSuffix(c, "…") {
		v += fmt.Sprintf(" (cut here: %s bytes in all)", grouped(int64(len(s))))
	}
	return v
}

func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// forPeople is a time as the page has it, to the minute.
func forPeople(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

func writeHTML(w io.Writer, d Document) error {
	p := htmlPage{Generated: forPeople(d.Generated), Version: shown(d.Version), Title: "Findings", Total: len(d.Findings), Coverage: d.htmlCoverage()}
	counts := map[string]int{}
	sorted := Sorted(d.Findings)
	for _, f := range sorted {
		if isSettled(f.State) {
			p.Settled++
			continue
		}
		counts[f.Severity]++
	}
	for _, s := range severities {
		p.Counts = append(p.Counts, htmlCount{s, counts[s]})
	}
	if len(sorted) > htmlFindings {
		p.Omitted, sorted = len(sorted)-htmlFindings, sorted[:htmlFindings]
	}
	for i, f := range sorted {
		info := d.Rules(f.Rule)
		severity := f.Severity
		if !slices.Contains(severities, severity) {
			severity = "info" // is a class of the style sheet
		}
		h := htmlFinding{
			ID: shown(f.ID), Anchor: "f" + strconv.Itoa(i+1), Rule: shown(f.Rule), Title: shown(d.title(f)), Severity: severity, State: shown(f.State),
			Settled: isSettled(f.State), Summary: shown(f.Summary), First: forPeople(f.FirstSeen), Last: forPeople(f.LastSeen),
			Explain: shown(info.Explain), Fix: shown(info.Fix), SQL: shown(f.Evidence.SQL),
		}
		facts := []pair{
			{"account", f.AccountID}, {"region", f.Region}, {"VPC", f.VPCID}, {"interface", f.InterfaceID},
			{"client", f.Client}, {"server", f.Server}, {"port", number(f.Port)}, {"protocol", protocolName(f)},
			{"seen", grouped(f.Count) + " times"}, {"confidence", f.Confidence},
		}
		if f.Count == 1 {
			facts[8].value = "once"
		}
		for _, x := range facts {
			if x.value != "" {
				h.Facts = append(h.Facts, htmlPair{x.name, shown(x.value)})
			}
		}
		for _, x := range details(f) {
			h.Details = append(h.Details, htmlPair{shown(x.name), shown(x.value)})
		}
		for _, t := range d.techniques(f) {
			l := htmlLink{Text: shown(t)}
			if isTechnique(t) {
				l.URL = techniqueURL(t)
			}
			h.Techniques = append(h.Techniques, l)
		}
		for _, r := range info.References {
			l := htmlLink{Text: shown(r)}
			if isURL(r) {
				l.URL = r
			}
			h.References = append(h.References, l)
		}
		for _, a := range f.Evidence.Args {
			h.Args = append(h.Args, shown(valueText(a)))
		}
		p.Findings = append(p.Findings, h)
	}
	return pageTemplate.Execute(w, p)
}

// htmlGaps is the number of gaps that are listed.
const htmlGaps = 200

func (d *Document) htmlCoverage() *htmlCoverage {
	c := d.Coverage
	if c == nil {
		return nil
	}
	h := &htmlCoverage{Since: forPeople(c.Since), Until: forPeople(c.Until), Interfaces: grouped(c.Interfaces), Hours: grouped(c.Hours)}
	for i, g := range c.Gaps {
		if i == htmlGaps {
			h.MoreGaps = len(c.Gaps) - i
			break
		}
		h.Gaps = append(h.Gaps, htmlGap{shown(g.What), forPeople(g.Since), forPeople(g.Until), shown(g.Why)})
	}
	for _, b := range c.Blind {
		h.Blind = append(h.Blind, htmlBlind{shown(b.Rule), shown(d.Rules(b.Rule).Title), grouped(b.Interfaces), shown(b.Why)})
	}
	return h
}
