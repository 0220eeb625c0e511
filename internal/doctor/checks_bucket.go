package doctor

import (
	"fmt"
	"regexp"
	"strings"
)

const (
	srcBlock      = `Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage", read 2026-11`
	srcS3Security = `Amazon S3 User Guide, "Security best practices for Amazon S3", read 2026-11`
	srcKMS        = `Amazon VPC User Guide, "Required key policy for use with SSE-KMS", read 2026-11`
	srcLifecycle  = `Amazon S3 User Guide, "Managing the lifecycle of objects", read 2026-11`
	srcNames      = `Amazon S3 User Guide, "General purpose bucket naming rules", read 2026-11`
)

// eachBucket makes a check of the buckets of logs and of Athena's answers.
func eachBucket(f func(*setup, *bucket, report)) func(*setup, report) {
	return func(s *setup, r report) {
		for _, b := range s.ours() {
			f(s, b, r)
		}
	}
}

var publicSwitches = []string{"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"}

// bucketName is what a name may look like, bucketNameNot what of that AWS keeps for itself.
var (
	bucketName    = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	bucketNameNot = regexp.MustCompile(`\.\.|^\d+\.\d+\.\d+\.\d+$|^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3)$`)
)

var bucketChecks = []*Check{
	{"bucket-no-public-access-block", High, "A bucket has no public access block", "One mistaken ACL or policy shows the network's traffic to the world.",
		"Add aws_s3_bucket_public_access_block with all four switches on.", srcBlock,
		eachBucket(func(s *setup, b *bucket, r report) {
			if s.lacks(b, "aws_s3_bucket_public_access_block") {
				r(b.Resource, "", s.none("aws_s3_bucket_public_access_block"), appended(b.Resource, `resource "aws_s3_bucket_public_access_block" "NAME" {
  bucket                  = aws_s3_bucket.NAME.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}`))
			}
		})},
	{"bucket-public-access-block-partial", High, "A public access block is partly off", "What is off is a way to make the bucket public.", "Set all four switches to true.", srcBlock,
		func(s *setup, r report) {
			for _, p := range s.of("aws_s3_bucket_public_access_block") {
				for _, name := range publicSwitches {
					if p.off(name) {
						r(p, name, name+" is off", set(name, "true"))
					}
				}
			}
		}},
	{"bucket-no-encryption", Medium, "A bucket's encryption is left to the default", "AWS encrypts with a key of its own since 2023; who may read is then decided by the bucket alone, and nothing here says that it is meant.",
		"Add aws_s3_bucket_server_side_encryption_configuration, with a KMS key where its use should be logged.", srcS3Security,
		eachBucket(func(s *setup, b *bucket, r report) {
			if s.lacks(b, "aws_s3_bucket_server_side_encryption_configuration") && !b.has("server_side_encryption_configuration") {
				r(b.Resource, "", s.none("aws_s3_bucket_server_side_encryption_configuration"), appended(b.Resource, `resource "aws_s3_bucket_server_side_encryption_configuration" "NAME" {
  bucket = aws_s3_bucket.NAME.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}`))
			}
		})},
	{"bucket-no-ownership-controls", Low, "A bucket's ownership controls are not set", "Where ACLs are on, objects may belong to others than the bucket's owner.", "Add aws_s3_bucket_ownership_controls with BucketOwnerEnforced.", srcS3Security,
		eachBucket(func(s *setup, b *bucket, r report) {
			if s.lacks(b, "aws_s3_bucket_ownership_controls") {
				r(b.Resource, "", s.none("aws_s3_bucket_ownership_controls"), appended(b.Resource, `resource "aws_s3_bucket_ownership_controls" "NAME" {
  bucket = aws_s3_bucket.NAME.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}`))
			}
		})},
	{"bucket-acl-public", Critical, "A bucket is public by its ACL", "Everybody can list or read the network's traffic.", "Remove the ACL.", srcBlock,
		func(s *setup, r report) {
			for _, typ := range []string{"aws_s3_bucket", "aws_s3_bucket_acl"} {
				for _, b := range s.of(typ) {
					if acl, _ := b.text("acl"); strings.HasPrefix(acl, "public-") {
						r(b, "acl", "the ACL is "+acl, set("acl", `"private"`))
					}
				}
			}
		}},
	{"bucket-deprecated-argument", Medium, "A bucket uses arguments that provider 4 took out of it", "They are deprecated, some ignored, and will be refused.",
		"Move each into its own resource: aws_s3_bucket_versioning, aws_s3_bucket_lifecycle_configuration and so on.", `Terraform AWS provider 5.100.0, which says so at plan, tried 2026-11`,
		func(s *setup, r report) {
			for _, b := range s.of("aws_s3_bucket") {
				for _, name := range []string{"acl", "versioning", "lifecycle_rule", "server_side_encryption_configuration", "logging", "policy"} {
					// In a plan, a lifecycle_rule may be what the provider read of the bucket.
					if b.has(name) && b.Written && (name != "lifecycle_rule" || b.Pos.Line > 0) {
						r(b, name, name+" stands in aws_s3_bucket", nil)
					}
				}
			}
		}},
	{"bucket-force-destroy", High, "A log bucket may be destroyed with all that is in it", "One terraform destroy, or a renamed bucket, and the records are gone.", "Remove force_destroy.", srcProvider,
		eachBucket(func(_ *setup, b *bucket, r report) {
			if b.logs && b.is("force_destroy", true) {
				r(b.Resource, "force_destroy", "force_destroy is on for a bucket of flow logs", set("force_destroy", "false"))
			}
		})},
	{"bucket-fixed-name-prevent-destroy", Medium, "A bucket of fixed name cannot be destroyed", "Names are global: in a second account or environment the name is taken, and a rename is refused by prevent_destroy.",
		"Make the name from the account and Region, or use bucket_prefix.", srcNames,
		eachBucket(func(_ *setup, b *bucket, r report) {
			if b.is("lifecycle.prevent_destroy", true) && b.Literal["bucket"] && b.name != "" {
				r(b.Resource, "bucket", "the name is plain text, and prevent_destroy forbids to change it", nil)
			}
		})},
	{"bucket-name-invalid", High, "A bucket's name is not allowed", "AWS refuses it; plan does not notice.", "Use 3 to 63 lower-case letters, digits and hyphens.", srcNames,
		func(s *setup, r report) {
			for _, b := range s.buckets {
				if b.name != "" && (!bucketName.MatchString(b.name) || bucketNameNot.MatchString(b.name)) {
					r(b.Resource, "bucket", fmt.Sprintf("%q cannot be a bucket's name", b.name), nil)
				}
			}
		}},
	{"bucket-no-tags", Info, "A bucket has no tags", "Nobody can tell whose it is, or what it costs.", "Add tags.", srcProvider,
		eachBucket(func(s *setup, b *bucket, r report) {
			if !b.has("tags") && !s.defaultTags() {
				r(b.Resource, "", "no tags", nil)
			}
		})},
}

