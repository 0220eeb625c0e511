package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/lake"
)

// ingest: the same logs into a lake in S3 and Postgres and into a folder, then one port in the former.
func (s *scaler) ingest(context.Context) error {
	n := number("BENCH_N", 4_000_000)
	logs := s.path("logs")
	if err := s.generate(logs, n, 8); err != nil {
		return err
	}
	shared, err := s.fresh("ingest")
	if err != nil {
		return err
	}
	local, err := s.folder("ingest")
	if err != nil {
		return err
	}
	before := s.cpu()
	x, y, ratio, err := s.pair(
		command{func() error { _, err := s.fresh("ingest"); return err }, s.weir, shared.args("-o", "json", "ingest", logs)},
		command{func() error { _, err := s.folder("ingest"); return err }, s.weir, local.args("-o", "json", "ingest", logs)})
	if err != nil {
		return err
	}
	var sum struct {
		Text    int64 `json:"bytes_text"`
		Stored  int64 `json:"bytes_stored"`
		Records int64 `json:"records_stored"`
	}
	if err := json.Unmarshal(y.out, &sum); err != nil {
		return err
	}
	head(fmt.Sprintf("%s records in 8 objects, %s of text", group(int(sum.Records)), mega(sum.Text)), "S3 and Postgres", "folder", "ratio")
	row("ingest to a committed lake", seconds(x.wall), seconds(y.wall), ratio, "of the rate")
	row("the same, processor time of weir", seconds(x.cpu), seconds(y.cpu), y.cpu.Seconds()/x.cpu.Seconds(), "of the rate")
	row("processor time of the S3 server", seconds((s.cpu()-before)/time.Duration(rounds)), "", 0, "")
	row("records a second of processor time", group(int(float64(sum.Records)/x.cpu.Seconds())), group(int(float64(sum.Records)/y.cpu.Seconds())), 0, "")
	row("bytes stored for a byte of text", "", fmt.Sprintf("%.4f", float64(sum.Stored)/float64(sum.Text)), 0, "")

	const port = "SELECT count(*) AS n, sum(bytes) AS bytes FROM flows WHERE dstport = 6379"
	cache := os.Getenv("WEIR_CACHE_DIR")
	x, y, ratio, err = s.pair(
		command{func() error { return os.RemoveAll(cache) }, s.weir, shared.args("query", port)},
		command{nil, s.weir, shared.args("query", port)})
	if err != nil {
		return err
	}
	bytes, _, err := folderBytes(cache, ".parquet")
	if err != nil {
		return err
	}
	z, err := s.times(command{nil, s.weir, local.args("query", port)})
	if err != nil {
		return err
	}
	head("one port over the same records", "empty cache", "full cache", "ratio")
	row("a query of the lake in S3, whole process", millis(x.wall), millis(y.wall), 1/ratio, "x")
	row("bytes that it brings, of "+mega(sum.Stored)+" in the lake", mega(bytes), "0 MB", 0, "")
	row("the same query of the lake in a folder", "", millis(z.wall), 0, "")
	return errors.Join(os.RemoveAll(logs), os.RemoveAll(local.lake))
}

