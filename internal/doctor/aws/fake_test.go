package aws

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrictypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"weir/flowlog"
	"weir/internal/doctor"
)

// lookedAt is when the accounts of these tests are looked at.
var lookedAt = time.Date(2026, 11, 30, 12, 3, 0, 0, time.UTC)

// account answers calls of the SDK in place of AWS, by "Service.Operation".
type account map[string]func(in any) (any, error)

// config is one whose calls the account answers. Nothing goes over a network.
func (a account) config() aws.Config {
	return aws.Config{
		Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""), RetryMaxAttempts: 1,
		APIOptions: []func(*middleware.Stack) error{func(stack *middleware.Stack) error {
			return stack.Build.Add(middleware.BuildMiddlewareFunc("fake", func(ctx context.Context, in middleware.BuildInput, _ middleware.BuildHandler) (out middleware.BuildOutput, _ middleware.Metadata, err error) {
				name := awsmiddleware.GetServiceID(ctx) + "." + awsmiddleware.GetOperationName(ctx)
				answer, ok := a[name]
				if !ok {
					return out, middleware.Metadata{}, fmt.Errorf("nobody answers %s", name)
				}
				out.Result, err = answer(middleware.GetStackValue(ctx, inputKey{}))
				return out, middleware.Metadata{}, err
			}), middleware.Before)
		}, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("fakeInput", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				return next.HandleInitialize(middleware.WithStackValue(ctx, inputKey{}, in.Parameters), in)
			}), middleware.After)
		}},
	}
}

type inputKey struct{}

// look looks at an account, and says what the doctor finds there.
func (a account) look(t *testing.T) (*doctor.Module, []doctor.Finding) {
	t.Helper()
	m, err := Look(t.Context(), Config{AWS: a.config(), Now: func() time.Time { return lookedAt }})
	if err != nil {
		t.Fatal(err)
	}
	return m, doctor.Run(m, doctor.Checks())
}

// answer is for calls to which the answer is the same whatever is asked. Each gets a copy: the SDK writes into it.
func answer[T any](out *T) func(any) (any, error) {
	return func(any) (any, error) {
		mine := *out
		return &mine, nil
	}
}

func refuse(code string) func(any) (any, error) {
	return func(any) (any, error) { return nil, &smithy.GenericAPIError{Code: code, Message: "no"} }
}

// httpError is an answer without a body, as HEAD has it.
func httpError(status int) error {
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: http.Header{"X-Amz-Bucket-Region": {"eu-west-1"}}}}, Err: fmt.Errorf("status %d", status)}
}

const (
	number12 = "123456789012"
	logs     = "logs-bucket"
	results  = "results-bucket"
	keyARN   = "arn:aws:kms:eu-west-1:" + number12 + ":key/k"
	roleARN  = "arn:aws:iam::" + number12 + ":role/delivery"
	topicARN = "arn:aws:sns:eu-west-1:" + number12 + ":alarms"
)

var format = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status} " +
	"${vpc-id} ${subnet-id} ${instance-id} ${tcp-flags} ${pkt-srcaddr} ${pkt-dstaddr} ${flow-direction} ${traffic-path}"

func header() string { return strings.NewReplacer("${", "", "}", "").Replace(format) }

func tableColumns() (out []gluetypes.Column) {
	types := map[flowlog.Kind]string{flowlog.Count: "bigint", flowlog.Epoch: "bigint", flowlog.Port: "int", flowlog.Code: "int", flowlog.Flags: "int"}
	for _, n := range strings.Fields(header()) {
		f := flowlog.VPC.Field(n)
		typ, ok := types[f.Kind]
		if !ok {
			typ = "string"
		}
		out = append(out, gluetypes.Column{Name: aws.String(strings.ReplaceAll(n, "-", "_")), Type: aws.String(typ)})
	}
	return out
}

func zipped(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.Bytes()
}

const (
	tlsOnly = `{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}`
	deliver = `{"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": ["s3:PutObject"], "Resource": "*", "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}`
)

const objectKey = "AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/30/123456789012_vpcflowlogs_eu-west-1_fl-1_20261130T1150Z_abcdef.log.gz"

