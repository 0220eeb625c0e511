package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"maps"
	"runtime"
	"sync"
	"time"

	"weir/flowlog"
	"weir/internal/lake"
	"weir/internal/source"
)

// Config says what is to be ingested. Lake and Sources are required.
type Config struct {
	Lake    *lake.Lake
	Sources []source.Source
	Window  source.Window
	Format  *flowlog.Format // of records without a header
	TempDir string          // for Parquet objects too large for memory

	Workers   int // objects read at once; 0: one for each core, as memory allows
	BatchRows int // records a worker holds in memory before it writes them; 0: 1 << 18

	// Follow keeps going: the sources are listed again every Interval, until the context ends.
	Follow   bool
	Interval time.Duration // 0: 30 s

	Progress func(Summary)                              // is told now and then; it may be called by several goroutines
	Problem  func(o Problem)                            // is told of each object that failed or has a problem, as it happens
	Log      *slog.Logger                               // nil: silent
	Now      func() time.Time                           // nil: time.Now
	Wait     func(context.Context, time.Duration) error // nil: waits; between listings when following
}

// Problem is something wrong with one object.
type Problem struct {
	URI    string
	Failed bool // nothing of it was stored, and the next run tries it again
	Text   string
	Err    error // of Failed; nil else
}

// Summary counts what a run did. Read = Stored + Rejected, always; NoData and SkipData are among Stored.
type Summary struct {
	Objects  int64 // read and stored
	Known    int64 // the ledger had them
	Failed   int64 // could not be read; the next run tries again
	Changed  int64 // of Failed: stored before with other content
	Problems int64 // of Objects: stored, but something was wrong with the object as a whole
	Listed   int64 // by the sources, known ones included

	Seen     int64 // records read so far, committed or not; for progress
	Read     int64
	Stored   int64
	Rejected int64
	NoData   int64
	SkipData int64

	BytesListed int64 // of new objects, as they lie at the source
	BytesRead   int64 // of them
	BytesText   int64 // decompressed
	BytesStored int64 // of data files
	Files       int64
	Commits     int64

	Unknown map[string]int64 // names of fields that the table does not know: records that had one; kept in extra
	Tags    map[string]Tag   // by the names of fields for tags that the objects' formats have
	Skipped map[string]int   // what the sources passed over, by reason
	Listing bool             // the sources are still being listed
	Elapsed time.Duration
}

// memoryPerWorker is what a worker needs with a full batch of 1 << 18 records of 29 fields, in bytes, with room for
// garbage: the collector works all the time when there is none.
const memoryPerWorker = 100 << 20

// Workers returns how many workers fit into a bound on memory, in bytes; 0 is no bound.
func Workers(memory int64) int {
	n := runtime.GOMAXPROCS(0)
	if memory > 0 {
		n = min(n, int(memory/memoryPerWorker))
	}
	return max(n, 1)
}

// run is the state of a Run.
type run struct {
	Config
	start time.Time

	mu  sync.Mutex
	sum Summary

	seen map[[16]byte]struct{} // hashes of what this listing gave so far, where sources may overlap; else nil

	// While following, what was counted and told is not counted and told again by each listing.
	counted map[[16]byte]struct{}
	failed  map[string]string // URIs of objects that could not be read when last tried: why
}

// job is an object that waits. changed says that the ledger has it with another version.
type job struct {
	src     source.Source
	object  source.Object
	changed bool
}

