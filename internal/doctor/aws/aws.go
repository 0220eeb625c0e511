// Package aws reads the flow logs of a live account and Region, and what belongs to them, into the doctor's model, in the words
// of Terraform's resources: what is checked in files is then checked in what runs.
//
// Start at Look. It asks who we are, then for the flow logs, then for the buckets, log groups, roles, keys, tables, saved queries
// and alarms that these name; what has nothing to do with flow logs is left alone. What only a live account can tell, such as
// whether anything was delivered, stands in a block that is called live. operations is the list of all that is ever asked, and
// the permissions in the docs are made from it. What must hold: nothing is changed, which a guard before every call makes
// sure of; what may not be looked at is said, is unknown to the checks, and never a finding; of a delivered object only the
// names of its fields are read.
package aws

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"weir/internal/doctor"
)

// Config says where to look. AWS must have a Region; its retryer decides how often a call is tried.
type Config struct {
	AWS   aws.Config
	NewS3 func(aws.Config) *s3.Client // nil: as the SDK does
	Now   func() time.Time            // nil: time.Now
}

// atOnce is how many calls are under way at a time. The services bear more; Athena's and IAM's lists hardly.
const atOnce = 8

type looker struct {
	now                        time.Time
	account, region, partition string

	ec2     *ec2.Client
	s3      *s3.Client
	public  *s3control.Client
	glue    *glue.Client
	athena  *athena.Client
	logs    *cloudwatchlogs.Client
	metrics *cloudwatch.Client
	iam     *iam.Client
	kms     *kms.Client
	sns     *sns.Client

	mu     sync.Mutex
	m      *doctor.Module
	failed []failure
}

// Look reads what there is. What it may not see is among the module's Problems; an error means that nothing can be said: no
// credentials, no permission to list flow logs, or ctx ended.
func Look(ctx context.Context, c Config) (*doctor.Module, error) {
	cfg := c.AWS.Copy()
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), newGuard())
	if c.NewS3 == nil {
		c.NewS3 = func(cfg aws.Config) *s3.Client { return s3.NewFromConfig(cfg) }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	l := &looker{
		now: c.Now(), region: cfg.Region,
		ec2: ec2.NewFromConfig(cfg), s3: c.NewS3(cfg), glue: glue.NewFromConfig(cfg), athena: athena.NewFromConfig(cfg),
		logs: cloudwatchlogs.NewFromConfig(cfg), metrics: cloudwatch.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg),
		kms: kms.NewFromConfig(cfg), sns: sns.NewFromConfig(cfg), public: newPublic(cfg),
	}
	l.m = &doctor.Module{Looked: l.now}
	me, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("look at AWS: %w", err)
	}
	l.account, l.partition = aws.ToString(me.Account), "aws"
	if a, err := arn.Parse(aws.ToString(me.Arn)); err == nil {
		l.partition = a.Partition
	}
	flowLogs, err := l.flowLogs(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at flow logs in %s: %w", l.region, err)
	}
	l.everything(ctx, flowLogs)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("look at AWS: %w", err)
	}
	l.m.Problems = problems(l.failed)
	slices.SortStableFunc(l.m.Resources, func(a, b *doctor.Resource) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Address, b.Address), strings.Compare(a.Name, b.Name))
	})
	slices.Sort(l.m.Notes)
	return l.m, nil
}

// everything looks at what the flow logs lead to, as much as possible at once.
func (l *looker) everything(ctx context.Context, flowLogs []*flowLog) {
	var tables []*table
	var buckets *buckets
	together(
		func() { tables = l.tables(ctx, flowLogs) },
		func() { buckets = l.ownBuckets(ctx) },
		func() { l.coverage(ctx, flowLogs) },
		func() { l.logGroups(ctx, flowLogs) },
		func() { l.roles(ctx, flowLogs) },
	)
	// A table's bucket may be none of our flow logs': a central one, into which other accounts deliver.
	results := l.saved(ctx, tables)
	names := map[string]bool{}
	for _, f := range flowLogs {
		names[f.bucket] = true
	}
	for _, t := range tables {
		names[t.bucket] = true
	}
	for _, r := range results {
		names[r] = true
	}
	delete(names, "")
	each(sorted(names), func(name string) { l.bucket(ctx, buckets, name) })
	together(
		func() { each(flowLogs, func(f *flowLog) { l.deliveries(ctx, buckets, f) }) },
		func() { l.samples(ctx, buckets, flowLogs, tables) },
		func() { l.keys(ctx) },
	)
	for _, f := range flowLogs {
		l.add(f.Resource)
	}
	for _, t := range tables {
		l.add(t.Resource)
	}
}

// add takes resources into the module.
func (l *looker) add(list ...*doctor.Resource) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.m.Resources = append(l.m.Resources, list...)
}

func (l *looker) note(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.m.Notes = append(l.m.Notes, fmt.Sprintf(format, args...))
}

// arn names a resource of this account and Region.
func (l *looker) arn(service, resource string) string {
	return arn.ARN{Partition: l.partition, Service: service, Region: l.region, AccountID: l.account, Resource: resource}.String()
}

// ours tells whether an ARN is of this account. One without an account in it is.
func (l *looker) ours(text string) bool {
	a, err := arn.Parse(text)
	return err != nil || a.AccountID == "" || a.AccountID == l.account
}

type values = map[string]any

// resource makes a resource. Nested blocks among the values are lists of values.
func resource(typ, name, address string, v values) *doctor.Resource {
	for k, x := range v {
		if x == nil {
			delete(v, k)
		}
	}
	return &doctor.Resource{Type: typ, Name: name, Address: address, Values: v, Refs: map[string][]string{}}
}

// blocks makes a nested block that stands once.
func block(v values) []any { return []any{v} }

// refer says that an argument means the resource of that address.
func (l *looker) refer(r *doctor.Resource, path, address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Refs[path] = append(r.Refs[path], address)
}

// text, number and truth are values, nil where AWS gave none.
func text(s *string) any {
	if s == nil || *s == "" {
		return nil
	}
	return *s
}

func number[N int32 | int64 | float64](n *N) any {
	if n == nil {
		return nil
	}
	return float64(*n)
}

func truth(b *bool) any {
	if b == nil {
		return nil
	}
	return *b
}

func texts(list []string) []any {
	out := []any{}
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// live sets what is known of a resource only because it runs.
func (l *looker) live(r *doctor.Resource, name string, v any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, ok := r.Values["live"].(values)
	if !ok {
		m = values{}
		r.Values["live"] = m
	}
	m[name] = v
}

// together does several things at once, each does one thing for all of a list. The calls inside are bounded by the guard.
func together(do ...func()) {
	var wg sync.WaitGroup
	for _, f := range do {
		wg.Go(f)
	}
	wg.Wait()
}

func each[T any](list []T, do func(T)) {
	var wg sync.WaitGroup
	for _, x := range list {
		wg.Go(func() { do(x) })
	}
	wg.Wait()
}

func sorted(set map[string]bool) (out []string) {
	for s := range set {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}