// commits: how long a small commit takes, and what an object costs in the ledger.
func (s *scaler) commits(ctx context.Context) error {
	n := number("BENCH_SMALL_COMMITS", 500)
	b, err := s.smallBatch(300)
	if err != nil {
		return err
	}
	shared, err := s.fresh("commits")
	if err != nil {
		return err
	}
	local, err := s.folder("commits")
	if err != nil {
		return err
	}
	places := []place{shared, local}
	took := make([][]time.Duration, len(places))
	var ratios []float64
	lakes := make([]*lake.Lake, len(places))
	for i, p := range places {
		if lakes[i], err = p.open(ctx, true); err != nil {
			return err
		}
		defer lakes[i].Close()
	}
	for c := range n {
		for i, l := range lakes {
			start := time.Now()
			if err := commitFiles(ctx, l, b, c, 1, 1); err != nil {
				return err
			}
			took[i] = append(took[i], time.Since(start))
		}
		ratios = append(ratios, took[0][c].Seconds()/took[1][c].Seconds())
	}
	head(fmt.Sprintf("%d commits of one file of %d records", n, b.Len()), "S3 and Postgres", "folder", "ratio")
	row("a commit", millis(middle(took[0])), millis(middle(took[1])), middle(ratios), "x")

	meta, err := metadataBytes(local)
	if err != nil {
		return err
	}
	tenth := max(1, n/10)
	row("the first tenth of them; the last", millis(middle(took[0][:tenth]))+"; "+millis(middle(took[0][n-tenth:])),
		millis(middle(took[1][:tenth]))+"; "+millis(middle(took[1][n-tenth:])), 0, "")
	row("bytes of metadata.json for a commit", "", fmt.Sprint(meta/int64(n)), 0, "")

	before, err := s.databaseBytes(shared)
	if err != nil {
		return err
	}
	const objects = 100_000
	if err := commitFiles(ctx, lakes[0], b, n, 1, objects); err != nil {
		return err
	}
	after, err := s.databaseBytes(shared)
	if err != nil {
		return err
	}
	oneSided("bytes of the ledger for an object, indexes included", fmt.Sprint((after-before)/objects))
	return nil
}

// smallBatch are the first n records of a generated object.
func (s *scaler) smallBatch(n int) (*flowlog.Batch, error) {
	logs := s.path("small")
	if err := os.RemoveAll(logs); err != nil {
		return nil, err
	}
	if _, err := run(command{nil, s.weir, []string{"generate", "--out", logs, "--records", fmt.Sprint(n), "--objects", "1", "--duration", "10m", "--plain"}}); err != nil {
		return nil, err
	}
	found, err := filepath.Glob(filepath.Join(logs, "AWSLogs/*/vpcflowlogs/*/*/*/*/*.log"))
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("generate: %d objects, %v", len(found), err)
	}
	f, err := os.Open(found[0])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := flowlog.NewBatch(flowlog.VPC, n)
	r := flowlog.NewReader(f, flowlog.ReaderOptions{Object: found[0]})
	for !b.Full() {
		if _, err := r.Read(b); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// commitFiles commits the batch as so many files of a day each, a hundred days in turn, and says that their rows came from
// so many objects.
func commitFiles(ctx context.Context, l *lake.Lake, b *flowlog.Batch, number, files, objects int) error {
	c := lake.Commit{Table: flowlog.VPC}
	for range files {
		for _, d := range columnar.Days(b) {
			f, err := l.Create(flowlog.VPC, d.Day)
			if err != nil {
				return err
			}
			w := columnar.NewWriter(f, l.Schema(flowlog.VPC))
			if err := errors.Join(w.Write(b, d.Rows, d.Cuts...), w.Close()); err != nil {
				return err
			}
			f.Rows = w.Rows()
			if err := f.Close(); err != nil {
				return err
			}
			c.Files = append(c.Files, f)
		}
		later(b, 86400)
	}
	later(b, -int64(files)*86400)
	// Keys as AWS makes them.
	const key = "s3://flow-logs-of-some-organisation/AWSLogs/123456789012/vpcflowlogs/eu-central-1/2026/11/20/" +
		"123456789012_vpcflowlogs_eu-central-1_fl-0123456789abcdef0_20261120T%04dZ_%08x.log.gz"
	for i := range objects {
		o := lake.ObjectRecord{URI: fmt.Sprintf(key, number, i), Version: "d41d8cd98f00b204e9800998ecf8427e"}
		if i == 0 {
			o.Rows = int64(files * b.Len())
		}
		c.Objects = append(c.Objects, o)
	}
	return l.Commit(ctx, c)
}

// later moves the records of a batch in time.
func later(b *flowlog.Batch, seconds int64) {
	for _, name := range []string{"start", "end"} {
		c := b.Column(flowlog.VPC.Field(name).Index())
		for i := range b.Len() {
			if c.Int64[i] != flowlog.NullInt64 {
				c.Int64[i] += seconds
			}
		}
	}
}

// blocks is what a file takes of the disk.
func blocks(info os.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return info.Size()
}