// eachPolicy makes a check of the policies of our buckets.
func eachPolicy(f func(*Resource, []statement, bool, report)) func(*setup, report) {
	return eachBucket(func(s *setup, b *bucket, r report) {
		found, _ := s.companions(b, "aws_s3_bucket_policy")
		for _, p := range found {
			statements, whole := p.policy("policy")
			f(p, statements, whole, r)
		}
	})
}

var policyChecks = []*Check{
	{"bucket-policy-public", Critical, "A bucket's policy lets everybody in", "Everybody can read the network's traffic, or write records that never happened.", "Name the accounts or services that need it.", srcBlock,
		eachPolicy(func(p *Resource, list []statement, _ bool, r report) {
			for _, s := range list {
				if s.everybody() && len(s.conditions) == 0 && s.whole {
					r(p, "policy", "a statement allows "+strings.Join(s.actions, ", ")+" to everybody, without a condition", nil)
				}
			}
		})},
	{"bucket-policy-no-tls", Medium, "A bucket's policy does not demand TLS", "Logs may be read over a connection that others can listen to.", "Deny everything where aws:SecureTransport is false.", srcS3Security,
		eachPolicy(func(p *Resource, list []statement, whole bool, r report) {
			for _, s := range list {
				if s.effect != "Allow" && s.conditioned("aws:SecureTransport") || s.effect == "" {
					return
				}
			}
			if whole {
				r(p, "policy", "no statement denies requests without TLS", nil)
			}
		})},
	{"bucket-no-policy", Medium, "A bucket has no policy", "AWS adds one for the delivery by itself, which Terraform then sees as a difference; nothing demands TLS.",
		"Add aws_s3_bucket_policy with the delivery's statements and a TLS-only one.", srcS3Policy,
		eachBucket(func(s *setup, b *bucket, r report) {
			if s.lacks(b, "aws_s3_bucket_policy") && !b.has("policy") {
				r(b.Resource, "", s.none("aws_s3_bucket_policy"), nil)
			}
		})},
	{"bucket-policy-no-delivery", High, "A bucket's policy does not let flow logs in", "Terraform's policy and the one that AWS adds overwrite each other; where Terraform's wins, delivery stops.",
		"Allow delivery.logs.amazonaws.com s3:PutObject and s3:GetBucketAcl.", srcS3Policy,
		eachBucket(func(s *setup, b *bucket, r report) {
			found, sure := s.companions(b, "aws_s3_bucket_policy")
			if !b.logs || !sure || len(found) != 1 {
				return
			}
			list, whole := found[0].policy("policy")
			for _, st := range list {
				whole = whole && st.whole && !st.service("delivery.logs.amazonaws.com")
			}
			if whole {
				r(found[0], "policy", "delivery.logs.amazonaws.com is not allowed to write", nil)
			}
		})},
	{"bucket-policy-delivery-unconditioned", High, "A bucket takes deliveries for any account", "Any account of AWS can have its flow logs delivered into the bucket: false records, at your cost.",
		"Add the conditions aws:SourceAccount and aws:SourceArn.", srcS3Policy,
		eachPolicy(func(p *Resource, list []statement, _ bool, r report) {
			for _, s := range list {
				if s.service("delivery.logs.amazonaws.com") && s.whole && !s.conditioned("aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID") {
					r(p, "policy", "delivery.logs.amazonaws.com is allowed without aws:SourceAccount or aws:SourceArn", nil)
					return
				}
			}
		})},
	{"kms-no-delivery", Critical, "The bucket's KMS key does not let the delivery use it", "AWS cannot write a single object.", "Allow delivery.logs.amazonaws.com kms:GenerateDataKey*, Encrypt, Decrypt, ReEncrypt* and DescribeKey.", srcKMS,
		eachBucket(func(s *setup, b *bucket, r report) {
			found, _ := s.companions(b, "aws_s3_bucket_server_side_encryption_configuration")
			for _, e := range found {
				for _, k := range s.of("aws_kms_key") {
					if !b.logs || !e.refers("rule.0.apply_server_side_encryption_by_default.0.kms_master_key_id", k.Address) || len(s.of("aws_kms_key_policy"))+len(s.of("aws_kms_grant")) > 0 {
						continue
					}
					list, whole := k.policy("policy")
					for _, st := range list {
						whole = whole && st.whole && !st.service("delivery.logs.amazonaws.com")
					}
					if whole || !k.has("policy") {
						r(k, "policy", "its policy does not name delivery.logs.amazonaws.com, and the log bucket is encrypted with it", nil)
					}
				}
			}
		})},
	{"kms-no-rotation", Low, "A KMS key is not rotated", "A key that leaks stays of use for ever.", "Set enable_key_rotation to true.", `AWS KMS Developer Guide, "Enable automatic key rotation", read 2026-11`,
		func(s *setup, r report) {
			for _, k := range s.of("aws_kms_key") {
				if spec, _ := k.text("customer_master_key_spec"); k.off("enable_key_rotation") && (spec == "" || spec == "SYMMETRIC_DEFAULT") {
					r(k, "enable_key_rotation", "enable_key_rotation is off", set("enable_key_rotation", "true"))
				}
			}
		}},
}

