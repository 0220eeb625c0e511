package rule

import "time"

// Steps are the ends of the rule's steps in (from, to], in order. They lie on a grid that begins at midnight in UTC.
func (r *Rule) Steps(from, to time.Time) []time.Time {
	var out []time.Time
	for t := r.Next(from.Add(1)); !t.After(to); t = t.Add(r.Every) {
		out = append(out, t)
	}
	return out
}

// Next is the first end of a step at t or later. The grid counts from 1970, so that it is the same in every process.
func (r *Rule) Next(t time.Time) time.Time {
	t = t.UTC()
	e := int64(r.Every / time.Second)
	s := t.Unix()
	if t.Nanosecond() > 0 {
		s++
	}
	if past := s % e; past > 0 {
		s += e - past
	}
	return time.Unix(s, 0).UTC()
}

// WindowOf is what the step that ends at end reads as :window: from start, and before end.
func (r *Rule) WindowOf(end time.Time) (start, stop time.Time) { return end.Add(-r.Window), end }

// HistoryOf is what that step reads as :history, which ends where the window begins.
func (r *Rule) HistoryOf(end time.Time) (start, stop time.Time) {
	stop = end.Add(-r.Window)
	return stop.Add(-r.Needs.History), stop
}

// Reach is how far before its end a step reads.
func (r *Rule) Reach() time.Duration { return r.Window + r.Needs.History }
