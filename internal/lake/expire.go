package lake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"weir/flowlog"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// DefaultGrace is how long a file that nothing needs is left alone: whoever writes or reads it is done by then.
const DefaultGrace = 24 * time.Hour

// ExpireOptions say what Expire may remove.
type ExpireOptions struct {
	// OlderThan is for how long a snapshot stays readable after another took its place; so it is also how long a
	// query may run. 0 removes all but the present one.
	OlderThan time.Duration
	// RetainLast is how many snapshots of a table stay in any case; at least 1, the present one.
	RetainLast int
	// DropDaysBefore removes the records of whole UTC days before that of this time. Zero keeps all. Records without a
	// start stay. The ledger keeps their objects, so that they are not ingested again.
	DropDaysBefore time.Time
	// DropDerived removes the rows that were made of those days' records, too. As a rule they stay: they are small, and
	// what later days are compared with.
	DropDerived bool
	// Grace is the least age of a file that is removed.
	Grace time.Duration
	// DryRun only counts.
	DryRun bool
}

// ExpireResult counts what Expire removed.
type ExpireResult struct {
	Days        int   // dropped
	Rows        int64 // dropped with them
	Files       int   // dropped with them; they go from the disk once no snapshot needs them
	Snapshots   int   // removed
	FilesGone   int   // removed from the disk
	BytesGone   int64
	FilesInDays []string // the folders' names of the dropped days, per table: "flows/start_day=2026-11-01"
}

// Expire drops old days, removes old snapshots, and then the files that no snapshot needs. Each step is complete in
// itself: one that is interrupted is taken up by the next Expire.
func (l *Lake) Expire(ctx context.Context, o ExpireOptions) (ExpireResult, error) {
	var r ExpireResult
	if !l.write {
		return r, fmt.Errorf("expire: %w", errReadOnly)
	}
	for _, t := range l.stored() {
		drop := l.dropDays
		if t.derived != nil {
			drop = l.dropDerived
		}
		if err := drop(ctx, t, o, &r); err != nil {
			return r, fmt.Errorf("drop days of table %s: %w", t.name(), err)
		}
		if err := l.expireSnapshots(ctx, t, o, &r); err != nil {
			return r, fmt.Errorf("expire snapshots of table %s: %w", t.name(), err)
		}
		if err := l.removeUnneeded(ctx, t, o, &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (l *Lake) dropDays(ctx context.Context, t stored, o ExpireOptions, r *ExpireResult) error {
	if o.DropDaysBefore.IsZero() {
		return nil
	}
	before := o.DropDaysBefore.UTC().Truncate(24 * time.Hour)
	snap, err := l.snapshot(ctx, t)
	if err != nil {
		return err
	}
	var drop []iceberg.DataFile
	var rows int64
	for _, f := range snap.Files {
		if f.Day.IsZero() || !f.Day.Before(before) {
			continue
		}
		if day := t.name() + "/" + dayFolder(f.Day); !slices.Contains(r.FilesInDays, day) {
			r.FilesInDays = append(r.FilesInDays, day)
			r.Days++
		}
		drop = append(drop, f.file)
		rows += f.Rows
	}
	r.Rows += rows
	r.Files += len(drop)
	if o.DryRun {
		return nil
	}
	if t.records == flowlog.VPC {
		// Before the records go: one who is killed in between must not have their hours made anew, of nothing.
		if err := l.dropHours(ctx, before, o.DropDerived); err != nil {
			return err
		}
	}
	if len(drop) == 0 {
		return nil
	}
	return l.change(ctx, change{kind: kindDrop, table: t, rows: -rows,
		stage: func(ctx context.Context, tx *table.Transaction, props iceberg.Properties, _ []iceberg.DataFile) error {
			return tx.ReplaceDataFilesWithDataFiles(ctx, drop, nil, props, table.WithoutAutoNameMapping())
		}})
}

// dropDerived drops what was made of the records of old days, if that is asked for.
func (l *Lake) dropDerived(ctx context.Context, t stored, o ExpireOptions, r *ExpireResult) error {
	if o.DropDaysBefore.IsZero() || !o.DropDerived {
		return nil
	}
	before := o.DropDaysBefore.UTC().Truncate(24 * time.Hour)
	snap, err := l.snapshot(ctx, t)
	if err != nil {
		return err
	}
	var hours []time.Time
	for _, f := range snap.Files {
		if begin, ok := t.begin(f.file); ok && begin.Before(before) {
			hours = append(hours, begin)
			r.Rows += f.Rows
			r.Files++
		}
	}
	if o.DryRun {
		return nil
	}
	return l.Replace(ctx, Replace{Table: t.derived, Hours: hours})
}

func (l *Lake) expireSnapshots(ctx context.Context, t stored, o ExpireOptions, r *ExpireResult) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for try := 0; ; try++ {
		tbl, err := l.table(ctx, t.name())
		if err != nil {
			return err
		}
		old := expired(tbl.Metadata(), l.now().Add(-o.OlderThan), max(o.RetainLast, 1))
		if len(old) == 0 || o.DryRun {
			r.Snapshots += len(old)
			return nil
		}
		current := tbl.CurrentSnapshot().SnapshotID
		reqs := []table.Requirement{table.AssertTableUUID(tbl.Metadata().TableUUID()), table.AssertRefSnapshotID(table.MainBranch, &current)}
		_, _, err = l.cat.CommitTable(ctx, ident(t.name()), reqs, []table.Update{table.NewRemoveSnapshotsUpdate(old, false)})
		if err == nil {
			r.Snapshots += len(old)
			return nil
		}
		if !errors.Is(err, table.ErrCommitFailed) || try == maxConflicts {
			return err
		}
	}
}

// expired are the snapshots that were replaced before then, but for the last retain ones and those that a branch or a
// tag of another engine names. A snapshot's age counts from its replacement: until then it was what people read.
func expired(meta table.Metadata, then time.Time, retain int) []int64 {
	keep := map[int64]bool{}
	for _, ref := range meta.Refs() {
		keep[ref.SnapshotID] = true
	}
	snaps := meta.Snapshots()
	slices.SortFunc(snaps, func(a, b table.Snapshot) int {
		if a.SequenceNumber != b.SequenceNumber {
			return int(a.SequenceNumber - b.SequenceNumber)
		}
		return int(a.TimestampMs - b.TimestampMs)
	})
	var old []int64
	for i, s := range snaps {
		if i >= len(snaps)-retain {
			break
		}
		if replaced := time.UnixMilli(snaps[i+1].TimestampMs); !keep[s.SnapshotID] && !replaced.After(then) {
			old = append(old, s.SnapshotID)
		}
	}
	return old
}

func (l *Lake) removeUnneeded(ctx context.Context, t stored, o ExpireOptions, r *ExpireResult) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	find := l.sweep
	if o.DryRun {
		find = l.orphans
	}
	gone, err := find(ctx, t.name(), o.Grace)
	for _, f := range gone {
		r.FilesGone++
		r.BytesGone += f.Bytes
	}
	return err
}
