package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"weir/internal/doctor"
)

// Operation is a call that Look may make, and what is needed to make it. All of them only read.
type Operation struct {
	Service, Name string // as the SDK calls them
	Action        string // of IAM; "" where none is needed
	For           string // what is learned from it
}

// operations are all calls that are ever made. The guard refuses others. The actions are those of AWS's Service Authorization
// Reference, from memory, not read for this.
var operations = []Operation{
	{"STS", "GetCallerIdentity", "", "the account"},
	{"EC2", "DescribeFlowLogs", "ec2:DescribeFlowLogs", "flow logs, their state and errors of delivery"},
	{"EC2", "DescribeVpcs", "ec2:DescribeVpcs", "VPCs that nothing logs"},
	{"EC2", "DescribeSubnets", "ec2:DescribeSubnets", "the VPCs of logged subnets"},
	{"EC2", "DescribeNetworkInterfaces", "ec2:DescribeNetworkInterfaces", "whether there is anything to log"},
	{"S3", "ListBuckets", "s3:ListAllMyBuckets", "which buckets are of this account, and where"},
	{"S3", "HeadBucket", "s3:ListBucket", "whether a bucket exists"},
	{"S3", "ListObjectsV2", "s3:ListBucket", "whether objects arrive"},
	{"S3", "GetObject", "s3:GetObject", "the fields of a delivered object"},
	{"S3", "GetBucketPolicy", "s3:GetBucketPolicy", "who may write and read"},
	{"S3", "GetBucketPolicyStatus", "s3:GetBucketPolicyStatus", "whether AWS takes the policy for public"},
	{"S3", "GetBucketAcl", "s3:GetBucketAcl", "whether everybody may read"},
	{"S3", "GetBucketEncryption", "s3:GetEncryptionConfiguration", "encryption"},
	{"S3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", "the bucket's public access block"},
	{"S3 Control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock", "the account's public access block"},
	{"S3", "GetBucketOwnershipControls", "s3:GetBucketOwnershipControls", "ownership of objects"},
	{"S3", "GetBucketVersioning", "s3:GetBucketVersioning", "versioning"},
	{"S3", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration", "what is moved and deleted when"},
	{"S3", "GetBucketTagging", "s3:GetBucketTagging", "tags"},
	{"Glue", "GetDatabases", "glue:GetDatabases", "databases"},
	{"Glue", "GetTables", "glue:GetTables", "tables over flow logs"},
	{"Glue", "GetPartitions", "glue:GetPartitions", "whether partitions are loaded"},
	{"Athena", "ListWorkGroups", "athena:ListWorkGroups", "workgroups"},
	{"Athena", "ListNamedQueries", "athena:ListNamedQueries", "saved queries"},
	{"Athena", "GetNamedQuery", "athena:GetNamedQuery", "their text"},
	{"Athena", "GetWorkGroup", "athena:GetWorkGroup", "limits, encryption and place of answers"},
	{"CloudWatch Logs", "DescribeLogGroups", "logs:DescribeLogGroups", "log groups"},
	{"CloudWatch Logs", "DescribeLogStreams", "logs:DescribeLogStreams", "whether records arrive in them"},
	{"CloudWatch Logs", "DescribeMetricFilters", "logs:DescribeMetricFilters", "metric filters"},
	{"CloudWatch", "DescribeAlarms", "cloudwatch:DescribeAlarms", "alarms on flow logs"},
	{"SNS", "ListSubscriptionsByTopic", "sns:ListSubscriptionsByTopic", "whether an alarm's topic has subscribers"},
	{"IAM", "GetRole", "iam:GetRole", "who may take the role of delivery"},
	{"IAM", "ListRolePolicies", "iam:ListRolePolicies", "its policies"},
	{"IAM", "GetRolePolicy", "iam:GetRolePolicy", "what they allow"},
	{"IAM", "ListAttachedRolePolicies", "iam:ListAttachedRolePolicies", "its attached policies"},
	{"IAM", "GetPolicy", "iam:GetPolicy", "their version in force"},
	{"IAM", "GetPolicyVersion", "iam:GetPolicyVersion", "what they allow"},
	{"KMS", "DescribeKey", "kms:DescribeKey", "the state of keys of buckets and log groups"},
	{"KMS", "GetKeyPolicy", "kms:GetKeyPolicy", "whether the delivery may use them"},
	{"KMS", "GetKeyRotationStatus", "kms:GetKeyRotationStatus", "rotation"},
}

// Operations lists all calls that Look may make.
func Operations() []Operation { return slices.Clone(operations) }

// Policy is a policy of IAM with the permissions that Look needs, and no more.
func Policy() string {
	var actions []string
	for _, o := range operations {
		if o.Action != "" && !slices.Contains(actions, o.Action) {
			actions = append(actions, o.Action)
		}
	}
	slices.Sort(actions)
	return `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "WeirDoctor",
      "Effect": "Allow",
      "Action": [
        "` + strings.Join(actions, "\",\n        \"") + `"
      ],
      "Resource": "*"
    }
  ]
}
`
}

func operationOf(service, name string) *Operation {
	i := slices.IndexFunc(operations, func(o Operation) bool { return o.Service == service && o.Name == name })
	if i < 0 {
		return nil
	}
	return &operations[i]
}

// newGuard stands before every call: it lets through those of operations, and atOnce at a time.
func newGuard() func(*middleware.Stack) error {
	slots := make(chan struct{}, atOnce)
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("weirGuard", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			service, name := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
			if operationOf(service, name) == nil {
				return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("BUG: %s %s is not among the calls that the doctor makes", service, name)
			}
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-ctx.Done():
				return middleware.InitializeOutput{}, middleware.Metadata{}, ctx.Err()
			}
			return next.HandleInitialize(ctx, in)
		}), middleware.After)
	}
}

