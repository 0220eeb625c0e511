package main

import (
	"cmp"
	"slices"
	"time"

	"weir/internal/rule"
	"weir/internal/traffic"
)

// report is what came out, as -json writes it.
type report struct {
	Rules      []*tally  `json:"rules"`
	Missed     []miss    `json:"missed"`
	False      []verdict `json:"false"`
	Related    []verdict `json:"related"`    // about an attack, by a rule that the label does not name
	True       []verdict `json:"true"`       //
	Unmeasured []string  `json:"unmeasured"` // rules that no label is for
	NoRule     []string  `json:"no_rule"`    // detections that labels ask for, and no rule is for
	Ordinary   []string  `json:"ordinary"`   // what is wrong with the ordinary day
	Day        []verdict `json:"day"`        // what was found on it
}

// tally is one rule.
type tally struct {
	Rule    string   `json:"rule"`
	Labels  int      `json:"labels"`  // that it should see: found and missed
	Found   int      `json:"found"`   //
	Missed  int      `json:"missed"`  //
	True    int      `json:"true"`    // findings that a label explains
	False   int      `json:"false"`   // findings that none does
	Related int      `json:"related"` // findings about an attack that the label does not name this rule for
	Hours   *float64 `json:"hours"`   // median from an attack's first record to the end of the first step that saw it

	delays []time.Duration
}

// Precision and Recall are nil where nothing was found, or there was nothing to find.
func (t *tally) Precision() *float64 { return ratio(t.True, t.True+t.False) }
func (t *tally) Recall() *float64    { return ratio(t.Found, t.Labels) }

func ratio(n, of int) *float64 {
	if of == 0 {
		return nil
	}
	r := float64(n) / float64(of)
	return &r
}

// verdict is a finding, judged.
type verdict struct {
	Corpus   string `json:"corpus"`
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Label    string `json:"label,omitempty"` // that it is about; of a false one, the look-alike that it fell for
	Summary  string `json:"summary"`
}

// miss is an attack that should have raised a detection and did not.
type miss struct {
	Corpus    string   `json:"corpus"`
	Label     string   `json:"label"`
	Detection string   `json:"detection"`
	Rules     []string `json:"rules"` // that are for it
}

func score(list []*rule.Rule, results []*result) *report {
	s := &scorer{rep: &report{}, byID: map[string]*tally{}, asked: map[string]bool{}, rules: list}
	for _, r := range list {
		t := &tally{Rule: r.ID}
		s.byID[r.ID] = t
		s.rep.Rules = append(s.rep.Rules, t)
	}
	for _, r := range results {
		s.judge(r)
	}
	s.finish()
	return s.rep
}

type scorer struct {
	rep   *report
	rules []*rule.Rule
	byID  map[string]*tally
	asked map[string]bool // detections of labels
}

// judge holds the findings of a corpus against its labels, both ways.
func (s *scorer) judge(r *result) {
	type key struct {
		rule  string
		label *traffic.Label
	}
	seen := map[key]time.Time{} // the earliest step
	for _, f := range r.findings {
		ru := s.rule(f.Rule)
		v := verdict{Corpus: r.corpus.name, Rule: f.Rule, Severity: f.Severity, Summary: f.Summary}
		t := s.byID[f.Rule]
		if t == nil { // a rule that this source does not have: nothing can explain it
			t = &tally{Rule: f.Rule}
			s.byID[f.Rule] = t
			s.rep.Rules = append(s.rep.Rules, t)
		}
		explained := false
		for _, l := range r.made.Labels {
			if l.Benign || ru == nil || !shares(ru.Catalogue, l) || !about(f, l) {
				continue
			}
			k := key{f.Rule, l}
			if at, ok := seen[k]; !ok || f.step.Before(at) {
				seen[k] = f.step
			}
			if !explained {
				explained, v.Label = true, l.Name
			}
		}
		switch {
		case explained:
			t.True++
			s.rep.True = append(s.rep.True, v)
		case r.named(f, false, &v):
			t.Related++
			s.rep.Related = append(s.rep.Related, v)
		default:
			r.named(f, true, &v)
			t.False++
			s.rep.False = append(s.rep.False, v)
		}
		if r.corpus.ordinary {
			s.rep.Day = append(s.rep.Day, v)
		}
	}
	for _, l := range r.made.Labels {
		if l.Benign {
			continue
		}
		counted := map[string]bool{}
		for _, d := range l.Detections {
			s.asked[d] = true
			var able []*rule.Rule
			found := false
			for _, ru := range s.rules {
				if !slices.Contains(ru.Catalogue, d) || !r.corpus.enough(ru, l) {
					continue
				}
				able = append(able, ru)
				if _, ok := seen[key{ru.ID, l}]; ok {
					found = true
				}
			}
			m := miss{Corpus: r.corpus.name, Label: l.Name, Detection: d}
			for _, ru := range able {
				t := s.byID[ru.ID]
				at, ok := seen[key{ru.ID, l}]
				switch {
				case counted[ru.ID]:
				case ok:
					t.Found++
					if !at.IsZero() && at.After(l.Start) {
						t.delays = append(t.delays, at.Sub(l.Start))
					}
					counted[ru.ID] = true
				case !found: // else another rule for the same thing saw it, which is enough
					t.Missed++
					counted[ru.ID] = true
				}
				m.Rules = append(m.Rules, ru.ID)
			}
			if len(able) > 0 && !found {
				s.rep.Missed = append(s.rep.Missed, m)
			}
		}
	}
	if r.corpus.ordinary {
		s.rep.Ordinary = append(s.rep.Ordinary, ordinary(r)...)
	}
}

