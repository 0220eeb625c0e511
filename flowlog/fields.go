package flowlog

// Kind says what the values of a field are. Everything that depends on a field's type is one switch over Kind:
// the parser's branch, the Parquet type, the SQL type of each engine, the line in the documentation.
type Kind uint8

const (
	Text    Kind = iota + 1 // an identifier, an ARN, a name, a tag value; UTF-8
	Enum                    // one of a few words; the list is open, AWS adds to it without notice
	Address                 // an IPv4 or IPv6 address, kept as AWS wrote it
	Port                    // 0 to 65535
	Code                    // a small number that stands for something: version, protocol, traffic-path; 32 bits
	Flags                   // a bit mask; 32 bits
	Count                   // a number of packets or bytes; 64 bits
	Epoch                   // a time in seconds since 1970-01-01 UTC; 64 bits
)

// Kinds lists every Kind, for tests that must not forget one.
var Kinds = []Kind{Text, Enum, Address, Port, Code, Flags, Count, Epoch}

func (k Kind) String() string {
	switch k {
	case Text:
		return "text"
	case Enum:
		return "enum"
	case Address:
		return "address"
	case Port:
		return "port"
	case Code:
		return "code"
	case Flags:
		return "flags"
	case Count:
		return "count"
	case Epoch:
		return "epoch"
	}
	panic("BUG: unknown kind")
}

// Field is one field of a flow log: a row of AWS's table.
type Field struct {
	Name   string   // AWS's name, as in a header: "pkt-srcaddr"
	Column string   // the column's name in SQL: "pkt_srcaddr"
	Kind   Kind     // what its values are
	Since  int      // the version of flow logs that brought it
	Values []string // known words of an Enum; more may come
	Null   string   // when AWS writes "-"
	Doc    string   // meaning

	index int
}

// Index is the field's place in its table, from 0.
func (f *Field) Index() int { return f.index }

// Table is the set of fields that one kind of flow log can have. There are two, VPC and TransitGateway.
type Table struct {
	Name   string // name of the SQL table: "flows", "tgw_flows"
	Doc    string
	Fields []Field

	byName   map[string]*Field
	byColumn map[string]*Field
}

// VPC is the table of VPC flow logs, TransitGateway that of transit gateway flow logs.
var (
	VPC = newTable("flows", "Flow logs of VPCs, subnets and network interfaces.", vpcFields)

	TransitGateway = newTable("tgw_flows", "Flow logs of transit gateways and their attachments.", tgwFields)
)

// Tables lists both.
var Tables = []*Table{VPC, TransitGateway}

func newTable(name, doc string, fields []Field) *Table {
	t := &Table{Name: name, Doc: doc, Fields: fields, byName: map[string]*Field{}, byColumn: map[string]*Field{}}
	for i := range fields {
		f := &fields[i]
		f.index = i
		t.byName[f.Name] = f
		t.byColumn[f.Column] = f
	}
	return t
}

// Field returns the field of that AWS name, or nil.
func (t *Table) Field(name string) *Field { return t.byName[name] }

// Column returns the field of that SQL column, or nil.
func (t *Table) Column(name string) *Field { return t.byColumn[name] }

