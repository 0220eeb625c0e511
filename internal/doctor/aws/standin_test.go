package aws

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
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
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"weir/internal/doctor"
)

// standin returns the configuration of an account of its own on an AWS stand-in (moto's server), and its number.
func standin(t *testing.T) (aws.Config, string) {
	t.Helper()
	endpoint := os.Getenv("WEIR_AWS_STANDIN")
	if endpoint == "" {
		t.Skip("WEIR_AWS_STANDIN is not set: it is the URL of an AWS stand-in, http://127.0.0.1:PORT; see scripts/test")
	}
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	account := fmt.Sprintf("%012d", time.Now().UnixNano()%1e12)
	out, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + account + ":role/test"), RoleSessionName: aws.String("test")})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return cfg, account
}

// must is for calls that make things: without them there is no test.
func must[T any](out T, err error) T {
	if err != nil {
		panic(err)
	}
	return out
}

// setUp is the flow logs of one VPC, as wrong as can be or right.
type setUp struct {
	cfg     aws.Config
	account string
	bucket  string
	right   bool
}

// or is the first where the set-up is right.
func or[T any](s setUp, right, wrong T) T {
	if s.right {
		return right
	}
	return wrong
}

func (s setUp) make(ctx context.Context) {
	network := ec2.NewFromConfig(s.cfg)
	bucket := s3.NewFromConfig(s.cfg, func(o *s3.Options) { o.UsePathStyle = true })
	address := "arn:aws:s3:::" + s.bucket
	name := &s.bucket
	must(bucket.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}}))
	key := must(kms.NewFromConfig(s.cfg).CreateKey(ctx, &kms.CreateKeyInput{Policy: aws.String(or(s, `{"Statement": [`+strings.Replace(deliver, "s3:PutObject", "kms:GenerateDataKey*", 1)+`]}`, `{"Statement": []}`))})).KeyMetadata
	must(bucket.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: name, ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{
		ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms, KMSMasterKeyID: key.Arn},
	}}}}))
	must(bucket.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: name, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}}))
	rule := s3types.LifecycleRule{ID: aws.String("x"), Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(30)}}
	if s.right {
		rule.NoncurrentVersionExpiration = &s3types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(7)}
		must(kms.NewFromConfig(s.cfg).EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: key.Arn}))
		must(bucket.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: name, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)}}))
		must(bucket.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: name, OwnershipControls: &s3types.OwnershipControls{Rules: []s3types.OwnershipControlsRule{{ObjectOwnership: s3types.ObjectOwnershipBucketOwnerEnforced}}}}))
		must(bucket.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String(strings.ReplaceAll(`{"Version": "2012-10-17", "Statement": [`+tlsOnly+","+deliver+`]}`, `"Resource": "*"`, `"Resource": "`+address+`/*"`))}))
		must(bucket.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: name, Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}}))
	}
	must(bucket.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: name, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{rule}}}))

	vpc := must(network.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})).Vpc.VpcId
	other := must(network.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16")})).Vpc.VpcId
	var subnets []*string
	for i, v := range []*string{vpc, other} {
		subnet := must(network.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: v, CidrBlock: aws.String(fmt.Sprintf("10.%d.0.0/24", i))})).Subnet.SubnetId
		subnets = append(subnets, subnet)
		must(network.RunInstances(ctx, &ec2.RunInstancesInput{ImageId: aws.String("ami-12c6146b"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: subnet}))
	}

	role := must(iam.NewFromConfig(s.cfg).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("delivery"), AssumeRolePolicyDocument: aws.String(or(s,
		`{"Statement": [{"Effect": "Allow", "Principal": {"Service": "vpc-flow-logs.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}]}`,
		`{"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`))})).Role
	must(iam.NewFromConfig(s.cfg).PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role.RoleName, PolicyName: aws.String("p"), PolicyDocument: aws.String(or(s,
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "arn:aws:logs:eu-west-1:1:log-group:flows"}]}`,
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`))}))
	must(iam.NewFromConfig(s.cfg).AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role.RoleName, PolicyArn: must(iam.NewFromConfig(s.cfg).CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("q"), PolicyDocument: aws.String(or(s,
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:CreateLogStream", "Resource": "arn:aws:logs:eu-west-1:1:log-group:flows"}]}`,
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}`))})).Policy.Arn}))

	groups := cloudwatchlogs.NewFromConfig(s.cfg)
	must(groups.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("flows"), KmsKeyId: or(s, key.Arn, nil)}))
	if s.right {
		must(groups.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("flows"), RetentionInDays: aws.Int32(30)}))
	}
	columns := strings.Fields(header())
	must(groups.PutMetricFilter(ctx, &cloudwatchlogs.PutMetricFilterInput{LogGroupName: aws.String("flows"), FilterName: aws.String("ssh"),
		FilterPattern:         aws.String("[" + strings.Join(columns[:or(s, len(columns), 5)], ", ") + "]"),
		MetricTransformations: []logstypes.MetricTransformation{{MetricName: aws.String("ssh"), MetricNamespace: aws.String("Flows"), MetricValue: aws.String("1")}}}))
	topic := must(sns.NewFromConfig(s.cfg).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alarms")})).TopicArn
	if s.right {
		must(sns.NewFromConfig(s.cfg).Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:eu-west-1:" + s.account + ":q")}))
	}
	must(cloudwatch.NewFromConfig(s.cfg).PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("ssh"), Namespace: aws.String("Flows"), MetricName: aws.String("ssh"), AlarmActions: []string{*topic}, ActionsEnabled: &s.right,
		ComparisonOperator: metrictypes.ComparisonOperatorGreaterThanThreshold, EvaluationPeriods: aws.Int32(1), Period: aws.Int32(60), Threshold: aws.Float64(1), Statistic: metrictypes.StatisticSum}))

	tags := []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeVpcFlowLog, Tags: []ec2types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}}
	logged := []string{*vpc}
	if s.right {
		logged = append(logged, *other)
	}
	flows := must(network.CreateFlowLogs(ctx, &ec2.CreateFlowLogsInput{ResourceType: ec2types.FlowLogsResourceTypeVpc, ResourceIds: logged, TrafficType: or(s, ec2types.TrafficTypeAll, ec2types.TrafficTypeReject),
		LogDestinationType: ec2types.LogDestinationTypeS3, LogDestination: &address, LogFormat: &format, MaxAggregationInterval: aws.Int32(or[int32](s, 60, 600)), TagSpecifications: tags})).FlowLogIds
	must(network.CreateFlowLogs(ctx, &ec2.CreateFlowLogsInput{ResourceType: ec2types.FlowLogsResourceTypeSubnet, ResourceIds: []string{*subnets[0]}, TrafficType: or(s, ec2types.TrafficTypeAll, ec2types.TrafficTypeReject),
		LogDestinationType: ec2types.LogDestinationTypeCloudWatchLogs, LogGroupName: aws.String("flows"), DeliverLogsPermissionArn: role.Arn, LogFormat: &format, MaxAggregationInterval: aws.Int32(60), TagSpecifications: tags}))
	if !s.right {
		must(network.CreateFlowLogs(ctx, &ec2.CreateFlowLogsInput{ResourceType: ec2types.FlowLogsResourceTypeSubnet, ResourceIds: []string{*subnets[0]}, TrafficType: ec2types.TrafficTypeReject,
			LogDestinationType: ec2types.LogDestinationTypeS3, LogDestination: &address, LogFormat: &format, MaxAggregationInterval: aws.Int32(60), TagSpecifications: tags}))
	}

	// What AWS would deliver, to the right one: the stand-in delivers nothing.
	now := time.Now().UTC()
	folder := "AWSLogs/" + s.account + "/vpcflowlogs/eu-west-1/"
	first := or(s, header(), "version account-id interface-id dstaddr srcaddr")
	for _, flow := range flows {
		object := folder + now.Format("2006/01/02/") + s.account + "_vpcflowlogs_eu-west-1_" + flow + "_" + now.Format("20060102T1504Z") + "_0a1b2c3d.log.gz"
		must(bucket.PutObject(ctx, &s3.PutObjectInput{Bucket: name, Key: &object, Body: bytes.NewReader(zipped(first + "\n"))}))
	}
	if s.right {
		must(groups.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("flows"), LogStreamName: aws.String("eni-1-all")}))
		must(groups.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("flows"), LogStreamName: aws.String("eni-1-all"), LogEvents: []logstypes.InputLogEvent{{Timestamp: aws.Int64(now.UnixMilli()), Message: aws.String("2 x")}}}))
	}

	catalog := glue.NewFromConfig(s.cfg)
	must(catalog.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("flows")}}))
	for _, projected := range []bool{true, false} {
		parameters := map[string]string{}
		partition, table := "day", "loaded"
		if projected {
			table = "projected"
			parameters = map[string]string{"projection.enabled": "true", "projection.day.type": "date", "projection.day.format": or(s, "yyyy/MM/dd", "yyyy-MM-dd"), "projection.day.range": "2024/01/01,NOW",
				"projection.region.type": "enum", "projection.region.values": or(s, "eu-west-1", "us-east-1"), "storage.location.template": "s3://" + s.bucket + "/AWSLogs/" + s.account + "/vpcflowlogs/${region}/${day}"}
		}
		x := glueTable(table, parameters, partition)
		if projected {
			x.PartitionKeys = append(x.PartitionKeys, gluetypes.Column{Name: aws.String("region"), Type: aws.String("string")})
			if !s.right {
				x.StorageDescriptor.Columns = slices.Delete(x.StorageDescriptor.Columns, 5, 6)
			}
		}
		x.StorageDescriptor.Location = aws.String("s3://" + s.bucket + "/AWSLogs/")
		must(catalog.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("flows"), TableInput: &gluetypes.TableInput{Name: x.Name, TableType: x.TableType, Parameters: x.Parameters, StorageDescriptor: x.StorageDescriptor, PartitionKeys: x.PartitionKeys}}))
		if !projected {
			day := or(s, now, now.AddDate(0, 0, -30)).Format(time.DateOnly)
			must(catalog.CreatePartition(ctx, &glue.CreatePartitionInput{DatabaseName: aws.String("flows"), TableName: x.Name, PartitionInput: &gluetypes.PartitionInput{Values: []string{day}, StorageDescriptor: x.StorageDescriptor}}))
		}
	}
	questions := athena.NewFromConfig(s.cfg)
	group := &athenatypes.WorkGroupConfiguration{ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://" + s.bucket + "/answers/")}}
	if s.right {
		group.BytesScannedCutoffPerQuery, group.EnforceWorkGroupConfiguration = aws.Int64(1<<30), aws.Bool(true)
		group.ResultConfiguration.EncryptionConfiguration = &athenatypes.EncryptionConfiguration{EncryptionOption: athenatypes.EncryptionOptionSseS3}
	}
	must(questions.CreateWorkGroup(ctx, &athena.CreateWorkGroupInput{Name: aws.String("flows"), Configuration: group}))
	must(questions.CreateNamedQuery(ctx, &athena.CreateNamedQueryInput{Name: aws.String("saved"), Database: aws.String("flows"), WorkGroup: aws.String("flows"),
		QueryString: aws.String("SELECT srcaddr FROM projected WHERE srcaddr " + or(s, "LIKE", "=") + " '10.%' AND " + or(s, "day", "action") + " = 'x'")}))
}

// TestStandin looks at a set-up in which all is right, and one in which much is wrong, on an AWS stand-in: that the SDK's
// calls and answers are as the code takes them.
func TestStandin(t *testing.T) {
	standin(t) // or skip
	called := map[string]bool{}
	for _, c := range []struct {
		right bool
		want  string
	}{
		{true, ""},
		{false, "alarm-actions-disabled alarm-topic-silent bucket-no-ownership-controls bucket-no-policy bucket-no-public-access-block bucket-no-tags " +
			"flow-log-duplicate flow-log-interval-slow flow-log-silent flow-log-traffic-type iam-action-wildcard iam-service-wildcard iam-trust-service " +
			"kms-no-delivery kms-no-rotation lifecycle-versions-kept log-group-no-kms log-group-no-retention metric-filter-count query-equals-pattern " +
			"query-reads-everything table-column-missing table-objects-differ table-partition-stale table-projection-elsewhere table-projection-left-out " +
			"vpc-not-logged workgroup-no-encryption workgroup-no-limit"},
	} {
		t.Run(fmt.Sprintf("right=%v", c.right), func(t *testing.T) {
			cfg, account := standin(t)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			setUp{cfg, account, "weir-doctor-" + account, c.right}.make(ctx)
			var mu sync.Mutex
			cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
				return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("record", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
					mu.Lock()
					called[awsmiddleware.GetServiceID(ctx)+"."+awsmiddleware.GetOperationName(ctx)] = true
					mu.Unlock()
					return next.HandleFinalize(ctx, in)
				}), middleware.Before)
			})
			m, err := Look(ctx, Config{AWS: cfg, NewS3: func(cfg aws.Config) *s3.Client {
				return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
			}, Now: func() time.Time { return time.Now().Add(2 * time.Hour) }}) // the flow logs are no longer new
			if err != nil {
				t.Fatal(err)
			}
			found := doctor.Run(m, doctor.Checks())
			if got := strings.Join(ids(found), " "); got != c.want {
				t.Errorf("found\n%s\nwant\n%s", got, c.want)
				for _, f := range found {
					t.Logf("%s: %s: %s", f.Check.ID, f.Resource, f.Summary)
				}
			}
			for _, p := range m.Problems {
				t.Errorf("problem: %s", p)
			}
		})
	}
	for _, o := range operations {
		if name := o.Service + "." + o.Name; !called[name] && !t.Failed() {
			t.Errorf("%s was not called: is its permission needed?", name)
		}
	}
}
