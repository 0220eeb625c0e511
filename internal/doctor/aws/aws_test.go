package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrictypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/parquet-go/parquet-go"

	"weir/internal/doctor"
)

func ids(list []doctor.Finding) []string {
	out := []string{}
	for _, f := range list {
		out = append(out, f.Check.ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestGood(t *testing.T) {
	m, found := good().look(t)
	for _, f := range found {
		t.Errorf("%s: %s: %s", f.Check.ID, f.Resource, f.Summary)
	}
	for _, p := range m.Problems {
		t.Errorf("problem: %s", p)
	}
	types := map[string]int{}
	for _, r := range m.Resources {
		types[r.Type]++
		if r.Address == "" || strings.Contains(fmt.Sprint(r.Values), "secret") {
			t.Errorf("%s has no address, or more of an object than its names: %v", r.Type, r.Values)
		}
	}
	for typ, n := range map[string]int{
		"aws_flow_log": 2, "aws_vpc": 1, "aws_s3_bucket": 2, "aws_s3_bucket_policy": 2, "aws_s3_bucket_public_access_block": 2, "aws_s3_bucket_versioning": 2,
		"aws_s3_bucket_lifecycle_configuration": 2, "aws_s3_bucket_ownership_controls": 2, "aws_s3_bucket_server_side_encryption_configuration": 2,
		"aws_glue_catalog_table": 2, "aws_athena_workgroup": 1, "aws_athena_named_query": 1, "aws_cloudwatch_log_group": 1, "aws_cloudwatch_log_metric_filter": 1,
		"aws_cloudwatch_metric_alarm": 1, "aws_sns_topic": 1, "aws_iam_role": 1, "aws_iam_role_policy": 1, "aws_iam_policy": 1, "aws_iam_role_policy_attachment": 1, "aws_kms_key": 1, "live_object": 1,
	} {
		if types[typ] != n {
			t.Errorf("%d of %s, want %d", types[typ], typ, n)
		}
		delete(types, typ)
	}
	if len(types) > 0 {
		t.Errorf("and %v", types)
	}
	if want := "vpc-3 has no flow log, and no network interface in use: there is nothing to log"; !slices.Contains(m.Notes, want) {
		t.Errorf("notes %q", m.Notes)
	}
}

// TestDenied: what may not be seen is said with the permission that lacks, and is no finding.
func TestDenied(t *testing.T) {
	for _, o := range operations {
		name := o.Service + "." + o.Name
		t.Run(name, func(t *testing.T) {
			var asked atomic.Bool
			a := good()
			switch name { // which a good account gives no reason to make
			case "EC2.DescribeSubnets":
				a.change("EC2.DescribeFlowLogs", func(out *ec2.DescribeFlowLogsOutput) {
					f := out.FlowLogs[0]
					f.ResourceId, f.FlowLogId, f.LogDestination = aws.String("subnet-1"), aws.String("fl-9"), aws.String("arn:aws:s3:::"+logs)
					out.FlowLogs = append(slices.Clone(out.FlowLogs), f)
				})
			case "EC2.DescribeNetworkInterfaces":
				a["S3.ListObjectsV2"] = answer(&s3.ListObjectsV2Output{}) // nothing delivered
			}
			a[name] = func(any) (any, error) { asked.Store(true); return refuse("AccessDenied")(nil) }
			m, err := Look(t.Context(), Config{AWS: a.config(), Now: func() time.Time { return lookedAt }})
			if !asked.Load() {
				t.Fatal("is never asked")
			}
			if name == "STS.GetCallerIdentity" || name == "EC2.DescribeFlowLogs" {
				if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
					t.Fatalf("error %v: nothing can be said without it", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			found := doctor.Run(m, doctor.Checks())
			for _, f := range found {
				if name != "EC2.DescribeSubnets" {
					t.Errorf("%s: %s: %s", f.Check.ID, f.Resource, f.Summary)
				}
			}
			if len(m.Problems) == 0 && name != "S3.HeadBucket" { // which learns the Region from the refusal, too
				t.Fatal("nothing is said")
			}
			for _, p := range m.Problems {
				if s := p.String(); !strings.HasPrefix(s, "not looked at: "+o.Action+" on ") || !strings.HasSuffix(s, ": access denied") {
					t.Errorf("said %q", s)
				}
			}
		})
	}
}

// change changes the answer to a call.
func change[T any](a account, name string, f func(*T)) {
	before := a[name]
	a[name] = func(in any) (any, error) {
		out, err := before(in)
		if x, ok := out.(*T); ok && err == nil {
			y := *x
			f(&y)
			return &y, nil
		}
		return out, err
	}
}

// change is change for flow logs, which most tests are about. Only the page with the one in S3 is changed.
func (a account) change(name string, f func(*ec2.DescribeFlowLogsOutput)) {
	change(a, name, func(out *ec2.DescribeFlowLogsOutput) {
		if aws.ToString(out.FlowLogs[0].FlowLogId) == "fl-1" {
			out.FlowLogs = slices.Clone(out.FlowLogs)
			f(out)
		}
	})
}

// TestFaults makes one fault in the good account, and wants exactly what follows from it.
func TestFaults(t *testing.T) {
	flowLog := func(f func(*ec2types.FlowLog)) func(account) {
		return func(a account) {
			a.change("EC2.DescribeFlowLogs", func(out *ec2.DescribeFlowLogsOutput) { f(&out.FlowLogs[0]) })
		}
	}
	table := func(f func(*gluetypes.Table)) func(account) {
		return func(a account) {
			change(a, "Glue.GetTables", func(out *glue.GetTablesOutput) {
				out.TableList = slices.Clone(out.TableList)
				f(&out.TableList[0])
			})
		}
	}
	nothing := func(a account) { a["S3.ListObjectsV2"] = answer(&s3.ListObjectsV2Output{}) }
	for _, c := range []struct {
		name string
		do   func(account)
		want string // ids, sorted
	}{
		{"delivery fails", flowLog(func(f *ec2types.FlowLog) {
			f.DeliverLogsStatus, f.DeliverLogsErrorMessage = aws.String("FAILED"), aws.String("Access error")
		}), "flow-log-delivery-failed"},
		{"accept only", flowLog(func(f *ec2types.FlowLog) { f.TrafficType = ec2types.TrafficTypeAccept }), "flow-log-traffic-type"},
		{"ten minutes", flowLog(func(f *ec2types.FlowLog) { f.MaxAggregationInterval = aws.Int32(600) }), "flow-log-interval-slow"},
		{"Parquet", flowLog(func(f *ec2types.FlowLog) {
			f.DestinationOptions = &ec2types.DestinationOptionsResponse{FileFormat: ec2types.DestinationFileFormatParquet}
		}), "table-file-format"},
		{"hourly", flowLog(func(f *ec2types.FlowLog) {
			f.DestinationOptions = &ec2types.DestinationOptionsResponse{PerHourPartition: aws.Bool(true)}
		}), "flow-log-silent table-projection-elsewhere"},
		{"hive", flowLog(func(f *ec2types.FlowLog) {
			f.DestinationOptions = &ec2types.DestinationOptionsResponse{HiveCompatiblePartitions: aws.Bool(true)}
		}), "flow-log-silent table-projection-elsewhere"},
		{"nothing delivered", nothing, "flow-log-silent"},
		{"nothing delivered, new", func(a account) {
			nothing(a)
			flowLog(func(f *ec2types.FlowLog) { f.CreationTime = aws.Time(lookedAt.Add(-time.Minute)) })(a)
		}, ""},
		{"old objects only", func(a account) {
			a["S3.ListObjectsV2"] = func(in any) (any, error) {
				return list(in.(*s3.ListObjectsV2Input), strings.NewReplacer("2026/11/30", "2026/11/29", "20261130", "20261129").Replace(objectKey)), nil
			}
		}, "flow-log-silent"},
		{"another flow log's objects", func(a account) {
			a["S3.ListObjectsV2"] = func(in any) (any, error) {
				return list(in.(*s3.ListObjectsV2Input), strings.Replace(objectKey, "fl-1_", "fl-12_", 1)), nil
			}
		}, "flow-log-silent"},
		{"silent log group", func(a account) {
			a["CloudWatch Logs.DescribeLogStreams"] = answer(&cloudwatchlogs.DescribeLogStreamsOutput{})
		}, "flow-log-silent"},
		{"old format in old objects", func(a account) {
			old := strings.Replace(objectKey, "2026/11/30", "2026/10/01", 1)
			a["S3.ListObjectsV2"] = func(in any) (any, error) { return list(in.(*s3.ListObjectsV2Input), old, objectKey), nil }
			a["S3.GetObject"] = func(in any) (any, error) {
				h := header()
				if *in.(*s3.GetObjectInput).Key == old {
					h = "version account-id interface-id"
					h += " dstaddr srcaddr"
				}
				return &s3.GetObjectOutput{Body: body(zipped(h + "\n"))}, nil
			}
		}, "table-objects-differ"},
		{"no header", func(a account) {
			a["S3.GetObject"] = func(any) (any, error) {
				return &s3.GetObjectOutput{Body: body(zipped("2 123456789012 eni-1 10.0.0.1\n"))}, nil
			}
		}, ""},
		{"not zipped", func(a account) {
			a["S3.GetObject"] = func(any) (any, error) { return &s3.GetObjectOutput{Body: body([]byte("x"))}, nil }
		}, ""},
		{"bucket gone", func(a account) {
			a["S3.ListBuckets"] = answer(&s3.ListBucketsOutput{Buckets: []s3types.Bucket{{Name: aws.String(results)}}})
			a["S3.HeadBucket"] = bucketHead(404)
		}, "flow-log-destination-missing"},
		{"bucket of others", func(a account) {
			a["S3.ListBuckets"] = answer(&s3.ListBucketsOutput{Buckets: []s3types.Bucket{{Name: aws.String(results)}}})
			a["S3.HeadBucket"] = bucketHead(403)
		}, "flow-log-destination-foreign"},
		{"no policy", func(a account) { a["S3.GetBucketPolicy"] = refuse("NoSuchBucketPolicy") }, "bucket-no-policy"},
		{"no lifecycle", func(a account) { a["S3.GetBucketLifecycleConfiguration"] = refuse("NoSuchLifecycleConfiguration") }, "bucket-no-lifecycle lifecycle-versions-kept"},
		{"no block at all", func(a account) { a["S3 Control.GetPublicAccessBlock"] = refuse("NoSuchPublicAccessBlockConfiguration") }, "bucket-no-public-access-block"},
		{"public", func(a account) {
			a["S3 Control.GetPublicAccessBlock"] = refuse("NoSuchPublicAccessBlockConfiguration")
			a["S3.GetBucketPolicyStatus"] = answer(&s3.GetBucketPolicyStatusOutput{PolicyStatus: &s3types.PolicyStatus{IsPublic: aws.Bool(true)}})
		}, "bucket-no-public-access-block bucket-public"},
		{"public by ACL", func(a account) {
			a["S3.GetBucketOwnershipControls"] = refuse("OwnershipControlsNotFoundError")
			a["S3.GetBucketAcl"] = answer(&s3.GetBucketAclOutput{Grants: []s3types.Grant{{Permission: s3types.PermissionRead, Grantee: &s3types.Grantee{URI: aws.String("http://acs.amazonaws.com/groups/global/AllUsers")}}}})
		}, "bucket-acl-public bucket-no-ownership-controls"},
		{"key without delivery", func(a account) {
			a["KMS.GetKeyPolicy"] = answer(&kms.GetKeyPolicyOutput{Policy: aws.String(`{"Statement": []}`)})
		}, "kms-no-delivery"},
		{"key being deleted", func(a account) {
			change(a, "KMS.DescribeKey", func(out *kms.DescribeKeyOutput) {
				k := *out.KeyMetadata
				k.KeyState = kmstypes.KeyStatePendingDeletion
				out.KeyMetadata = &k
			})
		}, "kms-key-unusable"},
		{"columns in another order", table(func(x *gluetypes.Table) {
			d := *x.StorageDescriptor
			d.Columns = slices.Clone(d.Columns)
			d.Columns[3], d.Columns[4] = d.Columns[4], d.Columns[3]
			x.StorageDescriptor = &d
		}), "table-column-order"},
		{"Region left out", table(func(x *gluetypes.Table) {
			x.Parameters = map[string]string{}
			for k, v := range glueTable("", nil).Parameters {
				x.Parameters[k] = v
			}
			for k, v := range map[string]string{
				"projection.enabled": "true", "projection.day.type": "date", "projection.day.format": "yyyy/MM/dd", "projection.day.range": "2024/01/01,NOW",
				"projection.account.type": "enum", "projection.account.values": number12, "projection.region.type": "enum", "projection.region.values": "us-east-1",
				"storage.location.template": "s3://" + logs + "/AWSLogs/${account}/vpcflowlogs/${region}/${day}",
			} {
				x.Parameters[k] = v
			}
		}), "table-projection-left-out"},
		{"partitions forgotten", func(a account) {
			a["Glue.GetPartitions"] = answer(&glue.GetPartitionsOutput{Partitions: []gluetypes.Partition{{Values: []string{"2026", "05", "01"}}}})
		}, "table-partition-stale"},
		{"no partitions", func(a account) { a["Glue.GetPartitions"] = answer(&glue.GetPartitionsOutput{}) }, "table-partition-never-loaded"},
		{"role gone", func(a account) { a["IAM.GetRole"] = refuse("NoSuchEntity") }, "flow-log-role-missing"},
		{"role for others", func(a account) {
			change(a, "IAM.GetRole", func(out *iam.GetRoleOutput) {
				r := *out.Role
				r.AssumeRolePolicyDocument = aws.String(strings.Replace(*r.AssumeRolePolicyDocument, "vpc-flow-logs", "ec2", 1))
				out.Role = &r
			})
		}, "iam-trust-service"},
		{"old objects in Parquet", func(a account) {
			var file bytes.Buffer
			_ = parquet.Write(&file, []struct {
				Account string `parquet:"account_id"`
				Source  string `parquet:"srcaddr"`
			}{{"123456789012", "10.0.0.1"}})
			old := strings.NewReplacer("2026/11/30", "2026/10/01", ".log.gz", ".log.parquet").Replace(objectKey)
			a["S3.ListObjectsV2"] = func(in any) (any, error) {
				out := list(in.(*s3.ListObjectsV2Input), old, objectKey)
				for i := range out.Contents {
					out.Contents[i].Size = aws.Int64(int64(file.Len()))
				}
				return out, nil
			}
			text := a["S3.GetObject"]
			a["S3.GetObject"] = func(in any) (any, error) {
				q := in.(*s3.GetObjectInput)
				if *q.Key != old {
					return text(in)
				}
				var from, to int
				if _, err := fmt.Sscanf(*q.Range, "bytes=%d-%d", &from, &to); err != nil {
					return nil, err
				}
				return &s3.GetObjectOutput{Body: body(file.Bytes()[from:min(to+1, file.Len())])}, nil
			}
		}, "table-objects-differ"},
		{"log group gone", func(a account) {
			a["CloudWatch Logs.DescribeLogGroups"] = answer(&cloudwatchlogs.DescribeLogGroupsOutput{})
		}, "flow-log-destination-missing"},
		{"nobody subscribed", func(a account) {
			change(a, "SNS.ListSubscriptionsByTopic", func(out *sns.ListSubscriptionsByTopicOutput) { out.Subscriptions = out.Subscriptions[:1] })
		}, "alarm-topic-silent"},
		{"topic gone", func(a account) { a["SNS.ListSubscriptionsByTopic"] = refuse("NotFound") }, "alarm-topic-silent"},
		{"alarm without data", func(a account) {
			change(a, "CloudWatch.DescribeAlarms", func(out *cloudwatch.DescribeAlarmsOutput) {
				out.MetricAlarms = slices.Clone(out.MetricAlarms)
				out.MetricAlarms[0].StateValue, out.MetricAlarms[0].StateUpdatedTimestamp = metrictypes.StateValueInsufficientData, aws.Time(lookedAt.Add(-25*time.Hour))
			})
		}, "alarm-no-data"},
		{"alarm on a metric of another name", func(a account) {
			change(a, "CloudWatch.DescribeAlarms", func(out *cloudwatch.DescribeAlarmsOutput) {
				out.MetricAlarms = slices.Clone(out.MetricAlarms)
				out.MetricAlarms[0].StateValue, out.MetricAlarms[0].MetricName = metrictypes.StateValueInsufficientData, aws.String("shh")
			})
		}, "alarm-no-metric"},
		{"VPC not logged", func(a account) { // no longer vpc-1
			flowLog(func(f *ec2types.FlowLog) { f.ResourceId = aws.String("vpc-9") })(a)
		}, "vpc-not-logged"},
		{"subnet logged only", func(a account) {
			flowLog(func(f *ec2types.FlowLog) { f.ResourceId = aws.String("subnet-1") })(a)
			change(a, "EC2.DescribeNetworkInterfaces", func(out *ec2.DescribeNetworkInterfacesOutput) {
				if len(out.NetworkInterfaces) > 0 {
					n := out.NetworkInterfaces[0]
					n.SubnetId = aws.String("subnet-2")
					out.NetworkInterfaces = append(slices.Clone(out.NetworkInterfaces), n)
				}
			})
		}, "vpc-partly-logged"},
		{"subnet logged, too", func(a account) {
			a.change("EC2.DescribeFlowLogs", func(out *ec2.DescribeFlowLogsOutput) {
				f := out.FlowLogs[0]
				f.ResourceId, f.FlowLogId, f.CreationTime = aws.String("subnet-1"), aws.String("fl-9"), aws.Time(lookedAt)
				out.FlowLogs = append(out.FlowLogs, f)
			})
			a["EC2.DescribeSubnets"] = answer(&ec2.DescribeSubnetsOutput{Subnets: []ec2types.Subnet{{SubnetId: aws.String("subnet-1"), VpcId: aws.String("vpc-1")}}})
		}, "flow-log-duplicate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := good()
			c.do(a)
			m, found := a.look(t)
			if got := strings.Join(ids(found), " "); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
				for _, f := range found {
					t.Logf("%s: %s", f.Resource, f.Summary)
				}
			}
			if len(m.Problems) > 0 {
				t.Errorf("problems %v", m.Problems)
			}
		})
	}
}

func body(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }

// bucketHead answers for the logs' bucket with a status.
func bucketHead(status int) func(any) (any, error) {
	return func(in any) (any, error) {
		if aws.ToString(in.(*s3.HeadBucketInput).Bucket) == logs {
			return nil, httpError(status)
		}
		return &s3.HeadBucketOutput{}, nil
	}
}

// TestHostile: names come from strangers, who may send anything in an answer. It is data, and never a panic.
func TestHostile(t *testing.T) {
	evil := "x\x1b[2J\n\x00${{`'\"/../" + strings.Repeat("y", 10000)
	a := good()
	a.change("EC2.DescribeFlowLogs", func(out *ec2.DescribeFlowLogsOutput) {
		for _, d := range []string{evil, "arn:aws:s3:::" + evil, "arn:aws:s3:::", ""} {
			out.FlowLogs = append(out.FlowLogs, ec2types.FlowLog{FlowLogId: &evil, ResourceId: &evil, LogDestination: &d, LogDestinationType: "s3", LogFormat: &evil, DeliverLogsErrorMessage: &evil})
		}
		out.FlowLogs = append(out.FlowLogs, ec2types.FlowLog{})
	})
	change(a, "Glue.GetTables", func(out *glue.GetTablesOutput) {
		x := glueTable(evil, map[string]string{"projection.enabled": "true", "storage.location.template": evil, evil: evil}, evil)
		out.TableList = append(slices.Clone(out.TableList), x, gluetypes.Table{})
	})
	a["S3.GetObject"] = func(any) (any, error) { return &s3.GetObjectOutput{Body: body(zipped(evil))}, nil }
	a["S3.HeadBucket"] = func(any) (any, error) { return nil, httpError(404) }
	m, found := a.look(t)
	if !slices.Contains(ids(found), "flow-log-delivery-failed") || len(m.Resources) < 10 {
		t.Errorf("found %v", ids(found))
	}
}

// TestGuard: no call gets through that is not in the list, whoever makes it.
func TestGuard(t *testing.T) {
	sent := false
	cfg := account{"S3.DeleteBucket": func(any) (any, error) { sent = true; return &s3.DeleteBucketOutput{}, nil }}.config()
	cfg.APIOptions = append(cfg.APIOptions, newGuard())
	_, err := s3.NewFromConfig(cfg).DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(logs)})
	if err == nil || sent || !strings.Contains(err.Error(), "not among the calls") {
		t.Errorf("error %v, sent %v", err, sent)
	}
	for _, o := range operations {
		if !slices.ContainsFunc([]string{"Get", "Head", "List", "Describe"}, func(verb string) bool { return strings.HasPrefix(o.Name, verb) }) {
			t.Errorf("%s %s does not only read", o.Service, o.Name)
		}
	}
}

// TestAtOnce: while as many calls as may be are under way, the next one waits, until it is given up.
func TestAtOnce(t *testing.T) {
	entered, given, end := make(chan bool, atOnce+1), make(chan bool, 1), make(chan bool)
	cfg := account{"STS.GetCallerIdentity": func(any) (any, error) {
		entered <- true
		<-end
		return &sts.GetCallerIdentityOutput{}, nil
	}}.config()
	cfg.APIOptions = append(cfg.APIOptions, newGuard())
	client := sts.NewFromConfig(cfg)
	var wg sync.WaitGroup
	call := func(ctx context.Context) error {
		_, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		return err
	}
	for range atOnce {
		wg.Go(func() {
			if err := call(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	for range atOnce {
		<-entered
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wg.Go(func() {
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		given <- true
	})
	select {
	case <-entered:
		t.Error("one more is under way")
	case <-given:
	}
	close(end)
	wg.Wait()
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := good()
	a["Glue.GetDatabases"] = func(any) (any, error) { cancel(); return nil, ctx.Err() }
	if _, err := Look(ctx, Config{AWS: a.config()}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestPolicy(t *testing.T) {
	var p struct {
		Statement []struct{ Action []string }
	}
	if err := json.Unmarshal([]byte(Policy()), &p); err != nil {
		t.Fatal(err)
	}
	for _, o := range operations {
		if o.Action != "" && !slices.Contains(p.Statement[0].Action, o.Action) {
			t.Errorf("the policy lacks %s", o.Action)
		}
	}
	if list := p.Statement[0].Action; !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
		t.Errorf("actions %v", list)
	}
}

func TestDay(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 0, 0, time.FixedZone("", -3600))
	for want, f := range map[string]*flowLog{
		"AWSLogs/1/vpcflowlogs/r/2026/01/02/":                                                          {},
		"AWSLogs/1/vpcflowlogs/r/2026/01/02/04/":                                                       {hourly: true},
		"a/b/AWSLogs/aws-account-id=1/aws-service=vpcflowlogs/aws-region=r/year=2026/month=01/day=02/": {hive: true, folder: "a/b/"},
		"AWSLogs/aws-account-id=1/service=vpcflowlogs/aws-region=r/year=2026/month=01/day=02/hour=04/": {hive: true, hourly: true, transit: true},
	} {
		if got := f.day("1", "r", at); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
