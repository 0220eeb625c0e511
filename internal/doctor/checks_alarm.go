package doctor

import (
	"fmt"
	"strings"
)

const (
	srcFilter = `Amazon CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail", read 2026-11`
	srcAlarm  = `Amazon CloudWatch User Guide, "Using Amazon CloudWatch alarms", read 2026-11`
)

// positions reads a pattern of columns, [version, account, …]: what each is called, without its condition. ok is false
// where the pattern is of another kind, or leaves columns out by "...".
func positions(pattern string) (names []string, ok bool) {
	p := strings.TrimSpace(pattern)
	if !strings.HasPrefix(p, "[") || !strings.HasSuffix(p, "]") || strings.Contains(p, "...") {
		return nil, false
	}
	depth, from := 0, 1
	for i := 1; i < len(p); i++ {
		switch p[i] {
		case '%', '"': // a regular expression or a text: brackets and commas in it are its own
			end := strings.IndexByte(p[i+1:], p[i])
			if end < 0 {
				return nil, false
			}
			i += 1 + end
		case '(':
			depth++
		case ')':
			depth--
		case ',', ']':
			if depth == 0 {
				name := strings.TrimSpace(p[from:i])
				name = strings.TrimLeft(name, "(")
				if j := strings.IndexAny(name, "=<>! "); j >= 0 {
					name = name[:j]
				}
				names, from = append(names, strings.ToLower(strings.TrimSpace(name))), i+1
			}
		}
	}
	return names, true
}

// filterNames are the words that patterns use for fields, those of AWS's own pages among them.
var filterNames = map[string]string{"account": "account-id", "eni": "interface-id", "interface": "interface-id", "source": "srcaddr", "destination": "dstaddr", "src": "srcaddr", "dst": "dstaddr",
	"windowstart": "start", "windowend": "end", "flowlogstatus": "log-status", "status": "log-status", "destport": "dstport", "sourceport": "srcport"}

// logsInto returns the flow log that writes to a log group, if there is one for sure and its format is known.
func (s *setup) logsInto(r *Resource, path string) *flowLog {
	for _, g := range s.of("aws_cloudwatch_log_group") {
		name, _ := g.text("name")
		if text, _ := r.text(path); !r.refers(path, g.Address) && (name == "" || text != name) {
			continue
		}
		for _, f := range s.flowLogs {
			if (f.refers("log_destination", g.Address) || f.refers("log_group_name", g.Address)) && f.format != nil {
				return f
			}
		}
	}
	return nil
}

