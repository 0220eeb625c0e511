package finding

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// foldAfter is the age at which sightings lose their texts. Five weeks: who looks at a finding wants the last month.
const foldAfter = 35 * 24 * time.Hour

func (s *sqliteStore) Fold(ctx context.Context) error {
	before := micros(s.now().Add(-foldAfter))
	err := s.tx(ctx, func(tx *sql.Tx) error {
		for _, q := range []string{
			// Of each finding two texts stay, however old: the one it shows, and the latest, which it shows if the other goes.
			`DELETE FROM sighting_text WHERE step < ?1 AND step < (SELECT max(step) FROM sighting s WHERE s.finding = sighting_text.finding)
				AND step <> (SELECT speaker FROM finding WHERE num = sighting_text.finding)`,
			`DELETE FROM query WHERE id NOT IN (SELECT query FROM sighting_text UNION SELECT query FROM finding) AND ?1 = ?1`,
			// Deliveries and notices are of use while somebody may ask whether he was told.
			`DELETE FROM delivery WHERE notice IN (SELECT id FROM notice WHERE at < ?1)`,
			`DELETE FROM notice WHERE at < ?1`,
		} {
			if _, err := tx.ExecContext(ctx, q, before); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("fold findings: %w", err)
	}
	return nil
}
