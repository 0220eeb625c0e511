package aws

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"weir/internal/doctor"
)

// roles looks at the roles that flow logs deliver with.
func (l *looker) roles(ctx context.Context, flowLogs []*flowLog) {
	by := map[string]bool{}
	for _, f := range flowLogs {
		if f.role == "" {
			continue
		}
		if !l.ours(f.role) {
			l.note("role %s of %s belongs to another account, and is not looked at", f.role, f.id)
			continue
		}
		by[f.role] = true
		l.refer(f.Resource, "iam_role_arn", f.role)
	}
	each(sorted(by), func(role string) {
		name := role[strings.LastIndexByte(role, '/')+1:]
		out, err := l.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		switch l.ask(ctx, "role "+name, err) {
		case looked:
			l.add(resource("aws_iam_role", name, role, values{"name": name, "assume_role_policy": document(out.Role.AssumeRolePolicyDocument)}))
		case absent:
			for _, f := range flowLogs {
				if f.role == role {
					l.live(f.Resource, "role", "missing")
				}
			}
			return
		}
		l.grants(ctx, name, role)
	})
}

// grants looks at what a role may do.
func (l *looker) grants(ctx context.Context, name, role string) {
	what := "role " + name
	for pages := iam.NewListRolePoliciesPaginator(l.iam, &iam.ListRolePoliciesInput{RoleName: &name}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if l.ask(ctx, what, err) != looked {
			break
		}
		for _, p := range page.PolicyNames {
			out, err := l.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &p})
			if l.ask(ctx, what, err) == looked {
				l.add(resource("aws_iam_role_policy", p, "policy "+p+" of "+role, values{"name": p, "role": name, "policy": document(out.PolicyDocument)}))
			}
		}
	}
	for pages := iam.NewListAttachedRolePoliciesPaginator(l.iam, &iam.ListAttachedRolePoliciesInput{RoleName: &name}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if l.ask(ctx, what, err) != looked {
			break
		}
		for _, p := range page.AttachedPolicies {
			id := aws.ToString(p.PolicyArn)
			policy, err := l.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &id})
			if l.ask(ctx, "policy "+id, err) != looked || policy.Policy == nil {
				continue
			}
			version, err := l.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &id, VersionId: policy.Policy.DefaultVersionId})
			if l.ask(ctx, "policy "+id, err) == looked && version.PolicyVersion != nil {
				l.add(resource("aws_iam_policy", aws.ToString(p.PolicyName), id, values{"name": text(p.PolicyName), "policy": document(version.PolicyVersion.Document)}))
				a := resource("aws_iam_role_policy_attachment", name, "policy "+id+" of "+role, values{"role": name, "policy_arn": id})
				l.refer(a, "policy_arn", id)
				l.add(a)
			}
		}
	}
}

// document is the text of a policy. IAM answers with it as it stands in a URL.
func document(s *string) any {
	if s == nil {
		return doctor.Unknown{}
	}
	plain, err := url.PathUnescape(*s)
	if err != nil {
		return doctor.Unknown{}
	}
	return plain
}

// keys looks at the keys that encrypt buckets and log groups. The resources that name them are in the module already.
func (l *looker) keys(ctx context.Context) {
	type use struct {
		r    *doctor.Resource
		path string
	}
	uses := map[string][]use{}
	names := map[string]bool{}
	l.mu.Lock()
	list := slices.Clone(l.m.Resources)
	l.mu.Unlock()
	for _, r := range list {
		id, path := "", ""
		switch r.Type {
		case "aws_s3_bucket_server_side_encryption_configuration":
			path = "rule.0.apply_server_side_encryption_by_default.0.kms_master_key_id"
			id = keyOf(r)
		case "aws_cloudwatch_log_group":
			path = "kms_key_id"
			id, _ = r.Values[path].(string)
		}
		if id != "" {
			uses[id] = append(uses[id], use{r, path})
			names[id] = true
		}
	}
	each(sorted(names), func(id string) {
		region := l.region
		if a, err := arn.Parse(id); err == nil {
			region = a.Region
			if a.AccountID != l.account {
				l.note("key %s belongs to another account, and is not looked at", id)
				return
			}
		}
		in := func(o *kms.Options) { o.Region = region }
		out, err := l.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id}, in)
		if l.ask(ctx, "key "+id, err) != looked || out.KeyMetadata == nil {
			return
		}
		k := out.KeyMetadata
		key := resource("aws_kms_key", aws.ToString(k.KeyId), aws.ToString(k.Arn), values{
			"customer_master_key_spec": string(k.KeySpec), "policy": doctor.Unknown{}, "enable_key_rotation": doctor.Unknown{},
		})
		l.live(key, "state", string(k.KeyState))
		if policy, err := l.kms.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: k.KeyId, PolicyName: aws.String("default")}, in); l.ask(ctx, "key "+id, err) == looked {
			key.Values["policy"] = aws.ToString(policy.Policy)
		}
		if k.KeyManager == kmstypes.KeyManagerTypeAws {
			key.Values["enable_key_rotation"] = true // AWS does, every year
		} else if turns, err := l.kms.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: k.KeyId}, in); l.ask(ctx, "key "+id, err) == looked {
			key.Values["enable_key_rotation"] = turns.KeyRotationEnabled
		}
		l.add(key)
		for _, u := range uses[id] {
			l.refer(u.r, u.path, key.Address)
		}
	})
}

// keyOf is the key that a bucket's default encryption names.
func keyOf(r *doctor.Resource) string {
	rules, _ := r.Values["rule"].([]any)
	if len(rules) == 0 {
		return ""
	}
	rule, _ := rules[0].(values)
	by, _ := rule["apply_server_side_encryption_by_default"].([]any)
	if len(by) == 0 {
		return ""
	}
	v, _ := by[0].(values)
	id, _ := v["kms_master_key_id"].(string)
	return id
}
