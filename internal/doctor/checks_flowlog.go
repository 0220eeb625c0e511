package doctor

import (
	"fmt"
	"slices"
	"strings"

	"weir/flowlog"
)

// Pages that checks rest on, and when they were read.
const (
	srcCreate   = `Amazon EC2 API Reference, "CreateFlowLogs", read 2026-11`
	srcTransit  = `AWS Transit Gateway guide, "Create and manage AWS Transit Gateway Flow Logs using APIs or the CLI", read 2026-11`
	srcRecords  = `Amazon VPC User Guide, "Flow log records", read 2026-11`
	srcS3       = `Amazon VPC User Guide, "Flow log files", read 2026-11`
	srcS3Policy = `Amazon VPC User Guide, "Amazon S3 bucket permissions for flow logs", read 2026-11`
	srcRole     = `Amazon VPC User Guide, "IAM role for publishing flow logs to CloudWatch Logs", read 2026-11`
	srcProvider = `Terraform AWS provider, schemas of 5.100.0 and 6.66.0, read 2026-11`
)

// NeededFields are those without which flow logs cannot answer what they are kept for, RecommendedFields those without
// which weir says less. A test holds them to what 'weir fields --format' says.
var (
	NeededFields      = []string{"interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "bytes", "start", "action", "log-status"}
	RecommendedFields = []string{"vpc-id", "subnet-id", "instance-id", "tcp-flags", "pkt-srcaddr", "pkt-dstaddr", "flow-direction", "traffic-path"}
)

// eachFlowLog makes a check of what is wrong with one flow log.
func eachFlowLog(f func(*flowLog, report)) func(*setup, report) {
	return func(s *setup, r report) {
		for _, l := range s.flowLogs {
			f(l, r)
		}
	}
}

var flowLogChecks = []*Check{
	{"flow-log-traffic-type", High, "A flow log does not log all traffic",
		"With ACCEPT alone no scan and no refused attempt is seen; with REJECT alone nothing that got in.",
		"Set traffic_type to ALL; what is too much is filtered when asking.", srcCreate,
		eachFlowLog(func(f *flowLog, r report) {
			if t, ok := f.text("traffic_type"); ok && t != "ALL" && !f.transit {
				r(f.Resource, "traffic_type", fmt.Sprintf("only %s traffic is logged", t), set("traffic_type", `"ALL"`))
			}
		})},
	{"flow-log-traffic-type-missing", High, "A flow log has no traffic_type",
		"AWS refuses to create it; plan does not notice.", "Set traffic_type to ALL.", srcCreate,
		eachFlowLog(func(f *flowLog, r report) {
			if !f.has("traffic_type") && (f.has("vpc_id") || f.has("subnet_id") || f.has("eni_id")) {
				r(f.Resource, "", "traffic_type is not set, and AWS will refuse the flow log", set("traffic_type", `"ALL"`))
			}
		})},
	{"flow-log-transit-traffic-type", High, "A transit gateway's flow log has a traffic_type",
		"AWS allows none for transit gateways; plan does not notice.", "Remove traffic_type.", srcTransit,
		eachFlowLog(func(f *flowLog, r report) {
			if f.transit && f.has("traffic_type") {
				r(f.Resource, "traffic_type", "transit gateways have no traffic_type, and AWS will refuse the flow log", remove("traffic_type"))
			}
		})},
	{"flow-log-interval-missing", Medium, "A flow log's interval is left to AWS",
		"The default is ten minutes: a scan or a break-in is seen up to ten minutes later, and short flows melt into one record.",
		"Set max_aggregation_interval to 60.", srcCreate,
		eachFlowLog(func(f *flowLog, r report) {
			if !f.has("max_aggregation_interval") && !f.transit {
				r(f.Resource, "", "records cover ten minutes, the default; rules want one", set("max_aggregation_interval", "60"))
			}
		})},
	{"flow-log-interval-slow", Medium, "A flow log's interval is ten minutes",
		"A scan or a break-in is seen up to ten minutes later, and short flows melt into one record.",
		"Set max_aggregation_interval to 60.", srcCreate,
		eachFlowLog(func(f *flowLog, r report) {
			if n, ok := f.number("max_aggregation_interval"); ok && n == 600 && !f.transit {
				r(f.Resource, "max_aggregation_interval", "records cover ten minutes; rules want one", set("max_aggregation_interval", "60"))
			}
		})},
	{"flow-log-transit-interval", High, "A transit gateway's flow log must have an interval of 60",
		"AWS allows no other for transit gateways, and the default is 600; plan does not notice.", "Set max_aggregation_interval to 60.", srcTransit,
		eachFlowLog(func(f *flowLog, r report) {
			if n, ok := f.number("max_aggregation_interval"); f.transit && (ok && n != 60 || !f.has("max_aggregation_interval")) {
				r(f.Resource, "max_aggregation_interval", "AWS will refuse the flow log: transit gateways need max_aggregation_interval = 60", set("max_aggregation_interval", "60"))
			}
		})},
	{"flow-log-no-destination", Critical, "A flow log has no destination",
		"AWS refuses to create it; plan does not notice.", "Set log_destination to the ARN of the bucket or log group.", srcProvider,
		eachFlowLog(func(f *flowLog, r report) {
			if !f.has("log_destination") && !f.has("log_group_name") {
				r(f.Resource, "", "log_destination is not set", nil)
			}
		})},
	{"flow-log-no-role", Critical, "A flow log to CloudWatch Logs has no role",
		"AWS cannot write into the log group without a role that it may take.", "Set iam_role_arn to a role that vpc-flow-logs.amazonaws.com may take.", srcRole,
		eachFlowLog(func(f *flowLog, r report) {
			if f.kind == "cloud-watch-logs" && !f.has("iam_role_arn") && (f.has("log_destination") || f.has("log_group_name")) {
				r(f.Resource, "", "iam_role_arn is not set, and AWS will refuse to deliver to CloudWatch Logs", nil)
			}
		})},
	{"flow-log-destination-type", High, "A bucket as destination, but not log_destination_type s3",
		"The default is cloud-watch-logs, and the ARN of a bucket is then refused.", `Set log_destination_type to "s3".`, srcCreate,
		eachFlowLog(func(f *flowLog, r report) {
			if d, ok := f.text("log_destination"); ok && arnStart.MatchString(d) && !f.has("log_destination_type") {
				r(f.Resource, "log_destination", "the destination is a bucket, but log_destination_type is not s3", set("log_destination_type", `"s3"`))
			}
		})},
	{"flow-log-folder-awslogs", High, "The destination's folder is named AWSLogs",
		"AWS keeps that name for itself and refuses the flow log.", "End log_destination at the bucket, or choose another folder: AWS adds AWSLogs/ by itself.", srcCreate,
		eachFlowLog(func(f *flowLog, r report) {
			if f.kind == "s3" && slices.Contains(strings.Split(f.folder, "/"), "AWSLogs") {
				r(f.Resource, "log_destination", "the folder of log_destination is named AWSLogs, which AWS refuses", nil)
			}
		})},
	{"flow-log-log-group-name", Medium, "log_group_name is gone in version 6 of the provider",
		"The next major version will refuse the configuration.", "Use log_destination with the log group's ARN.", srcProvider,
		eachFlowLog(func(f *flowLog, r report) {
			if f.has("log_group_name") && f.Written {
				r(f.Resource, "log_group_name", "log_group_name is deprecated; give the log group's ARN as log_destination", nil)
			}
		})},
	{"flow-log-no-tags", Info, "A flow log has no tags", "Nobody can tell whose it is, or find it by tag.", "Add tags.", srcProvider,
		func(s *setup, r report) {
			for _, f := range s.flowLogs {
				if !f.has("tags") && !s.defaultTags() {
					r(f.Resource, "", "no tags", nil)
				}
			}
		}},
	{"flow-log-gap-on-change", Low, "A change of format leaves a gap",
		"A flow log cannot be changed: Terraform deletes the old one before it makes the new one, and what passes between is not logged.",
		"Add lifecycle { create_before_destroy = true }.", srcCreate,
		eachFlowLog(func(f *flowLog, r report) {
			if f.Pos.Line > 0 && f.off("lifecycle.create_before_destroy") {
				e := set("lifecycle", "{\n    create_before_destroy = true\n  }")
				if f.has("lifecycle") {
					e = set("lifecycle.create_before_destroy", "true")
				}
				r(f.Resource, "", "no create_before_destroy: replacing the flow log loses what passes meanwhile", e.block())
			}
		})},
}

// defaultTags tells whether a provider block tags everything.
func (s *setup) defaultTags() bool {
	return slices.ContainsFunc(s.m.Providers, func(p *Resource) bool { return p.Name == "aws" && p.has("default_tags") })
}

// block turns an argument that is written `name = {…}` into a nested block.
func (e *edit) block() *edit {
	if strings.HasPrefix(e.text, "{") {
		e.isBlock = true
	}
	return e
}

// problemsOf reads a format by its tokens: names that no table has, and names that stand twice.
func problemsOf(text string) (unknown, twice []string) {
	if strings.TrimSpace(text) == "default" {
		return nil, nil
	}
	seen := map[string]bool{}
	for _, n := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,\t\r\n", r) }) {
		n = strings.TrimSuffix(strings.TrimPrefix(n, "${"), "}")
		if seen[n] {
			twice = append(twice, n)
			continue
		}
		seen[n] = true
		if flowlog.VPC.Field(n) == nil && flowlog.TransitGateway.Field(n) == nil {
			unknown = append(unknown, n)
		}
	}
	return unknown, twice
}

