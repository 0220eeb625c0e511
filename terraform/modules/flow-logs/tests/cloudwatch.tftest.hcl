# CloudWatch Logs, metric filters, alarms and their topic: the real provider, with no AWS. Policies are read as JSON, patterns are
# taken apart and held against the format.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_data {
  target = data.aws_caller_identity.me
  values = { account_id = "123456789012" }
}

variables {
  vpcs = { main = "vpc-0123456789abcdef0" }
}

run "s3_alone_makes_nothing_of_it" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_log_group.logs) + length(aws_iam_role.delivery) + length(aws_iam_role_policy.delivery) + length(aws_flow_log.cloudwatch) + length(aws_cloudwatch_log_metric_filter.this) + length(aws_cloudwatch_metric_alarm.count) + length(aws_cloudwatch_metric_alarm.band) + length(aws_cloudwatch_metric_alarm.share) + length(aws_sns_topic.alarms) + length(aws_s3_bucket_metric.deliveries) == 0
    error_message = "something was made that nobody wanted"
  }
  assert {
    condition     = toset(keys(aws_flow_log.this)) == toset(["vpc/main"]) && output.log_group_arn == null && output.log_group_name == null && output.delivery_role_arn == null && output.alarm_topic_arn == null && output.metric_namespace == null
    error_message = "outputs name what is not there"
  }
}

