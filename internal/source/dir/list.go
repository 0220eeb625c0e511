package dir

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"weir/internal/source"
)

// lister is one listing under way.
type lister struct {
	*Source
	ctx    context.Context
	window source.Window
	yield  func(source.Object, error) bool

	stopped bool
	tops    []string        // root and the folders outside it that links led to, all resolved; none lies in another
	targets map[string]bool // files outside that links led to, resolved
	days    []entry         // folders of days, to be read later
	loose   []entry         // files that lie outside the folders of days
}

// entry is a file or a folder; day is the one that its path names, or zero. It keeps little, since there may be millions.
type entry struct {
	day  time.Time
	path string
	link bool
}

func compare(a, b entry) int {
	return cmp.Or(a.day.Compare(b.day), strings.Compare(a.path, b.path))
}

func (l *lister) run() {
	if top, err := filepath.EvalSymlinks(l.root); err == nil {
		l.tops = []string{top}
	}
	if parse(l.root).Day {
		l.walk(l.root, false)
	} else {
		l.walk(l.root, true)
	}
	slices.SortFunc(l.days, compare)
	slices.SortFunc(l.loose, compare)

	loose := l.loose
	for _, d := range l.days {
		// Files of the same day go together, by path.
		n, _ := slices.BinarySearchFunc(loose, d.day, func(e entry, day time.Time) int {
			if e.day.After(day) {
				return 1
			}
			return -1
		})
		l.loose = nil
		l.walk(d.path, false)
		if n > 0 || len(l.loose) > 0 {
			l.files(append(loose[:n:n], l.loose...))
			loose = loose[n:]
		}
		if l.stopped {
			return
		}
	}
	l.files(loose)
	if err := l.ctx.Err(); err != nil && !l.stopped {
		l.yield(source.Object{}, err)
	}
}

func parse(path string) source.Folder { return source.ParseFolder(filepath.ToSlash(path)) }

// walk reads a folder: files go to l.loose, folders are walked in turn. With prune, folders of days are put aside in
// l.days, and what is outside the window is left out.
func (l *lister) walk(folder string, prune bool) {
	if l.stopped || l.ctx.Err() != nil {
		return
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		l.fail(folder, err)
		// What was read before the error is used.
	}
	if isLake(entries) {
		l.skips.Add(source.SkipLake)
		return
	}
	for _, e := range entries {
		if l.stopped || l.ctx.Err() != nil {
			return
		}
		path := filepath.Join(folder, e.Name())
		if source.IsHidden(e.Name()) {
			l.skips.Add(source.SkipHidden)
			continue
		}
		mode, link := e.Type(), false
		if mode&fs.ModeSymlink != 0 {
			link = true
			var ok bool
			if mode, ok = l.follow(path); !ok {
				continue
			}
		}
		switch {
		case mode.IsDir():
			l.folder(path, prune)
		case !mode.IsRegular():
			l.skips.Add(source.SkipIrregular)
		default:
			key := source.ParseKey(filepath.ToSlash(path))
			l.loose = append(l.loose, entry{day: source.Object{Key: key}.Day(), path: path, link: link})
		}
	}
}

// isLake tells a lake of weir by what is in its folder. Its data files would be taken for logs, and every record be
// stored once more by each run that has the lake below its source, as one has who types `weir --lake lake ingest .`
func isLake(entries []fs.DirEntry) bool {
	var catalog, warehouse bool
	for _, e := range entries {
		catalog = catalog || e.Name() == "catalog.db" && e.Type().IsRegular()
		warehouse = warehouse || e.Name() == "warehouse" && e.IsDir()
	}
	return catalog && warehouse
}

func (l *lister) folder(path string, prune bool) {
	f := parse(path)
	switch {
	case f.Foreign && !parse(l.root).Foreign:
		l.skips.Add(source.SkipForeign)
	case !prune:
		l.walk(path, false)
	case (f.Day || f.AWS) && !l.window.Overlaps(f.Start, f.End):
	case f.Day:
		l.days = append(l.days, entry{day: f.Start, path: path})
	default:
		l.walk(path, true)
	}
}

// follow says what a link leads to, and whether to go there: not to what is listed anyway, nor round in a circle.
func (l *lister) follow(path string) (fs.FileMode, bool) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		l.fail(path, err)
		return 0, false
	}
	info, err := os.Stat(target)
	if err != nil {
		l.fail(path, err)
		return 0, false
	}
	for _, top := range l.tops {
		if within(top, target) || info.IsDir() && within(target, top) {
			l.skips.Add(source.SkipLink)
			return 0, false
		}
	}
	switch {
	case info.IsDir():
		l.tops = append(l.tops, target)
	case l.targets[target]:
		l.skips.Add(source.SkipLink)
		return 0, false
	default:
		if l.targets == nil {
			l.targets = map[string]bool{}
		}
		l.targets[target] = true
	}
	return info.Mode().Type(), true
}

// within reports whether path is folder, or lies below it.
func within(folder, path string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}

// files yields the files that are in the window, by day and path.
func (l *lister) files(entries []entry) {
	slices.SortFunc(entries, compare)
	for _, e := range entries {
		if l.stopped || l.ctx.Err() != nil {
			return
		}
		if why := source.NoLog(filepath.ToSlash(l.root), filepath.ToSlash(e.path), -1); why != "" {
			l.skips.Add(why)
			continue
		}
		// By name first, to leave the file itself alone.
		if key := source.ParseKey(filepath.ToSlash(e.path)); !key.Time.IsZero() && !l.window.Has(source.Object{Key: key}) {
			l.skips.Add(source.SkipWindow)
			continue
		}
		stat := os.Lstat
		if e.link {
			stat = os.Stat
		}
		info, err := stat(e.path)
		if err != nil {
			l.fail(e.path, err)
			continue
		}
		o := object(e.path, info)
		if !l.window.Has(o) {
			l.skips.Add(source.SkipWindow)
			continue
		}
		l.stopped = !l.yield(o, nil)
	}
}

func (l *lister) fail(path string, err error) {
	if !l.stopped {
		l.stopped = !l.yield(source.Object{URI: path, Size: -1, Key: source.ParseKey(filepath.ToSlash(path))}, objectError(path, err))
	}
}
