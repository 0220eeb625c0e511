package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"weir/internal/detect"
	"weir/internal/engine"
	"weir/internal/finding"
	"weir/internal/report"
	"weir/internal/rule"
)

// documentFormats are those in which findings are printed: rows for people, and the documents of package report.
func documentFormats() []string {
	out := slices.Clone(outputFormats)
	for _, name := range report.Names() {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// print prints the findings on stdout, and on stderr what they rest on.
func (d *detection) print(format string) error {
	if format == "table" {
		if err := printTo(d.a.stdout, d.text()); err != nil {
			return err
		}
	} else if err := d.document(format); err != nil {
		return err
	}
	if d.flags.timings != "" {
		if err := d.timings(); err != nil {
			return err
		}
	}
	if !d.a.quiet {
		return printTo(d.a.stderr, d.summary())
	}
	return nil
}

func (d *detection) document(format string) error {
	return d.a.writeDocument(format, d.found, d.rules, d.sum.Coverage)
}

// writeDocument prints findings in any of documentFormats but table. c is nil if it is not known what was logged.
func (a *app) writeDocument(format string, list []*finding.Finding, rules []*rule.Rule, c *detect.Coverage) error {
	if format == "md" {
		return writeFindings(a.stdout, format, list)
	}
	byID := map[string]*rule.Rule{}
	for _, r := range rules {
		byID[r.ID] = r
	}
	doc := report.Document{
		Findings: list, Generated: time.Now(), Version: readBuildInfo().Version, Coverage: reportCoverage(c),
		Rules: func(id string) report.RuleInfo {
			r := byID[id]
			if r == nil {
				return report.RuleInfo{}
			}
			return report.RuleInfo{Title: r.Title, Explain: r.Explain, Fix: r.Fix, References: r.References, Group: r.Group, Techniques: r.Techniques}
		},
	}
	if c != nil { // of findings in many accounts, one stands for all: the first
		for _, i := range c.Interfaces {
			if doc.Account == "" && i.AccountID != "" {
				doc.Account, doc.Region = i.AccountID, i.Region
			}
		}
	}
	return report.Write(a.stdout, format, doc)
}

// reportCoverage is what was logged, for documents.
func reportCoverage(c *detect.Coverage) *report.Coverage {
	if c == nil {
		return nil
	}
	out := &report.Coverage{Since: c.Since, Until: c.Until, Interfaces: int64(c.Logged()), Hours: int64(c.LoggedHours())}
	for _, i := range c.Interfaces {
		if i.Hours == 0 {
			out.Gaps = append(out.Gaps, report.Gap{What: i.InterfaceID, Since: c.Since, Until: c.Until, Why: "no records"})
		}
		for _, g := range i.Gaps {
			out.Gaps = append(out.Gaps, report.Gap{What: i.InterfaceID, Since: g.From, Until: g.To, Why: "no records"})
		}
	}
	for _, b := range c.Blind {
		out.Blind = append(out.Blind, report.Blind{Rule: b.Rule.ID, Interfaces: int64(b.Interfaces), Why: strings.Join(b.Reasons, "; ")})
	}
	return out
}

// text is the findings for a terminal: one sentence each, the worst first, and a dim line with where, when, how often, and how to
// see it.
func (d *detection) text() string {
	var b strings.Builder
	dim, plain := "", ""
	colour := func(string) string { return "" }
	if isTerminal(d.a.stdout) && !d.a.noColor && !d.a.settings.NoColor {
		dim, plain = "\x1b[2m", "\x1b[0m"
		colour = func(severity string) string { return severityColours[severity] }
	}
	for _, f := range report.Sorted(d.found) {
		mark := ""
		switch f.State {
		case finding.StateRegressed:
			mark = " (back)"
		case finding.StateAcknowledged:
			mark = " (being worked on)"
		}
		fmt.Fprintf(&b, "%s%-8s%s  %s%s\n", colour(f.Severity), strings.ToUpper(f.Severity), plain, printable(f.Summary), mark)
		where := []string{f.Rule}
		for _, text := range []string{f.AccountID, f.InterfaceID} {
			if text != "" {
				where = append(where, text)
			}
		}
		fmt.Fprintf(&b, "%s          %s · %s · %s×%s\n", dim, printable(strings.Join(where, " ")), seenText(f), count(f.Count), plain)
		how := "weir findings show " + f.ID
		if d.thrown {
			how = d.records(f)
		}
		fmt.Fprintf(&b, "%s          $ %s%s\n", dim, printable(how), plain)
	}
	return b.String()
}

var severityColours = map[string]string{"critical": "\x1b[1;31m", "high": "\x1b[31m", "medium": "\x1b[33m", "low": "\x1b[36m", "info": "\x1b[2m"}

// records is a query for the records behind a finding that is kept nowhere, as they lie at the sources.
func (d *detection) records(f *finding.Finding) string {
	text := func(s string) string { return engine.QuoteText(s) }
	where := []string{fmt.Sprintf("start_time >= %s", engine.Trino.Instant(f.FirstSeen.Truncate(time.Minute))),
		fmt.Sprintf("start_time < %s", engine.Trino.Instant(f.LastSeen.Add(time.Minute).Truncate(time.Minute)))}
	if f.InterfaceID != "" {
		where = append(where, "interface_id = "+text(f.InterfaceID))
	}
	for _, a := range []string{f.Client, f.Server} {
		if a != "" {
			where = append(where, text(a)+" IN (srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr)")
		}
	}
	if f.Port != nil {
		where = append(where, fmt.Sprintf("%d IN (srcport, dstport)", *f.Port))
	}
	cmd := "weir query"
	for _, s := range d.sources {
		cmd += " --source " + shellQuote(s)
	}
	return cmd + " " + shellQuote("SELECT * FROM flows WHERE "+strings.Join(where, " AND "))
}

func seenText(f *finding.Finding) string {
	first, last := f.FirstSeen.UTC(), f.LastSeen.UTC()
	switch {
	case last.Sub(first) < time.Minute:
		return first.Format("2006-01-02 15:04")
	case first.Format(time.DateOnly) == last.Format(time.DateOnly):
		return first.Format("2006-01-02 15:04") + "–" + last.Format("15:04")
	}
	return first.Format("2006-01-02 15:04") + " – " + last.Format("2006-01-02 15:04")
}

// summary is what there is to say besides the findings.
func (d *detection) summary() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	bySeverity := map[string]int{}
	for _, f := range d.found {
		bySeverity[f.Severity]++
	}
	var parts []string
	for _, s := range slices.Backward(finding.Severities) {
		if n := bySeverity[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	kinds := changeCounts(d.sum.Changes)
	changed := []string{}
	for _, k := range []string{finding.KindNew, finding.KindWorsened, finding.KindRegressed, finding.KindResolved, finding.KindWithdrawn} {
		if kinds[k] > 0 {
			changed = append(changed, fmt.Sprintf("%d %s", kinds[k], k))
		}
	}
	text := counted(len(d.found), "finding")
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	if len(changed) > 0 && !d.thrown {
		text += " (" + strings.Join(changed, ", ") + ")"
	}
	if d.hidden > 0 {
		text += fmt.Sprintf("; %d of severity info, --all shows them", d.hidden)
	}
	line("%s", text)
	line("%s", coverageText(d.sum.Coverage))
	unclear := 0
	for _, r := range d.sum.Resolved {
		if !r.Done {
			unclear++
		}
	}
	if unclear > 0 {
		line("not seen for long, but not logged either, so that nobody can tell whether it is over: %s", counted(unclear, "finding"))
	}
	for _, r := range d.sum.Rules {
		for _, text := range ruleNotes(&r) {
			line("%s", printableLines(text))
		}
	}
	var learning []string
	for _, r := range d.sum.Rules {
		if r.Learning > 0 && r.Steps == 0 {
			learning = append(learning, fmt.Sprintf("%s %d of %s", r.Rule.ID, max(0, int(r.Have/(24*time.Hour))), daysText(r.Rule.Needs.History)))
		}
	}
	if len(learning) > 0 {
		line("learning: %s", strings.Join(learning, ", "))
	}
	line("%s, %s in %.1f s", counted(len(d.sum.Rules), "rule"), counted(d.sum.Steps, "step"), d.sum.Seconds)
	if n := d.told; n.Sent+n.Failed > 0 {
		line("%s sent about %s, %d failed", counted(n.Sent, "notice"), counted(n.Told, "change"), n.Failed)
	}
	if d.sum.Left > 0 {
		line("%s left to the next run", counted(d.sum.Left, "step"))
	}
	return b.String()
}

// changeCounts counts findings by what happened to them in a run. What was found in it, or came back, did not get worse in it
// for those who read.
func changeCounts(changes []finding.Change) map[string]int {
	type happening struct{ id, kind string }
	seen := map[happening]bool{}
	out := map[string]int{}
	for _, c := range changes {
		id := c.Finding.ID
		if c.Kind == finding.KindWorsened && (seen[happening{id, finding.KindNew}] || seen[happening{id, finding.KindRegressed}]) {
			continue
		}
		if h := (happening{id, c.Kind}); !seen[h] {
			seen[h] = true
			out[c.Kind]++
		}
	}
	return out
}

// ruleNotes are what is to be said of a rule that did not run as it should.
func ruleNotes(r *detect.RuleSummary) (out []string) {
	if r.Err != nil {
		out = append(out, "weir: "+r.Err.Error())
	}
	if r.Slow > 0 {
		out = append(out, fmt.Sprintf("weir: rule %s took too long and was stopped, %s", r.Rule.ID, counted(r.Slow, "time")))
	}
	if r.Cut > 0 {
		out = append(out, fmt.Sprintf("rule %s found more than is kept, %s: only the worst are findings", r.Rule.ID, counted(r.Cut, "time")))
	}
	if r.Unread > 0 {
		out = append(out, fmt.Sprintf("rule %s returned %s without a value for its entity, which name nothing", r.Rule.ID, counted(r.Unread, "row")))
	}
	return out
}

func daysText(d time.Duration) string { return counted(int(d/(24*time.Hour)), "day") }

// coverageText says in a line or two what was logged, and which rules could not see it.
func coverageText(c *detect.Coverage) string {
	if c == nil {
		return "coverage: nothing was logged"
	}
	text := fmt.Sprintf("coverage: %s of %s logged, %s of %s, until %s", count(int64(c.Logged())), counted(len(c.Interfaces), "interface"),
		strings.TrimSuffix(fmt.Sprintf("%.1f", c.MeanHours()), ".0"), counted(c.Hours, "hour"), c.Until.Format("2006-01-02 15:04"))
	var names []string
	interfaces := map[string]bool{}
	var reasons []string
	for _, b := range c.Blind {
		names = append(names, b.Rule.ID)
		for _, r := range b.Reasons {
			if !slices.Contains(reasons, r) {
				reasons = append(reasons, r)
			}
		}
	}
	for _, i := range c.Interfaces {
		if len(i.Blind) > 0 {
			interfaces[i.InterfaceID] = true
		}
	}
	if len(names) == 0 {
		return text
	}
	slices.Sort(reasons)
	if len(names) > 6 {
		names = append(names[:5:5], fmt.Sprintf("and %d more", len(names)-5))
	}
	return text + fmt.Sprintf("; %s blind on %s (%s): %s; 'weir coverage' says where", counted(len(c.Blind), "rule"), counted(len(interfaces), "interface"), strings.Join(reasons, "; "), strings.Join(names, ", "))
}

// timings says how long each rule took, the longest first.
func (d *detection) timings() error {
	rules := slices.Clone(d.sum.Rules)
	slices.SortStableFunc(rules, func(a, b detect.RuleSummary) int {
		switch {
		case a.Seconds > b.Seconds:
			return -1
		case a.Seconds < b.Seconds:
			return 1
		}
		return 0
	})
	if d.flags.timings == "json" {
		type timing struct {
			Rule    string  `json:"rule"`
			Steps   int     `json:"steps"`
			Rows    int     `json:"sightings"`
			Seconds float64 `json:"seconds"`
			Slowest float64 `json:"slowest_seconds"`
		}
		out := struct {
			Refine  float64  `json:"refine_seconds"`
			Detect  float64  `json:"detect_seconds"`
			Hours   int      `json:"refined_hours"`
			Timings []timing `json:"rules"`
		}{d.refined.Seconds, d.sum.Seconds, d.refined.Hours, []timing{}}
		for _, r := range rules {
			out.Timings = append(out.Timings, timing{r.Rule.ID, r.Steps, r.Sightings, r.Seconds, r.Slowest})
		}
		return json.NewEncoder(d.a.stderr).Encode(out)
	}
	l := &list{columns: []string{"rule", "steps", "sightings", "seconds", "slowest"}}
	for _, r := range rules {
		l.add(r.Rule.ID, r.Steps, r.Sightings, fmt.Sprintf("%.3f", r.Seconds), fmt.Sprintf("%.3f", r.Slowest))
	}
	return errors.Join(l.write(d.a.stderr, "table"), printTo(d.a.stderr, fmt.Sprintf("refined %s in %.1f s\n", counted(d.refined.Hours, "hour"), d.refined.Seconds)))
}

func printTo(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return err
}
