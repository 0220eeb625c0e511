package main

import "weir/flowlog"

// weight says how much a field is missed.
type weight int

const (
	optional    weight = iota // serves some questions only
	recommended               // without it weir says less than it could, and says so
	needed                    // without it the logs cannot answer what they are kept for
)

func (w weight) String() string { return [...]string{"optional", "recommended", "needed"}[w] }

// fieldCost is what a log without a field cannot tell.
type fieldCost struct {
	weight weight
	costs  string
}

// fieldCosts has an entry for each field of each table; a test sees to it. A new field of AWS's begins as optional.
var fieldCosts = map[*flowlog.Table]map[string]fieldCost{
	flowlog.VPC:            vpcCosts,
	flowlog.TransitGateway: tgwCosts,
}

const (
	costECS     = "traffic of ECS tasks cannot be told apart by task or service on a shared host"
	costTag     = "no grouping by this tag: findings name machines, not owners or environments, and are new whenever a machine is replaced"
	costNextHop = "the way of traffic through firewalls, NAT gateways, endpoints and load balancers cannot be followed"
)

var vpcCosts = map[string]fieldCost{
	// The default format.
	"version":      {optional, "nothing: the format says which fields there are"},
	"account-id":   {recommended, "records of several accounts in one lake are told apart by the object they came from only"},
	"interface-id": {needed, "nothing can be asked per interface: which machine was reached, which is exposed, which stopped logging"},
	"srcaddr":      {needed, "who sent is unknown; with dstaddr gone too, a record says only that something happened"},
	"dstaddr":      {needed, "who was reached is unknown"},
	"srcport":      {needed, "an answer cannot be matched to its request, so whether a service ANSWERED cannot be told"},
	"dstport":      {needed, "which service was reached is unknown: no exposed ports, no scans, no admin access"},
	"protocol":     {needed, "port 53 by TCP and by UDP look alike; ICMP looks like port 0"},
	"packets":      {recommended, "a handshake and a served request look more alike; floods and scans cannot be measured"},
	"bytes":        {needed, "how much left is unknown: no exfiltration, no top talkers, no cost"},
	"start":        {needed, "records have no time: no hours, no --since, no partition by day, no order of events"},
	"end":          {recommended, "how long a flow lasted and how late it was delivered are unknown"},
	"action":       {needed, "what security groups let in and what they refused look alike"},
	"log-status":   {needed, "hours in which AWS lost records (SKIPDATA) look as quiet as hours without traffic (NODATA)"},

	// Version 3.
	"vpc-id":      {recommended, "the same private address in two VPCs is told apart by its interface only"},
	"subnet-id":   {recommended, "no question by subnet: public against private ones, cross-zone traffic"},
	"instance-id": {recommended, "interfaces must be matched to instances by an inventory"},
	"tcp-flags":   {recommended, "who opened a connection is a guess from the ports; an answer by SYN-ACK, a refusal by RST and half-open scans cannot be seen"},
	"type":        {optional, "nothing that the addresses do not say, but for EFA traffic"},
	"pkt-srcaddr": {recommended, "behind a NAT gateway, transit gateway, load balancer or EKS node the true sender is unknown"},
	"pkt-dstaddr": {recommended, "what was reached through a NAT gateway, and secondary addresses of an interface, are unknown"},

	// Version 4.
	"region":           {recommended, "regions are told apart by the object's key only"},
	"az-id":            {recommended, "traffic between zones, which AWS bills, cannot be seen"},
	"sublocation-type": {optional, "Wavelength Zones, Outposts and Local Zones are not told from the Region"},
	"sublocation-id":   {optional, "one Outpost or Local Zone is not told from another"},

	// Version 5.
	"pkt-src-aws-service": {recommended, "senders that are AWS services look like strangers from the internet"},
	"pkt-dst-aws-service": {recommended, "traffic to S3, DynamoDB and other AWS services looks like traffic to strangers"},
	"flow-direction":      {recommended, "which side of a record is the interface's own must be worked out from its addresses"},
	"traffic-path":        {recommended, "whether traffic left by internet gateway, NAT, peering or endpoint is unknown"},

	// Version 7.
	"ecs-cluster-arn":            {optional, costECS},
	"ecs-cluster-name":           {optional, costECS},
	"ecs-container-instance-arn": {optional, costECS},
	"ecs-container-instance-id":  {optional, costECS},
	"ecs-container-id":           {optional, costECS},
	"ecs-second-container-id":    {optional, costECS},
	"ecs-service-name":           {optional, costECS},
	"ecs-task-definition-arn":    {optional, costECS},
	"ecs-task-arn":               {optional, costECS},
	"ecs-task-id":                {optional, costECS},

	// Versions 8 to 10.
	"reject-reason":     {recommended, "what Block Public Access and encryption controls refused looks like a security group's refusal"},
	"resource-id":       {recommended, "records of regional NAT gateways have no interface, and without this nothing else that names them"},
	"encryption-status": {optional, "traffic that is not encrypted in transit cannot be found"},

	// Version 11.
	"instance-tag":            {optional, costTag},
	"instance-tag-2":          {optional, costTag},
	"interface-tag":           {optional, costTag},
	"interface-tag-2":         {optional, costTag},
	"asg-tag":                 {optional, costTag},
	"asg-tag-2":               {optional, costTag},
	"interface-type":          {optional, "NAT gateways, load balancers and endpoints are not told from machines"},
	"next-hop-interface-id":   {optional, costNextHop},
	"next-hop-subnet-id":      {optional, costNextHop},
	"next-hop-az-id":          {optional, "bytes between zones cannot be counted exactly"},
	"next-hop-vpc-id":         {optional, costNextHop},
	"next-hop-interface-type": {optional, costNextHop},
}

