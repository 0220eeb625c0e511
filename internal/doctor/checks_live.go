package doctor

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"weir/flowlog"
)

const (
	srcDescribe = `AWS EC2 API Reference, "DescribeFlowLogs" and "FlowLog", from memory, not read for this`
	srcTrouble  = `AWS VPC User Guide, "Troubleshoot VPC Flow Logs", from memory, not read for this`
	srcAlarmSNS = `Amazon CloudWatch User Guide, "Notifying users on alarm changes", from memory, not read for this`
)

// eachLive makes a check of what a live account says of one flow log.
func eachLive(f func(*setup, *flowLog, report)) func(*setup, report) {
	return func(s *setup, r report) {
		for _, l := range s.flowLogs {
			if s.m.isLive() {
				f(s, l, r)
			}
		}
	}
}

// liveOf makes a check of one type of a live account's resources.
func liveOf(typ string, f func(*setup, *Resource, report)) func(*setup, report) {
	return func(s *setup, r report) {
		for _, x := range s.of(typ) {
			if s.m.isLive() {
				f(s, x, r)
			}
		}
	}
}

// active tells whether a flow log logs, as far as EC2 knows.
func (f *flowLog) active() bool { t, _ := f.text("live.status"); return t == "ACTIVE" }

// resource is the ID of what is logged.
func (f *flowLog) logged() string {
	for _, path := range []string{"vpc_id", "subnet_id", "eni_id", "transit_gateway_id", "transit_gateway_attachment_id", "regional_nat_gateway_id"} {
		if id, ok := f.text(path); ok {
			return id
		}
	}
	return ""
}

// covers tells whether all that g logs is logged by f, too.
func (f *flowLog) covers(g *flowLog) bool {
	kind, _ := f.text("traffic_type")
	other, _ := g.text("traffic_type")
	if kind != other && kind != "ALL" {
		return false
	}
	id := f.logged()
	vpc, _ := g.text("live.vpc")
	subnet, _ := g.text("live.subnet")
	return id != "" && (id == g.logged() || id == vpc || id == subnet)
}

// target is where a flow log's records go.
func (f *flowLog) target() string {
	d, _ := f.text("log_destination")
	return strings.TrimSuffix(d, "/")
}

// object is a delivered object of which the fields are known.
type object struct {
	*Resource
	bucket, key string
	parquet     bool
	names       []string
}

func (s *setup) objects() (out []*object) {
	for _, r := range s.of("live_object") {
		o := &object{Resource: r, parquet: r.is("parquet", true)}
		o.bucket, _ = r.text("bucket")
		o.key, _ = r.text("key")
		v, _ := r.get("names")
		o.names, _ = listOf(v)
		out = append(out, o)
	}
	return out
}

// differs says how an object's fields and a table's columns disagree, "" where they do not. Text is read by position.
func (o *object) differs(t *table) string {
	switch {
	case o.parquet != t.parquet:
		form := map[bool]string{true: "Parquet", false: "text"}
		return fmt.Sprintf("the table reads %s, the object is %s", form[t.parquet], form[o.parquet])
	case o.parquet:
		return ""
	}
	for i, n := range o.names {
		name := strings.ReplaceAll(n, "-", "_")
		if i >= len(t.columns) {
			return fmt.Sprintf("the object has %d fields, the table %d columns: %s and what follows are not read", len(o.names), len(t.columns), n)
		}
		if c := t.columns[i].name; c != name && columnField(c) != name {
			return fmt.Sprintf("field %d of the object is %s, column %d of the table is %s", i+1, n, i+1, c)
		}
	}
	return "" // what the table has more of is NULL
}

// left tells which account or Region of a live flow log the enum of a projected column leaves out, "" if none.
func (t *table) left(f *flowLog) string {
	template := t.properties["storage.location.template"]
	account, a := f.text("live.account")
	region, b := f.text("live.region")
	if on, unknown := t.projected(); !on || unknown || !a || !b || template == "" {
		return ""
	}
	_, key := splitLocation(template)
	found := ""
	at := map[string]string{ // what stands before the placeholder, and what must be among its values
		"AWSLogs/": account, "AWSLogs/aws-account-id=": account, "vpcflowlogs/": region, "vpcflowlogs/aws-region=": region,
	}
	for _, m := range placeholder.FindAllStringSubmatchIndex(key, -1) {
		column := key[m[2]:m[3]]
		for before, want := range at {
			if !strings.HasSuffix(key[:m[0]], before) || t.properties["projection."+column+".type"] != "enum" {
				continue
			}
			values := strings.Split(t.properties["projection."+column+".values"], ",")
			if !slices.ContainsFunc(values, func(v string) bool { return strings.TrimSpace(v) == want }) {
				found = cmp.Or(found, want)
			}
		}
	}
	return found
}

// staleAfter is how many days a partition may be missing: today's and yesterday's may be on their way.
const staleAfter = 2

// noDataHours is how long an alarm may wait for its first data.
const noDataHours = 24

var isDay = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)

