package detect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"weir/internal/engine"
	"weir/internal/lake"
)

// LakeTables are the derived tables of a lake. Files of a lake in a bucket are brought here.
type LakeTables struct {
	Lake    *lake.Lake
	Derived []*lake.Derived
	Cache   lake.Cache
}

// Made implements Tables.
func (t *LakeTables) Made(ctx context.Context) ([]lake.Made, error) { return t.Lake.Made(ctx) }

// Open implements Tables. Only the files of the hours asked for are named to an engine: so a query costs the same with a
// month in the lake. Tables that nobody named are there, and empty.
func (t *LakeTables) Open(ctx context.Context, names []string, from, to time.Time) (_ []engine.Table, done func() error, err error) {
	var closers []func() error
	done = func() error {
		var errs []error
		for _, c := range closers {
			errs = append(errs, c())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, done())
		}
	}()
	var tables []engine.Table
	for _, d := range t.Derived {
		et := engine.DerivedTable(d)
		if slices.Contains(names, d.Name) {
			snap, err := t.Lake.DerivedSnapshot(ctx, d)
			if err != nil {
				return nil, nil, fmt.Errorf("open table %s: %w", d.Name, err)
			}
			got, err := t.Lake.Fetch(ctx, snap.Between(from, to), nil, t.Cache)
			if err != nil {
				return nil, nil, fmt.Errorf("open table %s: %w", d.Name, err)
			}
			closers = append(closers, got.Close)
			et.Files = got.Paths
		}
		tables = append(tables, et)
	}
	return tables, done, nil
}