// vpcFields are the fields of VPC flow logs, in the order of the AWS table.
// AWS VPC User Guide, "Flow log records", read 2026-11.
var vpcFields = []Field{
	{Name: "version", Column: "version", Kind: Code, Since: 2,
		Null: "never",
		Doc:  "Highest version among the fields of the format; 2 for the default format. 6 is used by transit gateway flow logs only."},
	{Name: "account-id", Column: "account_id", Kind: Text, Since: 2,
		Null: "no '-' documented; the literal word unknown can appear for interfaces that an AWS service created",
		Doc:  "Account that owns the source interface whose traffic is recorded."},
	{Name: "interface-id", Column: "interface_id", Kind: Text, Since: 2,
		Null: "'-' for flows of a regional NAT gateway",
		Doc:  "Network interface that the record is about."},
	{Name: "srcaddr", Column: "srcaddr", Kind: Address, Since: 2,
		Null: "log-status is NODATA or SKIPDATA",
		Doc:  "Ingress: where the traffic came from. Egress: the private IPv4 (primary) or IPv6 address of the interface. Regional NAT gateway egress: same as pkt-srcaddr."},
	{Name: "dstaddr", Column: "dstaddr", Kind: Address, Since: 2,
		Null: "log-status is NODATA or SKIPDATA",
		Doc:  "Egress: the destination. Ingress: the private IPv4 (primary) or IPv6 address of the interface. Regional NAT gateway ingress: same as pkt-dstaddr."},
	{Name: "srcport", Column: "srcport", Kind: Port, Since: 2,
		Null: "log-status is NODATA or SKIPDATA",
		Doc:  "Source port; 0 for ICMP in the documented examples."},
	{Name: "dstport", Column: "dstport", Kind: Port, Since: 2,
		Null: "log-status is NODATA or SKIPDATA",
		Doc:  "Destination port; 0 for ICMP in the documented examples."},
	{Name: "protocol", Column: "protocol", Kind: Code, Since: 2,
		Null: "log-status is NODATA or SKIPDATA",
		Doc:  "IANA protocol number (1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6). AWS's Athena DDL declares bigint although the Parquet column is INT_32."},
	{Name: "packets", Column: "packets", Kind: Count, Since: 2,
		Null: "log-status is NODATA or SKIPDATA",
		Doc:  "Packets of the flow in the aggregation interval."},
	{Name: "bytes", Column: "bytes", Kind: Count, Since: 2,
		Null: "log-status is NODATA or SKIPDATA; also not reported for VPC Block Public Access rejects (0 or '-')",
		Doc:  "Bytes of the flow in the aggregation interval."},
	{Name: "start", Column: "start", Kind: Epoch, Since: 2,
		Null: "never documented as absent",
		Doc:  "First packet of the flow inside the aggregation interval; up to 60 s before reception or up to 60 s after transmission."},
	{Name: "end", Column: "end", Kind: Epoch, Since: 2,
		Null: "never documented as absent",
		Doc:  "Last packet of the flow inside the aggregation interval; up to 60 s after it was sent or received on the interface."},
	{Name: "action", Column: "action", Kind: Enum, Since: 2, Values: []string{"ACCEPT", "REJECT"},
		Null: "log-status is NODATA or SKIPDATA",
		Doc:  "REJECT: refused by security group or network ACL, or a packet that came after the connection was closed."},
	{Name: "log-status", Column: "log_status", Kind: Enum, Since: 2, Values: []string{"OK", "NODATA", "SKIPDATA"},
		Null: "never",
		Doc:  "OK: data logged. NODATA: no traffic in the interval. SKIPDATA: records lost (capacity or internal error); one may stand for many flows."},
	{Name: "vpc-id", Column: "vpc_id", Kind: Text, Since: 3,
		Null: "when not computable",
		Doc:  "VPC of the interface."},
	{Name: "subnet-id", Column: "subnet_id", Kind: Text, Since: 3,
		Null: "'-' for flows of a regional NAT gateway",
		Doc:  "Subnet of the interface."},
	{Name: "instance-id", Column: "instance_id", Kind: Text, Since: 3,
		Null: "'-' for a requester-managed interface (NAT gateway, transit gateway, endpoint, load balancer) or an instance you do not own",
		Doc:  "EC2 instance attached to the interface."},
	{Name: "tcp-flags", Column: "tcp_flags", Kind: Flags, Since: 3,
		Null: "'-' when the flag combination is invalid; 0 when only unsupported flags (ACK, PSH, URG, ECE) or none were seen",
		Doc:  "OR of the flags seen in the interval: 3 = SYN+FIN, 19 = SYN-ACK+FIN, 7 = FIN+SYN+RST. ACK (16) shows only as part of 18."},
	{Name: "type", Column: "type", Kind: Enum, Since: 3, Values: []string{"IPv4", "IPv6", "EFA"},
		Null: "when not computable",
		Doc:  "Kind of traffic."},
	{Name: "pkt-srcaddr", Column: "pkt_srcaddr", Kind: Address, Since: 3,
		Null: "when not computable",
		Doc:  "Packet-level (original) source address; differs from srcaddr behind NAT gateway, transit gateway, EKS pods, secondary addresses; may be the preserved client IP."},
	{Name: "pkt-dstaddr", Column: "pkt_dstaddr", Kind: Address, Since: 3,
		Null: "when not computable",
		Doc:  "Packet-level (original) destination address; differs from dstaddr in the same cases."},
	{Name: "region", Column: "region", Kind: Text, Since: 4,
		Null: "when not computable",
		Doc:  "Region of the interface."},
	{Name: "az-id", Column: "az_id", Kind: Text, Since: 4,
		Null: "'-' when the traffic is from a sublocation",
		Doc:  "Availability Zone ID of the interface."},
	{Name: "sublocation-type", Column: "sublocation_type", Kind: Enum, Since: 4, Values: []string{"wavelength", "outpost", "localzone"},
		Null: "'-' when not from a sublocation",
		Doc:  "Kind of the place named in sublocation-id."},
	{Name: "sublocation-id", Column: "sublocation_id", Kind: Text, Since: 4,
		Null: "'-' when not from a sublocation",
		Doc:  "ID of the Wavelength Zone, Outpost or Local Zone."},
	{Name: "pkt-src-aws-service", Column: "pkt_src_aws_service", Kind: Enum, Since: 5, Values: []string{"AMAZON", "AMAZON_APPFLOW", "AMAZON_CONNECT", "API_GATEWAY", "AURORA_DSQL", "CHIME_MEETINGS", "CHIME_VOICECONNECTOR", "CLOUD9", "CLOUDFRONT", "CLOUDFRONT_ORIGIN_FACING", "CODEBUILD", "DYNAMODB", "EBS", "EC2", "EC2_INSTANCE_CONNECT", "GLOBALACCELERATOR", "IVS_LOW_LATENCY", "IVS_REALTIME", "KINESIS_VIDEO_STREAMS", "MEDIA_PACKAGE_V2", "ROUTE53", "ROUTE53_HEALTHCHECKS", "ROUTE53_HEALTHCHECKS_PUBLISHING", "ROUTE53_RESOLVER", "S3", "WORKSPACES_GATEWAYS"},
		Null: "'-' when pkt-srcaddr is not in an AWS service range",
		Doc:  "Name of the AWS IP-range subset of pkt-srcaddr; one code only when ranges overlap. The list grows with time: treat as open."},
	{Name: "pkt-dst-aws-service", Column: "pkt_dst_aws_service", Kind: Enum, Since: 5, Values: []string{"AMAZON", "AMAZON_APPFLOW", "AMAZON_CONNECT", "API_GATEWAY", "AURORA_DSQL", "CHIME_MEETINGS", "CHIME_VOICECONNECTOR", "CLOUD9", "CLOUDFRONT", "CLOUDFRONT_ORIGIN_FACING", "CODEBUILD", "DYNAMODB", "EBS", "EC2", "EC2_INSTANCE_CONNECT", "GLOBALACCELERATOR", "IVS_LOW_LATENCY", "IVS_REALTIME", "KINESIS_VIDEO_STREAMS", "MEDIA_PACKAGE_V2", "ROUTE53", "ROUTE53_HEALTHCHECKS", "ROUTE53_HEALTHCHECKS_PUBLISHING", "ROUTE53_RESOLVER", "S3", "WORKSPACES_GATEWAYS"},
		Null: "'-' when pkt-dstaddr is not in an AWS service range",
		Doc:  "The same for pkt-dstaddr."},
	{Name: "flow-direction", Column: "flow_direction", Kind: Enum, Since: 5, Values: []string{"ingress", "egress"},
		Null: "when not computable",
		Doc:  "Direction seen from the interface that captured the flow."},
	{Name: "traffic-path", Column: "traffic_path", Kind: Code, Since: 5, Values: []string{"1", "2", "3", "4", "5", "6", "7", "8"},
		Null: "'-' for ingress records and when none of the values applies",
		Doc:  "Path of egress traffic: 1 same VPC (incl. AWS-managed interface or Outpost local gateway); 2 internet gateway or gateway VPC endpoint; 3 virtual private gateway; 4 intra-Region peering; 5 inter-Region peering; 6 Local Zone or Wavelength Zone; 7 gateway VPC endpoint; 8 internet gateway."},
	{Name: "ecs-cluster-arn", Column: "ecs_cluster_arn", Kind: Text, Since: 7,
		Null: "'-' when the traffic is not from a running awsvpc-mode ECS task, or the task belongs to another account",
		Doc:  "ECS cluster ARN (creator needs ecs:ListClusters)."},
	{Name: "ecs-cluster-name", Column: "ecs_cluster_name", Kind: Text, Since: 7,
		Null: "'-' when the traffic is not from a running awsvpc-mode ECS task, or the task belongs to another account",
		Doc:  "ECS cluster name (ecs:ListClusters)."},
	{Name: "ecs-container-instance-arn", Column: "ecs_container_instance_arn", Kind: Text, Since: 7,
		Null: "'-' when the traffic is not from a running awsvpc-mode ECS task, or the task belongs to another account; also on Fargate",
		Doc:  "ECS container instance ARN (ecs:ListClusters, ecs:ListContainerInstances)."},
	{Name: "ecs-container-instance-id", Column: "ecs_container_instance_id", Kind: Text, Since: 7,
		Null: "'-' when the traffic is not from a running awsvpc-mode ECS task, or the task belongs to another account; also on Fargate",
		Doc:  "ECS container instance ID (same permissions)."},
	{Name: "ecs-container-id", Column: "ecs_container_id", Kind: Text, Since: 7,
		Null: "'-' when the traffic is not from a running awsvpc-mode ECS task, or the task belongs to another account",
		Doc:  "Docker runtime ID of the first container of the task (ecs:ListClusters)."},
	{Name: "ecs-second-container-id", Column: "ecs_second_container_id", Kind: Text, Since: 7,
		Null: "'-' when the traffic is not from a running awsvpc-mode ECS task, or the task belongs to another account; also when the task has one container",
		Doc:  "Docker runtime ID of the second container; order is that of the ECS event stream."},
	{Name: "ecs-service-name", Column: "ecs_service_name", Kind: Text, Since: 7,
		Null: "'-' when the traffic is not from a running awsvpc-mode ECS task, or the task belongs to another account; also when no ECS service started the task",
		Doc:  "ECS service name (ecs:ListClusters, ecs:ListServices)."},
	{Name: "ecs-task-definition-arn", Column: "ecs_task_definition_arn", Kind: Text, Since: 7,
		Null: "'-' when the traffic is not from a running awsvpc-mode ECS task, or the task belongs to another account",
		Doc:  "Task definition ARN (ecs:ListClusters, ecs:ListTaskDefinitions)."},
	{Name: "ecs-task-arn", Column: "ecs_task_arn", Kind: Text, Since: 7,
		Null: "'-' when the traffic is not from a running awsvpc-mode ECS task, or the task belongs to another account",
		Doc:  "Task ARN (ecs:ListClusters, ecs:ListTasks)."},
	{Name: "ecs-task-id", Column: "ecs_task_id", Kind: Text, Since: 7,
		Null: "'-' when the traffic is not from a running awsvpc-mode ECS task, or the task belongs to another account",
		Doc:  "Task ID (ecs:ListClusters, ecs:ListTasks)."},
	{Name: "reject-reason", Column: "reject_reason", Kind: Enum, Since: 8, Values: []string{"BPA", "EC"},
		Null: "'-' for accepted traffic and any other reject reason (security group, network ACL)",
		Doc:  "BPA: VPC Block Public Access. EC: refused by a VPC endpoint due to VPC Encryption Controls."},
	{Name: "resource-id", Column: "resource_id", Kind: Text, Since: 9,
		Null: "'-' for traffic not associated with a regional NAT gateway",
		Doc:  "ID of the regional NAT gateway."},
	{Name: "encryption-status", Column: "encryption_status", Kind: Code, Since: 10, Values: []string{"0", "1", "2", "3"},
		Null: "'-' when VPC Encryption Controls is off or the status is not known",
		Doc:  "0 not encrypted; 1 Nitro hardware; 2 application layer (judged by TCP 443 to interface or gateway endpoint, or encrypted Redshift via endpoint); 3 both."},
	{Name: "instance-tag", Column: "instance_tag", Kind: Text, Since: 11,
		Null: "'-' when the resource has no such tag, is owned by another account, or (first hour of the flow log) is not known yet",
		Doc:  "Value of the first instance tag key of TagFieldSpecifications."},
	{Name: "instance-tag-2", Column: "instance_tag_2", Kind: Text, Since: 11,
		Null: "'-' when the resource has no such tag, is owned by another account, or (first hour of the flow log) is not known yet",
		Doc:  "Value of the second instance tag key."},
	{Name: "interface-tag", Column: "interface_tag", Kind: Text, Since: 11,
		Null: "'-' when the resource has no such tag, is owned by another account, or (first hour of the flow log) is not known yet",
		Doc:  "Value of the first network-interface tag key."},
	{Name: "interface-tag-2", Column: "interface_tag_2", Kind: Text, Since: 11,
		Null: "'-' when the resource has no such tag, is owned by another account, or (first hour of the flow log) is not known yet",
		Doc:  "Value of the second network-interface tag key."},
	{Name: "asg-tag", Column: "asg_tag", Kind: Text, Since: 11,
		Null: "'-' when the resource has no such tag, is owned by another account, or (first hour of the flow log) is not known yet; an Auto Scaling group named '-' never shows tags",
		Doc:  "Value of the first auto-scaling-group tag key; needs an enabled CloudTrail trail to stay fresh."},
	{Name: "asg-tag-2", Column: "asg_tag_2", Kind: Text, Since: 11,
		Null: "'-' when the resource has no such tag, is owned by another account, or (first hour of the flow log) is not known yet",
		Doc:  "Value of the second auto-scaling-group tag key."},
	{Name: "interface-type", Column: "interface_type", Kind: Enum, Since: 11, Values: []string{"nat_gateway", "network_load_balancer", "regional_nat_gateway", "transit_gateway", "vpc_endpoint"},
		Null: "'-' when the interface has no associated or supported service (an ordinary instance interface)",
		Doc:  "Kind of the local interface that captured the flow."},
	{Name: "next-hop-interface-id", Column: "next_hop_interface_id", Kind: Text, Since: 11,
		Null: "'-' when the next hop has no network interface, belongs to another account, is in another Region, or for ingress from some services (transit gateway, NLB)",
		Doc:  "Egress: interface that receives the traffic. Ingress: interface that sends it. Behind a middlebox it is the middlebox interface."},
	{Name: "next-hop-subnet-id", Column: "next_hop_subnet_id", Kind: Text, Since: 11,
		Null: "'-' when the next hop has no network interface, belongs to another account, is in another Region, or for ingress from some services (transit gateway, NLB)",
		Doc:  "Subnet of the next-hop interface."},
	{Name: "next-hop-az-id", Column: "next_hop_az_id", Kind: Text, Since: 11,
		Null: "as the other next-hop fields, but also filled when the next hop belongs to another account",
		Doc:  "Availability Zone ID of the next-hop interface."},
	{Name: "next-hop-vpc-id", Column: "next_hop_vpc_id", Kind: Text, Since: 11,
		Null: "'-' when the next hop has no network interface, belongs to another account, is in another Region, or for ingress from some services (transit gateway, NLB)",
		Doc:  "VPC of the next-hop interface."},
	{Name: "next-hop-interface-type", Column: "next_hop_interface_type", Kind: Enum, Since: 11, Values: []string{"nat_gateway", "network_load_balancer", "regional_nat_gateway", "transit_gateway", "vpc_endpoint"},
		Null: "'-' when the next hop has no network interface, belongs to another account, is in another Region, or for ingress from some services (transit gateway, NLB)",
		Doc:  "Kind of the next-hop interface; same values as interface-type."},
}

