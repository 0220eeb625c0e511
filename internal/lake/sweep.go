package lake

import (
	"context"
	"database/sql"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/apache/iceberg-go/table"
)

// references are the files that a table needs: those of every snapshot that can still be read, and the metadata.
func (l *Lake) references(ctx context.Context, tbl *table.Table) (map[string]bool, error) {
	need := map[string]bool{}
	add := func(name string) error {
		p, err := l.fs.path(name)
		if err == nil {
			need[p] = true
		}
		return err
	}
	if err := add(tbl.MetadataLocation()); err != nil {
		return nil, err
	}
	for m := range tbl.Metadata().PreviousFiles() {
		if err := add(m.MetadataFile); err != nil {
			return nil, err
		}
	}
	manifests := map[string]bool{}
	for _, s := range tbl.Metadata().Snapshots() {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if err := add(s.ManifestList); err != nil {
			return nil, err
		}
		list, err := s.Manifests(l.fs)
		if err != nil {
			return nil, fmt.Errorf("read snapshot %d: %w", s.SnapshotID, err)
		}
		for _, m := range list {
			if manifests[m.FilePath()] {
				continue
			}
			manifests[m.FilePath()] = true
			if err := add(m.FilePath()); err != nil {
				return nil, err
			}
			for e, err := range m.Entries(l.fs, true) {
				if err != nil {
					return nil, fmt.Errorf("read manifest %s: %w", m.FilePath(), err)
				}
				if err := add(e.DataFile().FilePath()); err != nil {
					return nil, err
				}
			}
		}
	}
	return need, nil
}

// Orphan is a file in a table's folder that no snapshot needs: of a writer that was killed, or of a snapshot that is gone.
type Orphan struct {
	Path    string // absolute
	Bytes   int64
	Removed bool
}

// orphans finds files of a table that nothing needs and that have not been touched for grace: another engine may just be
// writing the younger ones. Only such files are considered as weir writes.
func (l *Lake) orphans(ctx context.Context, name string, grace time.Duration) ([]Orphan, error) {
	// The table is read after the folder: what a commit adds in between is needed, and found to be.
	found, err := l.oldFiles(ctx, name, grace)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	pending, err := column[string](ctx, l.db, `SELECT path FROM weir_commit_file`)
	if err != nil {
		return nil, err
	}
	tbl, err := l.table(ctx, name)
	if err != nil {
		return nil, err
	}
	need, err := l.references(ctx, tbl)
	if err != nil {
		return nil, err
	}
	for _, p := range pending {
		need[l.fs.join(p)] = true
	}
	var out []Orphan
	for _, o := range found {
		if !need[o.Path] {
			out = append(out, o)
		}
	}
	return out, nil
}

func (l *Lake) oldFiles(ctx context.Context, name string, grace time.Duration) ([]Orphan, error) {
	var all []Orphan
	before := l.now().Add(-grace)
	for sub, suffixes := range map[string][]string{"data": {".parquet"}, "metadata": {".avro", ".metadata.json"}} {
		dir := l.fs.join(path.Join(warehouse, namespace, name, sub))
		err := l.fs.list(ctx, dir, func(path string, bytes int64, modified time.Time) {
			ours := slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(path, s) })
			if ours && !modified.After(before) {
				all = append(all, Orphan{Path: path, Bytes: bytes})
			}
		})
		if err != nil {
			return nil, fmt.Errorf("list files of table %s: %w", name, err)
		}
	}
	return all, nil
}

// sweep removes orphans. The caller holds l.mu, so that no commit of ours is under way.
func (l *Lake) sweep(ctx context.Context, name string, grace time.Duration) ([]Orphan, error) {
	if err := l.settleRest(ctx); err != nil {
		return nil, fmt.Errorf("settle an earlier commit: %w", err)
	}
	list, err := l.orphans(ctx, name, grace)
	if err != nil {
		return nil, fmt.Errorf("find files that nothing needs: %w", err)
	}
	// Another may have taken the lease while we looked, and be writing what we found.
	if err := l.tx(ctx, func(*sql.Tx) error { return nil }); err != nil {
		return nil, fmt.Errorf("remove files that nothing needs: %w", err)
	}
	for i := range list {
		if err := l.fs.remove(ctx, list[i].Path); err != nil {
			return list[:i], fmt.Errorf("remove file that nothing needs: %w", err)
		}
		list[i].Removed = true
	}
	return list, nil
}
