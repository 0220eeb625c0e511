package lake

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weir/flowlog"
	"weir/internal/columnar"

	gocmp "github.com/google/go-cmp/cmp"
)

var makeLake = flag.String("make-lake", "", "write testdata/lakes/`NAME` and its rows; for a new format, never over an old one")

// TestKeptLakes opens lakes that earlier versions wrote. testdata/lakes/README.md says what is in them.
func TestKeptLakes(t *testing.T) {
	lakes, err := filepath.Glob("testdata/lakes/*/" + catalogName)
	if err != nil || len(lakes) == 0 {
		t.Fatalf("no lakes: %v", err)
	}
	for _, path := range lakes {
		kept := filepath.Dir(path)
		t.Run(filepath.Base(kept), func(t *testing.T) {
			text, err := os.ReadFile(kept + ".rows")
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			dir := filepath.Join(t.TempDir(), "lake")
			if err := os.CopyFS(dir, os.DirFS(kept)); err != nil {
				t.Fatal(err)
			}
			for _, write := range []bool{false, true} {
				l := open(t, dir, write)
				if d := gocmp.Diff(want, keptRows(t, l)); d != "" {
					t.Errorf("write %v: rows (-want +got):\n%s", write, d)
				}
				verified(t, l)
				states, err := l.Known(t.Context(), []ObjectID{{"s3://logs/a.log.gz", "etag-a"}, {"s3://logs/a.log.gz", "other"}, {"s3://logs/new.log.gz", "x"}})
				if d := gocmp.Diff([]State{Known, Changed, New}, states); err != nil || d != "" {
					t.Errorf("Known: %v, (-want +got):\n%s", err, d)
				}
				var rejects, failures int
				for _, err := range l.Rejects(t.Context(), "", 0) {
					if err != nil {
						t.Fatal(err)
					}
					rejects++
				}
				for _, err := range l.Failures(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					failures++
				}
				if rejects != 1 || failures != 1 {
					t.Errorf("%d rejects and %d failures, want 1 and 1", rejects, failures)
				}
				l.Close()
			}
			l := open(t, dir, true)
			if err := put(t.Context(), l, "today", day0, 10); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Compact(t.Context(), CompactOptions{}); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Expire(t.Context(), ExpireOptions{}); err != nil {
				t.Fatal(err)
			}
			if r := verified(t, l); len(r.Orphans) != 0 {
				t.Errorf("Expire left %v", r.Orphans)
			}
			if n := len(keptRows(t, l)); n != len(want)+10 {
				t.Errorf("%d rows, want %d", n, len(want)+10)
			}
		})
	}
}

