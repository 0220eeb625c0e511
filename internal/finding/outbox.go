package finding

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// backlog is how far back a channel is told that Pending meets for the first time, without Subscribe.
const backlog = 24 * time.Hour

func (s *sqliteStore) Subscribe(ctx context.Context, channels ...string) error {
	err := s.tx(ctx, func(tx *sql.Tx) error {
		for _, c := range channels {
			if err := subscribe(ctx, tx, c, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("subscribe channels: %w", err)
	}
	return nil
}

func subscribe(ctx context.Context, tx *sql.Tx, channel string, since time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO channel (name, since) VALUES (?, ?) ON CONFLICT DO NOTHING`, channel, micros(since))
	return err
}

func (s *sqliteStore) Pending(ctx context.Context, channel string) ([]Change, error) {
	fail := func(err error) ([]Change, error) { return nil, fmt.Errorf("read notices for %s: %w", channel, err) }
	err := s.tx(ctx, func(tx *sql.Tx) error { return subscribe(ctx, tx, channel, s.now().Add(-backlog)) })
	if err != nil {
		return fail(err)
	}
	// What was withdrawn and is seen again is found anew, whatever the order of hours. Who was told of it the first time knows it.
	rows, err := s.db.QueryContext(ctx, `SELECT n.key, n.finding, CASE WHEN n.kind = ? AND EXISTS (SELECT 1 FROM notice o JOIN delivery d ON d.notice = o.id
			WHERE o.finding = n.finding AND o.id < n.id AND d.channel = c.name AND d.status = ?) THEN ? ELSE n.kind END, n.severity, n.at,
			(SELECT count(*) FROM delivery d WHERE d.notice = n.id AND d.channel = c.name)
		FROM channel c JOIN notice n ON n.at >= c.since
		WHERE c.name = ? AND n.void = 0 AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.notice = n.id AND d.channel = c.name AND d.status <> ?)
		ORDER BY n.id`, KindNew, DeliverySent, KindRegressed, channel, DeliveryFailed)
	if err != nil {
		return fail(err)
	}
	defer rows.Close()
	var waiting []Change
	var nums []int64
	for rows.Next() {
		var c Change
		var num, at int64
		var severity int
		if err := rows.Scan(&c.Key, &num, &c.Kind, &severity, &at, &c.Attempts); err != nil {
			return fail(err)
		}
		c.Severity, c.At = Severities[severity-1], fromMicros(at)
		waiting, nums = append(waiting, c), append(nums, num)
	}
	if err := rows.Err(); err != nil {
		return fail(err)
	}
	found, err := s.numbered(ctx, s.db, nums)
	if err != nil {
		return fail(err)
	}
	var out []Change
	for i, c := range waiting {
		if c.Finding = found[nums[i]]; c.Finding == nil || c.Finding.State == StateSuppressed {
			continue
		}
		out = append(out, c)
	}
	return out, nil
}

func (s *sqliteStore) Delivered(ctx context.Context, key, channel string, err error) error {
	if err != nil {
		return s.deliver(ctx, key, channel, DeliveryFailed, err.Error())
	}
	return s.deliver(ctx, key, channel, DeliverySent, "")
}

func (s *sqliteStore) Drop(ctx context.Context, key, channel, why string) error {
	return s.deliver(ctx, key, channel, DeliveryDropped, why)
}

func (s *sqliteStore) deliver(ctx context.Context, key, channel, status, text string) error {
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var id int64
		err := tx.QueryRowContext(ctx, `SELECT id FROM notice WHERE key = ?`, key).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return errors.New("there is no such notice")
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO delivery (notice, channel, at, attempt, status, error)
			SELECT ?1, ?2, ?3, 1 + count(*), ?4, ?5 FROM delivery WHERE notice = ?1 AND channel = ?2`, id, channel, micros(s.now()), status, bound(text, maxText))
		return err
	})
	if err != nil {
		return fmt.Errorf("note delivery of %s to %s: %w", key, channel, err)
	}
	return nil
}

func (s *sqliteStore) Deliveries(ctx context.Context, id string) ([]Delivery, error) {
	num, err := s.number(ctx, s.db, id)
	if err != nil {
		return nil, err
	}
	fail := func(err error) ([]Delivery, error) { return nil, fmt.Errorf("read deliveries of %s: %w", id, err) }
	rows, err := s.db.QueryContext(ctx, `SELECT n.key, f.id, d.channel, n.kind, d.at, d.attempt, d.status, d.error
		FROM delivery d JOIN notice n ON n.id = d.notice JOIN finding f ON f.num = n.finding WHERE n.finding = ? ORDER BY d.id`, num)
	if err != nil {
		return fail(err)
	}
	defer rows.Close()
	var out []Delivery
	for rows.Next() {
		var d Delivery
		var at int64
		if err := rows.Scan(&d.Key, &d.Finding, &d.Channel, &d.Kind, &at, &d.Attempt, &d.Status, &d.Error); err != nil {
			return fail(err)
		}
		d.At = fromMicros(at)
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return fail(err)
	}
	return out, nil
}

func (s *sqliteStore) LastDeliveries(ctx context.Context) (map[string]Delivery, error) {
	fail := func(err error) (map[string]Delivery, error) {
		return nil, fmt.Errorf("read last deliveries: %w", err)
	}
	rows, err := s.db.QueryContext(ctx, `SELECT n.key, f.id, d.channel, n.kind, d.at, d.attempt, d.status, d.error
		FROM delivery d JOIN notice n ON n.id = d.notice JOIN finding f ON f.num = n.finding
		WHERE d.id IN (SELECT max(id) FROM delivery WHERE status <> ? GROUP BY channel)`, DeliveryDropped)
	if err != nil {
		return fail(err)
	}
	defer rows.Close()
	out := map[string]Delivery{}
	for rows.Next() {
		var d Delivery
		var at int64
		if err := rows.Scan(&d.Key, &d.Finding, &d.Channel, &d.Kind, &at, &d.Attempt, &d.Status, &d.Error); err != nil {
			return fail(err)
		}
		d.At = fromMicros(at)
		out[d.Channel] = d
	}
	if err := rows.Err(); err != nil {
		return fail(err)
	}
	return out, nil
}
