package trino

import (
	"fmt"
	"sync/atomic"
	"testing"

	"weir/flowlog"
	"weir/internal/engine/enginetest"
	"weir/internal/engine/trinotest"
	"weir/internal/lake"
	"weir/internal/lake/laketest"
)

// TestEnginesWholeCommits has Trino count the records of a shared lake while a writer commits, compacts and expires. Each
// commit brings as many records, so that any other number is a part of one.
func TestEnginesWholeCommits(t *testing.T) {
	const each, looks = 30, 15
	s := trinotest.Start(t)
	shared := laketest.New(t)
	enginetest.Lake(t, shared.Open, nil)
	e, err := Open(Config{URL: s.URL, User: "weir", Catalog: s.Catalog(t, trinotest.SharedProperties(shared))})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var done atomic.Bool
	var looked, commits atomic.Int64
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		defer done.Store(true)
		for i := 0; looked.Load() < looks; i++ {
			text := "version bytes start\n"
			for j := range each {
				text += fmt.Sprintf("2 %d %d\n", j, 1763596800+86400*(j%2))
			}
			enginetest.LakeText(t, shared.Open, flowlog.VPC, fmt.Sprint(i), text)
			commits.Add(1)
			if i%10 != 9 {
				continue
			}
			l, err := shared.Open(t.Context(), lake.Options{Write: true})
			if err == nil {
				_, err = l.Compact(t.Context(), lake.CompactOptions{})
			}
			if err != nil {
				t.Error(err)
				return
			}
			l.Close()
		}
	}()
	seen := map[int64]bool{}
	for last, end := int64(0), false; !end; {
		end = done.Load()
		rows, err := e.Query(t.Context(), "SELECT count(*), count(bytes), coalesce(sum(bytes), 0) FROM flows WHERE bytes >= 0")
		if err != nil {
			t.Fatal(err)
		}
		row, err := rows.Next()
		if err != nil {
			t.Fatal(err)
		}
		n, sum := row[0].(int64), fmt.Sprint(row[2])
		if n%each != 0 || n < last || row[1] != n || sum != fmt.Sprint(n/each*(each*(each-1)/2)) {
			t.Fatalf("%d records with %s bytes after %d records", n, sum, last)
		}
		last = n
		seen[n] = true
		rows.Close()
		looked.Add(1)
	}
	<-wrote
	t.Logf("%d different states were seen of %d commits", len(seen), commits.Load())
	if !seen[each*commits.Load()] || len(seen) < 5 {
		t.Errorf("seen: %v", seen)
	}
}
