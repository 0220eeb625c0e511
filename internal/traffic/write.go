package traffic

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Open makes the object of that key, slash-separated, and returns where its bytes go. It is called concurrently.
type Open func(key string) (io.WriteCloser, error)

// Generate makes the objects of a config. Memory is bounded by one delivery slot for each worker, however large the
// objects are.
func Generate(ctx context.Context, cfg Config, open Open) (Summary, error) {
	if err := cfg.complete(); err != nil {
		return Summary{}, err
	}
	f, err := newFormat(cfg.Fields)
	if err != nil {
		return Summary{}, err
	}
	drifted := f.with("flow-sampling-rate", "1")
	workers := cfg.Workers
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	var worlds []*world
	var units []unit
	for i, account := range cfg.Accounts {
		w, err := newWorld(&cfg, account, i == 0)
		if err != nil {
			return Summary{}, err
		}
		share := func(n int) int { return n*(i+1)/len(cfg.Accounts) - n*i/len(cfg.Accounts) }
		w.calibrate(share(cfg.Records))
		worlds = append(worlds, w)
		units = append(units, w.units(share(cfg.Objects))...)
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan unit)
	go func() {
		defer close(todo)
		for _, u := range units {
			select {
			case todo <- u:
			case <-ctx.Done():
				return
			}
		}
	}()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		total = newTally(worlds[0])
	)
	for range workers {
		wg.Go(func() {
			k := &worker{format: f, drifted: drifted, open: open, level: cfg.Level, tally: newTally(worlds[0])}
			for u := range todo {
				if err := k.make(ctx, u); err != nil {
					cancel(err)
					return
				}
			}
			mu.Lock()
			defer mu.Unlock()
			total.add(k.tally)
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return Summary{}, err
	}
	for _, w := range worlds {
		total.Interfaces += len(w.ifaces)
	}
	total.settle(worlds[0])
	return total.Summary, nil
}

// WriteDir makes the objects as files under dir, and beside AWSLogs/ the labels, one JSON object a line, in
// labels.jsonl.
func WriteDir(ctx context.Context, cfg Config, dir string) (Summary, error) {
	s, err := Generate(ctx, cfg, func(key string) (io.WriteCloser, error) {
		name := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return nil, err
		}
		return os.Create(name)
	})
	if err != nil {
		return s, fmt.Errorf("generate traffic: %w", err)
	}
	if err := writeLabels(filepath.Join(dir, "labels.jsonl"), s.Labels); err != nil {
		return s, fmt.Errorf("write labels: %w", err)
	}
	return s, nil
}

func writeLabels(name string, labels []*Label) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	e := json.NewEncoder(f)
	for _, l := range labels {
		if err := e.Encode(l); err != nil {
			return cmp.Or(f.Close(), err)
		}
	}
	return f.Close()
}

// unit is a piece of work: some slots of one account, and the objects that hold their records. Either one slot in one
// or more objects, or many slots in one.
type unit struct {
	w           *world
	first, last int // slots; last is not included
	objects     int
	id          int
}

func (w *world) units(objects int) (all []unit) {
	slots := w.cfg.slots()
	if objects < slots {
		for i := range objects {
			all = append(all, unit{w, i * slots / objects, (i + 1) * slots / objects, 1, i})
		}
		return all
	}
	for s := range slots {
		all = append(all, unit{w, s, s + 1, objects*(s+1)/slots - objects*s/slots, s})
	}
	return all
}

func (u unit) start() time.Time { return u.w.cfg.Start.Add(time.Duration(u.first) * u.w.cfg.slot()) }

// key names an object as AWS does.
func (u unit) key(object int) string {
	c := u.w.cfg
	at := u.start()
	if c.Interval > 300 {
		at = at.Add(5 * time.Minute) // the windows end in the second half
	}
	if s := at.Unix(); s >= u.w.lateFrom && s < u.w.lateTo {
		at = at.Add(lateness)
	}
	account, y, m, d, h := u.w.account, at.Format("2006"), at.Format("01"), at.Format("02"), at.Format("15")
	dir := path.Join(c.Layout.Prefix, "AWSLogs", account, "vpcflowlogs", c.Region, y, m, d)
	if c.Layout.Hourly {
		dir = path.Join(dir, h)
	}
	if c.Layout.Hive {
		dir = path.Join(c.Layout.Prefix, "AWSLogs", "aws-account-id="+account, "aws-service=vpcflowlogs", "aws-region="+c.Region,
			"year="+y, "month="+m, "day="+d)
		if c.Layout.Hourly {
			dir = path.Join(dir, "hour="+h)
		}
	}
	suffix := ".log.gz"
	if c.Layout.Plain {
		suffix = ".log"
	}
	return path.Join(dir, fmt.Sprintf("%s_vpcflowlogs_%s_%s_%sZ_%08x%s", account, c.Region, u.w.id("fl", account),
		at.Format("20060102T1504"), uint32(hash(u.w.seed, uint64(u.id), uint64(object), 'o')), suffix))
}

