package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"weir/flowlog"
	"weir/internal/columnar"
)

// The ledger of hours says of each UTC hour with records whether the tables that are made of them are up to date. An
// hour has a mark, which grows in the transaction that makes more of its records visible. Whoever makes tables reads the
// mark first, then the records, and says afterwards up to which mark they are made: what came meanwhile keeps the hour
// stale.

// Hour is a UTC hour with records.
type Hour struct {
	Start time.Time
	Mark  int64 // grows each time the hour got records
}

// Made is an hour whose tables are made.
type Made struct {
	Start time.Time
	Seq   int64 // number of the latest making: the larger, the later
}

// hoursKey is in weir_meta once the hours of records that were there before the ledger of hours are in it. makingKey
// has the number of the latest making.
const (
	hoursKey  = "hours"
	makingKey = "making"
)

// Stale are the hours whose tables are missing, older than their records, or made by another made, in order. made says
// how the tables are made: whoever makes them chooses it. An hour whose records were dropped stays as it is.
func (l *Lake) Stale(ctx context.Context, made string) ([]Hour, error) {
	if ok, err := l.hasHours(ctx); err != nil {
		return nil, err
	} else if !ok {
		return l.hoursThere(ctx)
	}
	var hours []Hour
	for h, err := range query(ctx, l.db, "read hours", scanHour, `SELECT start, mark FROM weir_hour
		WHERE dropped = 0 AND (settled_mark IS NULL OR settled_mark < mark OR made <> ?) ORDER BY start`, made) {
		if err != nil {
			return nil, err
		}
		hours = append(hours, h)
	}
	return hours, nil
}

func scanHour(r rowScanner) (h Hour, err error) {
	var start int64
	err = r.Scan(&start, &h.Mark)
	h.Start = time.UnixMicro(start).UTC()
	return h, err
}