// tgwFields are the fields of transit gateway flow logs.
// AWS Transit Gateway Guide, "Transit gateway flow log records", read 2026-11.
var tgwFields = []Field{
	{Name: "version", Column: "version", Kind: Code, Since: 2,
		Null: "never",
		Doc:  "Per AWS's table: the version in which the field came; in records the highest version of the chosen fields (6 whenever a tgw-* or packets-lost-* field is in)."},
	{Name: "resource-type", Column: "resource_type", Kind: Enum, Since: 6, Values: []string{"TransitGateway", "TransitGatewayAttachment"},
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Kind of resource that the flow log is on. The present page names TransitGateway only; an older edition named TransitGatewayAttachment too which appears for attachment flow logs."},
	{Name: "account-id", Column: "account_id", Kind: Text, Since: 2,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Account that owns the source transit gateway."},
	{Name: "tgw-id", Column: "tgw_id", Kind: Text, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Transit gateway that is recorded."},
	{Name: "tgw-attachment-id", Column: "tgw_attachment_id", Kind: Text, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Attachment that is recorded."},
	{Name: "tgw-src-vpc-account-id", Column: "tgw_src_vpc_account_id", Kind: Text, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Account of the source VPC traffic."},
	{Name: "tgw-dst-vpc-account-id", Column: "tgw_dst_vpc_account_id", Kind: Text, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Account of the destination VPC traffic."},
	{Name: "tgw-src-vpc-id", Column: "tgw_src_vpc_id", Kind: Text, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Source VPC."},
	{Name: "tgw-dst-vpc-id", Column: "tgw_dst_vpc_id", Kind: Text, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Destination VPC."},
	{Name: "tgw-src-subnet-id", Column: "tgw_src_subnet_id", Kind: Text, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Subnet of the source traffic."},
	{Name: "tgw-dst-subnet-id", Column: "tgw_dst_subnet_id", Kind: Text, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Subnet of the destination traffic."},
	{Name: "tgw-src-eni", Column: "tgw_src_eni", Kind: Text, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Interface of the source attachment."},
	{Name: "tgw-dst-eni", Column: "tgw_dst_eni", Kind: Text, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Interface of the destination attachment."},
	{Name: "tgw-src-az-id", Column: "tgw_src_az_id", Kind: Text, Since: 6,
		Null: "'-' when the traffic is from a sublocation",
		Doc:  "Availability Zone ID of the source side."},
	{Name: "tgw-dst-az-id", Column: "tgw_dst_az_id", Kind: Text, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Availability Zone ID of the destination side."},
	{Name: "tgw-pair-attachment-id", Column: "tgw_pair_attachment_id", Kind: Text, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "The other attachment of the flow: egress or ingress one, by flow direction."},
	{Name: "srcaddr", Column: "srcaddr", Kind: Address, Since: 2,
		Null: "'-' in NODATA and SKIPDATA records (by analogy with VPC records)",
		Doc:  "Source address."},
	{Name: "dstaddr", Column: "dstaddr", Kind: Address, Since: 2,
		Null: "'-' in NODATA and SKIPDATA records (by analogy with VPC records)",
		Doc:  "Destination address."},
	{Name: "srcport", Column: "srcport", Kind: Port, Since: 2,
		Null: "'-' in NODATA and SKIPDATA records (by analogy with VPC records)",
		Doc:  "Source port."},
	{Name: "dstport", Column: "dstport", Kind: Port, Since: 2,
		Null: "'-' in NODATA and SKIPDATA records (by analogy with VPC records)",
		Doc:  "Destination port."},
	{Name: "protocol", Column: "protocol", Kind: Code, Since: 2,
		Null: "'-' in NODATA and SKIPDATA records (by analogy with VPC records)",
		Doc:  "IANA protocol number."},
	{Name: "packets", Column: "packets", Kind: Count, Since: 2,
		Null: "'-' in NODATA and SKIPDATA records (by analogy with VPC records)",
		Doc:  "Packets of the flow."},
	{Name: "bytes", Column: "bytes", Kind: Count, Since: 2,
		Null: "'-' in NODATA and SKIPDATA records (by analogy with VPC records)",
		Doc:  "Bytes of the flow."},
	{Name: "start", Column: "start", Kind: Epoch, Since: 2,
		Null: "never documented as absent",
		Doc:  "First packet in the aggregation interval; up to 60 s after it was sent or received on the transit gateway."},
	{Name: "end", Column: "end", Kind: Epoch, Since: 2,
		Null: "never documented as absent",
		Doc:  "Last packet in the aggregation interval; same slack."},
	{Name: "log-status", Column: "log_status", Kind: Enum, Since: 2, Values: []string{"OK", "NODATA", "SKIPDATA"},
		Null: "never",
		Doc:  "Same meaning as in VPC records."},
	{Name: "type", Column: "type", Kind: Enum, Since: 3, Values: []string{"IPv4", "IPv6", "EFA"},
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Kind of traffic."},
	{Name: "packets-lost-no-route", Column: "packets_lost_no_route", Kind: Count, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Packets lost because no route was given."},
	{Name: "packets-lost-blackhole", Column: "packets_lost_blackhole", Kind: Count, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Packets lost to a blackhole route."},
	{Name: "packets-lost-mtu-exceeded", Column: "packets_lost_mtu_exceeded", Kind: Count, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Packets lost because they were larger than the MTU."},
	{Name: "packets-lost-ttl-expired", Column: "packets_lost_ttl_expired", Kind: Count, Since: 6,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Packets lost because the time-to-live ran out."},
	{Name: "tcp-flags", Column: "tcp_flags", Kind: Flags, Since: 3,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "OR of the flags seen in the interval; 0 (not 16) when the entry has only ACK packets."},
	{Name: "region", Column: "region", Kind: Text, Since: 4,
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Region of the transit gateway."},
	{Name: "flow-direction", Column: "flow_direction", Kind: Enum, Since: 5, Values: []string{"ingress", "egress"},
		Null: "'-' when it could not be computed or does not apply",
		Doc:  "Direction seen from the transit gateway."},
	{Name: "pkt-src-aws-service", Column: "pkt_src_aws_service", Kind: Enum, Since: 5, Values: []string{"AMAZON", "AMAZON_APPFLOW", "AMAZON_CONNECT", "API_GATEWAY", "CHIME_MEETINGS", "CHIME_VOICECONNECTOR", "CLOUD9", "CLOUDFRONT", "CODEBUILD", "DYNAMODB", "EBS", "EC2", "EC2_INSTANCE_CONNECT", "GLOBALACCELERATOR", "KINESIS_VIDEO_STREAMS", "ROUTE53", "ROUTE53_HEALTHCHECKS", "ROUTE53_HEALTHCHECKS_PUBLISHING", "ROUTE53_RESOLVER", "S3", "WORKSPACES_GATEWAYS"},
		Null: "'-' when srcaddr is not in an AWS service range",
		Doc:  "AWS IP-range subset of srcaddr (there is no pkt-srcaddr here)."},
	{Name: "pkt-dst-aws-service", Column: "pkt_dst_aws_service", Kind: Enum, Since: 5, Values: []string{"AMAZON", "AMAZON_APPFLOW", "AMAZON_CONNECT", "API_GATEWAY", "CHIME_MEETINGS", "CHIME_VOICECONNECTOR", "CLOUD9", "CLOUDFRONT", "CODEBUILD", "DYNAMODB", "EBS", "EC2", "EC2_INSTANCE_CONNECT", "GLOBALACCELERATOR", "KINESIS_VIDEO_STREAMS", "ROUTE53", "ROUTE53_HEALTHCHECKS", "ROUTE53_HEALTHCHECKS_PUBLISHING", "ROUTE53_RESOLVER", "S3", "WORKSPACES_GATEWAYS"},
		Null: "'-' when dstaddr is not in an AWS service range",
		Doc:  "AWS IP-range subset of dstaddr."},
}
