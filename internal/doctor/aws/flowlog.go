package aws

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"weir/internal/doctor"
)

// flowLog is an aws_flow_log, and what the rest of the package asks of it.
type flowLog struct {
	*doctor.Resource
	id       string
	of       string // the VPC, subnet, interface or transit gateway
	active   bool
	created  time.Time
	bucket   string
	folder   string // before AWSLogs, with a slash at its end, or ""
	hive     bool
	hourly   bool
	parquet  bool
	transit  bool
	format   string
	logGroup string
	role     string
}

// flowLogs lists those of the Region.
func (l *looker) flowLogs(ctx context.Context) (out []*flowLog, err error) {
	for pages := ec2.NewDescribeFlowLogsPaginator(l.ec2, &ec2.DescribeFlowLogsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, f := range page.FlowLogs {
			out = append(out, l.flowLog(f))
		}
	}
	return out, nil
}

// sources tell by its ID what a flow log is of. The longer beginning comes first.
var sources = []struct{ begin, argument string }{
	{"vpc-", "vpc_id"}, {"subnet-", "subnet_id"}, {"eni-", "eni_id"}, {"tgw-attach-", "transit_gateway_attachment_id"}, {"tgw-", "transit_gateway_id"},
	{"nat-", "regional_nat_gateway_id"},
}

func (l *looker) flowLog(f types.FlowLog) *flowLog {
	id := aws.ToString(f.FlowLogId)
	out := &flowLog{
		id: id, of: aws.ToString(f.ResourceId), active: aws.ToString(f.FlowLogStatus) == "ACTIVE", created: aws.ToTime(f.CreationTime),
		format: aws.ToString(f.LogFormat), role: aws.ToString(f.DeliverLogsPermissionArn),
	}
	kind := string(f.LogDestinationType)
	destination := aws.ToString(f.LogDestination)
	if kind == "" {
		kind = "cloud-watch-logs"
	}
	switch kind {
	case "s3":
		out.bucket, out.folder = place(destination)
	case "cloud-watch-logs":
		// AWS gives the name, or the ARN, or both.
		out.logGroup = aws.ToString(f.LogGroupName)
		if _, name, ok := strings.Cut(destination, ":log-group:"); ok && out.logGroup == "" {
			out.logGroup = strings.TrimSuffix(name, ":*")
		}
		if destination == "" && out.logGroup != "" {
			destination = l.arn("logs", "log-group:"+out.logGroup)
		}
	}
	v := values{
		"log_destination_type": kind, "log_destination": text(&destination), "log_format": text(f.LogFormat), "iam_role_arn": text(f.DeliverLogsPermissionArn),
		"max_aggregation_interval": number(f.MaxAggregationInterval), "tags": tagsOf(f.Tags), "deliver_cross_account_role": text(f.DeliverCrossAccountRole),
	}
	for _, s := range sources {
		if strings.HasPrefix(out.of, s.begin) {
			v[s.argument] = out.of
			out.transit = strings.HasPrefix(s.begin, "tgw-")
			break
		}
	}
	if !out.transit { // which have none, whatever is answered
		v["traffic_type"] = text((*string)(&f.TrafficType))
	}
	if o := f.DestinationOptions; o != nil {
		out.parquet, out.hive, out.hourly = o.FileFormat == types.DestinationFileFormatParquet, aws.ToBool(o.HiveCompatiblePartitions), aws.ToBool(o.PerHourPartition)
		v["destination_options"] = block(values{"file_format": string(o.FileFormat), "hive_compatible_partitions": out.hive, "per_hour_partition": out.hourly})
	}
	out.Resource = resource("aws_flow_log", id, l.arn("ec2", "vpc-flow-log/"+id), v)
	l.live(out.Resource, "account", l.account)
	l.live(out.Resource, "region", l.region)
	l.live(out.Resource, "status", aws.ToString(f.FlowLogStatus))
	l.live(out.Resource, "delivery", aws.ToString(f.DeliverLogsStatus))
	l.live(out.Resource, "error", aws.ToString(f.DeliverLogsErrorMessage))
	return out
}