// worker makes units, one after the other.
type worker struct {
	format  *format
	drifted *format // of units that begin after a world's drift
	open    Open
	level   int
	tally   *tally
	gz      *gzip.Writer

	ticks map[*world][]*tick
}

// piece is text on its way to an object. A piece with a key begins a new one.
type piece struct {
	key  string
	text []byte
}

// make generates on one goroutine and compresses on another, so that one huge object keeps two processors busy.
func (k *worker) make(ctx context.Context, u unit) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	// As many buffers as free holds go round, so giving one back never waits.
	pieces, free := make(chan piece, 2), make(chan []byte, 4)
	for range cap(free) {
		free <- nil
	}
	written := make(chan error, 1)
	go func() {
		err := k.write(pieces, free, u.w.cfg.Layout.Plain)
		if err != nil {
			stop(err)
		}
		written <- err
	}()
	k.text(ctx, u, pieces, free)
	close(pieces)
	if err := <-written; err != nil {
		return err
	}
	return context.Cause(ctx)
}

// text generates the unit's pieces in order, until all are sent or ctx ends.
func (k *worker) text(ctx context.Context, u unit, pieces chan<- piece, free <-chan []byte) {
	format := k.format
	if from := u.w.driftFrom; from > 0 && u.start().Unix() >= from {
		format = k.drifted
	}
	for s := u.first; s < u.last; s++ {
		for i, runs := range k.slot(u, s) {
			var p piece
			select {
			case b := <-free:
				p.text = b[:0]
			case <-ctx.Done():
				return
			}
			if s == u.first {
				p.key = u.key(i)
				p.text = append(p.text, format.header...)
			}
			for _, n := range runs {
				p.text = format.append(p.text, u.w, &n)
				k.tally.count(&n)
			}
			k.tally.TextBytes += int64(len(p.text))
			select {
			case pieces <- p:
			case <-ctx.Done():
				return
			}
		}
	}
}

// slot plays the ticks of a slot and deals their runs to the unit's objects: runs of one interface and window stay
// together, so both directions of a flow lie in one object; otherwise there is no order.
func (k *worker) slot(u unit, s int) [][]run {
	w := u.w
	each := int(w.cfg.slot()/time.Second) / w.cfg.Interval
	if k.ticks == nil {
		k.ticks = map[*world][]*tick{}
	}
	for len(k.ticks[w]) < each {
		k.ticks[w] = append(k.ticks[w], w.newTick())
	}
	var all []run
	for i, t := range k.ticks[w] {
		t.play(s*each+i, true, true)
		all = append(all, t.runs(t.first+int64(w.cfg.Duration/time.Second)-1)...)
	}
	r := newRNG(w.seed, uint64(s), 'd')
	for i := len(all) - 1; i > 0; i-- {
		j := r.intn(i + 1)
		all[i], all[j] = all[j], all[i]
	}
	objects := make([][]run, u.objects)
	filled := make([]int, u.objects)
	skip := 0
	if u.objects > 1 && r.intn(40) == 0 {
		skip = 1 // an object with a header and nothing else
	}
	for _, n := range all {
		best := skip
		for i := skip + 1; i < u.objects; i++ {
			if filled[i] < filled[best] {
				best = i
			}
		}
		objects[best] = append(objects[best], n)
		filled[best] += len(n.records)
	}
	return objects
}

