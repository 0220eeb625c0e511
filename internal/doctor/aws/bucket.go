package aws

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"weir/internal/doctor"
)

// buckets is what is known of buckets, whose names are global: which of them are ours, and where they are.
type buckets struct {
	listed  bool              // regions has all of ours
	regions map[string]string // by name; "" where that is not known
	block   *controltypes.PublicAccessBlockConfiguration
	blocked outcome // what came of asking for the account's block

	mu    sync.Mutex
	state map[string]bucketState
}

type bucketState uint8

const (
	own     bucketState = iota + 1
	missing             // there is no bucket of that name anywhere
	foreign             // another account has it
)

func (b *buckets) set(name string, s bucketState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state[name] = s
}

func (b *buckets) get(name string) bucketState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state[name]
}

// in sends a call to the Region that a bucket is in.
func (b *buckets) in(name string) func(*s3.Options) {
	b.mu.Lock()
	defer b.mu.Unlock()
	region := b.regions[name]
	return func(o *s3.Options) {
		if region != "" {
			o.Region = region
		}
	}
}

// ownBuckets lists the names of the account's buckets: no call about a single bucket says for sure whose it is.
func (l *looker) ownBuckets(ctx context.Context) *buckets {
	b := &buckets{regions: map[string]string{}, state: map[string]bucketState{}, listed: true}
	for pages := s3.NewListBucketsPaginator(l.s3, &s3.ListBucketsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if l.ask(ctx, "buckets", err) != looked {
			b.listed = false
			break
		}
		for _, x := range page.Buckets {
			b.regions[aws.ToString(x.Name)] = aws.ToString(x.BucketRegion)
		}
	}
	out, err := l.public.GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: &l.account})
	if b.blocked = l.ask(ctx, "account "+l.account, err); b.blocked == looked {
		b.block = out.PublicAccessBlockConfiguration
	}
	return b
}

// newPublic makes the client for the account's own settings of S3. It wants the account's number in the name of the host, which
// only AWS's hosts have.
func newPublic(cfg aws.Config) *s3control.Client {
	return s3control.NewFromConfig(cfg, func(o *s3control.Options) {
		if o.BaseEndpoint != nil {
			o.EndpointResolverV2 = fixedEndpoint(*o.BaseEndpoint)
		}
	})
}

type fixedEndpoint string

func (e fixedEndpoint) ResolveEndpoint(context.Context, s3control.EndpointParameters) (smithyendpoints.Endpoint, error) {
	u, err := url.Parse(string(e))
	if err != nil {
		return smithyendpoints.Endpoint{}, err
	}
	return smithyendpoints.Endpoint{URI: *u}, nil
}

// bucket looks at one bucket and its settings.
func (l *looker) bucket(ctx context.Context, b *buckets, name string) {
	b.mu.Lock()
	region, mine := b.regions[name]
	b.mu.Unlock()
	if !mine || region == "" {
		out, err := l.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
		switch {
		case err == nil:
			region = aws.ToString(out.BucketRegion)
		case status(err) == http.StatusNotFound || !mine && status(err) == http.StatusBadRequest: // 400: no bucket can have that name
			b.set(name, missing)
			return
		case status(err) == http.StatusMovedPermanently, denied(err):
			region = bucketRegion(err)
		case l.ask(ctx, name, err) != looked:
			return
		}
		b.mu.Lock()
		b.regions[name] = region
		b.mu.Unlock()
		if !mine && b.listed {
			b.set(name, foreign)
			l.note("bucket %s belongs to another account: its settings are not looked at; run the doctor there, too", name)
			return
		}
	}
	b.set(name, own)
	address := "arn:" + l.partition + ":s3:::" + name
	in := b.in(name)
	bucket := resource("aws_s3_bucket", name, address, values{"bucket": name})
	var enforced bool
	var grants []types.Grant
	var tags any
	// part adds a companion of the bucket; one that could not be looked at is there, and unknown.
	part := func(typ string, err error, unknown string, v func() values) {
		switch l.ask(ctx, name, err) {
		case looked:
			if v := v(); v != nil {
				v["bucket"] = name
				l.add(resource(typ, name, address, v))
			}
		case unseen:
			l.add(resource(typ, name, address, values{"bucket": name, unknown: doctor.Unknown{}}))
		}
	}
	together(
		func() {
			out, err := l.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &name}, in)
			part("aws_s3_bucket_policy", err, "policy", func() values { return values{"policy": text(out.Policy)} })
			if err != nil {
				return
			}
			verdict, err := l.s3.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: &name}, in)
			if l.ask(ctx, name, err) == looked && verdict.PolicyStatus != nil {
				l.live(bucket, "public", aws.ToBool(verdict.PolicyStatus.IsPublic))
			}
		},
		func() {
			out, err := l.s3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &name}, in)
			part("aws_s3_bucket_server_side_encryption_configuration", err, "rule", func() values { return encryptionOf(out.ServerSideEncryptionConfiguration) })
		},
		func() {
			out, err := l.s3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &name}, in)
			l.publicBlock(ctx, b, name, address, out, err)
		},
		func() {
			out, err := l.s3.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &name}, in)
			part("aws_s3_bucket_ownership_controls", err, "rule", func() values {
				var rules []any
				for _, r := range out.OwnershipControls.Rules {
					enforced = enforced || r.ObjectOwnership == types.ObjectOwnershipBucketOwnerEnforced
					rules = append(rules, values{"object_ownership": string(r.ObjectOwnership)})
				}
				return values{"rule": rules}
			})
		},
		func() {
			out, err := l.s3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &name}, in)
			part("aws_s3_bucket_versioning", err, "versioning_configuration", func() values {
				if out.Status == "" { // never switched on
					return nil
				}
				return values{"versioning_configuration": block(values{"status": string(out.Status)})}
			})
		},
		func() {
			out, err := l.s3.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &name}, in)
			part("aws_s3_bucket_lifecycle_configuration", err, "rule", func() values { return lifecycleOf(out.Rules) })
		},
		func() {
			out, err := l.s3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &name}, in)
			switch l.ask(ctx, name, err) {
			case looked:
				list := values{}
				for _, t := range out.TagSet {
					list[aws.ToString(t.Key)] = aws.ToString(t.Value)
				}
				tags = list
			case unseen:
				tags = doctor.Unknown{}
			}
		},
		func() {
			out, err := l.s3.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &name}, in)
			if l.ask(ctx, name, err) == looked {
				grants = out.Grants
			}
		},
	)
	if tags != nil {
		bucket.Values["tags"] = tags
	}
	if acl := aclOf(grants); acl != "" && !enforced { // without ACLs, what is left of one has no effect
		bucket.Values["acl"] = acl
	}
	l.add(bucket)
}