func tagsOf(tags []types.Tag) any {
	if len(tags) == 0 {
		return nil
	}
	out := values{}
	for _, t := range tags {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

// place takes apart the ARN or URL of a place in S3. The folder ends in a slash, or is "".
func place(text string) (bucket, folder string) {
	if _, after, ok := strings.Cut(text, ":s3:::"); ok {
		text = after
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "s3://"), "s3a://")
	bucket, folder, _ = strings.Cut(text, "/")
	if folder = strings.Trim(folder, "/"); folder != "" {
		folder += "/"
	}
	return bucket, folder
}

// coverage looks at VPCs that no flow log covers as a whole, and at which VPC a subnet or an interface with one belongs to.
func (l *looker) coverage(ctx context.Context, flowLogs []*flowLog) {
	logged := map[string]bool{}
	var subnets, interfaces []*flowLog
	for _, f := range flowLogs {
		logged[f.of] = logged[f.of] || f.active
		switch {
		case strings.HasPrefix(f.of, "subnet-"):
			subnets = append(subnets, f)
		case strings.HasPrefix(f.of, "eni-"):
			interfaces = append(interfaces, f)
		}
	}
	together(
		func() { l.vpcs(ctx, logged) },
		func() { l.subnets(ctx, subnets) },
		func() { l.interfaces(ctx, interfaces) },
	)
}

// byID asks in portions of so many values of a filter: AWS takes 200.
const byID = 200

func filter(name string, of ...string) types.Filter { return types.Filter{Name: &name, Values: of} }

func (l *looker) subnets(ctx context.Context, flowLogs []*flowLog) {
	l.portions(flowLogs, func(ids []string, of map[string][]*flowLog) {
		for pages := ec2.NewDescribeSubnetsPaginator(l.ec2, &ec2.DescribeSubnetsInput{Filters: []types.Filter{filter("subnet-id", ids...)}}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if l.ask(ctx, "subnets", err) != looked {
				return
			}
			for _, s := range page.Subnets {
				for _, f := range of[aws.ToString(s.SubnetId)] {
					l.live(f.Resource, "vpc", aws.ToString(s.VpcId))
				}
			}
		}
	})
}

func (l *looker) interfaces(ctx context.Context, flowLogs []*flowLog) {
	l.portions(flowLogs, func(ids []string, of map[string][]*flowLog) {
		l.eachInterface(ctx, "network interfaces", filter("network-interface-id", ids...), func(n types.NetworkInterface) {
			for _, f := range of[aws.ToString(n.NetworkInterfaceId)] {
				l.live(f.Resource, "vpc", aws.ToString(n.VpcId))
				l.live(f.Resource, "subnet", aws.ToString(n.SubnetId))
			}
		})
	})
}

func (l *looker) portions(flowLogs []*flowLog, do func(ids []string, of map[string][]*flowLog)) {
	of := map[string][]*flowLog{}
	var ids []string
	for _, f := range flowLogs {
		if of[f.of] == nil {
			ids = append(ids, f.of)
		}
		of[f.of] = append(of[f.of], f)
	}
	for len(ids) > 0 {
		n := min(len(ids), byID)
		do(ids[:n], of)
		ids = ids[n:]
	}
}

// eachInterface calls do for the interfaces that a filter lets through.
func (l *looker) eachInterface(ctx context.Context, what string, f types.Filter, do func(types.NetworkInterface)) outcome {
	for pages := ec2.NewDescribeNetworkInterfacesPaginator(l.ec2, &ec2.DescribeNetworkInterfacesInput{Filters: []types.Filter{f}}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if o := l.ask(ctx, what, err); o != looked {
			return o
		}
		for _, n := range page.NetworkInterfaces {
			do(n)
		}
	}
	return looked
}

// vpcs looks at VPCs of this account without a flow log of their own.
func (l *looker) vpcs(ctx context.Context, logged map[string]bool) {
	var open []types.Vpc
	for pages := ec2.NewDescribeVpcsPaginator(l.ec2, &ec2.DescribeVpcsInput{Filters: []types.Filter{filter("owner-id", l.account)}}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if l.ask(ctx, "VPCs", err) != looked {
			return
		}
		for _, v := range page.Vpcs {
			if !logged[aws.ToString(v.VpcId)] {
				open = append(open, v)
			}
		}
	}
	each(open, func(v types.Vpc) {
		id := aws.ToString(v.VpcId)
		r := resource("aws_vpc", id, l.arn("ec2", "vpc/"+id), values{"cidr_block": text(v.CidrBlock), "tags": tagsOf(v.Tags)})
		covered, bare, subnets := 0, 0, map[string]bool{}
		if l.eachInterface(ctx, id, filter("vpc-id", id), func(n types.NetworkInterface) {
			switch {
			case n.Status != types.NetworkInterfaceStatusInUse:
			case logged[aws.ToString(n.SubnetId)] || logged[aws.ToString(n.NetworkInterfaceId)]:
				covered++
			default:
				bare++
				subnets[aws.ToString(n.SubnetId)] = true
			}
		}) != looked {
			return
		}
		l.live(r, "logged_interfaces", float64(covered))
		l.live(r, "bare_interfaces", float64(bare))
		l.live(r, "bare_subnets", texts(sorted(subnets)))
		l.add(r)
		if covered+bare == 0 {
			l.note("%s has no flow log, and no network interface in use: there is nothing to log", id)
		}
	})
}
