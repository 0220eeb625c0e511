package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Progress is shown often enough on a terminal to look alive, and seldom enough in a log to be read.
const (
	progressTerminal = 200 * time.Millisecond
	progressLog      = 10 * time.Second
)

// progressState is how far long work has come. A total of 0 is not known (yet).
type progressState struct {
	Doing                 string // what is counted, and brought here; "" is objects, and records are read
	Objects, ObjectsTotal int64
	Bytes, BytesTotal     int64 // as they lie at the source
	Records               int64
}

// progress shows how far long work has come: one line that is drawn over on a terminal, a line now and then elsewhere,
// nothing if quiet. It is safe for concurrent use.
type progress struct {
	w        io.Writer
	terminal bool
	quiet    bool
	now      func() time.Time

	mu    sync.Mutex
	start time.Time
	last  time.Time // when a line was shown
	state progressState
	drawn bool // a line stands on the terminal
}

// newProgress starts the clock. now is time.Now but in tests.
func newProgress(w io.Writer, isTerminal, quiet bool, now func() time.Time) *progress {
	t := now()
	return &progress{w: w, terminal: isTerminal, quiet: quiet, now: now, start: t, last: t}
}

// Update says how far the work is. It may be called as often as it suits the caller.
func (p *progress) Update(s progressState) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
	every := progressLog
	if p.terminal {
		every = progressTerminal
	}
	t := p.now()
	if t.Sub(p.last) < every {
		return
	}
	p.last = t
	p.show(t)
}

// Print writes a line of something else, such as a warning, to the same terminal without tearing the progress line.
func (p *progress) Print(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	fmt.Fprintln(p.w, line)
}

// Done ends the progress: the line on the terminal disappears, since a summary follows.
func (p *progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	p.quiet = true
}

func (p *progress) erase() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

func (p *progress) show(t time.Time) {
	line := p.state.line(t.Sub(p.start))
	if !p.terminal {
		fmt.Fprintln(p.w, line)
		return
	}
	fmt.Fprint(p.w, "\r"+line+"\x1b[K")
	p.drawn = true
}

// line says it in fewer than 80 columns: "1,204 of 9,800 objects, 3.1 M records (810 k/s), 64 of 512 MB, 1m10s left".
func (s progressState) line(elapsed time.Duration) string {
	things := "objects"
	if s.Doing != "" {
		things = s.Doing
	}
	line := count(s.Objects) + " " + things
	if s.ObjectsTotal > 0 {
		line = count(s.Objects) + " of " + count(s.ObjectsTotal) + " " + things
	}
	if s.Doing == "" {
		line += ", " + short(s.Records) + " records"
		if seconds := elapsed.Seconds(); seconds >= 1 {
			line += " (" + short(int64(float64(s.Records)/seconds)) + "/s)"
		}
	}
	if s.Bytes > 0 || s.Doing == "" { // what is counted may have no size
		line += ", " + size(s.Bytes)
	}
	if s.BytesTotal > 0 {
		line += " of " + size(s.BytesTotal)
	}
	if left, ok := s.left(elapsed); ok {
		line += ", " + left.String() + " left"
	}
	return line
}

// left guesses the time that remains, by bytes if their total is known, else by objects. It is rounded so that the
// number does not look better than it is, and there is none in the first seconds.
func (s progressState) left(elapsed time.Duration) (time.Duration, bool) {
	done, total := s.Bytes, s.BytesTotal
	if total == 0 {
		done, total = s.Objects, s.ObjectsTotal
	}
	if elapsed < 2*time.Second || done <= 0 || total <= done {
		return 0, false
	}
	left := float64(elapsed) * float64(total-done) / float64(done)
	if left > float64(99*time.Hour) {
		return 0, false
	}
	d := time.Duration(left)
	switch {
	case d > 10*time.Minute:
		return d.Round(time.Minute), true
	}
	return max(d.Round(time.Second), time.Second), true
}

// count prints a number with commas: 1,204.
func count(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted prints how many of a thing there are: 1 finding, 1,204 findings. Its plural is regular.
func counted[N int | int64](n N, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return count(int64(n)) + " " + thing
}

// short prints a number to three digits: 810 k, 3.1 M.
func short(n int64) string { return scaled(n, "", " k", " M", " G", " T") }

// size prints a number of bytes to three digits: 64 MB.
func size(n int64) string { return scaled(n, " B", " kB", " MB", " GB", " TB") }

func scaled(n int64, units ...string) string {
	f, u := float64(n), 0
	for f >= 999.5 && u < len(units)-1 {
		f, u = f/1000, u+1
	}
	if u > 0 && f < 9.95 {
		return fmt.Sprintf("%.1f%s", f, units[u])
	}
	return fmt.Sprintf("%.0f%s", f, units[u])
}
