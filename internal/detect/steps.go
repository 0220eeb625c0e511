package detect

import (
	"slices"
	"time"

	"weir/internal/lake"
)

// step is one evaluation that is due: a rule at a point of its grid.
type step struct {
	rule *prepared
	end  time.Time // of the window; it does not belong to it
	seq  int64     // the latest making of an hour in the reach: what the evaluation will be worth
}

func (s step) start() time.Time { return s.end.Add(-s.rule.Window) }

// reach is where the hours begin that the evaluation reads; they end where the step does.
func (s step) reach() time.Time { return s.end.Add(-s.rule.Reach()) }

// hours are the hours of a lake that are refined, in order of time.
type hours []lake.Made

func sorted(made []lake.Made) hours {
	h := slices.Clone(made)
	slices.SortFunc(h, func(a, b lake.Made) int { return a.Start.Compare(b.Start) })
	return h
}

func (h hours) empty() bool { return len(h) == 0 }

// first is the beginning of the first hour, end the end of the last.
func (h hours) first() time.Time { return h[0].Start }
func (h hours) end() time.Time   { return h[len(h)-1].Start.Add(time.Hour) }

// between are the hours that begin from from until before to.
func (h hours) between(from, to time.Time) hours {
	at := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(h, t, func(m lake.Made, t time.Time) int { return m.Start.Compare(t) })
		return i
	}
	return h[at(from):max(at(from), at(to))]
}

// latest is the largest number of a making, 0 where there is none.
func (h hours) latest() int64 {
	var seq int64
	for _, m := range h {
		seq = max(seq, m.Seq)
	}
	return seq
}

// due are the steps of a rule that data came for since they were evaluated, in order of time, and how many wait for
// history: those are not evaluated, so that they are looked at again when the lake holds enough, and what comes of them
// does not depend on when they were looked at first.
func due(p *prepared, h hours, evaluated map[time.Time]int64, since, until time.Time) (steps []step, learning int) {
	if h.empty() {
		return nil, 0
	}
	last := p.Next(h.end())
	if !until.IsZero() && until.Before(last) {
		last = p.Next(until)
	}
	from := h.first()
	if since.After(from) {
		from = since
	}
	// A step that ends where that begins holds nothing of what is asked for.
	for _, end := range p.Rule.Steps(from, last) {
		s := step{rule: p, end: end}
		s.seq = h.between(s.reach(), end).latest()
		if s.seq == 0 {
			continue // nothing was logged there
		}
		if done, ok := evaluated[end]; ok && done >= s.seq {
			continue
		}
		if p.Needs.History > 0 && !h.know(s) {
			learning++
			continue
		}
		steps = append(steps, s)
	}
	return steps, learning
}

// enoughHistory is the part of a history's hours that must be there. A guess: a baseline stands without a night or a
// weekend, and not on one stray old hour.
const enoughHistory = 0.75

// know tells whether the lake holds the history of a step: it reaches back so far, and has most of it.
func (h hours) know(s step) bool {
	have := float64(len(h.between(s.reach(), s.start())))
	return !h.first().After(s.reach()) && have >= enoughHistory*s.rule.Needs.History.Hours()
}

// rounds puts steps into the order of evaluation: by time, and at one time those together that read the same hours, so
// that they share an engine.
func rounds(steps []step) [][]step {
	slices.SortStableFunc(steps, func(a, b step) int {
		if c := a.end.Compare(b.end); c != 0 {
			return c
		}
		return b.reach().Compare(a.reach())
	})
	var out [][]step
	for i, s := range steps {
		if i > 0 && s.end.Equal(steps[i-1].end) && s.reach().Equal(steps[i-1].reach()) {
			out[len(out)-1] = append(out[len(out)-1], s)
			continue
		}
		out = append(out, []step{s})
	}
	return out
}

// newest leaves the most steps that a run may take: the latest, since what happens now matters more than what
// happened, and what is left out is as stale in the next run as it was in this one.
func newest(steps []step, most int) (kept []step, left int) {
	if most <= 0 || len(steps) <= most {
		return steps, 0
	}
	slices.SortStableFunc(steps, func(a, b step) int { return b.end.Compare(a.end) })
	return steps[:most:most], len(steps) - most
}
