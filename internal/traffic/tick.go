package traffic

import "slices"

// tick is one aggregation interval of one account: all that happened in it. What happens is a function of the world's
// seed and the tick's number alone, so ticks can be made in any order and on any processor.
type tick struct {
	w     *world
	n     int   // number, from 0
	start int64 // epoch seconds
	dur   int64 // seconds
	first int64 // start of the whole run, epoch seconds

	out [][]record // by interface
	r   rng        // of the habit that is being played

	mark uint16 // label of the flows that bring none: of the look-alike that is being played
}

func (w *world) newTick() *tick {
	return &tick{w: w, dur: int64(w.cfg.Interval), first: w.cfg.Start.Unix(), out: make([][]record, len(w.ifaces))}
}

// play fills the tick with number n.
func (t *tick) play(n int, background, attacks bool) {
	t.n, t.start = n, t.first+int64(n)*t.dur
	for i := range t.out {
		t.out[i] = t.out[i][:0]
	}
	if background {
		for i, habit := range habits {
			t.r = newRNG(t.w.seed, uint64(n), uint64(i), 'h')
			habit(t)
			t.mark = 0
		}
	}
	if attacks {
		for i, s := range t.w.scenarios {
			t.r = newRNG(t.w.seed, uint64(n), uint64(i), 'a')
			s(t)
		}
	}
}

// records counts what the tick will write, with the NODATA of silent interfaces.
func (t *tick) records() int {
	n := 0
	for _, rs := range t.out {
		n += max(1, len(rs))
	}
	return n
}

// during reports whether the tick begins in [from, to), within whether a second lies in the tick.
func (t *tick) during(from, to int64) bool { return t.start >= from && t.start < to }

func (t *tick) within(at int64) bool { return t.start <= at && at < t.start+t.dur }

// minutes is the tick's length in minutes, for rates.
func (t *tick) minutes() float64 { return float64(t.dur) / 60 }

// hour is the hour of day, UTC, with its fraction.
func (t *tick) hour() float64 { return float64(t.start%86400) / 3600 }

// weekend is Saturday or Sunday. The epoch was a Thursday.
func (t *tick) weekend() bool { d := (t.start/86400 + 4) % 7; return d == 0 || d == 6 }

// day is how busy people are now: 1 in the afternoon, 0.25 before dawn.
func (t *tick) day() float64 {
	h := t.hour() - 14.5
	if h < -12 {
		h += 24
	}
	v := 0.25 + 0.75/(1+(h*h)/30)
	if t.weekend() {
		v *= 0.5
	}
	return v
}

// every calls f for each event of a series with a fixed period that falls into the tick. Phase shifts it, jitter (in
// seconds) moves each event on its own. The event's number and its second are given.
func (t *tick) every(period, phase, jitter int64, f func(k, at int64)) {
	base := t.first + phase
	for k := (t.start - base - jitter) / period; ; k++ {
		at := base + k*period
		if at >= t.start+t.dur {
			return
		}
		if k < 0 {
			continue
		}
		if jitter > 0 {
			at += int64(hash(t.w.seed, uint64(phase), uint64(k)) % uint64(jitter))
		}
		if at >= t.start && at < t.start+t.dur {
			f(k, at)
		}
	}
}

// runs cuts the tick's records into one run for each interface, in the order of the interfaces. Slices are shared with
// the tick and live until its next play.
func (t *tick) runs(last int64) []run {
	var all []run
	for i, h := range t.w.ifaces {
		r := newRNG(t.w.seed, uint64(t.n), uint64(i), 'w')
		n := run{h: h, records: t.out[i]}
		n.start, n.end = t.window(&r, last)
		if t.during(h.silentFrom, h.silentTo) {
			continue
		}
		if h.acceptsFrom > 0 && t.start >= h.acceptsFrom {
			n.records = slices.DeleteFunc(n.records, func(r record) bool { return r.reject })
		}
		switch {
		case t.during(h.skipFrom, h.skipTo):
			n.records = append(n.records, record{status: statusSkipData, label: h.skipLabel})
		case r.intn(4000) == 0:
			n.records = append(n.records, record{status: statusSkipData, label: t.w.marks["skips"]})
		case len(n.records) == 0:
			n.records = append(n.records, record{status: statusNoData})
		}
		t.out[i] = n.records // keep what append may have grown
		swap(&r, n.records)
		all = append(all, n)
	}
	return all
}

// window draws when the interface's window was. With one-minute aggregation it is 10 to 60 s long (p10 11, median 21,
// p90 60 in real records), and it ends within the tick, as the object's name demands.
func (t *tick) window(r *rng, last int64) (start, end int64) {
	length := int64(60)
	switch u := r.float(); {
	case t.dur > 60:
		length = t.dur - int64(r.intn(int(t.dur)/3))
	case u < 0.85:
		length = min(60, 10+int64(r.size(11, 0.9)))
	}
	end = t.start + t.dur - 1 - int64(r.intn(int(min(t.dur, 300))))
	if t.dur <= 60 {
		end = t.start + int64(r.intn(int(t.dur)))
	}
	return max(end-length, t.first), min(max(end, t.first+1), last)
}

// swap loosens the order a little: a reply is near its request but not always behind it.
func swap(r *rng, rs []record) {
	for i := range rs {
		if r.intn(3) == 0 {
			j := min(len(rs)-1, i+r.intn(8))
			rs[i], rs[j] = rs[j], rs[i]
		}
	}
}