run "cloudwatch_alone" {
  command = plan
  variables {
    destinations = ["cloudwatch"]
    format       = "v2"
    encryption   = "kms"
    kms_key_arn  = "arn:aws:kms:eu-west-1:123456789012:key/0d1c"
    alarms       = {}
    alarm_emails = ["ops@example.com", "security@example.com"]
    tags         = { owner = "security" }
  }

  assert {
    condition     = length(aws_flow_log.this) + length(aws_s3_bucket.logs) + length(aws_s3_bucket.results) + length(aws_s3_bucket_policy.logs) + length(aws_s3_bucket_policy.results) + length(aws_s3_bucket_lifecycle_configuration.logs) + length(aws_glue_catalog_database.logs) + length(aws_glue_catalog_table.logs) + length(aws_athena_workgroup.logs) + length(aws_athena_named_query.saved) == 0
    error_message = "something of S3, Glue or Athena is made"
  }
  assert {
    condition     = output.source == null && output.bucket == null && output.bucket_policy == null && output.athena_table == null && output.workgroup == null && length(output.flow_log_ids) == 0 && length(output.named_queries) == 0
    error_message = "outputs name what is not there"
  }
  assert {
    condition = (
      aws_flow_log.cloudwatch["vpc/main"].log_destination == "arn:aws:logs:eu-west-1:123456789012:log-group:/flow-logs/flow-logs" &&
      aws_flow_log.cloudwatch["vpc/main"].log_destination_type == "cloud-watch-logs" &&
      aws_flow_log.cloudwatch["vpc/main"].iam_role_arn == "arn:aws:iam::123456789012:role/${aws_iam_role.delivery[0].name}" &&
      length(aws_flow_log.cloudwatch["vpc/main"].destination_options) == 0 &&
      aws_cloudwatch_log_group.logs[0].name == "/flow-logs/flow-logs" && aws_cloudwatch_log_group.logs[0].retention_in_days == 30 && aws_cloudwatch_log_group.logs[0].skip_destroy &&
      aws_cloudwatch_log_group.logs[0].kms_key_id == var.kms_key_arn && aws_sns_topic.alarms[0].kms_master_key_id == var.kms_key_arn
    )
    error_message = "flow log, group and role do not fit"
  }
  assert {
    condition = jsondecode(aws_iam_role.delivery[0].assume_role_policy).Statement == [{
      Sid       = "FlowLogs"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = "123456789012" }
        ArnLike      = { "aws:SourceArn" = "arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/*" }
      }
    }]
    error_message = aws_iam_role.delivery[0].assume_role_policy
  }
  assert {
    condition = alltrue([for s in jsondecode(aws_iam_role_policy.delivery[0].policy).Statement :
      toset(s.Resource) == toset(["arn:aws:logs:eu-west-1:123456789012:log-group:/flow-logs/flow-logs", "arn:aws:logs:eu-west-1:123456789012:log-group:/flow-logs/flow-logs:*"]) &&
      toset(s.Action) == toset(["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:DescribeLogGroups"])
    ])
    error_message = aws_iam_role_policy.delivery[0].policy
  }
  # The key: the account, the log group, the alarms, and nobody else; not the delivery to S3, which there is none of.
  assert {
    condition     = sort(jsondecode(output.key_policy).Statement[*].Sid) == tolist(["Account", "Alarms", "CloudWatchLogs"])
    error_message = output.key_policy
  }
  assert {
    condition = one([for s in jsondecode(output.key_policy).Statement : [s.Principal, s.Condition] if s.Sid == "CloudWatchLogs"]) == [
      { Service = "logs.eu-west-1.amazonaws.com" },
      { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-west-1:123456789012:log-group:/flow-logs/flow-logs" } },
    ]
    error_message = output.key_policy
  }
  assert {
    condition = alltrue([for s in concat(jsondecode(output.key_policy).Statement, jsondecode(aws_sns_topic_policy.alarms[0].policy).Statement) :
      s.Principal == { Service = "cloudwatch.amazonaws.com" } && s.Condition == {
        StringEquals           = { "aws:SourceAccount" = "123456789012" }
        ArnLike                = { "aws:SourceArn" = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:flow-logs-*" }
      }
    if s.Sid == "Alarms"])
    error_message = aws_sns_topic_policy.alarms[0].policy
  }
  assert {
    condition     = sort(jsondecode(aws_sns_topic_policy.alarms[0].policy).Statement[*].Sid) == tolist(["Alarms", "TLSOnly"])
    error_message = aws_sns_topic_policy.alarms[0].policy
  }
  assert {
    condition = one([for s in jsondecode(aws_sns_topic_policy.alarms[0].policy).Statement : [s.Effect, s.Principal, s.Action, s.Condition] if s.Sid == "TLSOnly"]) == [
      "Deny", "*", "sns:Publish", { Bool = { "aws:SecureTransport" = "false" } },
    ]
    error_message = "the topic takes messages without TLS"
  }
  assert {
    condition     = toset(keys(aws_sns_topic_subscription.email)) == toset(["ops@example.com", "security@example.com"]) && aws_sns_topic.alarms[0].name == "flow-logs-alarms" && output.alarm_topic_arn == "arn:aws:sns:eu-west-1:123456789012:flow-logs-alarms"
    error_message = "topic and subscriptions"
  }
  assert {
    condition     = sort(jsondecode(output.reader_policy).Statement[*].Sid) == tolist(["Key", "LogGroup"])
    error_message = "a reader gets more, or less, than the log group: ${jsonencode(jsondecode(output.reader_policy).Statement[*].Sid)}"
  }
  # Alarms: all of the log group's, each on a metric that a filter here makes, each with a text, and each tells the topic.
  assert {
    condition     = toset(keys(merge(aws_cloudwatch_metric_alarm.count, aws_cloudwatch_metric_alarm.band, aws_cloudwatch_metric_alarm.share))) == toset(["bytes-out", "exposed-port", "nodata", "rejected-ssh-rdp", "rejects", "silence", "skipdata"])
    error_message = jsonencode(keys(aws_cloudwatch_metric_alarm.count))
  }
  assert {
    condition = alltrue([for a in values(aws_cloudwatch_metric_alarm.count) :
      a.namespace == "FlowLogs/flow-logs" && contains(values(aws_cloudwatch_log_metric_filter.this)[*].metric_transformation[0].name, a.metric_name)
      ]) && alltrue(flatten([for a in concat(values(aws_cloudwatch_metric_alarm.band), values(aws_cloudwatch_metric_alarm.share)) : [
        for q in a.metric_query : length(q.metric) == 0 ? true : q.metric[0].namespace == "FlowLogs/flow-logs" && contains(values(aws_cloudwatch_log_metric_filter.this)[*].metric_transformation[0].name, q.metric[0].metric_name)
    ]]))
    error_message = "an alarm watches what nothing counts"
  }
  assert {
    condition = alltrue([for a in concat(values(aws_cloudwatch_metric_alarm.count), values(aws_cloudwatch_metric_alarm.band), values(aws_cloudwatch_metric_alarm.share)) :
      a.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:flow-logs-alarms"]) && a.tags.owner == "security" &&
      can(regex("^.{80,700} Ask: aws logs filter-log-events --log-group-name /flow-logs/flow-logs .* weir query --source - .* @[a-z-]+$", a.alarm_description))
    ])
    error_message = "an alarm tells nobody, or does not say what to do: ${aws_cloudwatch_metric_alarm.count["silence"].alarm_description}"
  }
  assert {
    condition = alltrue([for a in values(aws_cloudwatch_metric_alarm.band) :
      contains(a.metric_query[*].id, a.threshold_metric_id) && a.comparison_operator == "GreaterThanUpperThreshold" &&
      one([for q in a.metric_query : q.expression if q.id == a.threshold_metric_id]) == "ANOMALY_DETECTION_BAND(${one([for q in a.metric_query : q.id if length(q.metric) > 0])}, 3)"
    ])
    error_message = "a band is of no metric"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.count["silence"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.count["silence"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.count["exposed-port"].treat_missing_data == "notBreaching"
    error_message = "silence is taken for health"
  }
  assert {
    condition     = [for q in aws_cloudwatch_metric_alarm.share["nodata"].metric_query : q.id if q.return_data] == ["percent"]
    error_message = "an alarm looks at one number"
  }
  assert {
    condition     = alltrue([for r in [aws_cloudwatch_log_group.logs[0], aws_iam_role.delivery[0], aws_sns_topic.alarms[0], aws_flow_log.cloudwatch["vpc/main"]] : r.tags.owner == "security"])
    error_message = "tags are not everywhere"
  }

  # The patterns of AWS's default format, as one would write them by hand.
  assert {
    condition     = aws_cloudwatch_log_metric_filter.this["rejected-ssh-rdp"].pattern == "[version, account_id, interface_id, srcaddr, dstaddr, srcport, dstport = 22 || dstport = 3389, protocol = 6, packets, bytes, start, end, action = REJECT, log_status]"
    error_message = aws_cloudwatch_log_metric_filter.this["rejected-ssh-rdp"].pattern
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.this["skipdata"].pattern == "[version, account_id, interface_id, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes, start, end, action, log_status = SKIPDATA]" && aws_cloudwatch_log_metric_filter.this["records"].pattern == "[version, account_id, interface_id, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes, start, end, action, log_status]"
    error_message = aws_cloudwatch_log_metric_filter.this["skipdata"].pattern
  }
  assert {
    condition     = can(regex("^\\[version, account_id, interface_id, srcaddr = %[^ ,%]*%, dstaddr, srcport >= 1024, dstport = %\\^22\\$\\|\\^23\\$\\|[0-9^$|]*%, protocol = 6, packets, bytes, start, end, action = ACCEPT, log_status\\]$", aws_cloudwatch_log_metric_filter.this["exposed-port"].pattern))
    error_message = aws_cloudwatch_log_metric_filter.this["exposed-port"].pattern
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.this["bytes-out"].metric_transformation[0].value == "$bytes" && aws_cloudwatch_log_metric_filter.this["bytes-out"].metric_transformation[0].unit == "Bytes"
    error_message = "bytes are not added up"
  }
}

run "patterns_follow_a_format_of_ones_own" {
  command = plan
  variables {
    destinations    = ["s3", "cloudwatch"]
    fields          = ["action", "tcp-flags", "flow-direction", "dstport", "pkt-srcaddr", "srcport", "pkt-dstaddr", "srcaddr", "dstaddr", "protocol", "bytes", "log-status", "interface-type"]
    metric_filters  = ["*"]
    sensitive_ports = [9000, 22]
    force_destroy   = true
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_log_metric_filter.this)) == toset(["bytes-out", "exposed-port", "nodata", "records", "rejected-ssh-rdp", "rejects", "skipdata"]) && length(output.metric_filters_impossible) == 0
    error_message = jsonencode(output.metric_filters_impossible)
  }
  assert {
    condition = alltrue(flatten([for f in aws_cloudwatch_log_metric_filter.this : [
      for i, c in split(", ", trimsuffix(trimprefix(f.pattern, "["), "]")) :
      alltrue([for term in split(" || ", c) : "$${${replace(split(" ", term)[0], "_", "-")}}" == element(split(" ", aws_flow_log.cloudwatch["vpc/main"].log_format), i)])
    ]]))
    error_message = "a column stands at another field's place"
  }
  assert {
    condition     = alltrue([for f in aws_cloudwatch_log_metric_filter.this : length(split(", ", f.pattern)) == length(split(" ", aws_flow_log.cloudwatch["vpc/main"].log_format))])
    error_message = "a pattern has more or fewer columns than the format"
  }
  assert {
    condition     = can(regex("^\\[action = ACCEPT, tcp_flags = 2 \\|\\| tcp_flags = 3 \\|\\| tcp_flags = 6 \\|\\| tcp_flags = 7, flow_direction = ingress, dstport = %\\^22\\$\\|\\^9000\\$%, pkt_srcaddr = %[^ ,%]*%, srcport, pkt_dstaddr, srcaddr, dstaddr, protocol = 6, bytes, log_status, interface_type\\]$", aws_cloudwatch_log_metric_filter.this["exposed-port"].pattern))
    error_message = aws_cloudwatch_log_metric_filter.this["exposed-port"].pattern
  }
  assert {
    condition     = can(regex("^\\[action = ACCEPT, tcp_flags, flow_direction = egress, dstport, pkt_srcaddr, srcport, pkt_dstaddr = %[^ ,%]*%, srcaddr, dstaddr, protocol, bytes, log_status, interface_type != nat_gateway\\]$", aws_cloudwatch_log_metric_filter.this["bytes-out"].pattern))
    error_message = aws_cloudwatch_log_metric_filter.this["bytes-out"].pattern
  }
  # Beside S3: the same format for both, nothing of S3 changed.
  assert {
    condition     = aws_flow_log.this["vpc/main"].log_format == aws_flow_log.cloudwatch["vpc/main"].log_format && length(aws_s3_bucket.logs) == 1 && output.source == "s3://weir-flow-logs-123456789012-eu-west-1/AWSLogs/" && sort(jsondecode(output.reader_policy).Statement[*].Sid) == sort(["LogsList", "LogsRead", "LogGroup", "Queries", "Tables", "ResultsPlace", "Results"])
    error_message = "S3 and CloudWatch Logs do not go together"
  }
  assert {
    condition     = !aws_cloudwatch_log_group.logs[0].skip_destroy && length(aws_cloudwatch_metric_alarm.count) + length(aws_sns_topic.alarms) == 0
    error_message = "alarms that nobody wanted"
  }
}

run "all_fields_and_as_many_ports_as_may_be" {
  command = plan
  variables {
    destinations    = ["cloudwatch"]
    format          = "all"
    metric_filters  = ["exposed-port", "bytes-out"]
    sensitive_ports = range(65396, 65536)
  }
  assert {
    condition     = alltrue([for f in aws_cloudwatch_log_metric_filter.this : length(f.pattern) <= 1024 && length(split(", ", f.pattern)) == 48]) && length([for f in aws_cloudwatch_log_metric_filter.this : f if strcontains(f.pattern, "%")]) == 5
    error_message = jsonencode([for f in aws_cloudwatch_log_metric_filter.this : length(f.pattern)])
  }
  # Names give way to numbers, which are their places.
  assert {
    condition = alltrue(flatten([for f in aws_cloudwatch_log_metric_filter.this : [
      for i, c in split(", ", trimsuffix(trimprefix(f.pattern, "["), "]")) : contains(["f${i + 1}", local.names[i]], split(" ", c)[0])
    ]]))
    error_message = "a column stands at another field's place"
  }
  assert {
    condition     = toset(flatten([for n in ["exposed-port", "exposed-port-2", "exposed-port-3", "exposed-port-4"] : regexall("\\^(6[0-9]{4})\\$", aws_cloudwatch_log_metric_filter.this[n].pattern)])) == toset(formatlist("%d", range(65396, 65536))) && toset([for n, f in aws_cloudwatch_log_metric_filter.this : f.metric_transformation[0].name if startswith(n, "exposed-port")]) == toset(["ExposedPort"])
    error_message = "a port was left out"
  }
}

run "transit_gateways" {
  command = plan
  variables {
    vpcs             = {}
    transit_gateways = { hub = "tgw-0123456789abcdef0" }
    destinations     = ["cloudwatch"]
    alarms           = {}
    alarm_topic_arn  = "arn:aws:sns:eu-west-1:123456789012:ops"
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_log_metric_filter.this)) == toset(["records", "nodata", "skipdata"]) && toset(keys(output.alarm_arns)) == toset(["nodata", "silence", "skipdata"]) && aws_flow_log.cloudwatch["tgw/hub"].transit_gateway_id == "tgw-0123456789abcdef0"
    error_message = jsonencode(keys(aws_cloudwatch_log_metric_filter.this))
  }
  assert {
    condition     = length(aws_sns_topic.alarms) == 0 && aws_cloudwatch_metric_alarm.count["silence"].alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:ops"]) && !strcontains(aws_cloudwatch_metric_alarm.count["silence"].alarm_description, "Ask:")
    error_message = "the given topic is not told"
  }
}

