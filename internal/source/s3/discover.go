package s3

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"weir/internal/source"
)

// unit is a part of a listing that is asked for by itself: the folder of a day, or everything below a prefix.
type unit struct {
	day    time.Time // zero: the layout is not known, so the objects may be of any day
	prefix string
	items  []item // already listed, when prefix was looked at for folders
}

// flatAfter is how many unknown folders side by side are looked into one by one for AWS's layout. More of them are
// something else, as the streams of an export, and listing them together takes fewer requests. A guess.
const flatAfter = 32

// maxUnknown is how deep we look for the layout below folders that we do not know. A guess.
const maxUnknown = 6

// maxDays is how many days of a year are asked for by name, not knowing whether they exist, instead of listing the
// year's months and days before: a week, which touches eight days, and tomorrow.
const maxDays = 9

// discover finds the units below the prefix that may hold objects of the window, in the order in which they are to be
// yielded. It goes down the folders level by level, those of a level in parallel.
func (s *Source) discover(ctx context.Context, w source.Window) ([]unit, error) {
	d := &discovery{Source: s, window: w}
	if root := source.ParseFolder(s.Prefix); root.Day && strings.HasSuffix(s.Prefix, "/") {
		return []unit{{day: root.Start, prefix: s.Prefix}}, nil
	}
	level := []folder{{prefix: s.Prefix}}
	for len(level) > 0 {
		var next []folder
		err := each(ctx, s.Parallel, level, func(ctx context.Context, f folder) error {
			found, err := d.expand(ctx, f)
			d.mu.Lock()
			defer d.mu.Unlock()
			next = append(next, found...)
			return err
		})
		if err != nil {
			return nil, err
		}
		level = next
	}
	return d.order(), nil
}

// folder is one to be looked into.
type folder struct {
	prefix  string
	unknown int // how many folders above it, and it, are of no layout
}

type discovery struct {
	*Source
	window source.Window

	mu    sync.Mutex
	units []unit
	loose []item // objects beside folders of the layout
}

// expand looks into a folder: what is to be listed goes to units and loose, what is to be looked into is returned.
func (d *discovery) expand(ctx context.Context, f folder) ([]folder, error) {
	var (
		next, unknown []folder
		units         []unit
		items         []item
		known         bool // a folder of the layout is here
		flat          bool
	)
	err := d.pages(ctx, f.prefix, "/", func(p page) bool {
		for _, it := range p.objects {
			if it.key == d.Prefix && !strings.HasSuffix(it.key, "/") {
				// The key of one object: nothing else is meant.
				next, unknown, units, items = nil, nil, nil, []item{it}
				return false
			}
		}
		items = append(items, p.objects...)
		for _, prefix := range p.folders {
			child := source.ParseFolder(prefix)
			switch {
			case source.NoLog(d.Prefix, prefix+"x", -1) == source.SkipHidden:
				d.skips.Add(source.SkipHidden)
				continue
			case source.NoLog(d.Prefix, prefix+"x", -1) == source.SkipForeign:
				d.skips.Add(source.SkipForeign)
				known = true
				continue
			case (child.Day || child.AWS) && !d.window.Overlaps(child.Start, child.End):
			case child.Day:
				units = append(units, unit{day: child.Start, prefix: prefix})
			case !child.Known:
				unknown = append(unknown, folder{prefix, f.unknown + 1})
				continue
			default:
				if days := d.days(prefix, child); days != nil {
					units = append(units, days...)
				} else {
					next = append(next, folder{prefix: prefix})
				}
			}
			known = true
		}
		flat = !known && (len(unknown) > flatAfter || f.unknown >= maxUnknown && len(unknown) > 0 ||
			hasLogs(items) && len(unknown) > 0 || len(items) >= 1000)
		return !flat
	})
	if err != nil {
		return nil, err
	}
	if flat {
		next, unknown, units, items = nil, nil, []unit{{prefix: f.prefix}}, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.units = append(d.units, units...)
	d.loose = append(d.loose, items...)
	return append(next, unknown...), nil
}

// hasLogs reports whether there are objects other than the markers that consoles make for folders.
func hasLogs(items []item) bool {
	return slices.ContainsFunc(items, func(it item) bool { return !strings.HasSuffix(it.key, "/") })
}

// days names the days of a year that are in the window, if these are few and the year is written by AWS. Else nil.
func (d *discovery) days(prefix string, year source.Folder) []unit {
	if !year.AWS || d.window.Start.IsZero() || year.End.Sub(year.Start) < 365*24*time.Hour {
		return nil
	}
	start, end := d.window.Start.UTC().Truncate(24*time.Hour), d.window.End
	if end.IsZero() {
		// A clock that is behind must not hide today.
		end = time.Now().UTC().Add(24 * time.Hour)
	}
	if start.Before(year.Start) {
		start = year.Start
	}
	if end.After(year.End) {
		end = year.End
	}
	layout := "01/02/"
	if year.Hive {
		layout = "month=01/day=02/"
	}
	units := []unit{}
	for day := start; day.Before(end); day = day.AddDate(0, 0, 1) {
		if len(units) == maxDays {
			return nil
		}
		units = append(units, unit{day: day, prefix: prefix + day.Format(layout)})
	}
	return units
}

// order puts the units in the order of their days, what is of no known day first. Loose objects become units, too.
func (d *discovery) order() []unit {
	byDay := map[time.Time]int{}
	for _, it := range d.loose {
		i, ok := byDay[it.day]
		if !ok {
			i = len(d.units)
			byDay[it.day] = i
			d.units = append(d.units, unit{day: it.day})
		}
		d.units[i].items = append(d.units[i].items, it)
	}
	for _, i := range byDay {
		slices.SortFunc(d.units[i].items, func(a, b item) int { return strings.Compare(a.key, b.key) })
	}
	slices.SortFunc(d.units, func(a, b unit) int {
		if c := a.day.Compare(b.day); c != 0 {
			return c
		}
		return strings.Compare(a.prefix, b.prefix)
	})
	return d.units
}

// each calls fn for every element, n at once, and returns the first error, upon which it stops.
func each[E any](ctx context.Context, n int, in []E, fn func(context.Context, E) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan E)
	var wg sync.WaitGroup
	for range min(n, len(in)) {
		wg.Go(func() {
			for e := range work {
				if ctx.Err() != nil {
					continue
				}
				if err := fn(ctx, e); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, e := range in {
		if ctx.Err() != nil {
			break
		}
		work <- e
	}
	close(work)
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