// eachRule makes a check of the lifecycle rules of our buckets.
func eachRule(f func(*Resource, map[string]any, string, report)) func(*setup, report) {
	return eachBucket(func(s *setup, b *bucket, r report) {
		found, _ := s.companions(b, "aws_s3_bucket_lifecycle_configuration")
		for _, l := range found {
			rules, _ := l.blocks("rule")
			for i, rule := range rules {
				f(l, rule, fmt.Sprintf("rule.%d", i), r)
			}
		}
	})
}

var lifecycleChecks = []*Check{
	{"bucket-no-lifecycle", Medium, "A bucket keeps everything for ever", "Every record is paid for each month, for ever, in the dearest class.", "Add aws_s3_bucket_lifecycle_configuration: a cheaper class, then expiry.", srcLifecycle,
		eachBucket(func(s *setup, b *bucket, r report) {
			if s.lacks(b, "aws_s3_bucket_lifecycle_configuration") && !b.has("lifecycle_rule") {
				r(b.Resource, "", s.none("aws_s3_bucket_lifecycle_configuration"), nil)
			}
		})},
	{"lifecycle-versions-kept", Medium, "Old versions are never deleted", "With versioning, what expires is only hidden: it stays, and is paid for.", "Add noncurrent_version_expiration to the lifecycle.", `Amazon S3 API Reference, "NoncurrentVersionExpiration", read 2026-11`,
		eachBucket(func(s *setup, b *bucket, r report) {
			versions, _ := s.companions(b, "aws_s3_bucket_versioning")
			rules, sure := s.companions(b, "aws_s3_bucket_lifecycle_configuration")
			if !sure || len(versions) == 0 {
				return
			}
			if status, _ := versions[0].text("versioning_configuration.status"); status != "Enabled" {
				return
			}
			for _, l := range rules {
				list, known := l.blocks("rule")
				for _, rule := range list {
					known = known && rule["noncurrent_version_expiration"] == nil
				}
				if !known {
					return
				}
			}
			r(versions[0], "versioning_configuration", "versioning is on, and no rule expires old versions", nil)
		})},
	{"lifecycle-expiry-before-transition", High, "Objects expire before they move to a cheaper class", "AWS refuses the rule; plan does not notice.", "Let expiry come after the last transition.", `AWS CloudFormation User Guide, "AWS::S3::Bucket Rule", ExpirationInDays, read 2026-11`,
		eachRule(func(l *Resource, rule map[string]any, at string, r report) {
			expiry, ok := numberOf(dig(rule, "expiration.days"))
			moves, _ := mapsOf(rule["transition"])
			for _, m := range moves {
				if days, known := numberOf(dig(m, "days")); ok && known && days >= expiry {
					r(l, at, fmt.Sprintf("expires after %g days, moves to another class after %g", expiry, days), nil)
					return
				}
			}
		})},
	{"lifecycle-zero-days", High, "Objects expire after no days at all", "AWS refuses the rule; plan does not notice.", "Write a number of days above zero.", `Amazon S3 API Reference, "LifecycleExpiration", read 2026-11`,
		eachRule(func(l *Resource, rule map[string]any, at string, r report) {
			if days, ok := numberOf(dig(rule, "expiration.days")); ok && days < 1 {
				if _, marker := dig(rule, "expiration.expired_object_delete_marker"); !marker && rule["expiration"] != nil {
					r(l, at, "expiration.days is 0", nil)
				}
			}
		})},
	{"lifecycle-no-filter", Low, "A lifecycle rule has neither filter nor prefix", "The provider warns, and a coming version will refuse it.", "Add filter {}.", srcProvider,
		eachRule(func(l *Resource, rule map[string]any, at string, r report) {
			if rule["filter"] == nil && rule["prefix"] == nil {
				e := set(at+".filter", "{}")
				e.isBlock = true
				r(l, at, "a rule without filter {}", e)
			}
		})},
	{"lifecycle-disabled", Medium, "A lifecycle rule is switched off", "What it should move or delete stays, and is paid for.", `Set status to "Enabled".`, srcLifecycle,
		eachRule(func(l *Resource, rule map[string]any, at string, r report) {
			if rule["status"] == "Disabled" {
				r(l, at+".status", "a rule has status Disabled", set(at+".status", `"Enabled"`))
			}
		})},
}
