package aws

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"weir/internal/columnar"
	"weir/internal/doctor"
)

// Delivery is best effort, ten minutes late as a rule, and a new flow log takes a while to begin: after these times without a
// record something is wrong.
const (
	settled = time.Hour
	silence = 6 * time.Hour
)

// day is where AWS puts the objects of one day, or with Hourly of one hour. AWS VPC User Guide, "Flow log files", as noted
// in 2026.
func (f *flowLog) day(account, region string, t time.Time) string {
	t = t.UTC()
	p := f.root(account, region)
	if f.hive {
		p += t.Format("year=2006/month=01/day=02/")
		if f.hourly {
			p += t.Format("hour=15/")
		}
		return p
	}
	p += t.Format("2006/01/02/")
	if f.hourly {
		p += t.Format("15/")
	}
	return p
}

// root is what the keys of all days begin with.
func (f *flowLog) root(account, region string) string {
	if f.hive {
		service := "aws-service"
		if f.transit {
			service = "service"
		}
		return fmt.Sprintf("%sAWSLogs/aws-account-id=%s/%s=vpcflowlogs/aws-region=%s/", f.folder, account, service, region)
	}
	return fmt.Sprintf("%sAWSLogs/%s/vpcflowlogs/%s/", f.folder, account, region)
}

// deliveries tells whether a flow log's records arrive where they should.
func (l *looker) deliveries(ctx context.Context, b *buckets, f *flowLog) {
	switch {
	case f.bucket != "":
		switch b.get(f.bucket) {
		case missing:
			l.live(f.Resource, "destination", "missing")
		case foreign:
			l.live(f.Resource, "destination", "foreign")
		case own:
			l.recent(ctx, f, func(since time.Time) (bool, outcome) { return l.delivered(ctx, b, f, since) })
		}
	case f.logGroup != "" && l.ours(destinationOf(f)):
		l.recent(ctx, f, func(since time.Time) (bool, outcome) { return l.streamed(ctx, f, since) })
	}
}

func destinationOf(f *flowLog) string {
	d, _ := f.Values["log_destination"].(string)
	return d
}

// recent sets whether anything arrived lately, where something should have.
func (l *looker) recent(ctx context.Context, f *flowLog, arrived func(since time.Time) (bool, outcome)) {
	if !f.active || f.created.IsZero() || l.now.Sub(f.created) < settled {
		return
	}
	got, o := arrived(l.now.Add(-silence))
	if o == absent {
		got, o = false, looked
	}
	if o != looked {
		return
	}
	l.live(f.Resource, "arrives", got)
	if got || f.transit {
		return
	}
	// Without an interface there is nothing to say, not even that there was no traffic.
	argument, _, _ := strings.Cut(f.of, "-")
	name := map[string]string{"vpc": "vpc-id", "subnet": "subnet-id", "eni": "network-interface-id"}[argument]
	if name == "" {
		return
	}
	in := 0
	if l.eachInterface(ctx, f.of, filter(name, f.of), func(n ec2types.NetworkInterface) {
		if n.Status == ec2types.NetworkInterfaceStatusInUse {
			in++
		}
	}) == looked {
		l.live(f.Resource, "interfaces", float64(in))
	}
}

// delivered looks for an object of a flow log whose name's time is not before since.
func (l *looker) delivered(ctx context.Context, b *buckets, f *flowLog, since time.Time) (bool, outcome) {
	since = since.UTC()
	step := 24 * time.Hour
	if f.hourly {
		step = time.Hour
	}
	in := b.in(f.bucket)
	for t := since.Truncate(step); !t.After(l.now); t = t.Add(step) {
		// ACCOUNT_vpcflowlogs_REGION_ID_TIME_HASH: names of a flow log stand together, in the order of time.
		prefix := f.day(l.account, l.region, t) + l.account + "_vpcflowlogs_" + l.region + "_" + f.id + "_"
		out, err := l.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
			Bucket: &f.bucket, Prefix: &prefix, StartAfter: aws.String(prefix + since.Format("20060102T1504Z")), MaxKeys: aws.Int32(1),
		}, in)
		if o := l.ask(ctx, f.bucket, err); o != looked {
			return false, o
		}
		if len(out.Contents) > 0 {
			return true, looked
		}
	}
	return false, looked
}

// streamed asks the log group for its latest record. AWS keeps that time up to date within an hour as a rule. CloudWatch Logs
// API Reference, "LogStream", from memory, not read for this.
func (l *looker) streamed(ctx context.Context, f *flowLog, since time.Time) (bool, outcome) {
	out, err := l.logs.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{
		LogGroupName: &f.logGroup, OrderBy: logstypes.OrderByLastEventTime, Descending: aws.Bool(true), Limit: aws.Int32(10),
	})
	if o := l.ask(ctx, "log group "+f.logGroup, err); o != looked {
		return false, o
	}
	for _, s := range out.LogStreams {
		if max(aws.ToInt64(s.LastEventTimestamp), aws.ToInt64(s.LastIngestionTime)) >= since.UnixMilli() {
			return true, looked
		}
	}
	return false, looked
}