// write is the other half of make: it compresses pieces into their objects and gives the buffers back.
func (k *worker) write(pieces <-chan piece, free chan<- []byte, plain bool) (err error) {
	var object *counted
	var out io.Writer
	end := func() error {
		if object == nil {
			return nil
		}
		if !plain {
			if err := k.gz.Close(); err != nil {
				object.Close()
				return err
			}
		}
		err := object.Close()
		k.tally.StoredBytes += object.n
		k.tally.Objects++
		object = nil
		return err
	}
	for p := range pieces {
		if p.key != "" {
			if err := end(); err != nil {
				return err
			}
			to, err := k.open(p.key)
			if err != nil {
				return err
			}
			object = &counted{WriteCloser: to}
			out = object
			if !plain {
				if k.gz == nil {
					if k.gz, err = gzip.NewWriterLevel(object, k.level); err != nil {
						return err
					}
				} else {
					k.gz.Reset(object)
				}
				out = k.gz
			}
		}
		if _, err := out.Write(p.text); err != nil {
			object.Close()
			return err
		}
		free <- p.text
	}
	return end()
}

// counted counts the bytes on the way.
type counted struct {
	io.WriteCloser
	n int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.WriteCloser.Write(b)
	c.n += int64(n)
	return n, err
}

// calibrate finds how busy everybody must be for about so many records, by playing a few ticks of the run.
func (w *world) calibrate(records int) {
	t := w.newTick()
	told := 0
	if len(w.scenarios) > 0 {
		for n := range w.cfg.ticks() {
			t.play(n, false, true)
			for _, rs := range t.out {
				told += len(rs)
			}
		}
	}
	ticks := w.cfg.ticks()
	samples := min(ticks, 48)
	target := float64(max(records-told, records/10)) / float64(ticks)
	estimate := func(rate float64) float64 {
		w.rate = rate
		sum := 0
		for i := range samples {
			t.play(int((uint64(i*ticks)+hash(uint64(i))%uint64(ticks))/uint64(samples)), true, false) // off the full hours, at which more happens
			sum += t.records()
		}
		return float64(sum) / float64(samples)
	}
	const least = 0.01
	a, na := least, estimate(least)
	b := 1.0
	for range 5 {
		nb := estimate(b)
		if math.Abs(nb-target) < target*0.003 || nb == na {
			return
		}
		next := min(max(a+(target-na)*(b-a)/(nb-na), least), b*50)
		a, na, b = b, nb, next
	}
	w.rate = b
}

// tally counts what one worker made.
type tally struct {
	Summary
	labels []Label // counts only, by index - 1
}

func newTally(w *world) *tally {
	a := &tally{}
	for _, l := range w.labels {
		a.labels = append(a.labels, Label{host: l.host})
	}
	return a
}

func (a *tally) count(n *run) {
	a.Records += int64(len(n.records))
	for i := range n.records {
		r := &n.records[i]
		switch {
		case r.status == statusNoData:
			a.NoData++
		case r.status == statusSkipData:
			a.SkipData++
		case r.reject:
			a.Rejected++
		}
		if r.label > 0 {
			a.labels[r.label-1].see(n, r)
		}
	}
}

func (l *Label) see(n *run, r *record) {
	l.All++
	if l.host != nil && l.host != n.h {
		return
	}
	l.Records++
	if !r.reject && r.status == statusOK {
		l.Accepted++
	}
	if r.egress {
		l.BytesOut += r.bytes
	} else {
		l.BytesIn += r.bytes
	}
	l.span(time.Unix(n.start, 0).UTC(), time.Unix(n.end, 0).UTC())
}

func (l *Label) span(start, end time.Time) {
	if l.Start.IsZero() || start.Before(l.Start) {
		l.Start = start
	}
	if end.After(l.End) {
		l.End = end
	}
}

func (a *tally) add(b *tally) {
	a.Objects += b.Objects
	a.Records += b.Records
	a.NoData += b.NoData
	a.SkipData += b.SkipData
	a.Rejected += b.Rejected
	a.TextBytes += b.TextBytes
	a.StoredBytes += b.StoredBytes
	for i := range b.labels {
		l, m := &a.labels[i], &b.labels[i]
		l.All += m.All
		if m.Records == 0 {
			continue
		}
		l.Records += m.Records
		l.Accepted += m.Accepted
		l.BytesIn += m.BytesIn
		l.BytesOut += m.BytesOut
		l.span(m.Start, m.End)
	}
}

// settle hands the counts to the labels.
func (a *tally) settle(w *world) {
	for i, l := range w.labels {
		m := a.labels[i]
		l.Records, l.All, l.Accepted, l.BytesIn, l.BytesOut = m.Records, m.All, m.Accepted, m.BytesIn, m.BytesOut
		if m.Records > 0 { // a silence says itself when it was
			l.Start, l.End = m.Start, m.End
		}
		slices.Sort(l.Ports)
		a.Labels = append(a.Labels, l)
	}
}
