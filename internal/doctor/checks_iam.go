package doctor

import (
	"regexp"
	"slices"
	"strings"
)

const srcIAM = `AWS IAM User Guide, "Prepare for least-privilege permissions", read 2026-11`

// delivers tells whether flow logs deliver with a role.
func (s *setup) delivers(role *Resource) bool {
	name, named := role.text("name")
	return slices.ContainsFunc(s.flowLogs, func(l *flowLog) bool {
		arn, _ := l.text("iam_role_arn")
		return l.refers("iam_role_arn", role.Address) || named && strings.HasSuffix(arn, "/"+name)
	})
}

// aboutLogs tells whether a policy has to do with flow logs: it belongs to the role that they deliver with, or names their
// bucket, their log group or the bucket of Athena's answers. What else an account grants is none of the doctor's business.
func (s *setup) aboutLogs(p *Resource, path string) bool {
	for _, role := range s.of("aws_iam_role") {
		if !s.delivers(role) {
			continue
		}
		if name, _ := role.text("name"); p.refers("role", role.Address) || name != "" && textIs(p, "role", name) {
			return true
		}
		for _, a := range s.of("aws_iam_role_policy_attachment") {
			name, _ := role.text("name")
			if a.refers("policy_arn", p.Address) && (a.refers("role", role.Address) || name != "" && textIs(a, "role", name)) {
				return true
			}
		}
	}
	text, _ := p.text(path)
	for _, b := range s.ours() {
		if p.refers(path, b.Address) || b.name != "" && strings.Contains(text, ":::"+b.name) {
			return true
		}
	}
	for _, g := range s.of("aws_cloudwatch_log_group") {
		name, _ := g.text("name")
		if logged := slices.ContainsFunc(s.flowLogs, func(l *flowLog) bool {
			return l.refers("log_destination", g.Address) || l.refers("log_group_name", g.Address)
		}); logged &&
			(p.refers(path, g.Address) || name != "" && strings.Contains(text, ":log-group:"+name)) {
			return true
		}
	}
	return false
}

func textIs(r *Resource, path, want string) bool {
	got, ok := r.text(path)
	return ok && got == want
}

// eachGrant makes a check of what the policies allow that have to do with flow logs.
func eachGrant(f func(*Resource, string, statement, report)) func(*setup, report) {
	return func(s *setup, r report) {
		for typ, path := range map[string]string{"aws_iam_role_policy": "policy", "aws_iam_policy": "policy"} {
			for _, p := range s.of(typ) {
				if !s.aboutLogs(p, path) {
					continue
				}
				list, _ := p.policy(path)
				for _, st := range list {
					if st.effect == "Allow" && st.whole {
						f(p, path, st, r)
					}
				}
			}
		}
	}
}

// eachTrust makes a check of who may take the roles that flow logs deliver with.
func eachTrust(f func(*Resource, []statement, bool, report)) func(*setup, report) {
	return func(s *setup, r report) {
		for _, role := range s.of("aws_iam_role") {
			if s.delivers(role) {
				list, whole := role.policy("assume_role_policy")
				f(role, list, whole, r)
			}
		}
	}
}

