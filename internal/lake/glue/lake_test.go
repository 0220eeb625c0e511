package glue

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/lake"
	"weir/internal/lake/gluetest"
	"weir/internal/lake/laketest"
	"weir/internal/lake/postgres"
	"weir/internal/lake/s3"
	"weir/internal/source/s3test"
)

var day = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// put commits one object of n rows.
func put(ctx context.Context, l *lake.Lake, uri string, n int) error {
	f, err := l.Create(flowlog.VPC, day)
	if err != nil {
		return err
	}
	b := flowlog.NewBatch(flowlog.VPC, n)
	start := b.Use(flowlog.VPC.Field("start"))
	b.Grow(n)
	for i := range n {
		start.Int64[i] = day.Unix() + int64(i)
		b.Object.Codes[i] = b.Object.Dict.Code([]byte(uri))
	}
	b.Extend(n)
	w := columnar.NewWriter(f, l.Schema(flowlog.VPC))
	for _, d := range columnar.Days(b) {
		if err := w.Write(b, d.Rows); err != nil {
			return errors.Join(err, f.Remove())
		}
	}
	if err := w.Close(); err != nil {
		return errors.Join(err, f.Remove())
	}
	f.Rows = w.Rows()
	return l.Commit(ctx, lake.Commit{Table: flowlog.VPC, Files: []*lake.File{f}, Objects: []lake.ObjectRecord{{URI: uri, Version: "1", Rows: f.Rows}}})
}

// TestLake keeps files on a real S3 server, the catalog in the stand-in for Glue, and the ledger in a file.
func TestLake(t *testing.T) {
	dir := t.TempDir()
	testLake(t, func(name string, write bool) (*lake.Database, error) {
		return lake.FileDatabase(t.Context(), filepath.Join(dir, name), write)
	})
}

// TestEnginesLake has the ledger in a real PostgreSQL.
func TestEnginesLake(t *testing.T) {
	places := map[string]string{"ledger": laketest.Postgres(t), "other": laketest.Postgres(t)}
	testLake(t, func(name string, _ bool) (*lake.Database, error) { return postgres.Open(t.Context(), places[name]) })
}

func testLake(t *testing.T, ledgers func(name string, write bool) (*lake.Database, error)) {
	ctx := t.Context()
	bucket := s3test.Start(t)
	bucket.Bucket(t, "lake")
	glue := gluetest.New(t)
	open := func(ledger string, write bool) (*lake.Lake, error) {
		store, err := s3.Open(ctx, bucket.Client(bucket.Endpoint), "lake", "some/lake")
		if err != nil {
			return nil, err
		}
		o := lake.Options{Store: store, Tables: New(client(glue.Endpoint), "weir"), Write: write}
		if ledger != "" {
			if o.Database, err = ledgers(ledger, write); err != nil {
				return nil, err
			}
		}
		return lake.Open(ctx, "", o)
	}
	if _, err := open("", false); !errors.Is(err, lake.ErrNoLake) {
		t.Errorf("reader before there is a lake: %v, want ErrNoLake", err)
	}
	w, err := open("ledger", true)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := put(ctx, w, "a", 10); err != nil {
		t.Fatal(err)
	}
	r, err := open("", false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rows := func(want int64) {
		t.Helper()
		s, err := r.Snapshot(ctx, flowlog.VPC)
		if err != nil || s.Rows() != want {
			t.Fatalf("reader: %v, %v; want %d rows", s, err, want)
		}
	}
	rows(10)

	// Answers of Glue get lost, and other programs write the entries, all the time.
	updates, lost, edited := 0, 0, 0
	glue.Before(func(action string) *gluetest.Failure {
		if action == "UpdateTable" {
			if updates++; updates%4 == 3 {
				glue.Edit("weir", "flows", func(map[string]any) {})
				edited++
			}
		}
		return nil
	})
	glue.After(func(action string) *gluetest.Failure {
		if action == "UpdateTable" && updates%2 == 0 {
			lost++
			return &gluetest.Failure{}
		}
		return nil
	})
	total := int64(10)
	for i := range 12 {
		if err := put(ctx, w, "b"+string(rune('a'+i)), 1+i); err != nil {
			t.Fatal(err)
		}
		total += int64(1 + i)
		rows(total)
	}
	if _, err := w.Compact(ctx, lake.CompactOptions{}); err != nil {
		t.Fatal(err)
	}
	rows(total)
	t.Logf("%d updates, %d answers lost, %d entries changed in between", updates, lost, edited)
	if lost == 0 || edited == 0 {
		t.Error("nothing went wrong: the test shows nothing")
	}
	glue.Before(nil)
	glue.After(nil)
	if _, err := w.Expire(ctx, lake.ExpireOptions{}); err != nil {
		t.Fatal(err)
	}
	report, err := w.Verify(ctx, lake.VerifyOptions{Deep: true})
	if err != nil || !report.OK() || report.Rows != total || report.Objects != 13 || report.Pending != 0 {
		t.Errorf("verify: %+v, %v", report, err)
	}
	entry := glue.Table("weir", "flows")
	location, _ := entry["Parameters"].(map[string]any)["metadata_location"].(string)
	storage := entry["StorageDescriptor"].(map[string]any)
	if !strings.HasPrefix(location, "s3://lake/some/lake/warehouse/weir/flows/metadata/") ||
		storage["Location"] != "s3://lake/some/lake/warehouse/weir/flows" || len(storage["Columns"].([]any)) != len(flowlog.VPC.Fields)+3 {
		t.Errorf("entry: %s, %s, %d columns", location, storage["Location"], len(storage["Columns"].([]any)))
	}
	var locked *lake.LockedError
	if _, err := open("ledger", true); !errors.As(err, &locked) {
		t.Errorf("second writer: %v, want a LockedError", err)
	}
	var wrong *lake.LedgerError
	if _, err := open("other", true); !errors.As(err, &wrong) {
		t.Errorf("writer with another ledger: %v, want a LedgerError", err)
	}
}
