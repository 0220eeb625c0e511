package doctor

import (
	"regexp"
	"slices"
	"strings"

	"weir/flowlog"
)

// setup is the module as the checks see it: which flow log delivers where, and what belongs to which bucket.
type setup struct {
	m        *Module
	flowLogs []*flowLog
	buckets  []*bucket
	tables   []*table
	queries  []*query
}

// flowLog is an aws_flow_log with its settings. What is unknown is nil or "".
type flowLog struct {
	*Resource
	kind    string // s3, cloud-watch-logs, kinesis-data-firehose
	transit bool
	spelt   string // of the format, as AWS gets it; "" where unknown
	format  *flowlog.Format
	bucket  *bucket
	folder  string // in the bucket, without slashes at its ends
	placed  bool   // the folder is known
	parquet bool
	hive    bool
	hourly  bool
	options bool // the three above are known
}

// bucket is an aws_s3_bucket with what belongs to it.
type bucket struct {
	*Resource
	name    string // "" where unknown
	logs    bool   // flow logs are delivered there
	results bool   // Athena writes its answers there
	read    bool   // live tables of flow logs read it, whoever delivers there
	opaque  bool   // a module that was not read gets it, and may do anything
}

func newSetup(m *Module) *setup {
	s := &setup{m: m}
	for _, r := range s.of("aws_s3_bucket") {
		b := &bucket{Resource: r}
		b.name, _ = r.text("bucket")
		b.opaque = slices.ContainsFunc(m.Unread, func(u *Resource) bool {
			for _, refs := range u.Refs {
				if slices.Contains(refs, r.Address) {
					return true
				}
			}
			return false
		})
		s.buckets = append(s.buckets, b)
	}
	for _, r := range s.of("aws_flow_log") {
		s.flowLogs = append(s.flowLogs, s.flowLog(r))
	}
	for _, r := range s.of("aws_athena_workgroup") {
		s.markResults(r, "configuration.result_configuration.output_location")
	}
	for _, r := range s.of("aws_athena_database") {
		s.markResults(r, "bucket")
	}
	s.queries = s.readQueries()
	s.tables = s.readTables()
	for _, t := range s.tables {
		if b := s.bucketOf(t.Resource, t.locAt); b != nil && m.isLive() && !t.ddl {
			b.read = true
		}
	}
	return s
}

func (s *setup) markResults(r *Resource, path string) {
	if b := s.bucketOf(r, path); b != nil {
		b.results = true
	}
}

// of returns the resources of a type.
func (s *setup) of(typ string) (out []*Resource) {
	for _, r := range s.m.Resources {
		if r.Type == typ {
			out = append(out, r)
		}
	}
	return out
}

// bucketOf returns the bucket that an argument names: as its name, its ARN or an s3:// URL.
func (s *setup) bucketOf(r *Resource, path string) *bucket {
	for _, b := range s.buckets {
		if r.refers(path, b.Address) {
			return b
		}
	}
	if text, ok := r.text(path); ok {
		name, _ := splitLocation(text)
		for _, b := range s.buckets {
			if b.name != "" && b.name == name {
				return b
			}
		}
	}
	return nil
}

var arnStart = regexp.MustCompile(`^arn:[a-z-]+:s3:::`)

// splitLocation takes apart a name, an ARN or a URL of S3.
func splitLocation(text string) (bucket, key string) {
	text = arnStart.ReplaceAllString(strings.TrimPrefix(text, "s3://"), "")
	bucket, key, _ = strings.Cut(text, "/")
	return bucket, strings.Trim(key, "/")
}

// companions returns the resources of a type that belong to a bucket. sure is false where one of that type may belong
// to it or not, and where the bucket was handed to something that was not read.
func (s *setup) companions(b *bucket, typ string) (out []*Resource, sure bool) {
	sure = !b.opaque
	for _, r := range s.of(typ) {
		switch owner := s.bucketOf(r, "bucket"); {
		case owner == b:
			out = append(out, r)
		case owner == nil:
			if _, known := r.text("bucket"); !known {
				sure = false // whose it is cannot be told
			}
		}
	}
	if b.name == "" { // one that gives the name as text may mean this bucket
		for _, r := range s.of(typ) {
			if _, known := r.text("bucket"); known && s.bucketOf(r, "bucket") == nil {
				sure = false
			}
		}
	}
	return out, sure
}

// lacks tells whether a bucket has no companion of that type, for sure.
func (s *setup) lacks(b *bucket, typ string) bool {
	found, sure := s.companions(b, typ)
	return sure && len(found) == 0
}

// none says that a bucket has no companion of that type.
func (s *setup) none(typ string) string {
	if s.m.isLive() {
		return "it has no " + strings.ReplaceAll(strings.TrimPrefix(typ, "aws_s3_bucket_"), "_", " ") + " of its own"
	}
	return "no " + typ + " is here for it"
}

// ours are the buckets that the checks are about: those of flow logs and of Athena's answers.
func (s *setup) ours() (out []*bucket) {
	for _, b := range s.buckets {
		if b.logs || b.results || b.read {
			out = append(out, b)
		}
	}
	return out
}

func (s *setup) flowLog(r *Resource) *flowLog {
	f := &flowLog{Resource: r, kind: "cloud-watch-logs"}
	// A module may name all kinds of sources, one of which is not null: then it is not known which.
	f.transit = (r.has("transit_gateway_id") || r.has("transit_gateway_attachment_id")) && !r.has("vpc_id") && !r.has("subnet_id") && !r.has("eni_id")
	if r.has("log_destination_type") {
		f.kind, _ = r.text("log_destination_type")
	} else if d, _ := r.text("log_destination"); arnStart.MatchString(d) {
		f.kind = "s3" // the provider refuses it; the rest can be judged all the same
	}
	if r.has("log_format") {
		f.spelt, _ = r.text("log_format")
	} else {
		f.spelt = "default"
		if f.transit {
			f.spelt = ""
		}
	}
	if f.spelt != "" {
		f.format, _ = flowlog.ParseFormat(f.spelt)
	}
	f.options = true
	for path, to := range map[string]*bool{"per_hour_partition": &f.hourly, "hive_compatible_partitions": &f.hive} {
		path = "destination_options." + path
		*to = r.is(path, true)
		f.options = f.options && (r.off(path) || *to)
	}
	if format, ok := r.text("destination_options.file_format"); ok {
		f.parquet = format == "parquet"
	} else if r.has("destination_options.file_format") {
		f.options = false
	}
	if f.kind == "s3" {
		f.bucket = s.bucketOf(r, "log_destination")
		if f.bucket != nil {
			f.bucket.logs = true
		}
		if d, ok := r.text("log_destination"); ok {
			_, f.folder = splitLocation(d)
			f.placed = true
		}
	}
	return f
}

// folderPrefix is what keys begin with, before AWSLogs/.
func (f *flowLog) folderPrefix() string {
	if f.folder == "" {
		return ""
	}
	return f.folder + "/"
}