// good is an account in which all is as it should be: a VPC logged to S3 with table and query, one to CloudWatch Logs
// with filter, alarm and topic, one with nothing in it.
func good() account {
	s3Log := ec2types.FlowLog{
		FlowLogId: aws.String("fl-1"), ResourceId: aws.String("vpc-1"), FlowLogStatus: aws.String("ACTIVE"), DeliverLogsStatus: aws.String("SUCCESS"),
		CreationTime: aws.Time(lookedAt.Add(-72 * time.Hour)), TrafficType: ec2types.TrafficTypeAll, LogFormat: &format, MaxAggregationInterval: aws.Int32(60),
		LogDestinationType: ec2types.LogDestinationTypeS3, LogDestination: aws.String("arn:aws:s3:::" + logs), Tags: []ec2types.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
		DestinationOptions: &ec2types.DestinationOptionsResponse{FileFormat: ec2types.DestinationFileFormatPlainText},
	}
	group := s3Log
	group.FlowLogId, group.ResourceId = aws.String("fl-2"), aws.String("vpc-2")
	group.LogDestinationType, group.LogDestination, group.LogGroupName, group.DestinationOptions = ec2types.LogDestinationTypeCloudWatchLogs, nil, aws.String("flows"), nil
	group.DeliverLogsPermissionArn = aws.String(roleARN)
	policy := func(s string) *string { return aws.String(`{"Version": "2012-10-17", "Statement": [` + s + `]}`) }
	a := account{
		"STS.GetCallerIdentity": answer(&sts.GetCallerIdentityOutput{Account: aws.String(number12), Arn: aws.String("arn:aws:iam::123456789012:user/me")}),
		"EC2.DescribeFlowLogs": func(in any) (any, error) { // two pages
			if in.(*ec2.DescribeFlowLogsInput).NextToken == nil {
				return &ec2.DescribeFlowLogsOutput{FlowLogs: []ec2types.FlowLog{s3Log}, NextToken: aws.String("2")}, nil
			}
			return &ec2.DescribeFlowLogsOutput{FlowLogs: []ec2types.FlowLog{group}}, nil
		},
		"EC2.DescribeVpcs":    answer(&ec2.DescribeVpcsOutput{Vpcs: []ec2types.Vpc{{VpcId: aws.String("vpc-1")}, {VpcId: aws.String("vpc-2")}, {VpcId: aws.String("vpc-3")}}}),
		"EC2.DescribeSubnets": answer(&ec2.DescribeSubnetsOutput{}),
		"EC2.DescribeNetworkInterfaces": func(in any) (any, error) {
			out := &ec2.DescribeNetworkInterfacesOutput{}
			if f := in.(*ec2.DescribeNetworkInterfacesInput).Filters[0]; f.Values[0] != "vpc-3" {
				out.NetworkInterfaces = []ec2types.NetworkInterface{{NetworkInterfaceId: aws.String("eni-1"), VpcId: &f.Values[0], SubnetId: aws.String("subnet-1"), Status: ec2types.NetworkInterfaceStatusInUse}}
			}
			return out, nil
		},
		"S3.ListBuckets": answer(&s3.ListBucketsOutput{Buckets: []s3types.Bucket{
			{Name: aws.String(logs), BucketRegion: aws.String("eu-west-1")}, {Name: aws.String(results)}, {Name: aws.String("unrelated")},
		}}),
		"S3.HeadBucket": answer(&s3.HeadBucketOutput{BucketRegion: aws.String("eu-west-1")}),
		"S3.ListObjectsV2": func(in any) (any, error) {
			q := in.(*s3.ListObjectsV2Input)
			return list(q, objectKey), nil
		},
		"S3.GetObject": func(any) (any, error) {
			return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(zipped(header() + "\n2 1 eni-1 10.0.0.1 secret\n")))}, nil
		},
		"S3.GetBucketPolicy":              answer(&s3.GetBucketPolicyOutput{Policy: policy(tlsOnly + "," + deliver)}),
		"S3.GetBucketPolicyStatus":        answer(&s3.GetBucketPolicyStatusOutput{PolicyStatus: &s3types.PolicyStatus{IsPublic: aws.Bool(false)}}),
		"S3.GetBucketAcl":                 answer(&s3.GetBucketAclOutput{}),
		"S3.GetPublicAccessBlock":         refuse("NoSuchPublicAccessBlockConfiguration"),
		"S3 Control.GetPublicAccessBlock": answer(&s3control.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: &controltypes.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)}}),
		"S3.GetBucketEncryption": answer(&s3.GetBucketEncryptionOutput{ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String(keyARN)},
		}}}}),
		"S3.GetBucketOwnershipControls": answer(&s3.GetBucketOwnershipControlsOutput{OwnershipControls: &s3types.OwnershipControls{Rules: []s3types.OwnershipControlsRule{{ObjectOwnership: s3types.ObjectOwnershipBucketOwnerEnforced}}}}),
		"S3.GetBucketVersioning":        answer(&s3.GetBucketVersioningOutput{Status: s3types.BucketVersioningStatusEnabled}),
		"S3.GetBucketLifecycleConfiguration": answer(&s3.GetBucketLifecycleConfigurationOutput{Rules: []s3types.LifecycleRule{{
			Status: s3types.ExpirationStatusEnabled, Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(365)}, Transitions: []s3types.Transition{{Days: aws.Int32(90), StorageClass: s3types.TransitionStorageClassGlacierIr}},
			NoncurrentVersionExpiration: &s3types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(7)},
		}}}),
		"S3.GetBucketTagging": answer(&s3.GetBucketTaggingOutput{TagSet: []s3types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}),
		"Glue.GetDatabases":   answer(&glue.GetDatabasesOutput{DatabaseList: []gluetypes.Database{{Name: aws.String("flows")}}}),
		"Glue.GetTables": answer(&glue.GetTablesOutput{TableList: []gluetypes.Table{
			glueTable("projected", map[string]string{
				"projection.enabled": "true", "projection.day.type": "date", "projection.day.format": "yyyy/MM/dd", "projection.day.range": "2024/01/01,NOW",
				"projection.account.type": "enum", "projection.account.values": number12, "projection.region.type": "enum", "projection.region.values": "us-east-1,eu-west-1",
				"storage.location.template": "s3://" + logs + "/AWSLogs/${account}/vpcflowlogs/${region}/${day}",
			}, "account", "region", "day"),
			glueTable("loaded", nil, "day"),
			{Name: aws.String("other"), StorageDescriptor: &gluetypes.StorageDescriptor{Location: aws.String("s3://unrelated/x"), Columns: []gluetypes.Column{{Name: aws.String("a")}}}},
		}}),
		"Glue.GetPartitions": answer(&glue.GetPartitionsOutput{Partitions: []gluetypes.Partition{
			{Values: []string{"2026-11-29"}, StorageDescriptor: &gluetypes.StorageDescriptor{Location: aws.String("s3://" + logs + "/AWSLogs/123456789012/vpcflowlogs/eu-west-1/2026/11/29")}},
			{Values: []string{"2026-11-01"}},
		}}),
		"Athena.ListWorkGroups":   answer(&athena.ListWorkGroupsOutput{WorkGroups: []athenatypes.WorkGroupSummary{{Name: aws.String("flows")}}}),
		"Athena.ListNamedQueries": answer(&athena.ListNamedQueriesOutput{NamedQueryIds: []string{"q1", "q2"}}),
		"Athena.GetNamedQuery": func(in any) (any, error) {
			sql := "SELECT srcaddr FROM projected WHERE day = '2026/11/30'"
			if *in.(*athena.GetNamedQueryInput).NamedQueryId == "q2" {
				sql = "SELECT 1 FROM somewhere"
			}
			return &athena.GetNamedQueryOutput{NamedQuery: &athenatypes.NamedQuery{Name: aws.String("saved"), Database: aws.String("flows"), QueryString: &sql}}, nil
		},
		"Athena.GetWorkGroup": answer(&athena.GetWorkGroupOutput{WorkGroup: &athenatypes.WorkGroup{Name: aws.String("flows"), Configuration: &athenatypes.WorkGroupConfiguration{
			BytesScannedCutoffPerQuery: aws.Int64(1 << 30), EnforceWorkGroupConfiguration: aws.Bool(true),
			ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://" + results + "/a/"), EncryptionConfiguration: &athenatypes.EncryptionConfiguration{EncryptionOption: athenatypes.EncryptionOptionSseS3}},
		}}}),
		"CloudWatch Logs.DescribeLogGroups": answer(&cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: []logstypes.LogGroup{
			{LogGroupName: aws.String("flows-of-others")}, {LogGroupName: aws.String("flows"), RetentionInDays: aws.Int32(30), KmsKeyId: aws.String(keyARN)},
		}}),
		"CloudWatch Logs.DescribeLogStreams": answer(&cloudwatchlogs.DescribeLogStreamsOutput{LogStreams: []logstypes.LogStream{{LastIngestionTime: aws.Int64(lookedAt.Add(-time.Hour).UnixMilli())}}}),
		"CloudWatch Logs.DescribeMetricFilters": answer(&cloudwatchlogs.DescribeMetricFiltersOutput{MetricFilters: []logstypes.MetricFilter{{
			FilterName: aws.String("ssh"), LogGroupName: aws.String("flows"), FilterPattern: aws.String("[" + strings.Join(strings.Fields(header()), ", ") + "]"),
			MetricTransformations: []logstypes.MetricTransformation{{MetricName: aws.String("ssh"), MetricNamespace: aws.String("Flows"), MetricValue: aws.String("1")}},
		}}}),
		"CloudWatch.DescribeAlarms": answer(&cloudwatch.DescribeAlarmsOutput{MetricAlarms: []metrictypes.MetricAlarm{
			{AlarmName: aws.String("ssh"), AlarmArn: aws.String("arn:alarm"), Namespace: aws.String("Flows"), MetricName: aws.String("ssh"), AlarmActions: []string{topicARN}, ActionsEnabled: aws.Bool(true), StateValue: metrictypes.StateValueOk},
			{AlarmName: aws.String("cpu"), Namespace: aws.String("AWS/EC2"), MetricName: aws.String("CPU"), StateValue: metrictypes.StateValueInsufficientData, StateUpdatedTimestamp: aws.Time(lookedAt.Add(-1000 * time.Hour))},
		}}),
		"SNS.ListSubscriptionsByTopic": answer(&sns.ListSubscriptionsByTopicOutput{Subscriptions: []snstypes.Subscription{{SubscriptionArn: aws.String("PendingConfirmation")}, {SubscriptionArn: aws.String(topicARN + ":x")}}}),
		"IAM.GetRole":                  answer(&iam.GetRoleOutput{Role: &iamtypes.Role{AssumeRolePolicyDocument: aws.String("%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22vpc-flow-logs.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Condition%22%3A%7B%22StringEquals%22%3A%7B%22aws%3ASourceAccount%22%3A%22123456789012%22%7D%7D%7D%5D%7D")}}),
		"IAM.ListRolePolicies":         answer(&iam.ListRolePoliciesOutput{PolicyNames: []string{"inline"}}),
		"IAM.GetRolePolicy":            answer(&iam.GetRolePolicyOutput{PolicyDocument: aws.String(`{"Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "arn:flows"}]}`)}),
		"IAM.ListAttachedRolePolicies": answer(&iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []iamtypes.AttachedPolicy{{PolicyArn: aws.String("arn:policy"), PolicyName: aws.String("attached")}}}),
		"IAM.GetPolicy":                answer(&iam.GetPolicyOutput{Policy: &iamtypes.Policy{DefaultVersionId: aws.String("v2")}}),
		"IAM.GetPolicyVersion":         answer(&iam.GetPolicyVersionOutput{PolicyVersion: &iamtypes.PolicyVersion{Document: aws.String(`{"Statement": [{"Effect": "Allow", "Action": "logs:CreateLogStream", "Resource": "arn:flows"}]}`)}}),
		"KMS.DescribeKey":              answer(&kms.DescribeKeyOutput{KeyMetadata: &kmstypes.KeyMetadata{KeyId: aws.String("k"), Arn: aws.String(keyARN), KeyState: kmstypes.KeyStateEnabled, KeySpec: kmstypes.KeySpecSymmetricDefault}}),
		"KMS.GetKeyPolicy":             answer(&kms.GetKeyPolicyOutput{Policy: policy(strings.Replace(deliver, "s3:PutObject", "kms:GenerateDataKey*", 1))}),
		"KMS.GetKeyRotationStatus":     answer(&kms.GetKeyRotationStatusOutput{KeyRotationEnabled: true}),
	}
	return a
}