var liveChecks = []*Check{
	{"flow-log-not-active", High, "A flow log is not active", "It logs nothing.", "Look at its error, then delete it and make it anew.", srcDescribe,
		eachLive(func(_ *setup, f *flowLog, r report) {
			if status, ok := f.text("live.status"); ok && status != "ACTIVE" {
				r(f.Resource, "", fmt.Sprintf("its status is %s", cmp.Or(status, "empty")), nil)
			}
		})},
	{"flow-log-delivery-failed", Critical, "A flow log cannot deliver", "What it logs is lost.",
		"For an access error, correct the bucket's or the role's policy, or the key's; AWS then goes on by itself.", srcTrouble,
		eachLive(func(_ *setup, f *flowLog, r report) {
			status, _ := f.text("live.delivery")
			why, _ := f.text("live.error")
			if status == "FAILED" || why != "" {
				r(f.Resource, "", "AWS says: "+cmp.Or(why, "no reason"), nil)
			}
		})},
	{"flow-log-destination-missing", Critical, "A flow log's destination does not exist", "What it logs is lost; whoever makes a bucket of that name gets it.",
		"Delete the flow log, or make the bucket or log group again.", srcTrouble,
		eachLive(func(_ *setup, f *flowLog, r report) {
			if d, _ := f.text("live.destination"); d == "missing" {
				r(f.Resource, "log_destination", "there is no "+f.target(), nil)
			}
		})},
	{"flow-log-destination-foreign", Info, "A flow log delivers into another account's bucket", "That account reads this network's traffic, which is right for a central one of yours.",
		"Make sure that the account is yours, and run the doctor there, too.", srcS3Policy,
		eachLive(func(_ *setup, f *flowLog, r report) {
			if d, _ := f.text("live.destination"); d == "foreign" {
				r(f.Resource, "log_destination", f.target()+" is not a bucket of this account", nil)
			}
		})},
	{"flow-log-role-missing", Critical, "A flow log's role does not exist", "AWS cannot write into the log group.", "Make the role again, or the flow log with another one.", srcRole,
		eachLive(func(_ *setup, f *flowLog, r report) {
			if d, _ := f.text("live.role"); d == "missing" {
				role, _ := f.text("iam_role_arn")
				r(f.Resource, "iam_role_arn", "there is no "+role, nil)
			}
		})},
	{"flow-log-silent", High, "A flow log delivers nothing", "Interfaces are there, and even without traffic each gives a record that says so: questions about these hours find nothing.",
		"Look at the policies of bucket, key and role; then delete the flow log and make it anew.", srcTrouble,
		eachLive(func(_ *setup, f *flowLog, r report) {
			if n, ok := f.number("live.interfaces"); ok && n > 0 && f.is("live.arrives", false) {
				r(f.Resource, "", fmt.Sprintf("nothing has arrived for six hours or more, and %g network interfaces are in use", n), nil)
			}
		})},
	{"flow-log-duplicate", Medium, "The same traffic is logged twice into the same place", "Each record is paid for and counted twice.", "Delete one of the flow logs.", srcCreate,
		eachLive(func(s *setup, f *flowLog, r report) {
			for _, g := range s.flowLogs {
				both := f.covers(g) && g.covers(f)
				if f != g && f.active() && g.active() && g.covers(f) && f.target() == g.target() && (!both || g.Address < f.Address) {
					r(f.Resource, "", fmt.Sprintf("%s logs %s to the same place", g.Address, cmp.Or(g.logged(), "it")), nil)
					return
				}
			}
		})},
	{"vpc-not-logged", High, "A VPC has no flow log", "What happens in it is not seen, by anybody.", "Make a flow log for it.", srcCreate,
		liveOf("aws_vpc", func(_ *setup, v *Resource, r report) {
			bare, ok := v.number("live.bare_interfaces")
			if covered, _ := v.number("live.logged_interfaces"); ok && bare > 0 && covered == 0 {
				r(v, "", fmt.Sprintf("%g network interfaces are in use, and none is logged", bare), nil)
			}
		})},
	{"vpc-partly-logged", Medium, "A VPC is logged in part", "Some subnets have flow logs, and what happens in the others is not seen.", "Make one flow log for the whole VPC.", srcCreate,
		liveOf("aws_vpc", func(_ *setup, v *Resource, r report) {
			bare, ok := v.number("live.bare_interfaces")
			if covered, _ := v.number("live.logged_interfaces"); ok && bare > 0 && covered > 0 {
				list, _ := v.get("live.bare_subnets")
				names, _ := listOf(list)
				more := ""
				if len(names) > 5 {
					names, more = names[:5], " and others"
				}
				r(v, "", fmt.Sprintf("%g of %g network interfaces in use are not logged, in %s%s", bare, bare+covered, strings.Join(names, ", "), more), nil)
			}
		})},
	{"table-objects-differ", Critical, "A table's columns are not the fields of the objects that it reads",
		"Text is read by position: the columns hold each other's values for these objects, without an error. An old format lives on in old objects.",
		"Make the columns the object's header, or give each format a folder and a table of its own.", srcTable,
		func(s *setup, r report) {
			for _, t := range s.tables {
				if t.ddl || !t.known || !s.m.isLive() {
					continue
				}
				bucket, folder := splitLocation(t.located)
				for _, o := range s.objects() {
					// What is wrong with the format as it is now, other checks say.
					same := t.log != nil && t.log.format != nil && !o.parquet && slices.Equal(o.names, t.log.format.Names)
					if d := o.differs(t); o.bucket == bucket && strings.HasPrefix(o.key, strings.TrimPrefix(folder+"/", "/")) && !same && d != "" {
						r(t.Resource, t.path, d+": "+o.Address, nil)
					}
				}
			}
		}},
	{"table-projection-left-out", High, "A projection leaves out an account or Region that is delivered", "Queries do not find its logs, and say nothing.",
		"Add it to projection.COLUMN.values.", srcProjection,
		func(s *setup, r report) {
			for _, t := range s.tables {
				bucket, _ := splitLocation(t.located)
				seen := map[string]bool{}
				for _, f := range s.flowLogs {
					if to, _ := splitLocation(f.target()); s.m.isLive() && f.active() && f.kind == "s3" && to == bucket && f.under(t) {
						if x := t.left(f); x != "" && !seen[x] {
							seen[x] = true
							r(t.Resource, "parameters", fmt.Sprintf("%s delivers for %s, which is not among the values", f.Address, x), nil)
						}
					}
				}
			}
		}},
	{"table-partition-stale", High, "A table's newest partition is old", "Somebody loads partitions, and has stopped: queries do not find what came since.",
		"Use partition projection: no partition has to be loaded, ever.", srcProjection,
		liveOf("aws_glue_catalog_table", func(s *setup, t *Resource, r report) {
			day, _ := t.text("live.newest_partition")
			if newest, err := time.Parse(time.DateOnly, day); isDay.MatchString(day) && err == nil && s.m.Looked.Sub(newest) > (staleAfter+1)*24*time.Hour {
				r(t, "partition_keys", "the newest partition is of "+day, nil)
			}
		})},
	{"bucket-public", Critical, "AWS takes a bucket's policy for public", "Everybody, or more than is meant, can read the network's traffic.", "Name the accounts or services that need it, and block public access.", srcBlock,
		eachBucket(func(s *setup, b *bucket, r report) {
			blocks, _ := s.companions(b, "aws_s3_bucket_public_access_block")
			restricted := slices.ContainsFunc(blocks, func(p *Resource) bool { return !p.off("restrict_public_buckets") })
			if s.m.isLive() && b.is("live.public", true) && !restricted {
				r(b.Resource, "", "its policy is public, and nothing restricts public buckets", nil)
			}
		})},
	{"kms-key-unusable", Critical, "A key that flow logs are encrypted with cannot be used", "AWS cannot write, and nobody can read what is there.", "Enable the key, or cancel its deletion.",
		`AWS KMS Developer Guide, "Key states of AWS KMS keys", from memory, not read for this`,
		liveOf("aws_kms_key", func(_ *setup, k *Resource, r report) {
			if state, ok := k.text("live.state"); ok && state != "Enabled" && state != "Updating" && state != "" {
				r(k, "", "its state is "+state, nil)
			}
		})},
	{"alarm-no-data", Medium, "An alarm has had no data for a day", "It watches a metric that does not come, and will not go off.", "Compare its metric, namespace and dimensions with what is published.", srcAlarm,
		liveOf("aws_cloudwatch_metric_alarm", func(_ *setup, a *Resource, r report) {
			if hours, ok := a.number("live.no_data_hours"); ok && hours >= noDataHours {
				r(a, "", fmt.Sprintf("INSUFFICIENT_DATA for %.0f hours", hours), nil)
			}
		})},
	{"alarm-topic-silent", High, "An alarm tells a topic that nobody has subscribed to", "It turns red, and nobody is told.", "Subscribe to the topic, and confirm by the link in the mail.", srcAlarmSNS,
		liveOf("aws_cloudwatch_metric_alarm", func(s *setup, a *Resource, r report) {
			v, _ := a.get("alarm_actions")
			actions, known := listOf(v)
			silent := ""
			for _, x := range actions {
				i := slices.IndexFunc(s.of("aws_sns_topic"), func(t *Resource) bool { return t.Address == x })
				if i < 0 {
					return // another kind of action, or one that was not looked at
				}
				t := s.of("aws_sns_topic")[i]
				switch n, ok := t.number("live.subscribers"); {
				case t.is("live.missing", true):
					silent = x + " does not exist"
				case ok && n == 0:
					silent = x + " has no confirmed subscription"
				default:
					return
				}
			}
			if known && silent != "" {
				r(a, "alarm_actions", silent, nil)
			}
		})},
}

// columnField is the column of the field that a column of another name stands for, "" if it stands for none.
func columnField(column string) string {
	for _, t := range []*flowlog.Table{flowlog.VPC, flowlog.TransitGateway} {
		if f := fieldOf(&flowlog.Format{Table: t}, column); f != nil {
			return strings.ReplaceAll(f.Name, "-", "_")
		}
	}
	return ""
}
