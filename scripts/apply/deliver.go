package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/parquet-go/parquet-go"

	"weir/flowlog"
	"weir/internal/columnar"
	"weir/internal/traffic"
)

// flowLog is what AWS says of a flow log.
type flowLog struct {
	id, region, format, destination, kind, status string
	interval                                      int // seconds
	parquet, hive, hourly                         bool
}

// object is one that was delivered.
type object struct {
	key    string
	format string // of its flow log
	data   []byte
}

// delivered is what lies in the bucket.
type delivered struct {
	objects []object
	records int64
}

// deliver does what AWS does with a flow log to S3: an hour of records of its format, in objects as it says, at its place.
func (c *cloud) deliver(ctx context.Context, l flowLog, seed uint64, start time.Time) (d delivered, err error) {
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(l.destination, "arn:aws:s3:::"), "/")
	format, err := flowlog.ParseFormat(l.format)
	if err != nil {
		return d, err
	}
	var mu sync.Mutex
	sum, err := traffic.Generate(ctx, traffic.Config{
		Seed: seed, Start: start, Duration: time.Hour, Accounts: []string{account}, Region: l.region, Records: 4000, Objects: 6,
		Interval: l.interval, Fields: format.Names, Layout: traffic.Layout{Prefix: strings.Trim(prefix, "/"), Hive: l.hive, Hourly: l.hourly, Plain: l.parquet},
	}, func(key string) (io.WriteCloser, error) {
		return &upload{done: func(data []byte) (err error) {
			if l.parquet {
				key += ".parquet"
				if data, err = toParquet(format, data); err != nil {
					return err
				}
			}
			if _, err := c.s3().PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)}); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			d.objects = append(d.objects, object{key, l.format, data})
			return nil
		}}, nil
	})
	d.records = sum.Records
	return d, err
}

// upload keeps what is written until it is closed.
type upload struct {
	bytes.Buffer
	done func([]byte) error
}

func (u *upload) Close() error { return u.done(u.Bytes()) }

// toParquet makes of text what AWS delivers as Parquet: columns with underscores, 32 and 64 bit integers, and NULL for "-".
// Amazon VPC User Guide, "Flow log records", has the types; read 2026-11.
func toParquet(format *flowlog.Format, text []byte) ([]byte, error) {
	var columns []columnar.RowColumn
	for _, f := range format.Fields {
		columns = append(columns, columnar.RowColumn{Name: strings.ReplaceAll(f.Name, "-", "_"), Type: stored(f.Kind)})
	}
	var out bytes.Buffer
	w, err := columnar.NewRowWriter(&out, columns)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Scan() // the header
	for lines.Scan() {
		var row []any
		for i, token := range strings.Fields(lines.Text()) {
			switch {
			case token == "-":
				row = append(row, nil)
			case columns[i].Type == "varchar":
				row = append(row, token)
			default:
				n, err := strconv.ParseInt(token, 10, 64)
				if err != nil {
					return nil, err
				}
				row = append(row, n)
			}
		}
		if err := w.Write(row...); err != nil {
			return nil, err
		}
	}
	if err := cmp.Or(lines.Err(), w.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func stored(k flowlog.Kind) string {
	switch k {
	case flowlog.Port, flowlog.Code, flowlog.Flags:
		return "integer"
	case flowlog.Count, flowlog.Epoch:
		return "bigint"
	}
	return "varchar"
}

// table is what Glue says of the table.
type table struct {
	names    []string          // columns in order
	types    map[string]string // Hive's, by name
	template string            // of the location of a partition
}

func (c *cloud) table(ctx context.Context, name string) (t table, err error) {
	database, name, _ := strings.Cut(name, ".")
	o, err := c.glue().GetTable(ctx, &glue.GetTableInput{DatabaseName: &database, Name: &name})
	if err != nil {
		return t, err
	}
	t.types = map[string]string{}
	for _, col := range o.Table.StorageDescriptor.Columns {
		t.names = append(t.names, *col.Name)
		t.types[*col.Name] = aws.ToString(col.Type)
	}
	t.template = o.Table.Parameters["storage.location.template"]
	return t, nil
}

// answers checks that the table can be asked for an object: it lies in a partition that the table projects, a text's columns
// are the table's in their order, and a Parquet file's columns have the types of the table's of that name. Whole says that
// the file has every column of the table; older ones may lack some, which are NULL then.
func (t table) answers(bucket string, o object, whole bool) error {
	where := regexp.MustCompile(`\\\$\\\{[a-z_]+\\\}`).ReplaceAllString(regexp.QuoteMeta(t.template), `[^=]+?`)
	if ok, err := regexp.MatchString("^"+where+"[^/]+$", "s3://"+bucket+"/"+o.key); err != nil || !ok {
		return cmp.Or(err, fmt.Errorf("object %s is in no partition of the table: %s", o.key, t.template))
	}
	if !strings.HasSuffix(o.key, ".parquet") {
		z, err := gzip.NewReader(bytes.NewReader(o.data))
		if err != nil {
			return err
		}
		header, err := bufio.NewReader(z).ReadString('\n')
		if err != nil {
			return err
		}
		if names := strings.Fields(strings.ReplaceAll(header, "-", "_")); !slices.Equal(names, t.names) {
			return fmt.Errorf("object %s: its header is %v, and the table's columns are %v", o.key, names, t.names)
		}
		return nil
	}
	f, err := parquet.OpenFile(bytes.NewReader(o.data), int64(len(o.data)))
	if err != nil {
		return err
	}
	types := map[string]string{}
	for _, c := range f.Root().Columns() {
		types[c.Name()] = map[parquet.Kind]string{parquet.Int32: "int", parquet.Int64: "bigint", parquet.ByteArray: "string"}[c.Type().Kind()]
	}
	common := 0
	for name, kind := range types {
		if want := t.types[name]; want == kind {
			common++
		} else if want != "" || whole {
			return fmt.Errorf("object %s: column %s is %s, and in the table %q", o.key, name, kind, want)
		}
	}
	if common == 0 || whole && common != len(t.names) {
		return fmt.Errorf("object %s: it has the columns %v, and the table %v", o.key, slices.Sorted(maps.Keys(types)), t.names)
	}
	return nil
}
