# Alarms on what the metric filters count, and on the bucket's requests. Each says what it is, what to do, and which question to
# ask. Thresholds are the caller's (variables_alarms.tf); what is here are the defaults.

locals {
  namespace  = "FlowLogs/${var.name}"
  alarm_arns = "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.name}-*"

  # kind: count compares a sum with the threshold; band asks whether a sum is above what is usual, with the threshold as the
  # band's width in standard deviations; share is a percentage of all records. asked: made only if its name is given.
  alarm_table = {
    exposed-port = {
      kind      = "count", place = "cloudwatch", asked = false, filters = ["exposed-port"], metric = "ExposedPort"
      threshold = 1, period = 300, periods = 1, below = false, query = "external-sources"
      text      = "A host of the internet opened a connection to a sensitive port, and was let in. Close the port to 0.0.0.0/0 and ::/0 in the security group, and see who came."
    }
    rejected-ssh-rdp = {
      kind      = "count", place = "cloudwatch", asked = false, filters = ["rejected-ssh-rdp"], metric = "RejectedSSHRDP"
      threshold = 100, period = 300, periods = 1, below = false, query = "ssh-rdp"
      text      = "Many attempts at SSH or RDP were rejected. If a source is one of ours, look at that machine; else nothing got in, and less noise is a matter of fewer public addresses."
    }
    rejects = {
      kind      = "band", place = "cloudwatch", asked = false, filters = ["rejects"], metric = "Rejects"
      threshold = 3, period = 300, periods = 3, below = false, query = "rejected-sources"
      text      = "More traffic is rejected than usual: a scan, a flood, or a change of rules that shuts out what should be let in. See the sources: ours point to a change or an intruder, others to a scan."
    }
    bytes-out = {
      kind      = "band", place = "cloudwatch", asked = false, filters = ["bytes-out"], metric = "BytesOut"
      threshold = 3, period = 300, periods = 3, below = false, query = "internet-egress"
      text      = "More bytes go to the internet than usual: a backup, a release, or data being taken. See who sends where, and ask the owner of the machine."
    }
    nodata = {
      kind      = "share", place = "cloudwatch", asked = false, filters = ["nodata", "records"], metric = "NoData"
      threshold = 100, period = 900, periods = 4, below = false, query = "log-status"
      text      = "Records say that interfaces had no traffic (NODATA). If that cannot be, see which still have: a route, a rule or a load balancer was changed, or the machines are down."
    }
    skipdata = {
      kind      = "count", place = "cloudwatch", asked = false, filters = ["skipdata"], metric = "SkipData"
      threshold = 1, period = 300, periods = 1, below = false, query = "skipdata"
      text      = "AWS lost records (SKIPDATA): for these interfaces and minutes, silence does not mean no traffic. If it lasts, ask AWS support with the flow log's ID."
    }
    silence = {
      kind      = "count", place = "cloudwatch", asked = false, filters = ["records"], metric = "Records"
      threshold = 1, period = 900, periods = 3, below = true, query = "coverage"
      text      = "No records arrive in the log group. See in `aws ec2 describe-flow-logs` whether the flow logs are there and deliverLogsStatus is SUCCESS; then the role, its policy and the key. CloudTrail knows who called DeleteFlowLogs."
    }
    s3-silence = {
      kind      = "count", place = "s3", asked = true, filters = [], metric = "PutRequests"
      threshold = 1, period = 900, periods = 4, below = true, query = "coverage"
      text      = "No objects arrive in the bucket. See in `aws ec2 describe-flow-logs` whether the flow logs are there and deliverLogsStatus is SUCCESS; then the bucket's policy and the key. CloudTrail knows who called DeleteFlowLogs."
    }
    s3-refused = {
      kind      = "count", place = "s3", asked = true, filters = [], metric = "4xxErrors"
      threshold = 5, period = 900, periods = 1, below = false, query = "days"
      text      = "Requests to the flow logs in the bucket are refused: deliveries that may not write, or readers without rights. Compare the bucket's and the key's policy with the module's outputs, and look for gaps."
    }
  }

  alarms_impossible = {
    for name, a in local.alarm_table : name => join(", ", [for f in a.filters : local.impossible[f] if contains(keys(local.impossible), f)])
    if length(setintersection(a.filters, keys(local.impossible))) > 0
  }

  # null switches an alarm off; what the format cannot count has none.
  alarms_wanted = var.alarms == null ? [] : [
    for name, a in local.alarm_table : name
    if(contains(keys(var.alarms), name) ? var.alarms[name] != null : !a.asked) && (a.place == "s3" ? local.make_bucket : local.cloudwatch) &&
    !contains(keys(local.alarms_impossible), name)
  ]
  alarms = {
    for name in local.alarms_wanted : name => merge(
      local.alarm_table[name],
      { for key, value in coalesce(try(var.alarms[name], null), {}) : key => value if value != null },
    )
  }

  ask = (local.athena ? "weir query --engine athena --athena-table ${local.database}.${local.table} --since 1d @%s" :
    local.s3 ? "weir query --source ${local.root}AWSLogs/ --since 3h @%s" :
  "aws logs filter-log-events --log-group-name ${local.log_group} --start-time $(date -d '1 hour ago' +%%s000) | weir query --source - --log-format \"$(terraform output -raw log_format)\" @%s")
  # The questions are about records of VPCs.
  alarm_text = { for name, a in local.alarms : name => substr(local.transit ? a.text : "${a.text} Ask: ${format(local.ask, a.query)}", 0, 1024) }
  tell       = [coalesce(var.alarm_topic_arn, local.topic_arn)]
}

