package s3

import (
	"context"
	"iter"
	"slices"
	"sync"

	"weir/internal/source"
)

// List implements source.Source. It costs one request for each folder above the days, and one for each 1000 objects
// of each day of the window. Folders are taken at their word: what lies in the folder of a day outside the window is
// not found, whatever its own name says. Where AWS's layout is not met, everything is listed and then judged by key;
// such objects come in key order, sorted by day only within some ten thousand.
func (s *Source) List(ctx context.Context, w source.Window) iter.Seq2[source.Object, error] {
	return func(yield func(source.Object, error) bool) {
		s.skips.Reset()
		units, err := s.discover(ctx, w)
		if err != nil {
			yield(source.Object{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		for items := range s.ahead(ctx, &wg, units) {
			for b := range items {
				if b.err != nil {
					yield(source.Object{}, b.err)
					return
				}
				for _, it := range b.items {
					o, err, wanted := s.object(it, w)
					if wanted && !yield(o, err) {
						return
					}
				}
			}
		}
		if err := ctx.Err(); err != nil {
			yield(source.Object{}, err)
		}
	}
}

// batch is a part of a unit's objects, or the error that ends it.
type batch struct {
	items []item
	err   error
}

// ahead lists the units, s.Parallel of them at once, and sends a channel for each, in order. Units are begun in order,
// so that the one that is being received always gets on, and the others wait with at most a few pages in hand.
func (s *Source) ahead(ctx context.Context, wg *sync.WaitGroup, units []unit) <-chan chan batch {
	out := make(chan chan batch, s.Parallel)
	slots := make(chan struct{}, s.Parallel)
	wg.Go(func() {
		defer close(out)
		for _, u := range units {
			ch := make(chan batch, 2)
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			wg.Go(func() {
				defer func() { <-slots }()
				defer close(ch)
				s.listUnit(ctx, u, ch)
			})
			select {
			case out <- ch:
			case <-ctx.Done():
				return
			}
		}
	})
	return out
}

func (s *Source) listUnit(ctx context.Context, u unit, ch chan<- batch) {
	send := func(b batch) bool {
		select {
		case ch <- b:
			return true
		case <-ctx.Done():
			return false
		}
	}
	if u.items != nil {
		send(batch{items: u.items})
		return
	}
	var held []item
	flush := func() bool {
		if u.day.IsZero() {
			slices.SortStableFunc(held, func(a, b item) int { return a.day.Compare(b.day) })
		}
		ok := len(held) == 0 || send(batch{items: held})
		held = nil
		return ok
	}
	err := s.pages(ctx, u.prefix, "", func(p page) bool {
		held = append(held, p.objects...)
		if u.day.IsZero() && len(held) < s.batch {
			return true
		}
		return flush()
	})
	if flush() && err != nil {
		send(batch{err: err})
	}
}
