package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"
)

// leaseTime is for how long a writer that does not renew its lease, because it died, keeps others from writing.
const leaseTime = 30 * time.Second

// LeaseError says that this process may no longer write, though it could before: it was out of touch with the database
// for longer than its lease, and another has taken it. Nothing was written since.
type LeaseError struct {
	Holder string // who has it now, "" if nobody
}

func (e *LeaseError) Error() string {
	s := "lease on the lake was lost"
	if e.Holder != "" {
		s += " to " + e.Holder
	}
	return s
}

// lease is the right to write where a lock of the kernel does not reach: a row in the database, which its holder renews.
// Once it has run out anybody may take it. What makes that safe is not time but check: each transaction that changes the
// lake first updates the row of this holder's token. So a holder that slept through its time fails, and one that is in
// a transaction cannot lose the lease before that ends.
type lease struct {
	db      *Database
	token   string
	holder  string
	length  time.Duration
	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// takeLease takes the lease, or returns LockedError. Its row is renewed until release.
func takeLease(ctx context.Context, db *Database, dir string, length time.Duration, now time.Time) (*lease, error) {
	if length <= 0 {
		length = leaseTime
	}
	host, _ := os.Hostname()
	l := &lease{db: db, token: uuid.NewString(), length: length,
		holder: fmt.Sprintf("process %d on %s since %s", os.Getpid(), host, now.UTC().Format(time.RFC3339))}
	res, err := db.DB.ExecContext(ctx, `INSERT INTO weir_lease (name, token, holder, since, expires)
		VALUES ('writer', ?, ?, `+db.Clock+`, `+db.Clock+` + ?)
		ON CONFLICT (name) DO UPDATE SET token = excluded.token, holder = excluded.holder, since = excluded.since, expires = excluded.expires
		WHERE weir_lease.expires < `+db.Clock, l.token, l.holder, length.Microseconds())
	if err != nil {
		return nil, fmt.Errorf("lock lake: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return nil, fmt.Errorf("lock lake: %w", err)
	} else if n == 0 {
		held := &LockedError{Dir: dir}
		var text string
		var left int64
		err := db.DB.QueryRowContext(ctx, `SELECT holder, expires - `+db.Clock+` FROM weir_lease WHERE name = 'writer'`).Scan(&text, &left)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("lock lake: %w", err)
		}
		held.Holder, held.Left = holder(text), max(0, time.Duration(left)*time.Microsecond)
		return nil, held
	}
	renew, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.stopped.Go(func() { l.renew(renew) })
	return l, nil
}

// renew keeps the lease while nothing is committed. That it failed is noticed by check.
func (l *lease) renew(ctx context.Context) {
	t := time.NewTicker(l.length / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		try, cancel := context.WithTimeout(ctx, l.length)
		_, _ = l.db.DB.ExecContext(try, l.extend(), l.length.Microseconds(), l.token)
		cancel()
	}
}

func (l *lease) extend() string {
	return `UPDATE weir_lease SET expires = ` + l.db.Clock + ` + ? WHERE name = 'writer' AND token = ?`
}

// check makes a transaction fail if the lease is another's, and keeps it until the transaction ends. A lake that has a
// lock has no lease, and need not check.
func (l *lease) check(ctx context.Context, tx *sql.Tx) error {
	if l == nil {
		return nil
	}
	res, err := tx.ExecContext(ctx, l.extend(), l.length.Microseconds(), l.token)
	if err != nil {
		return fmt.Errorf("check lease: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return fmt.Errorf("check lease: %w", err)
	} else if n == 1 {
		return nil
	}
	var text string
	if err := tx.QueryRowContext(ctx, `SELECT holder FROM weir_lease WHERE name = 'writer'`).Scan(&text); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("check lease: %w", err)
	}
	return &LeaseError{Holder: holder(text)}
}

// name tells writers apart.
func (l *lease) name() string {
	if l == nil {
		return "lock"
	}
	return l.token
}

// release gives the lease back. One that cannot be given back runs out.
func (l *lease) release() error {
	if l == nil {
		return nil
	}
	l.stop()
	l.stopped.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := l.db.DB.ExecContext(ctx, `DELETE FROM weir_lease WHERE name = 'writer' AND token = ?`, l.token); err != nil {
		return fmt.Errorf("release lease: %w", err)
	}
	return nil
}
