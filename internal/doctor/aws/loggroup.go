package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"weir/internal/doctor"
)

// logGroups looks at the log groups that flow logs deliver to, their metric filters, and the alarms on flow logs.
func (l *looker) logGroups(ctx context.Context, flowLogs []*flowLog) {
	by := map[string][]*flowLog{}
	names := map[string]bool{}
	watched := metrics{made: map[string]bool{}, spaces: map[string]bool{}, things: map[string]bool{}}
	for _, f := range flowLogs {
		switch {
		case f.bucket != "":
			watched.things["BucketName="+f.bucket] = true
		case f.logGroup != "" && l.ours(destinationOf(f)):
			names[f.logGroup] = true
			by[f.logGroup] = append(by[f.logGroup], f)
			watched.things["LogGroupName="+f.logGroup] = true
		case f.logGroup != "":
			l.note("log group %s of %s belongs to another account, and is not looked at", f.logGroup, f.id)
		default:
			l.note("the destination of %s is neither a bucket nor a log group, and is not looked at", f.id)
		}
	}
	each(sorted(names), func(name string) {
		what := "log group " + name
		group, o := l.logGroup(ctx, name)
		if o == absent {
			for _, f := range by[name] {
				l.live(f.Resource, "destination", "missing")
			}
		}
		if group == nil {
			return
		}
		l.add(group)
		for _, f := range by[name] {
			l.refer(f.Resource, "log_destination", group.Address)
		}
		for pages := cloudwatchlogs.NewDescribeMetricFiltersPaginator(l.logs, &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: &name}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if l.ask(ctx, what, err) != looked {
				return
			}
			for _, f := range page.MetricFilters {
				l.add(filterOf(f, group.Address))
				l.mu.Lock()
				for _, t := range f.MetricTransformations {
					watched.made[aws.ToString(t.MetricNamespace)+"\x00"+aws.ToString(t.MetricName)] = true
					watched.spaces[aws.ToString(t.MetricNamespace)] = true
				}
				l.mu.Unlock()
			}
		}
	})
	l.alarms(ctx, watched)
}

// logGroup finds the group of exactly that name: AWS lists by how a name begins.
func (l *looker) logGroup(ctx context.Context, name string) (*doctor.Resource, outcome) {
	for pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(l.logs, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if o := l.ask(ctx, "log group "+name, err); o != looked {
			return nil, o
		}
		for _, g := range page.LogGroups {
			if aws.ToString(g.LogGroupName) != name {
				continue
			}
			r := resource("aws_cloudwatch_log_group", name, l.arn("logs", "log-group:"+name), values{
				"name": name, "kms_key_id": text(g.KmsKeyId), "retention_in_days": number(g.RetentionInDays),
			})
			return r, looked
		}
	}
	return nil, absent
}

// filterOf makes an aws_cloudwatch_log_metric_filter of the log group that has that address.
func filterOf(f logstypes.MetricFilter, group string) *doctor.Resource {
	name := aws.ToString(f.LogGroupName) + ": " + aws.ToString(f.FilterName)
	v := values{"name": text(f.FilterName), "log_group_name": text(f.LogGroupName), "pattern": aws.ToString(f.FilterPattern)}
	var list []any
	for _, t := range f.MetricTransformations {
		m := values{"name": aws.ToString(t.MetricName), "namespace": aws.ToString(t.MetricNamespace), "value": aws.ToString(t.MetricValue)}
		if t.DefaultValue != nil {
			m["default_value"] = *t.DefaultValue
		}
		if len(t.Dimensions) > 0 {
			d := values{}
			for k, x := range t.Dimensions {
				d[k] = x
			}
			m["dimensions"] = d
		}
		list = append(list, m)
	}
	v["metric_transformation"] = list
	r := resource("aws_cloudwatch_log_metric_filter", aws.ToString(f.FilterName), "metric filter "+name, v)
	r.Refs["log_group_name"] = []string{group}
	return r
}