// missing are the fields that the flow log's format lacks. A transit gateway has other ones.
func (f *flowLog) missing(fields []string) (out []string) {
	if f.format == nil || f.transit {
		return nil
	}
	for _, n := range fields {
		if !f.format.Has(n) {
			out = append(out, n)
		}
	}
	return out
}

// extended is a change that adds fields at the format's end, where old readers of text do not stumble over them.
func (f *flowLog) extended() *edit {
	names := slices.Clone(f.format.Names)
	for _, n := range slices.Concat(NeededFields, RecommendedFields) {
		if !f.format.Has(n) {
			names = append(names, n)
		}
	}
	return set("log_format", spelt(names))
}

// spelt is a format as Terraform writes it: the dollar is doubled, or it would be a reference.
func spelt(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = "$${" + n + "}"
	}
	return `"` + strings.Join(out, " ") + `"`
}

var formatChecks = []*Check{
	{"format-unreadable", Critical, "A log format cannot be read", "AWS refuses it; plan does not notice, it takes any text.",
		"Write ${field} names with one blank between: in Terraform as $${field}.", srcRecords,
		eachFlowLog(func(f *flowLog, r report) {
			if _, twice := problemsOf(f.spelt); f.spelt != "" && f.format == nil && len(twice) == 0 {
				r(f.Resource, "log_format", "log_format is not a list of ${field} names", nil)
			}
		})},
	{"format-unknown-field", High, "A log format has a field that AWS does not know", "AWS refuses the flow log; plan does not notice.",
		"Correct the name: weir fields lists them.", srcRecords,
		eachFlowLog(func(f *flowLog, r report) {
			if unknown, _ := problemsOf(f.spelt); f.format != nil && len(unknown) > 0 {
				r(f.Resource, "log_format", "no field of flow logs is called "+strings.Join(unknown, ", "), nil)
			}
		})},
	{"format-field-twice", High, "A log format has a field twice", "What AWS makes of it is not documented; readers by name refuse it, readers by position shift.",
		"Remove one of them.", srcRecords,
		eachFlowLog(func(f *flowLog, r report) {
			if _, twice := problemsOf(f.spelt); len(twice) > 0 {
				r(f.Resource, "log_format", strings.Join(twice, ", ")+" stands twice in log_format", nil)
			}
		})},
	{"format-needed-field", High, "A log format lacks a field that every question needs", "Flow logs without it cannot answer what they are kept for, and a format cannot be changed later.",
		"Add the fields at the end: weir fields --format says what each is for.", srcRecords,
		eachFlowLog(func(f *flowLog, r report) {
			if m := f.missing(NeededFields); len(m) > 0 {
				r(f.Resource, "log_format", "log_format lacks "+strings.Join(m, ", "), f.extended())
			}
		})},
	{"format-recommended-field", Low, "A log format lacks fields that rules use", "Who opened a connection, what was reached behind a NAT gateway and which way it went are guesses.",
		"Add the fields at the end: weir fields --format says what each is for.", srcRecords,
		eachFlowLog(func(f *flowLog, r report) {
			if m := f.missing(RecommendedFields); len(m) > 0 {
				r(f.Resource, "log_format", "log_format lacks "+strings.Join(m, ", "), f.extended())
			}
		})},
	{"format-mixed", High, "Flow logs of different formats lie under one prefix", "A text table reads columns by position: the files of one of them are read wrongly, without an error.",
		"Give each format a folder of its own in log_destination, and a table.", srcRecords,
		func(s *setup, r report) {
			for i, f := range s.flowLogs {
				for _, g := range s.flowLogs[:i] {
					if f.bucket != nil && f.bucket == g.bucket && f.placed && g.placed && f.folder == g.folder && f.format != nil && g.format != nil && f.options && g.options &&
						(f.format.String() != g.format.String() || f.parquet != g.parquet) {
						r(f.Resource, "log_format", "delivers another format to the same place as "+g.Address, nil)
						break
					}
				}
			}
		}},
}
