package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

const (
	region  = "eu-west-1"    // default of the examples
	account = "123456789012" // of the stand-in
)

// regions are those in which the examples make something.
var regions = []string{region, "us-east-1"}

// cloud is a stand-in for AWS that runs.
type cloud struct {
	url    string
	config aws.Config
	cmd    *exec.Cmd
}

var serving = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// startCloud starts a stand-in that is empty. It ends with ctx, or by stop.
func startCloud(ctx context.Context, t tools) (*cloud, error) {
	cmd := exec.CommandContext(ctx, t.python, t.standin, "--port", "0")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	cmd.WaitDelay = 5 * time.Second
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start stand-in: %w", err)
	}
	lines := bufio.NewScanner(stderr)
	var said []string
	for lines.Scan() {
		if url := serving.FindString(lines.Text()); url != "" {
			go func() { // a server whose log nobody reads would stand still
				for lines.Scan() {
				}
			}()
			return &cloud{url, aws.Config{
				Region: region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
			}, cmd}, nil
		}
		said = append(said, lines.Text())
	}
	return nil, fmt.Errorf("start stand-in: %w\n%s", cmp.Or(cmd.Wait(), errors.New("it ended")), strings.Join(said, "\n"))
}

// stop ends the stand-in and returns the processor time that it took.
func (c *cloud) stop() time.Duration {
	_ = c.cmd.Process.Signal(os.Interrupt)
	done := time.AfterFunc(5*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer done.Stop()
	_ = c.cmd.Wait() // it ended by a signal
	return c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime()
}

// env has AWS's own clients talk to the stand-in, and look for credentials nowhere else.
func (c *cloud) env() []string {
	return []string{"AWS_ENDPOINT_URL=" + c.url, "AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"AWS_PROFILE=", "AWS_SESSION_TOKEN="}
}

func (c *cloud) s3() *s3.Client {
	return s3.NewFromConfig(c.config, func(o *s3.Options) { o.UsePathStyle = true })
}
func (c *cloud) ec2(region string) *ec2.Client {
	return ec2.NewFromConfig(c.config, func(o *ec2.Options) { o.Region = region })
}
func (c *cloud) glue() *glue.Client { return glue.NewFromConfig(c.config) }

// given makes what a variable of an example stands for, and returns its value.
func (c *cloud) given(ctx context.Context, variable string) (any, error) {
	switch variable {
	case "vpc_id":
		return c.vpc(ctx, region)
	case "subnet_id":
		vpc, err := c.vpc(ctx, region)
		if err != nil {
			return "", err
		}
		subnet, err := c.ec2(region).CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: aws.String("10.20.1.0/24")})
		if err != nil {
			return "", err
		}
		return *subnet.Subnet.SubnetId, nil
	case "emails":
		return []string{"ops@example.com"}, nil
	case "lake_bucket":
		return "weir-lake", nil
	case "analysts":
		return []string{"arn:aws:iam::" + account + ":role/analyst"}, nil
	}
	return nil, fmt.Errorf("variable %s has no default, and it is not known what to give it: see cloud.given", variable)
}

// vpc makes a VPC.
func (c *cloud) vpc(ctx context.Context, region string, tags ...ec2types.Tag) (id string, err error) {
	in := &ec2.CreateVpcInput{CidrBlock: aws.String("10.20.0.0/16")}
	if len(tags) > 0 {
		in.TagSpecifications = []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeVpc, Tags: tags}}
	}
	vpc, err := c.ec2(region).CreateVpc(ctx, in)
	if err != nil {
		return "", fmt.Errorf("make VPC: %w", err)
	}
	return *vpc.Vpc.VpcId, nil
}

// tagged makes a VPC in each Region with the tag by which the examples choose.
func (c *cloud) tagged(ctx context.Context) error {
	for _, r := range regions {
		if _, err := c.vpc(ctx, r, ec2types.Tag{Key: aws.String("flow-logs"), Value: aws.String("on")}); err != nil {
			return err
		}
	}
	return nil
}

// bare deletes the default VPCs, which nobody logs.
func (c *cloud) bare(ctx context.Context) error {
	for _, r := range regions {
		client := c.ec2(r)
		vpcs, err := client.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
		if err != nil {
			return err
		}
		subnets, err := client.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{})
		if err != nil {
			return err
		}
		for _, s := range subnets.Subnets {
			if _, err := client.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: s.SubnetId}); err != nil {
				return err
			}
		}
		for _, v := range vpcs.Vpcs {
			if _, err := client.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: v.VpcId}); err != nil {
				return err
			}
		}
	}
	return nil
}

// flowLogs are the flow logs that the account has.
func (c *cloud) flowLogs(ctx context.Context) (all []flowLog, err error) {
	for _, r := range regions {
		out, err := c.ec2(r).DescribeFlowLogs(ctx, &ec2.DescribeFlowLogsInput{})
		if err != nil {
			return nil, err
		}
		for _, f := range out.FlowLogs {
			l := flowLog{id: aws.ToString(f.FlowLogId), region: r, format: aws.ToString(f.LogFormat), destination: aws.ToString(f.LogDestination),
				kind: string(f.LogDestinationType), status: aws.ToString(f.FlowLogStatus), interval: int(aws.ToInt32(f.MaxAggregationInterval))}
			if o := f.DestinationOptions; o != nil {
				l.parquet, l.hive, l.hourly = o.FileFormat == "parquet", aws.ToBool(o.HiveCompatiblePartitions), aws.ToBool(o.PerHourPartition)
			}
			all = append(all, l)
		}
	}
	return all, nil
}