// Settle says that the tables of hours are made of the records up to each hour's Mark, and numbers the making.
func (l *Lake) Settle(ctx context.Context, hours []Hour, made string) error {
	if !l.write {
		return fmt.Errorf("settle hours: %w", errReadOnly)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.tx(ctx, func(tx *sql.Tx) error {
		// Not the largest of the hours': that may have been dropped.
		var text string
		if err := tx.QueryRowContext(ctx, `SELECT value FROM weir_meta WHERE key = ?`, makingKey).Scan(&text); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		seq, _ := strconv.ParseInt(text, 10, 64)
		seq++
		if _, err := tx.ExecContext(ctx, `INSERT INTO weir_meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
			makingKey, strconv.FormatInt(seq, 10)); err != nil {
			return err
		}
		for _, h := range hours {
			if _, err := tx.ExecContext(ctx, `UPDATE weir_hour SET settled_mark = ?, made = ?, seq = ? WHERE start = ?`,
				h.Mark, made, seq, h.Start.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settle hours: %w", noSpace(err))
	}
	return nil
}

// Made are the hours whose tables were made, in order; they may be stale again.
func (l *Lake) Made(ctx context.Context) ([]Made, error) {
	if ok, err := l.hasHours(ctx); err != nil || !ok {
		return nil, err
	}
	var list []Made
	for m, err := range query(ctx, l.db, "read hours", func(r rowScanner) (m Made, err error) {
		var start int64
		err = r.Scan(&start, &m.Seq)
		m.Start = time.UnixMicro(start).UTC()
		return m, err
	}, `SELECT start, seq FROM weir_hour WHERE seq IS NOT NULL ORDER BY start`) {
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// countHours counts the hours that are up to date, however they were made, and those that are not.
func (l *Lake) countHours(ctx context.Context) (made, stale int64, err error) {
	if ok, err := l.hasHours(ctx); err != nil {
		return 0, 0, err
	} else if !ok {
		hours, err := l.hoursThere(ctx)
		return 0, int64(len(hours)), err
	}
	err = l.db.QueryRowContext(ctx, `SELECT count(CASE WHEN dropped = 1 OR settled_mark = mark THEN 1 END), count(*) FROM weir_hour`).Scan(&made, &stale)
	if err != nil {
		return 0, 0, fmt.Errorf("read hours: %w", err)
	}
	return made, stale - made, nil
}

// hasHours tells whether the lake has a ledger of hours. One that an older weir made has none until it is opened for
// writing.
func (l *Lake) hasHours(ctx context.Context) (bool, error) {
	var n int
	if err := l.db.QueryRowContext(ctx, `SELECT count(*) FROM weir_meta WHERE key = ?`, hoursKey).Scan(&n); err != nil {
		return false, fmt.Errorf("read hours: %w", err)
	}
	return n > 0, nil
}

// hoursThere are the hours of the records that the lake has now, as its files bound them.
func (l *Lake) hoursThere(ctx context.Context) ([]Hour, error) {
	snap, err := l.Snapshot(ctx, flowlog.VPC)
	if err != nil {
		return nil, err
	}
	seen := map[time.Time]bool{}
	var hours []Hour
	for _, f := range snap.Files {
		for _, h := range hoursBetween(f.MinStart, f.MaxStart) {
			if !seen[h] {
				seen[h] = true
				hours = append(hours, Hour{Start: h, Mark: 1})
			}
		}
	}
	slices.SortFunc(hours, func(a, b Hour) int { return a.Start.Compare(b.Start) })
	return hours, nil
}

// fillHours enters the hours of records that were there before the ledger of hours.
func (l *Lake) fillHours(ctx context.Context) error {
	if ok, err := l.hasHours(ctx); err != nil || ok {
		return err
	}
	there, err := l.hoursThere(ctx)
	if err != nil {
		return err
	}
	var hours []time.Time
	for _, h := range there {
		hours = append(hours, h.Start)
	}
	err = l.tx(ctx, func(tx *sql.Tx) error {
		if err := markHours(ctx, tx, hours); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO weir_meta VALUES (?, '1') ON CONFLICT DO NOTHING`, hoursKey)
		return err
	})
	if err != nil {
		return fmt.Errorf("enter hours: %w", err)
	}
	return nil
}

// markHours says that hours got records.
func markHours(ctx context.Context, tx *sql.Tx, hours []time.Time) error {
	for chunk := range slices.Chunk(hours, storeChunk) {
		var values []any
		for _, h := range chunk {
			values = append(values, h.UnixMicro())
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO weir_hour (start, mark) VALUES `+marks(len(chunk), "(?, 1)")+`
			ON CONFLICT (start) DO UPDATE SET mark = weir_hour.mark + 1`, values...); err != nil {
			return fmt.Errorf("mark hours: %w", err)
		}
	}
	return nil
}

// noteHours keeps the hours that a pending commit will mark, for whoever has to finish it.
func noteHours(ctx context.Context, tx *sql.Tx, id string, hours []time.Time) error {
	for chunk := range slices.Chunk(hours, storeChunk) {
		var values []any
		for _, h := range chunk {
			values = append(values, id, h.UnixMicro())
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO weir_commit_hour (commit_id, start) VALUES `+marks(len(chunk), "(?, ?)"), values...); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lake) notedHours(ctx context.Context, id string) ([]time.Time, error) {
	starts, err := column[int64](ctx, l.db, `SELECT start FROM weir_commit_hour WHERE commit_id = ?`, id)
	if err != nil {
		return nil, err
	}
	hours := make([]time.Time, len(starts))
	for i, s := range starts {
		hours[i] = time.UnixMicro(s).UTC()
	}
	return hours, nil
}

// hoursOf are the hours that a commit marks: those of its records of flows. Its files are still staged.
func hoursOf(c *change) ([]time.Time, error) {
	if c.kind != kindIngest || c.table.records != flowlog.VPC {
		return nil, nil
	}
	var hours []time.Time
	for _, f := range c.files {
		if f.Day.IsZero() {
			continue
		}
		l, err := layout(f.staged)
		if err != nil {
			return nil, fmt.Errorf("read data file %s: %w", f.staged, err)
		}
		for _, g := range l.Groups {
			low, high := f.Day, f.Day.AddDate(0, 0, 1).Add(-time.Microsecond) // without statistics
			for _, c := range g.Chunks {
				first, ok := c.Low.(int64)
				last, too := c.High.(int64)
				if c.Column == columnar.StartTime && ok && too {
					low, high = time.UnixMicro(first), time.UnixMicro(last)
				}
			}
			hours = append(hours, hoursBetween(low, high)...)
		}
	}
	slices.SortFunc(hours, time.Time.Compare)
	return slices.CompactFunc(hours, time.Time.Equal), nil
}

// hoursBetween are the hours of the times from low to high, both included. A file is of one day, and so there are no
// more than a day has: another engine's file may be bounded by anything.
func hoursBetween(low, high time.Time) []time.Time {
	if low.IsZero() {
		return nil
	}
	var hours []time.Time
	for h := low.UTC().Truncate(time.Hour); !h.After(high) && len(hours) < 24; h = h.Add(time.Hour) {
		hours = append(hours, h)
	}
	return hours
}

// dropHours keeps hours before a time as they are from now on, since their records are about to be dropped: an hour that
// was made is what is left of them, and one that was not never will be. gone says that what was made is dropped, too.
func (l *Lake) dropHours(ctx context.Context, before time.Time, gone bool) error {
	stmts := []string{`DELETE FROM weir_hour WHERE start < ? AND seq IS NULL`, `UPDATE weir_hour SET dropped = 1 WHERE start < ?`}
	if gone {
		stmts = []string{`DELETE FROM weir_hour WHERE start < ?`}
	}
	err := l.tx(ctx, func(tx *sql.Tx) error {
		for _, s := range stmts {
			if _, err := tx.ExecContext(ctx, s, before.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("drop hours: %w", err)
	}
	return nil
}
