package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/internal/rule"
	"weir/internal/traffic"
)

func label(name, iface string, benign bool, detections ...string) *traffic.Label {
	return &traffic.Label{Name: name, Interface: iface, Benign: benign, Detections: detections, Actors: []string{"10.0.0.9"},
		Targets: []string{"192.0.2.9"}, Start: noon, End: noon.Add(time.Hour)}
}

func saw(rule, iface string, hours int) *finding {
	return &finding{Rule: rule, Interface: iface, Severity: "high", First: noon, Last: noon.Add(time.Minute), step: noon.Add(time.Duration(hours) * time.Hour), Summary: rule + " at " + iface}
}

var testRules = []*rule.Rule{
	{ID: "a", Catalogue: []string{"D01"}, Every: time.Hour, Window: time.Hour},
	{ID: "b", Catalogue: []string{"D02"}, Every: time.Hour, Window: time.Hour},
	{ID: "b-too", Catalogue: []string{"D02"}, Every: time.Hour, Window: time.Hour},
	{ID: "patient", Catalogue: []string{"D01"}, Every: time.Hour, Window: time.Hour, Needs: rule.Needs{History: 7 * 24 * time.Hour}},
	{ID: "idle", Catalogue: []string{"D99"}, Every: time.Hour, Window: time.Hour},
}

func testResult() *result {
	r := &result{corpus: &corpus{name: "c"}}
	r.made.Labels = []*traffic.Label{
		label("one", "eni-1", false, "D01", "D02"), label("two", "eni-2", false, "D01"), label("three", "eni-3", false, "D50"),
		label("benign", "eni-4", true, "D01"),
	}
	related := saw("a", "eni-3", 1)
	related.Client, related.Server = "10.0.0.9", "192.0.2.9"
	for _, l := range r.made.Labels[:2] { // so that the ends of the related finding are those of the third only
		l.Actors = []string{"10.0.0.1"}
	}
	r.findings = []*finding{saw("a", "eni-1", 3), saw("a", "eni-1", 2), saw("a", "eni-4", 1), saw("a", "eni-9", 1), related, saw("b", "eni-1", 5), saw("gone", "eni-1", 1)}
	return r
}

func TestScore(t *testing.T) {
	rep := score(testRules, []*result{testResult()})
	got := map[string]tally{}
	for _, t := range rep.Rules {
		t.delays = nil
		got[t.Rule] = *t
	}
	check := func(rule string, labels, found, missed, true, false, related int) {
		t.Helper()
		g := got[rule]
		if g.Labels != labels || g.Found != found || g.Missed != missed || g.True != true || g.False != false || g.Related != related {
			t.Errorf("%s: got %+v", rule, g)
		}
	}
	check("a", 2, 1, 1, 2, 2, 1)
	check("b", 1, 1, 0, 1, 0, 0)
	check("b-too", 0, 0, 0, 0, 0, 0) // another rule saw it
	check("patient", 0, 0, 0, 0, 0, 0)
	check("gone", 0, 0, 0, 0, 1, 0)
	if h := got["a"].Hours; h == nil || *h != 2 {
		t.Errorf("hours of a: got %v, want 2", h)
	}
	a := got["a"]
	if *a.Precision() != 0.5 || *a.Recall() != 0.5 {
		t.Errorf("precision %v, recall %v", *a.Precision(), *a.Recall())
	}
	if len(rep.Missed) != 1 || rep.Missed[0].Label != "two" || !slices.Equal(rep.Missed[0].Rules, []string{"a"}) {
		t.Errorf("missed: %+v", rep.Missed)
	}
	if !slices.Equal(rep.NoRule, []string{"D50"}) || !slices.Equal(rep.Unmeasured, []string{"b-too", "patient", "idle", "gone"}) {
		t.Errorf("no rule %v, unmeasured %v", rep.NoRule, rep.Unmeasured)
	}
	if f := rep.False[1]; f.Label != "" && f.Label != "benign" {
		t.Errorf("false: %+v", rep.False)
	}
}

func TestOrdinaryDay(t *testing.T) {
	r := &result{corpus: &corpus{name: "o", ordinary: true}}
	for range maxOrdinary {
		f := saw("a", "eni-9", 1)
		f.Severity = "medium"
		r.findings = append(r.findings, f)
	}
	if rep := score(testRules, []*result{r}); len(rep.Ordinary) > 0 || len(rep.Day) != maxOrdinary {
		t.Errorf("ten of medium: %v", rep.Ordinary)
	}
	r.findings[3].Severity = "high"
	if rep := score(testRules, []*result{r}); len(rep.Ordinary) != 1 {
		t.Errorf("one high: %v", rep.Ordinary)
	}
	r.findings[3].Severity = "low"
	r.findings = append(r.findings, r.findings[0])
	if rep := score(testRules, []*result{r}); len(rep.Ordinary) != 1 {
		t.Errorf("eleven: %v", rep.Ordinary)
	}
}

func TestEnoughHistory(t *testing.T) {
	c := &corpus{config: traffic.Config{Start: noon.Add(-7*24*time.Hour - 30*time.Minute), Duration: 8 * 24 * time.Hour}}
	l := &traffic.Label{Start: noon, End: noon.Add(10 * time.Minute)}
	patient := testRules[3]
	if !c.enough(patient, l) {
		t.Error("a week of history and the window's hour are not enough")
	}
	c.config.Start = c.config.Start.Add(40 * time.Minute)
	if c.enough(patient, l) {
		t.Error("less than a week is enough")
	}
}

func TestBaseline(t *testing.T) {
	file := filepath.Join(t.TempDir(), "baseline.csv")
	rep := score(testRules, []*result{testResult()})
	if err := writeBaseline(file, rep); err != nil {
		t.Fatal(err)
	}
	base, err := readBaseline(file)
	if err != nil {
		t.Fatal(err)
	}
	if worse := base.compare(rep); len(worse) > 0 {
		t.Errorf("worse than itself: %v", worse)
	}
	check := func(what string, change func(*result), want string) {
		t.Helper()
		r := testResult()
		change(r)
		worse := strings.Join(base.compare(score(testRules, []*result{r})), "; ")
		if worse != want {
			t.Errorf("%s: got %q, want %q", what, worse, want)
		}
	}
	check("one more false", func(r *result) { r.findings = append(r.findings, saw("a", "eni-8", 1)) }, "a: precision is 0.400, was 0.500")
	check("a new false one of a rule that was silent", func(r *result) { r.findings = append(r.findings, saw("idle", "eni-8", 1)) },
		"idle: precision is 0.000, and was not measured")
	check("one found less", func(r *result) {
		r.findings = slices.DeleteFunc(r.findings, func(f *finding) bool { return f.Rule == "b" })
	},
		"b-too: recall is 0.000, and was not measured; b: recall is 0.000, was 1.000")
	check("one false less", func(r *result) { r.findings = slices.Delete(r.findings, 3, 4) }, "")
	delete(base, "a")
	base["old"] = [2]*float64{}
	check("rules changed", func(*result) {}, "a: not in the baseline; make truth-update puts it there; old: in the baseline, and there is no such rule")
}