// metrics are those that tell something of flow logs.
type metrics struct {
	made   map[string]bool // namespace and name, by metric filters
	spaces map[string]bool // their namespaces
	things map[string]bool // dimension=value of AWS's own metrics
}

// weirSpace is the namespace of the metrics that weir itself publishes.
const weirSpace = "weir"

// about tells whether a metric is one of them.
func (w metrics) about(namespace, name string, dimensions []types.Dimension) bool {
	if w.made[namespace+"\x00"+name] || strings.EqualFold(namespace, weirSpace) {
		return true
	}
	for _, d := range dimensions {
		if strings.HasPrefix(namespace, "AWS/") && w.things[aws.ToString(d.Name)+"="+aws.ToString(d.Value)] {
			return true
		}
	}
	return false
}

func (w metrics) watches(a types.MetricAlarm) bool {
	// One in a filter's namespace that waits for its metric most likely has the name wrong.
	if w.about(aws.ToString(a.Namespace), aws.ToString(a.MetricName), a.Dimensions) ||
		w.spaces[aws.ToString(a.Namespace)] && a.StateValue == types.StateValueInsufficientData {
		return true
	}
	for _, q := range a.Metrics {
		if s := q.MetricStat; s != nil && s.Metric != nil && w.about(aws.ToString(s.Metric.Namespace), aws.ToString(s.Metric.MetricName), s.Metric.Dimensions) {
			return true
		}
	}
	return false
}

// alarms looks at those on metrics of flow logs, and at the topics that they tell.
func (l *looker) alarms(ctx context.Context, watched metrics) {
	topics := map[string]bool{}
	for pages := cloudwatch.NewDescribeAlarmsPaginator(l.metrics, &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm}}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if l.ask(ctx, "alarms", err) != looked {
			break
		}
		for _, a := range page.MetricAlarms {
			if !watched.watches(a) {
				continue
			}
			r := alarmOf(a)
			if t := a.StateUpdatedTimestamp; t != nil && a.StateValue == types.StateValueInsufficientData {
				l.live(r, "no_data_hours", l.now.Sub(*t).Hours())
			}
			l.add(r)
			for _, x := range a.AlarmActions {
				if n, err := arn.Parse(x); err == nil && n.Service == "sns" && n.AccountID == l.account && n.Region == l.region {
					topics[x] = true
				}
			}
		}
	}
	each(sorted(topics), func(topic string) {
		r := resource("aws_sns_topic", topic[strings.LastIndexByte(topic, ':')+1:], topic, values{"arn": topic})
		subscribers := 0
		for pages := sns.NewListSubscriptionsByTopicPaginator(l.sns, &sns.ListSubscriptionsByTopicInput{TopicArn: &topic}); pages.HasMorePages() && subscribers == 0; {
			page, err := pages.NextPage(ctx)
			switch l.ask(ctx, topic, err) {
			case unseen:
				return
			case absent:
				l.live(r, "missing", true)
				l.add(r)
				return
			}
			for _, s := range page.Subscriptions {
				if strings.HasPrefix(aws.ToString(s.SubscriptionArn), "arn:") { // else it says PendingConfirmation, or Deleted
					subscribers++
				}
			}
		}
		l.live(r, "subscribers", float64(subscribers))
		l.add(r)
	})
}

func alarmOf(a types.MetricAlarm) *doctor.Resource {
	v := values{
		"alarm_name": text(a.AlarmName), "namespace": text(a.Namespace), "metric_name": text(a.MetricName), "comparison_operator": string(a.ComparisonOperator),
		"treat_missing_data": text(a.TreatMissingData), "actions_enabled": truth(a.ActionsEnabled), "alarm_actions": texts(a.AlarmActions),
	}
	return resource("aws_cloudwatch_metric_alarm", aws.ToString(a.AlarmName), aws.ToString(a.AlarmArn), v)
}
