package finding

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// querier is a database, or a transaction on it.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

const selectFinding = `SELECT f.num, f.id, f.rule, r.version, r.title, r.techniques, f.entity, f.severity, f.first, f.last, f.count, f.text, coalesce(q.sql, ''),
	f.state, f.reason, f.created, f.updated FROM finding f JOIN rule r ON r.id = f.made LEFT JOIN query q ON q.id = f.query `

// find returns the findings that a condition selects, by number, each with the suppression that hides it.
func (s *sqliteStore) find(ctx context.Context, q querier, where string, args ...any) (map[int64]*Finding, error) {
	suppressions, err := s.inForce(ctx, q)
	if err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, selectFinding+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[int64]*Finding{}
	for rows.Next() {
		num, f, err := scan(rows)
		if err != nil {
			return nil, err
		}
		if f.Active() {
			for _, sup := range suppressions {
				if sup.Hides(f) {
					f.State, f.Suppression, f.Reason = StateSuppressed, sup.ID, sup.Reason
					break
				}
			}
		}
		out[num] = f
	}
	return out, rows.Err()
}

func scan(rows *sql.Rows) (num int64, _ *Finding, err error) {
	f := &Finding{}
	var techniques, entity, text string
	var severity int
	var first, last, created, updated int64
	if err := rows.Scan(&num, &f.ID, &f.Rule, &f.RuleVersion, &f.Title, &techniques, &entity, &severity, &first, &last, &f.Count, &text, &f.Evidence.SQL,
		&f.State, &f.Reason, &created, &updated); err != nil {
		return 0, nil, err
	}
	if err := json.Unmarshal([]byte(techniques), &f.Techniques); err != nil {
		return 0, nil, fmt.Errorf("finding %s: techniques: %w", f.ID, err)
	}
	if err := f.Entity.UnmarshalJSON([]byte(entity)); err != nil {
		return 0, nil, fmt.Errorf("finding %s: %w", f.ID, err)
	}
	var t said
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&t); err != nil {
		return 0, nil, fmt.Errorf("finding %s: text: %w", f.ID, err)
	}
	if f.Evidence.Args, err = unmarshalArgs(t.Args); err != nil {
		return 0, nil, fmt.Errorf("finding %s: %w", f.ID, err)
	}
	f.Severity = Severities[max(severity, 1)-1]
	f.FirstSeen, f.LastSeen, f.Created, f.Updated = fromMicros(first), fromMicros(last), fromMicros(created), fromMicros(updated)
	f.Confidence, f.Summary = t.Confidence, t.Summary
	f.AccountID, f.Region, f.VPCID, f.InterfaceID, f.Client, f.Server = t.AccountID, t.Region, t.VPCID, t.InterfaceID, t.Client, t.Server
	f.Port, f.Protocol = t.Port, t.Protocol
	f.Details, _ = numbers(t.Details).(map[string]any)
	return num, f, nil
}

func (s *sqliteStore) List(ctx context.Context, f Filter) ([]*Finding, error) {
	var where []string
	var args []any
	in := func(column string, values []string) {
		if len(values) == 0 {
			return
		}
		where = append(where, column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")")
		for _, v := range values {
			args = append(args, v)
		}
	}
	in("f.rule", f.Rules)
	in("f.id", f.IDs)
	since := func(condition string, t time.Time) {
		if !t.IsZero() {
			where, args = append(where, condition), append(args, micros(t))
		}
	}
	since("f.last >= ?", f.Since)
	since("f.last < ?", f.SeenBefore)
	if f.MinSeverity != "" {
		where, args = append(where, "f.severity >= ?"), append(args, Rank(f.MinSeverity))
	}
	condition := ""
	if len(where) > 0 {
		condition = "WHERE " + strings.Join(where, " AND ")
	}
	all, err := s.find(ctx, s.db, condition, args...)
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	var out []*Finding
	for _, x := range all {
		if (len(f.States) == 0 || slices.Contains(f.States, x.State)) && (f.InterfaceID == "" || f.InterfaceID == x.InterfaceID) &&
			(f.AccountID == "" || f.AccountID == x.AccountID) && (f.VPCID == "" || f.VPCID == x.VPCID) {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b *Finding) int {
		return cmp.Or(cmp.Compare(Rank(b.Severity), Rank(a.Severity)), b.LastSeen.Compare(a.LastSeen), cmp.Compare(a.ID, b.ID))
	})
	if f.Limit > 0 && len(out) > f.Limit {
		out = out[:f.Limit]
	}
	return out, nil
}

func (s *sqliteStore) Get(ctx context.Context, id string) (*Finding, error) {
	num, err := s.number(ctx, s.db, id)
	if err != nil {
		return nil, err
	}
	found, err := s.find(ctx, s.db, "WHERE f.num = ?", num)
	if err != nil {
		return nil, fmt.Errorf("read finding %s: %w", id, err)
	}
	if found[num] == nil {
		return nil, &UnknownError{id}
	}
	return found[num], nil
}

// number returns the number of the finding with an id, or with the only id that begins so.
func (s *sqliteStore) number(ctx context.Context, q querier, id string) (int64, error) {
	if id == "" {
		return 0, &UnknownError{id}
	}
	rows, err := q.QueryContext(ctx, `SELECT num, id FROM finding WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id`, id)
	if err != nil {
		return 0, fmt.Errorf("find finding %s: %w", id, err)
	}
	defer rows.Close()
	var num int64
	var ids []string
	count := 0
	for rows.Next() {
		var n int64
		var full string
		if err := rows.Scan(&n, &full); err != nil {
			return 0, fmt.Errorf("find finding %s: %w", id, err)
		}
		if full == id {
			return n, nil
		}
		num = n
		if count++; count <= 5 {
			ids = append(ids, full)
		}
	}
	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("find finding %s: %w", id, err)
	}
	switch count {
	case 0:
		return 0, &UnknownError{id}
	case 1:
		return num, nil
	}
	return 0, &AmbiguousError{id, count, ids}
}

// numbered returns the findings of those numbers.
func (s *sqliteStore) numbered(ctx context.Context, q querier, nums []int64) (map[int64]*Finding, error) {
	if len(nums) == 0 {
		return nil, nil
	}
	list, err := json.Marshal(nums)
	if err != nil {
		return nil, err
	}
	return s.find(ctx, q, "WHERE f.num IN (SELECT value FROM json_each(?))", string(list))
}

// changes turns what happened in a transaction into changes, with the findings as they are now.
func (s *sqliteStore) changes(ctx context.Context, tx *sql.Tx, events []event) ([]Change, error) {
	nums := make([]int64, len(events))
	for i, e := range events {
		nums[i] = e.finding
	}
	found, err := s.numbered(ctx, tx, nums)
	if err != nil {
		return nil, err
	}
	var out []Change
	for _, e := range events {
		out = append(out, Change{Key: e.key, Kind: e.kind, Finding: found[e.finding], Severity: Severities[e.severity-1], At: e.at})
	}
	return out, nil
}