run "alarms_of_s3" {
  command = plan
  variables {
    prefix = "net"
    alarms = { s3-silence = {}, s3-refused = { threshold = 10, period = 3600 } }
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.count)) == toset(["s3-refused", "s3-silence"]) && length(aws_cloudwatch_log_group.logs) == 0 && length(aws_cloudwatch_log_metric_filter.this) == 0
    error_message = jsonencode(keys(aws_cloudwatch_metric_alarm.count))
  }
  assert {
    condition     = aws_s3_bucket_metric.deliveries[0].filter[0].prefix == "net/AWSLogs/" && alltrue([for a in aws_cloudwatch_metric_alarm.count : a.namespace == "AWS/S3" && a.dimensions == tomap({ BucketName = "weir-flow-logs-123456789012-eu-west-1", FilterId = aws_s3_bucket_metric.deliveries[0].name })])
    error_message = "alarms and the bucket's metrics do not fit"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.count["s3-silence"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.count["s3-refused"].threshold == 10 && aws_cloudwatch_metric_alarm.count["s3-refused"].period == 3600 && endswith(aws_cloudwatch_metric_alarm.count["s3-silence"].alarm_description, "Ask: weir query --engine athena --athena-table flow_logs.vpc_flow_logs --since 1d @coverage")
    error_message = aws_cloudwatch_metric_alarm.count["s3-silence"].alarm_description
  }
}