// named finds a label that a finding names closely, and notes it. Of look-alikes it is enough that it can be about one.
func (r *result) named(f *finding, benign bool, v *verdict) bool {
	for _, l := range r.made.Labels {
		if l.Benign == benign && pins(f, l) && !slices.Contains(l.Actors, "0.0.0.0/0") {
			v.Label = l.Name
			return true
		}
	}
	for _, l := range r.made.Labels {
		if benign && l.Benign && about(f, l) {
			v.Label = l.Name
			return true
		}
	}
	return false
}

// enough tells whether a rule had the history that it needs when an attack was on. Without, it is silent by design.
func (c *corpus) enough(r *rule.Rule, l *traffic.Label) bool {
	if r.Needs.History == 0 {
		return true
	}
	last := r.Next(l.End)
	if last.After(c.end()) {
		last = c.end()
	}
	return !last.Add(-r.Reach()).Before(c.start())
}

func (s *scorer) rule(id string) *rule.Rule {
	if i := slices.IndexFunc(s.rules, func(r *rule.Rule) bool { return r.ID == id }); i >= 0 {
		return s.rules[i]
	}
	return nil
}

// maxOrdinary is how many findings a day without an attack may have, at 600 interfaces: about what one person reads over
// a coffee.
const maxOrdinary = 10

// ordinary says what is wrong with the findings of an ordinary day.
func ordinary(r *result) (wrong []string) {
	for _, f := range r.findings {
		if f.Severity == "critical" || f.Severity == "high" {
			wrong = append(wrong, "ordinary day: "+f.Severity+" of "+f.Rule+": "+f.Summary)
		}
	}
	if n := len(r.findings); n > maxOrdinary {
		wrong = append(wrong, "ordinary day: "+plural(n, "finding")+", more than "+plural(maxOrdinary, "finding"))
	}
	return wrong
}

// finish makes what only all corpora together say.
func (s *scorer) finish() {
	rep := s.rep
	for _, t := range rep.Rules {
		t.Labels = t.Found + t.Missed
		if n := len(t.delays); n > 0 {
			slices.Sort(t.delays)
			h := (t.delays[(n-1)/2] + t.delays[n/2]).Hours() / 2
			t.Hours = &h
		}
		if t.Labels == 0 {
			rep.Unmeasured = append(rep.Unmeasured, t.Rule)
		}
	}
	for _, r := range s.rules {
		for _, d := range r.Catalogue {
			delete(s.asked, d)
		}
	}
	for d := range s.asked {
		rep.NoRule = append(rep.NoRule, d)
	}
	slices.Sort(rep.NoRule)
	order := func(a, b verdict) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Corpus, b.Corpus), cmp.Compare(a.Summary, b.Summary))
	}
	for _, list := range [][]verdict{rep.True, rep.False, rep.Related, rep.Day} {
		slices.SortStableFunc(list, order)
	}
}