// bucketRegion reads where a bucket is from an answer that refuses it.
func bucketRegion(err error) string {
	if r := response(err); r != nil {
		return r.Header.Get("X-Amz-Bucket-Region")
	}
	return ""
}

// publicBlock joins the bucket's block with the account's: what either forbids is forbidden.
func (l *looker) publicBlock(ctx context.Context, b *buckets, name, address string, out *s3.GetPublicAccessBlockOutput, err error) {
	v := values{"bucket": name}
	switches := []string{"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"}
	outcome := l.ask(ctx, name, err)
	if outcome == absent && b.blocked == absent {
		return
	}
	var ofBucket, ofAccount [4]bool
	if outcome == looked && out.PublicAccessBlockConfiguration != nil {
		c := out.PublicAccessBlockConfiguration
		ofBucket = [4]bool{aws.ToBool(c.BlockPublicAcls), aws.ToBool(c.BlockPublicPolicy), aws.ToBool(c.IgnorePublicAcls), aws.ToBool(c.RestrictPublicBuckets)}
	}
	if c := b.block; c != nil {
		ofAccount = [4]bool{aws.ToBool(c.BlockPublicAcls), aws.ToBool(c.BlockPublicPolicy), aws.ToBool(c.IgnorePublicAcls), aws.ToBool(c.RestrictPublicBuckets)}
	}
	any := false
	for i, s := range switches {
		on := ofBucket[i] || ofAccount[i]
		any = any || on
		v[s] = on
		if !on && (outcome == unseen || b.blocked == unseen) {
			v[s] = doctor.Unknown{}
			any = true
		}
	}
	if any || outcome == looked {
		l.add(resource("aws_s3_bucket_public_access_block", name, address, v))
	}
}

func encryptionOf(c *types.ServerSideEncryptionConfiguration) values {
	var rules []any
	if c != nil {
		for _, r := range c.Rules {
			v := values{}
			if d := r.ApplyServerSideEncryptionByDefault; d != nil {
				by := values{"sse_algorithm": string(d.SSEAlgorithm)}
				if k := aws.ToString(d.KMSMasterKeyID); k != "" {
					by["kms_master_key_id"] = k
				} else if strings.HasPrefix(string(d.SSEAlgorithm), "aws:kms") {
					by["kms_master_key_id"] = "alias/aws/s3" // AWS's own key for S3
				}
				v["apply_server_side_encryption_by_default"] = block(by)
			}
			rules = append(rules, v)
		}
	}
	return values{"rule": rules}
}

func lifecycleOf(list []types.LifecycleRule) values {
	var rules []any
	for _, r := range list {
		// Whatever a live rule applies to, it has said so.
		v := values{"id": text(r.ID), "status": string(r.Status), "filter": block(values{})}
		if e := r.Expiration; e != nil {
			x := values{}
			for k, n := range map[string]any{"days": number(e.Days), "expired_object_delete_marker": truth(e.ExpiredObjectDeleteMarker)} {
				if n != nil {
					x[k] = n
				}
			}
			if e.Date != nil {
				x["date"] = e.Date.Format("2006-01-02")
			}
			v["expiration"] = block(x)
		}
		var moves []any
		for _, t := range r.Transitions {
			m := values{"storage_class": string(t.StorageClass)}
			if t.Days != nil {
				m["days"] = number(t.Days)
			}
			moves = append(moves, m)
		}
		if moves != nil {
			v["transition"] = moves
		}
		if n := r.NoncurrentVersionExpiration; n != nil {
			v["noncurrent_version_expiration"] = block(values{"noncurrent_days": number(n.NoncurrentDays)})
		}
		rules = append(rules, v)
	}
	return values{"rule": rules}
}

// aclOf names the ACL as Terraform does, where everybody may do something. Amazon S3 User Guide, "Access control list (ACL)
// overview", from memory, not read for this.
func aclOf(grants []types.Grant) string {
	acl := ""
	for _, g := range grants {
		if g.Grantee == nil || !strings.HasSuffix(aws.ToString(g.Grantee.URI), "/global/AllUsers") {
			continue
		}
		if acl == "" {
			acl = "public-read"
		}
		if g.Permission == types.PermissionWrite || g.Permission == types.PermissionFullControl {
			acl = "public-read-write"
		}
	}
	return acl
}