var tgwCosts = map[string]fieldCost{
	"version":                   {optional, "nothing: the format says which fields there are"},
	"resource-type":             {optional, "nothing while transit gateways are the only kind there is"},
	"account-id":                {recommended, "gateways of several accounts are told apart by the object they came from only"},
	"tgw-id":                    {needed, "which gateway saw the traffic is unknown"},
	"tgw-attachment-id":         {needed, "by which attachment traffic came or went is unknown"},
	"tgw-src-vpc-account-id":    {recommended, "traffic between accounts cannot be told from traffic within one"},
	"tgw-dst-vpc-account-id":    {recommended, "traffic between accounts cannot be told from traffic within one"},
	"tgw-src-vpc-id":            {recommended, "which VPC sent is unknown, and private addresses may be in use twice"},
	"tgw-dst-vpc-id":            {recommended, "which VPC was reached is unknown, and private addresses may be in use twice"},
	"tgw-src-subnet-id":         {optional, "no question by subnet of the sender"},
	"tgw-dst-subnet-id":         {optional, "no question by subnet of the receiver"},
	"tgw-src-eni":               {optional, "records cannot be joined to the VPC flow logs of the sender's attachment"},
	"tgw-dst-eni":               {optional, "records cannot be joined to the VPC flow logs of the receiver's attachment"},
	"tgw-src-az-id":             {optional, "traffic between zones cannot be seen"},
	"tgw-dst-az-id":             {optional, "traffic between zones cannot be seen"},
	"tgw-pair-attachment-id":    {recommended, "where traffic left the gateway is unknown"},
	"srcaddr":                   {needed, "who sent is unknown"},
	"dstaddr":                   {needed, "who was reached is unknown"},
	"srcport":                   {needed, "an answer cannot be matched to its request"},
	"dstport":                   {needed, "which service was reached is unknown"},
	"protocol":                  {needed, "port 53 by TCP and by UDP look alike"},
	"packets":                   {recommended, "floods and scans cannot be measured, nor the share of lost packets"},
	"bytes":                     {needed, "how much crossed the gateway, and what that cost, is unknown"},
	"start":                     {needed, "records have no time: no hours, no --since, no partition by day, no order of events"},
	"end":                       {recommended, "how long a flow lasted and how late it was delivered are unknown"},
	"log-status":                {needed, "hours in which AWS lost records (SKIPDATA) look as quiet as hours without traffic (NODATA)"},
	"type":                      {optional, "nothing that the addresses do not say"},
	"packets-lost-no-route":     {recommended, "a missing route looks like silence"},
	"packets-lost-blackhole":    {recommended, "a blackhole route looks like silence"},
	"packets-lost-mtu-exceeded": {optional, "packets that are too large vanish unseen"},
	"packets-lost-ttl-expired":  {optional, "routing loops cannot be seen"},
	"tcp-flags":                 {recommended, "who opened a connection is a guess from the ports"},
	"region":                    {recommended, "regions are told apart by the object's key only"},
	"flow-direction":            {recommended, "whether a record was made on the way in or out of the gateway is unknown, so bytes count twice"},
	"pkt-src-aws-service":       {optional, "senders that are AWS services look like strangers"},
	"pkt-dst-aws-service":       {optional, "traffic to AWS services looks like traffic to strangers"},
}
