package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"weir/flowlog"
	"weir/internal/ingest"
	"weir/internal/lake"
	"weir/internal/source"
	"weir/internal/source/dir"
)

// plan: opening a lake of many files and finding out which they are.
func (s *scaler) plan(ctx context.Context) error {
	n := number("BENCH_FILES", 10_000)
	b, err := s.smallBatch(100)
	if err != nil {
		return err
	}
	shared, err := s.fresh("plan")
	if err != nil {
		return err
	}
	local, err := s.folder("plan")
	if err != nil {
		return err
	}
	const together = 100 // files of a commit, a day each
	for _, p := range []place{shared, local} {
		l, err := p.open(ctx, true)
		if err != nil {
			return err
		}
		for c := range max(1, n/together) {
			if err := commitFiles(ctx, l, b, c, together, 1); err != nil {
				return errors.Join(err, l.Close())
			}
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
	var took [2][]time.Duration
	var files int
	for range rounds {
		for i, p := range []place{shared, local} {
			d, n, err := planTime(ctx, p)
			if err != nil {
				return err
			}
			took[i], files = append(took[i], d), n
		}
	}
	head(fmt.Sprintf("a table of %s files in 100 days", group(files)), "S3 and Postgres", "folder", "ratio")
	row("open the lake and plan", millis(middle(took[0])), millis(middle(took[1])), middle(took[0]).Seconds()/middle(took[1]).Seconds(), "x")
	q, err := s.times(command{nil, s.weir, local.args("query", "SELECT count(*) FROM flows WHERE dstport = 6379")})
	if err != nil {
		return err
	}
	row("one port in all of them, whole process", "", millis(q.wall), 0, "")
	return os.RemoveAll(local.lake)
}

func planTime(ctx context.Context, p place) (time.Duration, int, error) {
	start := time.Now()
	l, err := p.open(ctx, false)
	if err != nil {
		return 0, 0, err
	}
	defer l.Close()
	snap, err := l.Snapshot(ctx, flowlog.VPC)
	if err != nil {
		return 0, 0, err
	}
	return time.Since(start), len(snap.Files), nil
}

// month: a commit every five minutes for a month, with the snapshots of more than a day removed each day as docs/lake.md
// says, then compaction.
func (s *scaler) month(ctx context.Context) error {
	n, records := number("BENCH_COMMITS", 30*288), number("BENCH_COMMIT_RECORDS", 300)
	n += n % 2 // what is generated lasts a multiple of ten minutes
	logs := s.path("month")
	if _, err := run(command{nil, s.weir, []string{"generate", "--out", logs, "--seed", "1", "--records", strconv.Itoa(n * records),
		"--objects", strconv.Itoa(n), "--interfaces", "10", "--duration", (time.Duration(n) * 5 * time.Minute).String()}}); err != nil {
		return err
	}
	var objects []string
	err := filepath.WalkDir(logs, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".log.gz") {
			objects = append(objects, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(objects) // by their names, in order of time
	p, err := s.folder("month-lake")
	if err != nil {
		return err
	}
	took, err := commitEach(ctx, p, objects)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(logs); err != nil {
		return err
	}
	var all time.Duration
	for _, d := range took {
		all += d
	}
	tenth := max(1, len(took)/10)
	old, err := s.folder("month-before")
	if err != nil {
		return err
	}
	if err := os.CopyFS(old.lake, os.DirFS(p.lake)); err != nil {
		return err
	}
	meta, err := metadataBytes(p)
	if err != nil {
		return err
	}
	planBefore, filesBefore, err := planTime(ctx, p)
	if err != nil {
		return err
	}

	start := time.Now()
	c, err := run(command{nil, s.weir, p.args("-o", "json", "lake", "compact")})
	if err != nil {
		return err
	}
	compaction := time.Since(start)
	var sum []struct {
		Rows        int64 `json:"rows"`
		BytesBefore int64 `json:"bytes_before"`
		BytesAfter  int64 `json:"bytes_after"`
	}
	if err := json.Unmarshal(c.out, &sum); err != nil || len(sum) != 1 {
		return fmt.Errorf("compact says %s: %w", c.out, err)
	}
	planAfter, filesAfter, err := planTime(ctx, p)
	if err != nil {
		return err
	}
	const port = "SELECT count(*) AS n, sum(bytes) AS bytes FROM flows WHERE dstport = 6379"
	x, y, ratio, err := s.pair(command{nil, s.weir, p.args("query", port)}, command{nil, s.weir, old.args("query", port)})
	if err != nil {
		return err
	}
	if !slices.Equal(x.out, y.out) {
		return fmt.Errorf("before and after disagree: %s, %s", y.out, x.out)
	}
	start = time.Now()
	if _, err := run(command{nil, s.weir, p.args("lake", "expire", "--older-than", "0s", "--grace", "0s")}); err != nil {
		return err
	}
	expiry := time.Since(start)
	z, err := s.times(command{nil, s.weir, p.args("query", port)})
	if err != nil {
		return err
	}
	metaAfter, err := metadataBytes(p)
	if err != nil {
		return err
	}
	head(fmt.Sprintf("%s commits, %s records", group(len(took)), group(int(sum[0].Rows))), "before `weir lake compact`", "after", "ratio")
	row("one port in all of it, whole process", millis(y.wall), millis(x.wall), 1/ratio, "of the time")
	row("the same after `weir lake expire`, too", "", millis(z.wall), z.wall.Seconds()/y.wall.Seconds(), "of the time")
	row("files", group(filesBefore), group(filesAfter), float64(filesAfter)/float64(filesBefore), "of them")
	row("bytes", mega(sum[0].BytesBefore), mega(sum[0].BytesAfter), float64(sum[0].BytesAfter)/float64(sum[0].BytesBefore), "of them")
	row("open the lake and plan", millis(planBefore), millis(planAfter), planAfter.Seconds()/planBefore.Seconds(), "of the time")
	row("metadata.json of the table; after expiry", kilo(meta), kilo(metaAfter), 0, "")
	oneSided("all commits, with their ingest", seconds(all))
	row("a commit, in the first tenth and in the last", millis(middle(took[:tenth])), millis(middle(took[len(took)-tenth:])), 0, "")
	row("compaction; expiry", seconds(compaction), seconds(expiry), 0, "")
	return errors.Join(os.RemoveAll(p.lake), os.RemoveAll(old.lake))
}

// aDay are the commits after which snapshots are removed, and as many stay. Each commit writes a line of every snapshot that
// there is, so that without it a month takes hours.
var aDay = number("BENCH_EXPIRE", 288)

// commitEach ingests objects one after the other, each into a commit of its own. Only those are timed.
func commitEach(ctx context.Context, p place, objects []string) ([]time.Duration, error) {
	l, err := p.open(ctx, true)
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	for i, o := range objects {
		if i%aDay == aDay-1 {
			if _, err := l.Expire(ctx, lake.ExpireOptions{RetainLast: aDay}); err != nil {
				return nil, errors.Join(err, l.Close())
			}
		}
		start := time.Now()
		src, err := dir.New(o)
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		sum, err := ingest.Run(ctx, ingest.Config{Lake: l, Sources: []source.Source{src}, Workers: 1, BatchRows: 1 << 14})
		if err == nil && (sum.Objects != 1 || sum.Failed > 0) {
			err = fmt.Errorf("ingest of %s: %d objects, %d failed", o, sum.Objects, sum.Failed)
		}
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		took = append(took, time.Since(start))
	}
	return took, l.Close()
}

// metadataBytes is the size of the newest metadata.json of flows in a folder.
func metadataBytes(p place) (int64, error) {
	found, err := filepath.Glob(filepath.Join(p.lake, "warehouse/weir/flows/metadata/*.metadata.json"))
	if err != nil || len(found) == 0 {
		return 0, fmt.Errorf("find metadata: %w", err)
	}
	slices.Sort(found) // they begin with their number
	info, err := os.Stat(found[len(found)-1])
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
