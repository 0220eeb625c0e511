package finding

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

func (s *sqliteStore) Suppress(ctx context.Context, sup Suppression) (Suppression, error) {
	now := s.now().UTC()
	sup.Created, sup.From, sup.Expired, sup.Hidden = now, "", false, nil
	sup.Owner, sup.Reason = bound(sup.Owner, maxText), bound(sup.Reason, maxText)
	if err := sup.Check(now); err != nil {
		return sup, fmt.Errorf("suppress findings: %w", err)
	}
	if !sup.Expires.After(now) {
		return sup, fmt.Errorf("suppress findings: it expires %s, which is over", sup.Expires.UTC().Format("2006-01-02 15:04"))
	}
	sup.Expires = sup.Expires.UTC()
	err := s.tx(ctx, func(tx *sql.Tx) error {
		for i, id := range sup.Scope.Findings {
			num, err := s.number(ctx, tx, id)
			if err != nil {
				return err
			}
			if err := tx.QueryRowContext(ctx, `SELECT id FROM finding WHERE num = ?`, num).Scan(&sup.Scope.Findings[i]); err != nil {
				return err
			}
		}
		var random [4]byte
		_, _ = rand.Read(random[:]) // it never fails
		sup.ID = "s-" + hex.EncodeToString(random[:])
		data, err := json.Marshal(sup)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO suppression (id, text, created) VALUES (?, ?, ?)`, sup.ID, string(data), micros(now))
		return err
	})
	if err != nil {
		return sup, fmt.Errorf("suppress findings: %w", err)
	}
	return sup, nil
}

// UnknownSuppressionError means that the store has no suppression of an id.
type UnknownSuppressionError struct {
	ID   string
	From string // the file that has it, "" none
}

func (e *UnknownSuppressionError) Error() string {
	if e.From != "" {
		return fmt.Sprintf("suppression %q is in a file, %s", e.ID, e.From)
	}
	return fmt.Sprintf("no suppression %q", e.ID)
}

func (s *sqliteStore) Unsuppress(ctx context.Context, id, who, why string) error {
	for _, g := range s.given {
		if g.ID == id {
			return &UnknownSuppressionError{id, g.From}
		}
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE suppression SET ended = ?, ended_by = ?, ended_why = ? WHERE id = ? AND ended IS NULL`,
			micros(s.now()), bound(who, 200), bound(why, maxText), id)
		if err != nil {
			return fmt.Errorf("end suppression %s: %w", id, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return &UnknownSuppressionError{ID: id}
		}
		return nil
	})
}

// all returns the suppressions of the files and of the store that were not ended, and says which have expired.
func (s *sqliteStore) all(ctx context.Context, q querier) ([]Suppression, error) {
	out := slices.Clone(s.given)
	rows, err := q.QueryContext(ctx, `SELECT text FROM suppression WHERE ended IS NULL ORDER BY created, id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		var sup Suppression
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &sup); err != nil {
			return nil, fmt.Errorf("read suppression: %w", err)
		}
		out = append(out, sup)
	}
	now := s.now()
	for i := range out {
		out[i].Expired = !now.Before(out[i].Expires)
	}
	return out, rows.Err()
}

func (s *sqliteStore) inForce(ctx context.Context, q querier) ([]Suppression, error) {
	all, err := s.all(ctx, q)
	return slices.DeleteFunc(all, func(x Suppression) bool { return x.Expired }), err
}

func (s *sqliteStore) Suppressions(ctx context.Context) ([]Suppression, error) {
	all, err := s.all(ctx, s.db)
	if err != nil {
		return nil, fmt.Errorf("list suppressions: %w", err)
	}
	found, err := s.List(ctx, Filter{States: []string{StateSuppressed}})
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Hidden = []string{}
		for _, f := range found {
			if !all[i].Expired && all[i].Hides(f) {
				all[i].Hidden = append(all[i].Hidden, f.ID)
			}
		}
		slices.Sort(all[i].Hidden)
	}
	return all, nil
}
