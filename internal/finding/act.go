package finding

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

func (s *sqliteStore) Act(ctx context.Context, id string, a Action) error {
	if a.Who == "" {
		return fmt.Errorf("%s finding %s: it is not said who does it", a.Kind, id)
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		num, err := s.number(ctx, tx, id)
		if err != nil {
			return err
		}
		r := &recorder{ctx: ctx, tx: tx, at: s.now()}
		f, err := r.load(num)
		if err != nil {
			return err
		}
		kind, err := f.act(a.Kind, micros(r.at))
		if err != nil {
			return err
		}
		why := bound(a.Why, maxText)
		f.reason, f.updated = why, micros(r.at)
		if err := r.save(f); err != nil {
			return err
		}
		return r.happened(f, bound(a.Who, 200), kind, why)
	})
}

// act moves the state on as a person decided at a time. What is so already is done again: the new reason counts.
func (f *row) act(action string, at int64) (kind string, err error) {
	no := &ActionError{f.id, f.state, action}
	switch action {
	case ActAcknowledge:
		if f.state == StateResolved {
			return "", no
		}
		f.state, f.told = StateAcknowledged, f.severity
		return KindAcknowledged, nil
	case ActResolve:
		// What was seen by now is dealt with. Sightings of a clock that is ahead are, too.
		f.state, f.resolved = StateResolved, sql.NullInt64{Int64: max(at, f.last) + 1, Valid: true}
		return KindResolved, nil
	case ActReopen:
		if f.state == StateOpen || f.state == StateRegressed {
			return "", no
		}
		f.state, f.resolved = StateOpen, sql.NullInt64{}
		return KindReopened, nil
	}
	return "", fmt.Errorf("BUG: no action %q", action)
}

func (s *sqliteStore) ResolveUnseen(ctx context.Context, unseen []Unseen) ([]Change, error) {
	var changes []Change
	err := s.tx(ctx, func(tx *sql.Tx) error {
		r := &recorder{ctx: ctx, tx: tx, at: s.now()}
		for _, u := range unseen {
			num, err := s.number(ctx, tx, u.ID)
			var unknown *UnknownError
			if errors.As(err, &unknown) {
				continue
			}
			if err != nil {
				return err
			}
			f, err := r.load(num)
			if err != nil {
				return err
			}
			if f.state == StateResolved || f.last >= micros(u.Before) {
				continue
			}
			// A sighting from before then, from late records, would not have kept it open either.
			f.state, f.resolved = StateResolved, sql.NullInt64{Int64: micros(u.Before), Valid: true}
			f.reason, f.updated = bound(u.Why, maxText), micros(r.at)
			if err := r.save(f); err != nil {
				return err
			}
			if err := r.happened(f, "weir", KindResolved, f.reason); err != nil {
				return err
			}
		}
		var err error
		changes, err = s.changes(ctx, tx, r.events)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("resolve findings: %w", err)
	}
	return changes, nil
}

func (s *sqliteStore) History(ctx context.Context, id string) ([]Event, error) {
	num, err := s.number(ctx, s.db, id)
	if err != nil {
		return nil, err
	}
	fail := func(err error) ([]Event, error) { return nil, fmt.Errorf("read history of %s: %w", id, err) }
	rows, err := s.db.QueryContext(ctx, `SELECT at, who, kind, severity, why FROM history WHERE finding = ? ORDER BY id`, num)
	if err != nil {
		return fail(err)
	}
	defer rows.Close()
	var out []Event
	for rows.Next() {
		var e Event
		var at int64
		var severity int
		if err := rows.Scan(&at, &e.Who, &e.Kind, &severity, &e.Why); err != nil {
			return fail(err)
		}
		e.At, e.Severity = fromMicros(at), Severities[severity-1]
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return fail(err)
	}
	slices.SortStableFunc(out, func(a, b Event) int { return cmp.Compare(a.At.UnixMicro(), b.At.UnixMicro()) })
	return out, nil
}