// Run ingests what waits. An error of one object is counted and told, not returned; an error of the lake or of a
// listing ends the run. When ctx ends, the objects that were read whole are committed first, and ctx's error is
// returned with the summary.
func Run(ctx context.Context, c Config) (Summary, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Workers <= 0 {
		c.Workers = Workers(0)
	}
	if c.BatchRows <= 0 {
		c.BatchRows = 1 << 18
	}
	if c.Interval <= 0 {
		c.Interval = 30 * time.Second
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	r := &run{Config: c, start: c.Now()}
	r.sum.Unknown, r.sum.Tags, r.sum.Skipped = map[string]int64{}, map[string]Tag{}, map[string]int{}
	r.failed = map[string]string{}
	if c.Follow {
		r.counted = map[[16]byte]struct{}{}
	}
	err := r.once(ctx)
	for err == nil && c.Follow {
		if err = c.Wait(ctx, c.Interval); err == nil {
			err = r.once(ctx)
		}
	}
	return r.summary(), err
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// once lists the sources and ingests what is new, and returns when all is committed.
func (r *run) once(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	r.count(func(s *Summary) { s.Listing = true })

	jobs := make(chan job, 1<<14)
	var wg sync.WaitGroup
	for range r.Workers {
		wg.Go(func() {
			w := newWorker(r)
			if err := w.work(ctx, jobs); err != nil {
				cancel(err)
			}
		})
	}
	r.seen = nil
	if len(r.Sources) > 1 {
		r.seen = map[[16]byte]struct{}{}
		r.count(func(s *Summary) { delete(s.Skipped, skipTwice) })
	}
	for _, src := range r.Sources {
		if err := r.list(ctx, src, jobs); err != nil {
			cancel(err)
			break
		}
	}
	close(jobs)
	r.count(func(s *Summary) { s.Listing = false })
	wg.Wait()
	if err := parent.Err(); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return nil
}

// list sends the objects of a source that the ledger does not have.
func (r *run) list(ctx context.Context, src source.Source, jobs chan<- job) error {
	const together = 1000
	batch := make([]source.Object, 0, together)
	for o, err := range src.List(ctx, r.Window) {
		var oe *source.ObjectError
		switch {
		case errors.As(err, &oe):
			r.fail(ctx, o, oe)
			continue
		case err != nil:
			return err
		}
		if r.twice(o) {
			r.count(func(s *Summary) { s.Skipped[skipTwice]++ })
			continue
		}
		if r.Follow && !o.ModTime.IsZero() && r.Now().Sub(o.ModTime) < settle && o.Size >= 0 && o.URI[0] == '/' {
			continue // somebody may still be writing it
		}
		if batch = append(batch, o); len(batch) == together {
			if err := r.send(ctx, src, batch, jobs); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if s, ok := src.(source.Skipper); ok {
		r.count(func(sum *Summary) {
			for reason, n := range s.Skipped() {
				sum.Skipped[reason] = n // of the last listing
			}
		})
	}
	return r.send(ctx, src, batch, jobs)
}

// skipTwice is why an object of one source is passed over: the sources overlap.
const skipTwice = "objects that an earlier SOURCE holds, too"

// twice tells whether a source before this one listed the object. The ledger does not know it yet.
func (r *run) twice(o source.Object) bool { return r.seen != nil && !addHash(r.seen, o.URI) }

// first tells whether no listing before this one gave the object.
func (r *run) first(o source.Object) bool {
	return r.counted == nil || addHash(r.counted, o.URI+"\x00"+o.Version)
}

func addHash(set map[[16]byte]struct{}, s string) (added bool) {
	sum := sha256.Sum256([]byte(s))
	key := [16]byte(sum[:16])
	_, there := set[key]
	set[key] = struct{}{}
	return !there
}

// settle is how long a file must have been left alone before it is read while following a folder.
const settle = 2 * time.Second

func (r *run) send(ctx context.Context, src source.Source, objects []source.Object, jobs chan<- job) error {
	ids := make([]lake.ObjectID, len(objects))
	for i, o := range objects {
		ids[i] = lake.ObjectID{URI: o.URI, Version: o.Version}
	}
	states, err := r.Lake.Known(ctx, ids)
	if err != nil {
		return err
	}
	for i, o := range objects {
		known := states[i] == lake.Known
		if r.first(o) {
			r.count(func(s *Summary) {
				s.Listed++
				if known {
					s.Known++
				} else {
					s.BytesListed += max(0, o.Size)
				}
			})
		}
		if known {
			continue
		}
		select {
		case jobs <- job{src, o, states[i] == lake.Changed && o.URI != "-"}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (r *run) count(f func(*Summary)) {
	r.mu.Lock()
	f(&r.sum)
	r.mu.Unlock()
}

// summary is a copy of the counts.
func (r *run) summary() Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sum
	s.Elapsed = r.Now().Sub(r.start)
	s.Unknown, s.Tags, s.Skipped = maps.Clone(r.sum.Unknown), maps.Clone(r.sum.Tags), maps.Clone(r.sum.Skipped)
	return s
}

func (r *run) progress() {
	if r.Progress != nil {
		r.Progress(r.summary())
	}
}

// fail counts an object that could not be read, and notes it in the lake.
func (r *run) fail(ctx context.Context, o source.Object, cause error) {
	var oe *source.ObjectError
	if errors.As(cause, &oe) && oe.URI != "" {
		o.URI = oe.URI
	}
	news := true
	r.count(func(s *Summary) {
		before, again := r.failed[o.URI]
		news = before != cause.Error()
		if !again {
			s.Failed++
			if errors.Is(cause, errChanged) {
				s.Changed++
			}
		}
		if r.Follow {
			r.failed[o.URI] = cause.Error()
		}
	})
	if r.Problem != nil && news {
		r.Problem(Problem{URI: o.URI, Failed: true, Text: cause.Error(), Err: cause})
	}
	if err := r.Lake.RecordFailure(context.WithoutCancel(ctx), lake.ObjectID{URI: o.URI, Version: o.Version}, cause); err != nil {
		r.Log.Warn("note failed object", "object", o.URI, "error", err)
	}
}

// succeeded notes that an object was stored which may have failed before, while following.
func (r *run) succeeded(s *Summary, uri string) {
	if _, ok := r.failed[uri]; ok {
		delete(r.failed, uri)
		s.Failed--
	}
}

var errChanged = errors.New("its content is not what was ingested before under this name, whose rows are still in the lake: not read again")
