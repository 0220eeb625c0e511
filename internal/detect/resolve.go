package detect

import (
	"context"
	"fmt"
	"time"

	"weir/internal/finding"
)

// Resolution is what became of a finding that was not seen for as long as its rule says.
type Resolution struct {
	ID   string
	Done bool   // resolved; else nobody can tell
	Why  string // a sentence without a full stop
}

// defaultResolve is how long a finding must not be seen where its rule says nothing.
const defaultResolve = 24 * time.Hour

// unseen is an open finding that is old enough to ask whether it is over.
type unseen struct {
	f       *finding.Finding
	rule    *prepared
	need    int // hours in which it could have been seen and was not
	from    time.Time
	hours   map[time.Time]bool // in which it could have been
	last    time.Time          // that anything was logged of its interface
	blinded bool               // something was logged, and the rule could not see it
}

// resolve closes the findings that were not seen for their rule's time while they could have been: their interface was
// logged (of a finding without one its account, or anything at all), and their rule was not blind there. Hours that were
// not logged do not count, however many they are: then nobody can tell, and the finding stays as it is.
//
// It judges only by rules that are up to date: a step that is still due may have it.
func (d *run) resolve(ctx context.Context, rules []*prepared, h hours) error {
	byID := map[string]*prepared{}
	for _, p := range rules {
		byID[p.ID] = p
	}
	if d.sum.Left > 0 || !d.c.Since.IsZero() || !d.c.Until.IsZero() {
		return nil
	}
	open, err := d.c.Store.List(ctx, finding.Filter{States: []string{finding.StateOpen, finding.StateRegressed, finding.StateAcknowledged}})
	if err != nil {
		return fmt.Errorf("detect: %w", err)
	}
	var asked []*unseen
	from := h.end()
	for _, f := range open {
		p := byID[f.Rule]
		if p == nil || p.sum.Err != nil || p.sum.Slow > 0 {
			continue
		}
		need := p.Resolve
		if need <= 0 {
			need = defaultResolve
		}
		u := &unseen{f: f, rule: p, need: int((need + time.Hour - 1) / time.Hour), from: f.LastSeen.Add(time.Hour - 1).Truncate(time.Hour), hours: map[time.Time]bool{}}
		if h.end().Sub(u.from) < need {
			continue
		}
		// Twice the time is looked at, so that a run costs the same however old the oldest open finding is.
		if oldest := h.end().Add(-2 * need); u.from.Before(oldest) {
			u.from = oldest
		}
		if u.from.Before(from) {
			from = u.from
		}
		asked = append(asked, u)
	}
	if len(asked) == 0 {
		return nil
	}
	if err := d.look(ctx, asked, from, h.end()); err != nil {
		return fmt.Errorf("detect: read coverage: %w", err)
	}
	var over []finding.Unseen
	for _, u := range asked {
		r := u.judge(h.end())
		d.sum.Resolved = append(d.sum.Resolved, r)
		if r.Done {
			over = append(over, finding.Unseen{ID: u.f.ID, Before: u.f.LastSeen.Add(time.Microsecond), Why: r.Why})
		}
	}
	changes, err := d.c.Store.ResolveUnseen(ctx, over)
	if err != nil {
		return fmt.Errorf("detect: %w", err)
	}
	d.sum.Changes = append(d.sum.Changes, changes...)
	return nil
}

// look notes in which hours each of them could have been seen.
func (d *run) look(ctx context.Context, asked []*unseen, from, to time.Time) error {
	byInterface, byAccount, all := map[string][]*unseen{}, map[string][]*unseen{}, []*unseen(nil)
	for _, u := range asked {
		switch {
		case u.f.InterfaceID != "":
			byInterface[u.f.InterfaceID] = append(byInterface[u.f.InterfaceID], u)
		case u.f.AccountID != "":
			byAccount[u.f.AccountID] = append(byAccount[u.f.AccountID], u)
		default:
			all = append(all, u)
		}
	}
	return log{d.c.Tables, d.c.Engine}.read(ctx, from, to, func(v *coverageRow) {
		for _, list := range [][]*unseen{byInterface[v.id], byAccount[v.account], all} {
			for _, u := range list {
				switch {
				case v.hour.Before(u.from) || u.hours[v.hour]:
				case blindness(u.rule.Rule, v) != "":
					u.blinded = true
				default:
					u.hours[v.hour] = true
				}
				if v.last.After(u.last) {
					u.last = v.last
				}
			}
		}
	})
}

func (u *unseen) judge(end time.Time) Resolution {
	r := Resolution{ID: u.f.ID, Done: len(u.hours) >= u.need}
	quiet := end.Sub(u.f.LastSeen).Truncate(time.Hour)
	switch {
	case r.Done:
		r.Why = fmt.Sprintf("not seen for %s, %d hours logged", span(quiet), len(u.hours))
	case u.blinded && len(u.hours) == 0:
		r.Why = fmt.Sprintf("cannot tell: not seen for %s, but the rule is blind there", span(quiet))
	case u.last.IsZero():
		r.Why = fmt.Sprintf("cannot tell: not logged since %s", u.f.LastSeen.UTC().Format("2006-01-02 15:04"))
	default:
		r.Why = fmt.Sprintf("cannot tell: %d of %d hours logged since it was seen last", len(u.hours), u.need)
	}
	return r
}

// span is a time in whole hours or days.
func span(d time.Duration) string {
	if h := int(d / time.Hour); h < 72 {
		return fmt.Sprintf("%dh", h)
	}
	return fmt.Sprintf("%dd", int(d/(24*time.Hour)))
}