// outcome is what came of a call.
type outcome uint8

const (
	looked outcome = iota
	absent         // AWS says that there is no such thing
	unseen         // it may be there; why it was not seen has been noted
)

// failure is a call that failed.
type failure struct{ action, what, cause string }

// absentCodes say that a thing, or a setting of it, is not there.
var absentCodes = []string{
	"NoSuchBucket", "NotFound", "NoSuchBucketPolicy", "ServerSideEncryptionConfigurationNotFoundError", "NoSuchPublicAccessBlockConfiguration",
	"OwnershipControlsNotFoundError", "NoSuchLifecycleConfiguration", "NoSuchTagSet", "NoSuchKey", "NoSuchEntity", "NotFoundException",
	"ResourceNotFoundException", "EntityNotFoundException",
}

// ask judges a call about something: what is not there is an answer, what fails is noted.
func (l *looker) ask(ctx context.Context, what string, err error) outcome {
	if err == nil {
		return looked
	}
	var api smithy.APIError
	if errors.As(err, &api) && slices.Contains(absentCodes, api.ErrorCode()) {
		return absent
	}
	if ctx.Err() != nil {
		return unseen // Look says so
	}
	l.fail(what, err)
	return unseen
}

func (l *looker) fail(what string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = append(l.failed, failure{actionOf(err), what, causeOf(err)})
}

// actionOf is the permission that a failed call needs, else its name.
func actionOf(err error) string {
	var op *smithy.OperationError
	if !errors.As(err, &op) {
		return "a call"
	}
	if o := operationOf(op.ServiceID, op.OperationName); o != nil && o.Action != "" {
		return o.Action
	}
	return op.ServiceID + " " + op.OperationName
}

// causeOf is why a call failed, without the numbers of the request.
func causeOf(err error) string {
	var api smithy.APIError
	if denied(err) {
		return "access denied"
	}
	if errors.As(err, &api) {
		if api.ErrorMessage() == "" {
			return api.ErrorCode()
		}
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	var op *smithy.OperationError
	if errors.As(err, &op) {
		err = op.Err
	}
	return err.Error()
}

func denied(err error) bool {
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "AuthorizationErrorException", "NotAuthorized", "Forbidden":
			return true
		}
	}
	return status(err) == http.StatusForbidden
}

// response is AWS's answer to a call that failed, nil where there was none.
func response(err error) *smithyhttp.Response {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) {
		return r.Response
	}
	return nil
}

// status is that of HTTP, or 0.
func status(err error) int {
	if r := response(err); r != nil {
		return r.StatusCode
	}
	return 0
}

// problems says what could not be looked at, in one line for each thing and cause.
func problems(failed []failure) (out []doctor.Problem) {
	type key struct{ what, cause string }
	actions := map[key][]string{}
	for _, f := range failed {
		k := key{f.what, f.cause}
		if !slices.Contains(actions[k], f.action) {
			actions[k] = append(actions[k], f.action)
		}
	}
	for k, a := range actions {
		slices.Sort(a)
		out = append(out, doctor.Problem{File: "not looked at", Err: fmt.Sprintf("%s on %s: %s", strings.Join(a, ", "), k.what, k.cause)})
	}
	slices.SortFunc(out, func(a, b doctor.Problem) int { return strings.Compare(a.Err, b.Err) })
	return out
}