var queueURL = regexp.MustCompile(`<QueueUrl>([^<]+)</QueueUrl>`)

// queues are the URLs of queues. weir has no client of SQS, and the stand-in checks no signature.
func (c *cloud) queues(ctx context.Context) (urls []string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/?Action=ListQueues&Version=2012-11-05", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/"+region+"/sqs/aws4_request, SignedHeaders=host, Signature=0")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("list queues: %w", cmp.Or(err, errors.New(res.Status)))
	}
	for _, m := range queueURL.FindAllStringSubmatch(string(body), -1) {
		urls = append(urls, m[1])
	}
	return urls, nil
}

// has says whether an object is there: an error if not.
func (c *cloud) has(ctx context.Context, bucket, key string) error {
	if _, err := c.s3().HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		return fmt.Errorf("look for object %s: %w", key, err)
	}
	return nil
}

// empty deletes all that is in a bucket, old versions too.
func (c *cloud) empty(ctx context.Context, bucket string) error {
	pages := s3.NewListObjectVersionsPaginator(c.s3(), &s3.ListObjectVersionsInput{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		var ids []s3types.ObjectIdentifier
		for _, v := range page.Versions {
			ids = append(ids, s3types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			ids = append(ids, s3types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(ids) == 0 {
			continue
		}
		if _, err := c.s3().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &s3types.Delete{Objects: ids}}); err != nil {
			return err
		}
	}
	return nil
}

// left names all that is in the account of the kinds that the module makes, but for what every account has.
func (c *cloud) left(ctx context.Context) (all []string, err error) {
	add := func(kind string, name *string) { all = append(all, kind+" "+aws.ToString(name)) }
	ask := func(f func() error) {
		if e := f(); e != nil && err == nil {
			err = fmt.Errorf("list what is left: %w", e)
		}
	}
	ask(func() error {
		o, err := c.s3().ListBuckets(ctx, &s3.ListBucketsInput{})
		if err == nil {
			for _, b := range o.Buckets {
				add("bucket", b.Name)
			}
		}
		return err
	})
	ask(func() error {
		logs, err := c.flowLogs(ctx)
		for _, l := range logs {
			add("flow log", &l.id)
		}
		return err
	})
	ask(func() error {
		o, err := c.glue().GetDatabases(ctx, &glue.GetDatabasesInput{})
		if err == nil {
			for _, d := range o.DatabaseList {
				add("database", d.Name)
			}
		}
		return err
	})
	ask(func() error {
		client := athena.NewFromConfig(c.config)
		o, err := client.ListWorkGroups(ctx, &athena.ListWorkGroupsInput{})
		if err == nil {
			for _, w := range o.WorkGroups {
				if *w.Name != "primary" {
					add("workgroup", w.Name)
				}
			}
		}
		return err
	})
	ask(func() error {
		o, err := cloudwatchlogs.NewFromConfig(c.config).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
		if err == nil {
			for _, g := range o.LogGroups {
				add("log group", g.LogGroupName)
			}
		}
		return err
	})
	ask(func() error {
		client := cloudwatch.NewFromConfig(c.config)
		o, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
		if err == nil {
			for _, a := range o.MetricAlarms {
				add("alarm", a.AlarmName)
			}
		}
		return err
	})
	ask(func() error {
		o, err := sns.NewFromConfig(c.config).ListTopics(ctx, &sns.ListTopicsInput{})
		if err == nil {
			for _, t := range o.Topics {
				add("topic", t.TopicArn)
			}
		}
		return err
	})
	ask(func() error {
		urls, err := c.queues(ctx)
		for _, u := range urls {
			add("queue", &u)
		}
		return err
	})
	ask(func() error {
		o, err := iam.NewFromConfig(c.config).ListRoles(ctx, &iam.ListRolesInput{})
		if err == nil {
			for _, r := range o.Roles {
				if !strings.HasPrefix(aws.ToString(r.Path), "/aws-service-role/") {
					add("role", r.RoleName)
				}
			}
		}
		return err
	})
	ask(func() error {
		o, err := iam.NewFromConfig(c.config).ListPolicies(ctx, &iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeLocal})
		if err == nil {
			for _, p := range o.Policies {
				add("policy", p.PolicyName)
			}
		}
		return err
	})
	ask(func() error {
		client := kms.NewFromConfig(c.config)
		o, err := client.ListKeys(ctx, &kms.ListKeysInput{})
		if err != nil {
			return err
		}
		for _, k := range o.Keys {
			d, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: k.KeyId})
			if err != nil {
				return err
			}
			if d.KeyMetadata.KeyManager == "CUSTOMER" {
				add("key", aws.String(string(d.KeyMetadata.KeyState)))
			}
		}
		return nil
	})
	slices.Sort(all)
	return all, err
}