// samples reads which fields delivered objects have: an old and a new one for each place that flow logs deliver to, or that
// a table looks at. An old one may have another format, and the table reads it all the same.
func (l *looker) samples(ctx context.Context, b *buckets, flowLogs []*flowLog, tables []*table) {
	type spot struct{ bucket, prefix string }
	spots := map[spot]bool{}
	for _, f := range flowLogs {
		if f.bucket != "" && f.active {
			spots[spot{f.bucket, f.root(l.account, l.region)}] = true
		}
	}
	for _, t := range tables {
		if t.bucket != "" {
			spots[spot{t.bucket, t.folder}] = true
		}
	}
	var list []spot
	for s := range spots {
		if b.get(s.bucket) == own {
			list = append(list, s)
		}
	}
	seen := map[string]bool{}
	each(list, func(s spot) {
		for _, last := range []bool{false, true} {
			key, size, o := l.find(ctx, b, s.bucket, s.prefix, last)
			if !last && o == looked && key == "" {
				for _, t := range tables {
					if t.bucket == s.bucket && t.folder == s.prefix {
						l.live(t.Resource, "empty", true)
					}
				}
			}
			if key == "" {
				return
			}
			l.mu.Lock()
			known := seen[s.bucket+"/"+key]
			seen[s.bucket+"/"+key] = true
			l.mu.Unlock()
			if known {
				continue
			}
			if r := l.sample(ctx, b, s.bucket, key, size); r != nil {
				l.add(r)
			}
		}
	})
}

// flowLogKey is the name of a delivered object. AWS VPC User Guide, "Flow log files", as noted in 2026.
var flowLogKey = regexp.MustCompile(`^\d{12}_vpcflowlogs_[a-z0-9-]+_fl-[0-9a-f]+_\d{8}T\d{4}Z_[0-9a-zA-Z]+\.log\.(gz|parquet)$`)

// find goes down the folders below a prefix, always into the first or the last one, to an object of flow logs.
func (l *looker) find(ctx context.Context, b *buckets, bucket, prefix string, last bool) (key string, size int64, o outcome) {
	in := b.in(bucket)
	for range 12 { // folders deep at most: AWSLogs, account, service, Region, year, month, day, hour
		out, err := l.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, Delimiter: aws.String("/")}, in)
		if o := l.ask(ctx, bucket, err); o != looked {
			return "", 0, o
		}
		var objects []types.Object
		for _, c := range out.Contents {
			if flowLogKey.MatchString(path.Base(aws.ToString(c.Key))) {
				objects = append(objects, c)
			}
		}
		if len(objects) > 0 {
			c := objects[0]
			if last {
				c = objects[len(objects)-1]
			}
			return aws.ToString(c.Key), aws.ToInt64(c.Size), looked
		}
		var down string
		for _, p := range out.CommonPrefixes {
			name := path.Base(aws.ToString(p.Prefix))
			ours := name == "vpcflowlogs" || strings.HasSuffix(name, "service=vpcflowlogs") || name == "AWSLogs"
			if down == "" || last || ours {
				down = aws.ToString(p.Prefix)
			}
			if ours { // beside it may lie the logs of other services
				break
			}
		}
		if down == "" {
			return "", 0, looked
		}
		prefix = down
	}
	return "", 0, looked
}

// head is how much of a text object is read for its first line, longer than any header.
const head = 64 << 10

var fieldName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// sample reads the names of an object's fields. Nothing else of it is kept.
func (l *looker) sample(ctx context.Context, b *buckets, bucket, key string, size int64) *doctor.Resource {
	parquet := strings.HasSuffix(key, ".parquet")
	var names []string
	var err error
	if parquet {
		file := &remote{ctx: ctx, l: l, in: b.in(bucket), bucket: bucket, key: key}
		if _, names, err = columnar.ParquetTable(file, size); file.err != nil {
			err = file.err
		}
	} else {
		names, err = l.header(ctx, b, bucket, key)
	}
	if err == nil {
		for _, n := range names {
			if !fieldName.MatchString(n) {
				err = errNoNames
			}
		}
	}
	what := "s3://" + bucket + "/" + key
	if err == nil && len(names) == 0 {
		err = errNoNames
	}
	if errors.Is(err, errNoNames) {
		l.note("%s has no line of field names: which fields it has is not known", what)
		return nil
	}
	if l.ask(ctx, what, err) != looked {
		return nil
	}
	return resource("live_object", key, what, values{"bucket": bucket, "key": key, "parquet": parquet, "names": texts(names)})
}

var errNoNames = errors.New("no names of fields")

func (l *looker) header(ctx context.Context, b *buckets, bucket, key string) ([]string, error) {
	out, err := l.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, Range: aws.String(fmt.Sprintf("bytes=0-%d", head-1))}, b.in(bucket))
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	z, err := gzip.NewReader(io.LimitReader(out.Body, head))
	if err != nil {
		return nil, errNoNames
	}
	line, err := bufio.NewReader(io.LimitReader(z, head)).ReadSlice('\n')
	if err != nil && len(line) == 0 {
		return nil, errNoNames
	}
	return strings.Fields(string(bytes.TrimSpace(line))), nil
}

// remote reads parts of an object.
type remote struct {
	ctx         context.Context
	l           *looker
	in          func(*s3.Options)
	bucket, key string
	err         error // what a call came to
}

func (r *remote) ReadAt(p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	out, err := r.l.s3.GetObject(r.ctx, &s3.GetObjectInput{Bucket: &r.bucket, Key: &r.key, Range: aws.String(fmt.Sprintf("bytes=%d-%d", off, off+int64(len(p))-1))}, r.in)
	if err != nil {
		r.err = err
		return 0, err
	}
	defer out.Body.Close()
	n, err := io.ReadFull(out.Body, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}
