package athena

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"weir/internal/engine"
)

// Lister is what is needed of S3.
type Lister interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

const (
	// maxPages bounds the requests to S3 of one estimate: half a million objects, about 20 s and a quarter of a cent.
	maxPages = 500
	// maxPrefixes bounds the folders that are looked into, and maxPartitions what Glue is asked for.
	maxPrefixes   = 5000
	maxPartitions = 30000
	// listers is how many requests are under way at once.
	listers = 16
)

// Estimate adds up the files of the partitions that a query bounded by since and until reads. A query of columns of
// Parquet reads less than the files have.
func (r *RawTable) Estimate(ctx context.Context, c Catalog, l Lister, database, name string, since, until, now time.Time) (engine.Scan, error) {
	w, bounded := r.window(since, until, now)
	var prefixes []string
	var cut bool
	var err error
	switch {
	case len(r.Partitions) == 0:
		prefixes = []string{folder(r.Location)}
	case r.projected():
		prefixes, cut, err = r.projectedPrefixes(w, bounded, now)
	default:
		prefixes, cut, err = r.catalogPrefixes(ctx, c, database, name, w, bounded)
	}
	if err != nil {
		return engine.Scan{}, err
	}
	scan, err := sizeOf(ctx, l, prefixes)
	scan.AtLeast = scan.AtLeast || cut
	return scan, err
}

// folder is an address with the slash at its end: without, day=2 would hold day=20.
func folder(uri string) string { return strings.TrimRight(uri, "/") + "/" }

// catalogPrefixes are the places of the partitions that Glue knows.
func (r *RawTable) catalogPrefixes(ctx context.Context, c Catalog, database, name string, w window, bounded bool) (out []string, cut bool, err error) {
	seen := 0
	var next *string
	for {
		page, err := c.GetPartitions(ctx, &glue.GetPartitionsInput{
			DatabaseName: &database, TableName: &name, ExcludeColumnSchema: aws.Bool(true), MaxResults: aws.Int32(1000), NextToken: next,
		})
		if err != nil {
			return nil, false, callError(fmt.Sprintf("list partitions of %s.%s in Glue", database, name), err)
		}
		for _, p := range page.Partitions {
			seen++
			if p.StorageDescriptor == nil || bounded && !w.holds(r.Partitions, p.Values) {
				continue
			}
			if len(out) == maxPrefixes {
				return out, true, nil
			}
			out = append(out, folder(aws.ToString(p.StorageDescriptor.Location)))
		}
		if next = page.NextToken; aws.ToString(next) == "" {
			return out, false, nil
		}
		if seen >= maxPartitions {
			return out, true, nil
		}
	}
}

// projectedPrefixes are the places that partition projection computes.
func (r *RawTable) projectedPrefixes(w window, bounded bool, now time.Time) (out []string, cut bool, err error) {
	template := r.Parameters["storage.location.template"]
	if template == "" {
		template = folder(r.Location)
		for _, c := range r.Partitions {
			template += c.Name + "=${" + c.Name + "}/"
		}
	}
	d, _ := r.days()
	if d.hour != nil { // hours lie in their day's folder: a listing of the day has them all
		if i := strings.Index(template, "${"+d.hour.name+"}"); i >= 0 && !strings.Contains(template[i+1:], "${") {
			template = template[:strings.LastIndexByte(template[:i], '/')+1]
		}
	}
	out = []string{template}
	expand := func(values func(template string) []string) {
		var grown []string
		for _, t := range out {
			for _, v := range values(t) {
				if len(grown) == maxPrefixes {
					cut = true
					break
				}
				grown = append(grown, v)
			}
		}
		out = grown
	}
	used := map[string]bool{}
	if columns := d.columns(); len(columns) > 0 {
		times := []time.Time{}
		if !bounded {
			// All that there is: from the first flow logs until now.
			w = window{d, birth, now.UTC()}
		}
		step := 24 * time.Hour
		if d.day != nil && d.day.unit < step {
			step = d.day.unit
		}
		for t := w.first.Truncate(step); !t.After(w.last); t = t.Add(step) {
			times = append(times, t)
		}
		slices.Reverse(times) // the latest days first: they are the ones that there are
		expand(func(template string) (list []string) {
			for _, t := range times {
				s := template
				for _, c := range columns {
					s = strings.ReplaceAll(s, "${"+c.name+"}", c.value(t))
				}
				list = append(list, s)
			}
			return list
		})
		for _, c := range columns {
			used[c.name] = true
		}
	}
	for _, c := range r.Partitions {
		mark := "${" + c.Name + "}"
		if used[c.Name] || !strings.Contains(template, mark) {
			continue
		}
		values, err := r.projectedValues(c.Name)
		if err != nil {
			return nil, false, err
		}
		expand(func(template string) (list []string) {
			for _, v := range values {
				list = append(list, strings.ReplaceAll(template, mark, v))
			}
			return list
		})
	}
	for i := range out {
		out[i] = folder(out[i])
	}
	return out, cut, nil
}