// glueTable is a table over the delivered objects.
func glueTable(name string, parameters map[string]string, partitions ...string) gluetypes.Table {
	p := map[string]string{"skip.header.line.count": "1"}
	for k, v := range parameters {
		p[k] = v
	}
	t := gluetypes.Table{Name: &name, TableType: aws.String("EXTERNAL_TABLE"), Parameters: p, StorageDescriptor: &gluetypes.StorageDescriptor{
		Location: aws.String("s3://" + logs + "/AWSLogs/"), InputFormat: aws.String("org.apache.hadoop.mapred.TextInputFormat"), Columns: tableColumns(),
	}}
	for _, c := range partitions {
		t.PartitionKeys = append(t.PartitionKeys, gluetypes.Column{Name: aws.String(c), Type: aws.String("string")})
	}
	return t
}

// list answers as S3 does for a bucket with those keys.
func list(q *s3.ListObjectsV2Input, keys ...string) *s3.ListObjectsV2Output {
	out := &s3.ListObjectsV2Output{}
	if aws.ToString(q.Bucket) != logs {
		return out
	}
	seen := map[string]bool{}
	for _, k := range keys {
		prefix := aws.ToString(q.Prefix)
		rest, ok := strings.CutPrefix(k, prefix)
		if !ok || k <= aws.ToString(q.StartAfter) {
			continue
		}
		if d := aws.ToString(q.Delimiter); d != "" && strings.Contains(rest, d) {
			if folder := prefix + rest[:strings.Index(rest, d)+1]; !seen[folder] {
				seen[folder] = true
				out.CommonPrefixes = append(out.CommonPrefixes, s3types.CommonPrefix{Prefix: &folder})
			}
			continue
		}
		out.Contents = append(out.Contents, s3types.Object{Key: &k, Size: aws.Int64(100)})
	}
	return out
}