// keptRows are all rows of a lake as text, sorted: table, object, fields, unknown fields.
func keptRows(t *testing.T, l *Lake) []string {
	t.Helper()
	var lines []string
	for _, table := range flowlog.Tables {
		s, err := l.Snapshot(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		b := flowlog.NewBatch(table, 1<<12)
		for _, f := range s.Files {
			err := l.readFile(t.Context(), table, f.Path, nil, func(r *columnar.Reader) error {
				for {
					_, err := r.Read(b, b.Limit())
					for i := range b.Len() {
						line := fmt.Append(nil, table.Name, " ", b.Object.Dict.String(b.Object.Codes[i]))
						for j := range table.Fields {
							line = b.AppendValue(append(line, ' '), &table.Fields[j], i)
						}
						for name, value := range flowlog.ExtraPairs(b.Extra.Dict.Bytes(b.Extra.Codes[i])) {
							line = fmt.Appendf(line, " %s=%s", name, value)
						}
						lines = append(lines, string(line))
					}
					b.Reset()
					if errors.Is(err, io.EOF) {
						return nil
					}
					if err != nil {
						return err
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.SortFunc(lines, cmp.Compare[string])
	return lines
}

// TestMakeLake writes a lake to keep, if asked to.
func TestMakeLake(t *testing.T) {
	if *makeLake == "" {
		return
	}
	// Made elsewhere, so that a kept lake is always one that was moved.
	dir := filepath.Join(t.TempDir(), "lake")
	l := open(t, dir, true)
	full := func(table *flowlog.Table, n int) string {
		var b strings.Builder
		for _, f := range table.Fields {
			b.WriteString(f.Name + " ")
		}
		b.WriteString("field-of-2031\n")
		for i := range n {
			for j, f := range table.Fields {
				switch f.Kind {
				case flowlog.Text:
					fmt.Fprintf(&b, "text-%d-%d ", j, i%3)
				case flowlog.Enum:
					b.WriteString(f.Values[i%len(f.Values)] + " ")
				case flowlog.Address:
					fmt.Fprintf(&b, "10.0.%d.%d ", j, i)
				case flowlog.Port, flowlog.Code, flowlog.Flags, flowlog.Count:
					fmt.Fprintf(&b, "%d ", i*j%200)
				case flowlog.Epoch:
					fmt.Fprintf(&b, "%d ", day0.Unix()+int64(i)*7200)
				}
			}
			fmt.Fprintf(&b, "value-%d\n", i)
		}
		return b.String()
	}
	const head = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
	store := func(table *flowlog.Table, uri, text string, rejected ...Reject) {
		b := flowlog.NewBatch(table, 1<<12)
		r := flowlog.NewReader(strings.NewReader(text), flowlog.ReaderOptions{Object: uri})
		for {
			if _, err := r.Read(b); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		c := Commit{Table: table}
		for _, d := range columnar.Days(b) {
			f, err := l.Create(table, d.Day)
			if err != nil {
				t.Fatal(err)
			}
			w := columnar.NewWriter(f, l.Schema(table))
			if err := errors.Join(w.Write(b, d.Rows), w.Close(), f.Close()); err != nil {
				t.Fatal(err)
			}
			f.Rows = w.Rows()
			c.Files = append(c.Files, f)
		}
		name := strings.TrimSuffix(filepath.Base(uri), ".log.gz")
		c.Objects = []ObjectRecord{{URI: uri, Version: "etag-" + name, Digest: "digest-" + name, Size: int64(len(text)), Format: strings.SplitN(text, "\n", 2)[0],
			Rows: int64(b.Len()), Rejected: int64(len(rejected)), Rejects: rejected, Bytes: int64(len(text))}}
		if err := l.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	line := func(i int) string {
		return fmt.Sprintf("2 123456789012 eni-0a1 192.0.2.%d 198.51.100.7 44312 %d 6 3 180 %d %d REJECT OK\n", i, i, day0.Unix()+int64(i), day0.Unix()+60)
	}
	store(flowlog.VPC, "s3://logs/a.log.gz", head+line(1)+line(2)+"2 oops\n", Reject{Line: 4, Reason: "14 fields are declared, 2 are there", Text: "2 oops"})
	store(flowlog.VPC, "s3://logs/b.log.gz", head+line(3)+"2 123456789012 eni-0a1 - - - - - - - 1767225600 1767225660 - NODATA\n")
	if _, err := l.Compact(t.Context(), CompactOptions{}); err != nil {
		t.Fatal(err)
	}
	store(flowlog.VPC, "s3://logs/all.log.gz", full(flowlog.VPC, 13))
	store(flowlog.VPC, "s3://logs/nostart.log.gz", "srcaddr dstaddr action\n192.0.2.1 192.0.2.2 ACCEPT\n")
	store(flowlog.TransitGateway, "s3://logs/tgw.log.gz", full(flowlog.TransitGateway, 5))
	if err := l.RecordFailure(t.Context(), ObjectID{"s3://logs/glacier.log.gz", "etag"}, errors.New("object is archived")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Expire(t.Context(), ExpireOptions{RetainLast: 2}); err != nil {
		t.Fatal(err)
	}
	rows := strings.Join(keptRows(t, l), "\n") + "\n"
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, stagingName)); err != nil { // git keeps no empty folders
		t.Fatal(err)
	}
	kept := filepath.Join("testdata", "lakes", *makeLake)
	if err := errors.Join(os.CopyFS(kept, os.DirFS(dir)), os.WriteFile(kept+".rows", []byte(rows), 0o644)); err != nil {
		t.Fatal(err)
	}
}
