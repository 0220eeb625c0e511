package finding

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

func (s *sqliteStore) Record(ctx context.Context, ev Evaluation) ([]Change, error) {
	fail := func(err error) ([]Change, error) {
		return nil, fmt.Errorf("record step %s of rule %s: %w", ev.Step.UTC().Format(time.RFC3339), ev.Rule.ID, err)
	}
	if err := ev.check(); err != nil {
		return fail(err)
	}
	merged, err := ev.merged()
	if err != nil {
		return fail(err)
	}
	at := ev.At
	if at.IsZero() {
		at = s.now()
	}
	var changes []Change
	err = s.tx(ctx, func(tx *sql.Tx) error {
		r := &recorder{ctx: ctx, tx: tx, at: at}
		if err := r.record(&ev, merged); err != nil {
			return err
		}
		changes, err = s.changes(ctx, tx, r.events)
		return err
	})
	if err != nil {
		return fail(err)
	}
	return changes, nil
}

func (s *sqliteStore) Evaluated(ctx context.Context, r Rule) (map[time.Time]int64, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT e.step, e.seq FROM evaluation e JOIN rule r ON r.id = e.made
		WHERE e.rule = ? AND r.version = ? AND r.hash = ?`, r.ID, r.Version, r.Hash)
	if err != nil {
		return nil, fmt.Errorf("read steps of rule %s: %w", r.ID, err)
	}
	defer rows.Close()
	out := map[time.Time]int64{}
	for rows.Next() {
		var step, seq int64
		if err := rows.Scan(&step, &seq); err != nil {
			return nil, fmt.Errorf("read steps of rule %s: %w", r.ID, err)
		}
		out[fromMicros(step)] = seq
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read steps of rule %s: %w", r.ID, err)
	}
	return out, nil
}

// recorder is one transaction that changes findings.
type recorder struct {
	ctx    context.Context
	tx     *sql.Tx
	at     time.Time
	events []event
	parsed map[string]*sql.Stmt // the same few are run for each sighting; they end with the transaction
}

// event is a change of one finding in this transaction.
type event struct {
	finding  int64
	kind     string
	severity int
	key      string
	at       time.Time
}

func (r *recorder) statement(query string) (*sql.Stmt, error) {
	if s := r.parsed[query]; s != nil {
		return s, nil
	}
	s, err := r.tx.PrepareContext(r.ctx, query)
	if err != nil {
		return nil, err
	}
	if r.parsed == nil {
		r.parsed = map[string]*sql.Stmt{}
	}
	r.parsed[query] = s
	return s, nil
}

func (r *recorder) exec(query string, args ...any) error {
	s, err := r.statement(query)
	if err == nil {
		_, err = s.ExecContext(r.ctx, args...)
	}
	return err
}

// get scans the only row of a query, and tells whether there was one.
func (r *recorder) get(query string, args []any, into ...any) (bool, error) {
	s, err := r.statement(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(r.ctx, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (r *recorder) record(ev *Evaluation, merged map[[32]byte]*seen) error {
	step := micros(ev.Step)
	var id, seq int64
	known, err := r.get(`SELECT id, seq FROM evaluation WHERE rule = ? AND step = ?`, []any{ev.Rule.ID, step}, &id, &seq)
	if err != nil {
		return err
	}
	if known && seq > ev.Seq {
		return nil
	}
	made, err := r.rule(&ev.Rule)
	if err != nil {
		return err
	}
	if _, err = r.get(`INSERT INTO evaluation (rule, step, made, seq, window, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (rule, step) DO UPDATE SET made = excluded.made, seq = excluded.seq, window = excluded.window, at = excluded.at RETURNING id`,
		[]any{ev.Rule.ID, step, made, ev.Seq, ev.Window.Microseconds(), micros(r.at)}, &id); err != nil {
		return err
	}
	before := map[int64]bool{}
	if known {
		nums, err := r.numbers(`SELECT finding FROM sighting WHERE evaluation = ?`, id)
		if err != nil {
			return err
		}
		for _, n := range nums {
			before[n] = true
		}
	}
	// In the order of their identities, so that the same evaluation always does the same.
	keys := make([][32]byte, 0, len(merged))
	for k := range merged {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) })
	for _, k := range keys {
		num, err := r.finding(ev.Rule.ID, k, merged[k], made)
		if err != nil {
			return err
		}
		delete(before, num)
		if err := r.sighting(num, step, id, ev.Window, merged[k]); err != nil {
			return err
		}
		if err := r.refresh(num, step); err != nil {
			return err
		}
	}
	gone := make([]int64, 0, len(before))
	for n := range before {
		gone = append(gone, n)
	}
	slices.Sort(gone)
	for _, n := range gone {
		for _, table := range []string{"sighting", "sighting_text"} {
			if err := r.exec(`DELETE FROM `+table+` WHERE finding = ? AND step = ?`, n, step); err != nil {
				return err
			}
		}
		if err := r.refresh(n, step); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) numbers(query string, args ...any) ([]int64, error) {
	rows, err := r.tx.QueryContext(r.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

func (r *recorder) rule(rule *Rule) (id int64, err error) {
	techniques, err := json.Marshal(rule.Techniques)
	if err != nil {
		return 0, err
	}
	resolve := cmp.Or(rule.Resolve, 24*time.Hour)
	_, err = r.get(`INSERT INTO rule (rule, version, hash, title, techniques, resolve) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (rule, version, hash) DO UPDATE SET title = excluded.title, techniques = excluded.techniques, resolve = excluded.resolve RETURNING id`,
		[]any{rule.ID, rule.Version, rule.Hash, bound(rule.Title, maxText), string(techniques), resolve.Microseconds()}, &id)
	return id, err
}

func (r *recorder) query(sql string) (id int64, err error) {
	ok, err := r.get(`SELECT id FROM query WHERE sql = ?`, []any{sql}, &id)
	if ok || err != nil {
		return id, err
	}
	_, err = r.get(`INSERT INTO query (sql) VALUES (?) RETURNING id`, []any{sql}, &id)
	return id, err
}

// finding returns the number of the finding that is seen, making it if it is new.
func (r *recorder) finding(rule string, identity [32]byte, s *seen, made int64) (num int64, err error) {
	ok, err := r.get(`SELECT num FROM finding WHERE identity = ?`, []any{identity[:]}, &num)
	if ok || err != nil {
		return num, err
	}
	entity, err := s.entity.MarshalJSON()
	if err != nil {
		return 0, err
	}
	for digits := idDigits; digits <= 2*len(identity); digits += 2 {
		ok, err := r.get(`INSERT INTO finding (id, rule, identity, entity, made, severity, first, last, count, text, query, speaker, state, reason, told, occurrence, created, updated)
			VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0, '{}', 0, 0, '', '', 0, 0, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING num`,
			[]any{idOf(rule, identity[:], digits), rule, identity[:], string(entity), made, micros(r.at), micros(r.at)}, &num)
		if ok || err != nil {
			return num, err
		}
	}
	return 0, fmt.Errorf("no id is free for %s", entity)
}

func (r *recorder) sighting(num, step, evaluation int64, window time.Duration, s *seen) error {
	err := r.exec(`INSERT INTO sighting (finding, step, evaluation, window, severity, weight, first, last, count, total, since, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, -1, 0, 0)
		ON CONFLICT (finding, step) DO UPDATE SET evaluation = excluded.evaluation, window = excluded.window, severity = excluded.severity,
		weight = excluded.weight, first = excluded.first, last = excluded.last, count = excluded.count, total = -1`,
		num, step, evaluation, window.Microseconds(), s.severity, s.weight, micros(s.first), micros(s.last), s.count)
	if err != nil {
		return err
	}
	query, err := r.query(s.text.sql)
	if err != nil {
		return err
	}
	data, err := json.Marshal(s.text)
	if err != nil {
		return err
	}
	return r.exec(`INSERT INTO sighting_text (finding, step, query, text) VALUES (?, ?, ?, ?)
		ON CONFLICT (finding, step) DO UPDATE SET query = excluded.query, text = excluded.text`, num, step, query, string(data))
}

// refresh makes a finding what its sightings say, of which the one at step changed, came or went.
func (r *recorder) refresh(num, step int64) error {
	if err := r.totals(num, step); err != nil {
		return err
	}
	f, err := r.load(num)
	if err != nil {
		return err
	}
	was := f
	var last struct{ step, evaluation, total, since, until int64 }
	some, err := r.get(`SELECT step, evaluation, total, since, until FROM sighting WHERE finding = ? ORDER BY step DESC LIMIT 1`, []any{num},
		&last.step, &last.evaluation, &last.total, &last.since, &last.until)
	if err != nil {
		return err
	}
	if some {
		f.first, f.last, f.count = last.since, last.until, last.total
		var resolve int64
		if _, err := r.get(`SELECT r.id, r.resolve FROM evaluation e JOIN rule r ON r.id = e.made WHERE e.id = ?`, []any{last.evaluation}, &f.made, &resolve); err != nil {
			return err
		}
		// The same sighting gives the severity and the words for it.
		if _, err := r.get(`SELECT severity, step FROM sighting WHERE finding = ? AND step > ? ORDER BY severity DESC, weight DESC, step DESC LIMIT 1`, []any{num, last.step - resolve}, &f.severity, &f.speaker); err != nil {
			return err
		}
		// A text that was folded is still that of the finding: only others are taken.
		if _, err := r.get(`SELECT query, text FROM sighting_text WHERE finding = ? AND step = ?`, []any{num, f.speaker}, &f.query, &f.text); err != nil {
			return err
		}
	}
	kind, why := f.next(some)
	if kind == "" && f == was {
		return nil
	}
	f.updated = micros(r.at)
	if err := r.save(f); err != nil || kind == "" {
		return err
	}
	return r.happened(f, "weir", kind, why)
}

// totals brings the running totals up to date, from the sighting at step on.
func (r *recorder) totals(num, step int64) error {
	type row struct{ step, window, first, last, count, total, since, until int64 }
	var prev row
	some, err := r.get(`SELECT total, since, until FROM sighting WHERE finding = ? AND step < ? ORDER BY step DESC LIMIT 1`, []any{num, step}, &prev.total, &prev.since, &prev.until)
	if err != nil {
		return err
	}
	q, err := r.statement(`SELECT step, window, first, last, count, total, since, until FROM sighting WHERE finding = ? AND step >= ? ORDER BY step`)
	if err != nil {
		return err
	}
	rows, err := q.QueryContext(r.ctx, num, step)
	if err != nil {
		return err
	}
	defer rows.Close()
	var todo []row
	for rows.Next() {
		var s row
		if err := rows.Scan(&s.step, &s.window, &s.first, &s.last, &s.count, &s.total, &s.since, &s.until); err != nil {
			return err
		}
		todo = append(todo, s)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for i, s := range todo {
		n := s
		n.total, n.since, n.until = s.count, s.first, s.last
		if some {
			var apart int64 // the most that sightings before this window give
			j, _ := slices.BinarySearchFunc(todo[:i], s.step-s.window+1, func(t row, end int64) int { return cmp.Compare(t.step, end) })
			if j > 0 {
				apart = todo[j-1].total
			} else if _, err := r.get(`SELECT total FROM sighting WHERE finding = ? AND step <= ? AND step < ? ORDER BY step DESC LIMIT 1`, []any{num, s.step - s.window, step}, &apart); err != nil {
				return err
			}
			n.total = max(prev.total, s.count+apart)
			n.since, n.until = min(prev.since, s.first), max(prev.until, s.last)
		}
		if n != s {
			if err := r.exec(`UPDATE sighting SET total = ?, since = ?, until = ? WHERE finding = ? AND step = ?`, n.total, n.since, n.until, num, s.step); err != nil {
				return err
			}
		}
		todo[i], prev, some = n, n, true
	}
	return nil
}