var iamChecks = []*Check{
	{"iam-action-wildcard", Critical, "A policy for logs allows every action", "Whoever takes the role may do anything.", "Name the actions that are needed.", srcIAM,
		eachGrant(func(p *Resource, path string, s statement, r report) {
			if slices.Contains(s.actions, "*") {
				r(p, path, `a statement allows Action "*"`, nil)
			}
		})},
	{"iam-service-wildcard", High, "A policy for logs allows all actions of a service everywhere", "The role can delete the logs that it should deliver or read.", "Name the actions that are needed, and on what.", srcIAM,
		eachGrant(func(p *Resource, path string, s statement, r report) {
			for _, a := range s.actions {
				if strings.HasSuffix(a, ":*") && slices.Contains(s.resources, "*") {
					r(p, path, "a statement allows "+a+` on Resource "*"`, nil)
				}
			}
		})},
	{"iam-resource-wildcard", Medium, "A policy for logs reaches every resource", "The role can write to, or read, all log groups and buckets of the account.", "Name the log group or the bucket.", srcIAM,
		eachGrant(func(p *Resource, path string, s statement, r report) {
			for _, a := range s.actions {
				if slices.Contains(s.resources, "*") && (strings.HasPrefix(a, "s3:Get") || strings.HasPrefix(a, "s3:Put") || strings.HasPrefix(a, "logs:Put")) {
					r(p, path, a+` is allowed on Resource "*"`, nil)
					return
				}
			}
		})},
	{"iam-trust-service", Critical, "Flow logs may not take their role", "Delivery to CloudWatch Logs fails with an access error.", "Trust the service vpc-flow-logs.amazonaws.com.", srcRole,
		eachTrust(func(role *Resource, list []statement, whole bool, r report) {
			for _, s := range list {
				whole = whole && s.whole && !s.service("vpc-flow-logs.amazonaws.com")
			}
			if whole {
				r(role, "assume_role_policy", "vpc-flow-logs.amazonaws.com may not assume the role", nil)
			}
		})},
	{"iam-trust-unconditioned", Medium, "A role trusts flow logs of any account", "A service can be made to act for somebody else's flow log.", "Add the conditions aws:SourceAccount and aws:SourceArn.", srcRole,
		eachTrust(func(role *Resource, list []statement, _ bool, r report) {
			for _, s := range list {
				if s.whole && s.service("vpc-flow-logs.amazonaws.com") && !s.conditioned("aws:SourceAccount", "aws:SourceArn") {
					r(role, "assume_role_policy", "no condition on aws:SourceAccount or aws:SourceArn", nil)
				}
			}
		})},
}

// oldMajor finds constraints that let in nothing newer than version 4.
var oldMajor = regexp.MustCompile(`^\s*(=|~>)?\s*v?[0-4](\.\d+)*\s*$`)

var providerChecks = []*Check{
	{"provider-unpinned", Medium, "The AWS provider's version is not bounded", "The next major version changes what the same files mean.", `Set version to ">= 5.100, < 7" in required_providers.`, srcProvider,
		func(s *setup, r report) {
			for _, v := range s.m.Versions {
				c, known := v.text("version")
				if v.Name != "aws" || v.has("version") && !known || strings.Contains(v.Address, "module.") {
					continue
				}
				if c == "" || !strings.ContainsAny(c, "<~") && !regexp.MustCompile(`^\s*=?\s*\d`).MatchString(c) {
					r(v, "", "no upper bound for the version of the AWS provider", nil)
				}
			}
		}},
	{"provider-undeclared", Medium, "required_providers does not name the AWS provider", "Whatever is newest is taken, with what it changed.", `Add required_providers with version ">= 5.100, < 7".`, srcProvider,
		func(s *setup, r report) {
			declared := slices.ContainsFunc(s.m.Versions, func(v *Resource) bool { return v.Name == "aws" })
			for _, x := range s.m.Resources {
				if !declared && x.Written && strings.HasPrefix(x.Type, "aws_") {
					r(x, "", "no required_providers entry for aws in this module", nil)
					return
				}
			}
		}},
	{"provider-old", Medium, "The AWS provider is older than version 5", "It has resources and checks of years ago, and no fixes.", `Set version to ">= 5.100, < 7".`, srcProvider,
		func(s *setup, r report) {
			for _, v := range s.m.Versions {
				if c, _ := v.text("version"); v.Name == "aws" && oldMajor.MatchString(c) {
					r(v, "", "the version is "+strings.TrimSpace(c), nil)
				}
			}
		}},
	{"provider-credentials", Critical, "Credentials are written into the configuration", "Everybody who can read the repository, or its past, can use them.", "Remove them, revoke them, and use a profile, SSO or a role.", `Terraform AWS Cloud Control provider, "Authentication", "Static Credentials", read 2026-11`,
		func(s *setup, r report) {
			for _, p := range s.m.Providers {
				for _, name := range []string{"access_key", "secret_key", "token"} {
					if _, known := p.text(name); known && p.Name == "aws" {
						r(p, name, name+" is written in clear", nil) // and is not repeated here
					}
				}
			}
		}},
}