// columns are those of the day.
func (d *days) columns() []*timeColumn {
	if d.day != nil {
		return []*timeColumn{d.day}
	}
	if d.dom != nil {
		return []*timeColumn{d.year, d.month, d.dom}
	}
	return nil
}

// projectedValues are the values of an enumerated or integer column.
func (r *RawTable) projectedValues(column string) ([]string, error) {
	bad := func(key string) error {
		return fmt.Errorf("partition projection: projection.%s.%s is %q", column, key, r.projection(column, key))
	}
	switch r.projection(column, "type") {
	case "enum":
		var out []string
		for v := range strings.SplitSeq(r.projection(column, "values"), ",") {
			out = append(out, strings.TrimSpace(v))
		}
		return out, nil
	case "integer":
		low, high, _ := strings.Cut(r.projection(column, "range"), ",")
		from, err1 := strconv.Atoi(strings.TrimSpace(low))
		to, err2 := strconv.Atoi(strings.TrimSpace(high))
		if err1 != nil || err2 != nil {
			return nil, bad("range")
		}
		step := 1
		if s := r.projection(column, "interval"); s != "" {
			var err error
			if step, err = strconv.Atoi(s); err != nil || step < 1 {
				return nil, bad("interval")
			}
		}
		digits, _ := strconv.Atoi(r.projection(column, "digits"))
		var out []string
		for n := from; n <= to && len(out) <= maxPrefixes; n += step {
			out = append(out, fmt.Sprintf("%0*d", digits, n))
		}
		return out, nil
	}
	return nil, bad("type")
}

// sizeOf adds up the objects below prefixes, within bounds.
func sizeOf(ctx context.Context, l Lister, prefixes []string) (engine.Scan, error) {
	var mu sync.Mutex
	var scan engine.Scan
	pages := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(listers)
	for _, p := range prefixes {
		bucket, prefix, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(p, "s3://"), "s3a://"), "/")
		g.Go(func() error {
			var next *string
			for {
				mu.Lock()
				full := pages == maxPages
				if full {
					scan.AtLeast = true
				} else {
					pages++
				}
				mu.Unlock()
				if full {
					return nil
				}
				out, err := l.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix, ContinuationToken: next})
				if err != nil {
					return callError("list s3://"+bucket+"/"+prefix, err)
				}
				mu.Lock()
				for _, o := range out.Contents {
					key := aws.ToString(o.Key)
					if name := key[strings.LastIndexByte(key, '/')+1:]; name == "" || name[0] == '_' || name[0] == '.' {
						continue // Athena does not see them
					}
					scan.Files++
					scan.Bytes += aws.ToInt64(o.Size)
				}
				mu.Unlock()
				if next = out.NextContinuationToken; aws.ToString(next) == "" {
					return nil
				}
			}
		})
	}
	return scan, g.Wait()
}