resource "aws_cloudwatch_metric_alarm" "count" {
  for_each = { for name, a in local.alarms : name => a if a.kind == "count" }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = local.alarm_text[each.key]
  namespace           = each.value.place == "s3" ? "AWS/S3" : local.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.place == "s3" ? { BucketName = local.bucket, FilterId = local.requests } : null
  statistic           = "Sum"
  comparison_operator = each.value.below ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = lookup(each.value, "datapoints", each.value.periods)
  treat_missing_data  = each.value.below ? "breaching" : "notBreaching" # silence is what is looked for
  alarm_actions       = local.tell
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "band" {
  for_each = { for name, a in local.alarms : name => a if a.kind == "band" }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = local.alarm_text[each.key]
  comparison_operator = "GreaterThanUpperThreshold"
  threshold_metric_id = "usual"
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = lookup(each.value, "datapoints", each.value.periods)
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.tell
  tags                = var.tags

  metric_query {
    id          = "counted"
    return_data = true

    metric {
      namespace   = local.namespace
      metric_name = each.value.metric
      stat        = "Sum"
      period      = each.value.period
    }
  }

  metric_query {
    id          = "usual"
    expression  = "ANOMALY_DETECTION_BAND(counted, ${each.value.threshold})"
    label       = "usual"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "share" {
  for_each = { for name, a in local.alarms : name => a if a.kind == "share" }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = local.alarm_text[each.key]
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = lookup(each.value, "datapoints", each.value.periods)
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.tell
  tags                = var.tags

  metric_query {
    id          = "percent"
    expression  = "100 * counted / records"
    label       = "percent"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { counted = each.value.metric, records = "Records" }

    content {
      id = metric_query.key

      metric {
        namespace   = local.namespace
        metric_name = metric_query.value
        stat        = "Sum"
        period      = each.value.period
      }
    }
  }
}

# S3 counts requests only where somebody asks it to, and bills it.
locals {
  requests = "${var.name}-deliveries"
}

resource "aws_s3_bucket_metric" "deliveries" {
  count = length([for a in values(local.alarms) : a if a.place == "s3"]) > 0 ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id
  name   = local.requests

  filter {
    prefix = "${local.folder}AWSLogs/"
  }
}
