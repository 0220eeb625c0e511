package lake

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"weir/flowlog"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// TestLeftovers stops a commit between its steps, one after another, and has the next writer find what is left. TestKill
// does the same at moments that nobody chose.
func TestLeftovers(t *testing.T) {
	stop := errors.New("stopped")
	for name, steps := range map[string]func(ctx context.Context, l *Lake, c change) error{
		"noted": func(ctx context.Context, l *Lake, c change) error {
			return l.notePending(ctx, "id", &c, time.Now())
		},
		"half placed": func(ctx context.Context, l *Lake, c change) error {
			return errors.Join(l.notePending(ctx, "id", &c, time.Now()), l.fs.place(ctx, c.files[:1]))
		},
		"placed": func(ctx context.Context, l *Lake, c change) error {
			return errors.Join(l.notePending(ctx, "id", &c, time.Now()), l.fs.place(ctx, c.files))
		},
		"manifests written": func(ctx context.Context, l *Lake, c change) error {
			if err := errors.Join(l.notePending(ctx, "id", &c, time.Now()), l.fs.place(ctx, c.files)); err != nil {
				return err
			}
			stage := c.stage
			c.stage = func(ctx context.Context, tx *table.Transaction, props iceberg.Properties, added []iceberg.DataFile) error {
				return errors.Join(stage(ctx, tx, props, added), stop)
			}
			cat := l.cat.with(nil)
			cat.fs = l.fs.recording()
			if err := l.commitTable(ctx, cat, "id", c); !errors.Is(err, stop) {
				return errors.Join(errors.New("was not stopped"), err)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir, true)
			if err := put(t.Context(), l, "a", day0, 10); err != nil {
				t.Fatal(err)
			}
			c := change{kind: kindIngest, table: recordsOf(flowlog.VPC), rows: 8, objects: []ObjectRecord{{URI: "b", Version: "1", Table: "flows", Rows: 8}},
				stage: func(ctx context.Context, tx *table.Transaction, props iceberg.Properties, added []iceberg.DataFile) error {
					return tx.AddDataFiles(ctx, added, props, table.WithoutAutoNameMapping())
				}}
			for i := range 2 {
				day := day0.AddDate(0, 0, i)
				f, err := writeRows(l, flowlog.VPC, day, object("b", day, 4))
				if err != nil {
					t.Fatal(err)
				}
				c.files = append(c.files, f)
			}
			if err := steps(t.Context(), l, c); err != nil {
				t.Fatal(err)
			}
			l.Close()

			r := open(t, dir, false)
			if s, err := r.Status(t.Context()); err != nil || s.Pending != 1 || s.Objects != 1 || s.Tables[0].Rows != 10 {
				t.Errorf("before anybody tidied up: %+v, %v", s, err)
			}
			r.Close()
			l = open(t, dir, true)
			if states, err := l.Known(t.Context(), []ObjectID{{"a", "1"}, {"b", "1"}}); err != nil || states[0] != Known || states[1] != New {
				t.Errorf("Known = %v, %v", states, err)
			}
			if n := countFiles(t, filepath.Join(dir, warehouse), ".parquet"); n != 1 {
				t.Errorf("%d data files, want 1", n)
			}
			if files, err := os.ReadDir(filepath.Join(dir, stagingName)); err != nil || len(files) != 0 {
				t.Errorf("staging: %v, %v", files, err)
			}
			if err := put(t.Context(), l, "b", day0, 8); err != nil {
				t.Fatal(err)
			}
			if r := verified(t, l); r.Pending != 0 || r.Rows != 18 {
				t.Errorf("in the end: %+v", r)
			}
		})
	}
}

// TestDoneIsDone has an error come after the transaction of a commit: the commit is not undone, and not an error.
func TestDoneIsDone(t *testing.T) {
	l := open(t, t.TempDir(), true)
	if err := put(t.Context(), l, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	var id string
	if err := l.db.QueryRowContext(t.Context(), `SELECT id FROM weir_commit`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if done, err := l.undo(t.Context(), id, l.fs); !done || err != nil {
		t.Errorf("undo of what is done = %v, %v", done, err)
	}
	verified(t, l)
}

func TestCommitCancelled(t *testing.T) {
	l := open(t, t.TempDir(), true)
	if err := put(t.Context(), l, "a", day0, 10); err != nil {
		t.Fatal(err)
	}
	files := len(tree(t, filepath.Join(l.Dir(), warehouse)))
	f, err := writeRows(l, flowlog.VPC, day0, object("b", day0, 5))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Commit(ctx, Commit{Table: flowlog.VPC, Files: []*File{f}, Objects: []ObjectRecord{{URI: "b", Version: "1", Rows: 5}}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit = %v, want context.Canceled", err)
	}
	if got := snapshot(t, l).Rows(); got != 10 {
		t.Errorf("rows = %d, want 10", got)
	}
	if n := len(tree(t, filepath.Join(l.Dir(), warehouse))); n != files {
		t.Errorf("%d files, want %d", n, files)
	}
	if entries, err := os.ReadDir(filepath.Join(l.Dir(), stagingName)); err != nil || len(entries) != 0 {
		t.Errorf("staging: %v, %v", entries, err)
	}
	if err := put(t.Context(), l, "b", day0, 5); err != nil {
		t.Fatal(err)
	}
	if r := verified(t, l); r.Pending != 0 {
		t.Errorf("%d commits pending", r.Pending)
	}
}