var alarmChecks = []*Check{
	{"metric-filter-count", High, "A metric filter's pattern has another number of columns than the format", "A pattern of columns matches only lines with as many: the filter never counts anything.", "Name every field of the format, in its order, or end in \"...\".", srcFilter,
		eachOf("aws_cloudwatch_log_metric_filter", func(s *setup, m *Resource, r report) {
			pattern, _ := m.text("pattern")
			names, ok := positions(pattern)
			if f := s.logsInto(m, "log_group_name"); ok && f != nil && len(names) != len(f.format.Names) {
				r(m, "pattern", fmt.Sprintf("the pattern has %d columns, the format of %s %d fields", len(names), f.Address, len(f.format.Names)), nil)
			}
		})},
	{"metric-filter-position", High, "A metric filter's column stands at another field's place", "The filter compares the wrong field: a port with an address, and never fires, or always.", "Put the columns into the format's order.", srcFilter,
		eachOf("aws_cloudwatch_log_metric_filter", func(s *setup, m *Resource, r report) {
			pattern, _ := m.text("pattern")
			names, ok := positions(pattern)
			f := s.logsInto(m, "log_group_name")
			if !ok || f == nil {
				return
			}
			for i, n := range names {
				if other := filterNames[n]; other != "" {
					n = other
				}
				n = strings.ReplaceAll(n, "_", "-")
				if i < len(f.format.Names) && f.format.Has(n) && f.format.Names[i] != n {
					r(m, "pattern", fmt.Sprintf("column %d is called %s, and is %s in the format of %s", i+1, n, f.format.Names[i], f.Address), nil)
					return
				}
			}
		})},
	{"metric-filter-default-dimensions", High, "A metric filter has a default value and dimensions", "AWS refuses both together; plan does not notice.", "Remove default_value, or the dimensions.", `Amazon CloudWatch Logs User Guide, "Creating metrics from log events using filters", read 2026-11`,
		eachOf("aws_cloudwatch_log_metric_filter", func(_ *setup, m *Resource, r report) {
			if m.has("metric_transformation.default_value") && m.has("metric_transformation.dimensions") {
				r(m, "metric_transformation.0.default_value", "default_value and dimensions are both set", remove("metric_transformation.0.default_value"))
			}
		})},
	{"alarm-no-action", High, "An alarm tells nobody", "It turns red, and nobody looks.", "Set alarm_actions to an SNS topic.", srcAlarm,
		eachOf("aws_cloudwatch_metric_alarm", func(_ *setup, a *Resource, r report) {
			v, ok := a.get("alarm_actions")
			if list, known := listOf(v); !ok || known && len(list) == 0 {
				r(a, "alarm_actions", "alarm_actions is empty", nil)
			}
		})},
	{"alarm-actions-disabled", High, "An alarm's actions are switched off", "It turns red, and nobody is told.", "Set actions_enabled to true.", srcAlarm,
		eachOf("aws_cloudwatch_metric_alarm", func(_ *setup, a *Resource, r report) {
			if a.is("actions_enabled", false) {
				r(a, "actions_enabled", "actions_enabled is off", set("actions_enabled", "true"))
			}
		})},
	{"alarm-silence-unnoticed", High, "An alarm for silence takes silence for health", "When logs stop, there is no data, and the alarm does not go off: it was made for just that.", `Set treat_missing_data to "breaching".`, `Amazon CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data", read 2026-11`,
		eachOf("aws_cloudwatch_metric_alarm", func(_ *setup, a *Resource, r report) {
			op, _ := a.text("comparison_operator")
			metric, _ := a.text("metric_name")
			ns, _ := a.text("namespace")
			missing, known := a.text("treat_missing_data")
			if !known && a.has("treat_missing_data") {
				return
			}
			if strings.HasPrefix(op, "LessThan") && (ns == "AWS/Logs" || ns == "AWS/S3" || strings.Contains(strings.ToLower(metric), "record")) && missing != "breaching" {
				r(a, "treat_missing_data", "it watches for too little, and missing data does not count as that", set("treat_missing_data", `"breaching"`))
			}
		})},
	{"alarm-no-metric", High, "An alarm watches a metric that nothing makes", "It stays in INSUFFICIENT_DATA for ever.", "Use the name and namespace of the metric filter.", srcAlarm,
		eachOf("aws_cloudwatch_metric_alarm", func(s *setup, a *Resource, r report) {
			ns, a1 := a.text("namespace")
			metric, a2 := a.text("metric_name")
			if !a1 || !a2 || strings.HasPrefix(ns, "AWS/") || strings.EqualFold(ns, "weir") {
				return
			}
			same := false
			for _, m := range s.of("aws_cloudwatch_log_metric_filter") {
				n, b1 := m.text("metric_transformation.name")
				space, b2 := m.text("metric_transformation.namespace")
				if !b1 || !b2 || n == metric && space == ns {
					return
				}
				same = same || space == ns
			}
			if same {
				r(a, "metric_name", fmt.Sprintf("no metric filter here makes %s in %s", metric, ns), nil)
			}
		})},
	{"log-group-no-retention", Medium, "A log group keeps everything for ever", "CloudWatch Logs is the dearest place to keep flow logs.", "Set retention_in_days.", `AWS Solutions, "Amazon CloudWatch Logs and Alarms" (logs are kept indefinitely by default), read 2026-11`,
		eachOf("aws_cloudwatch_log_group", func(_ *setup, g *Resource, r report) {
			if n, ok := g.number("retention_in_days"); !g.has("retention_in_days") || ok && n == 0 {
				r(g, "retention_in_days", "retention_in_days is not set", set("retention_in_days", "90"))
			}
		})},
	{"log-group-no-kms", Low, "A log group is not encrypted with a key of yours", "Who may read is decided by IAM alone, and the key's use is not logged.", "Set kms_key_id.", `Amazon CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS Key Management Service", read 2026-11`,
		eachOf("aws_cloudwatch_log_group", func(_ *setup, g *Resource, r report) {
			if !g.has("kms_key_id") {
				r(g, "", "kms_key_id is not set", nil)
			}
		})},
}
