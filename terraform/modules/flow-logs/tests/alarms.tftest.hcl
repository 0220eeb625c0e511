# Good and bad values of what is about CloudWatch: see values.tftest.hcl for the others, and for what mocks do not check.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { endpoint = "ec2.eu-west-1.amazonaws.com" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  vpcs         = { main = "vpc-0123456789abcdef0" }
  destinations = ["cloudwatch"]
}

run "no_such_place" {
  command = plan
  variables {
    destinations    = ["s3", "firehose"]
    log_group_name  = "flow logs"
    retention_days  = 31
    sensitive_ports = [0, 22.5]
    alarm_topic_arn = "ops"
  }
  expect_failures = [var.destinations, var.log_group_name, var.retention_days, var.sensitive_ports, var.alarm_topic_arn]
}

# By themselves: what looks at a variable that is wrong is not looked at.
run "no_such_filter" {
  command = plan
  variables {
    metric_filters = ["rejects", "exposed"]
  }
  expect_failures = [var.metric_filters]
}

run "no_such_address" {
  command = plan
  variables {
    alarms       = {}
    alarm_emails = ["Ops <ops@example.com>"]
  }
  expect_failures = [var.alarm_emails]
}

run "no_place" {
  command = plan
  variables {
    destinations    = []
    log_group_name  = "aws/flow-logs"
    sensitive_ports = []
    alarm_topic_arn = "arn:aws:sns:eu-west-1:123456789012:ops.fifo"
  }
  expect_failures = [var.destinations, var.log_group_name, var.sensitive_ports, var.alarm_topic_arn]
}

run "too_many_ports" {
  command = plan
  variables {
    sensitive_ports = range(1, 142)
  }
  expect_failures = [var.sensitive_ports]
}

run "filters_without_a_group" {
  command = plan
  variables {
    destinations   = ["s3"]
    metric_filters = ["rejects"]
  }
  expect_failures = [var.metric_filters]
}

run "a_filter_that_the_format_cannot_answer" {
  command = plan
  variables {
    fields         = ["srcaddr", "dstaddr", "dstport", "action"]
    metric_filters = ["rejected-ssh-rdp"]
  }
  expect_failures = [var.metric_filters]
}

run "a_filter_of_traffic_that_is_not_logged" {
  command = plan
  variables {
    traffic_type   = "REJECT"
    metric_filters = ["exposed-port"]
  }
  expect_failures = [var.metric_filters]
}

run "an_alarm_that_the_format_cannot_answer" {
  command = plan
  variables {
    fields = ["srcaddr", "dstaddr", "dstport", "action"]
    alarms = { skipdata = {} }
  }
  expect_failures = [var.alarms]
}

run "an_alarm_that_transit_gateways_cannot_have" {
  command = plan
  variables {
    vpcs             = {}
    transit_gateways = { hub = "tgw-0123456789abcdef0" }
    alarms           = { rejects = {} }
  }
  expect_failures = [var.alarms]
}

run "a_filter_that_transit_gateways_cannot_have" {
  command = plan
  variables {
    vpcs             = {}
    transit_gateways = { hub = "tgw-0123456789abcdef0" }
    metric_filters   = ["exposed-port"]
  }
  expect_failures = [var.metric_filters]
}

run "an_alarm_that_nobody_knows" {
  command = plan
  variables {
    alarms = { scan = {} }
  }
  expect_failures = [var.alarms]
}

run "an_alarm_without_a_group" {
  command = plan
  variables {
    destinations = ["s3"]
    alarms       = { silence = {}, s3-silence = {} }
  }
  expect_failures = [var.alarms]
}

run "alarms_that_none_can_be" {
  command = plan
  variables {
    destinations = ["s3"]
    alarms       = {}
  }
  expect_failures = [var.alarms]
}

run "requests_of_a_bucket_that_is_there" {
  command = plan
  variables {
    destinations  = ["s3"]
    bucket        = "logs-of-ours"
    create_bucket = false
    alarms        = { s3-silence = {} }
  }
  expect_failures = [var.alarms]
}

run "a_threshold_of_nothing" {
  command = plan
  variables {
    alarms = { exposed-port = { threshold = 0 } }
  }
  expect_failures = [var.alarms]
}

run "more_than_all" {
  command = plan
  variables {
    alarms = { nodata = { threshold = 101 } }
  }
  expect_failures = [var.alarms]
}

run "a_period_below_a_minute" {
  command = plan
  variables {
    alarms = { rejects = { period = 30 } }
  }
  expect_failures = [var.alarms]
}

run "a_period_of_one_minute_and_a_half" {
  command = plan
  variables {
    alarms = { rejects = { period = 90 } }
  }
  expect_failures = [var.alarms]
}

run "longer_than_a_day" {
  command = plan
  variables {
    alarms = { rejects = { periods = 289 } }
  }
  expect_failures = [var.alarms]
}

run "longer_than_a_week" {
  command = plan
  variables {
    alarms = { rejects = { period = 3600, periods = 169 } }
  }
  expect_failures = [var.alarms]
}

run "half_a_period" {
  command = plan
  variables {
    alarms = { rejects = { periods = 1.5 } }
  }
  expect_failures = [var.alarms]
}

run "more_points_than_periods" {
  command = plan
  variables {
    alarms = { rejects = { datapoints = 4 } }
  }
  expect_failures = [var.alarms]
}

run "mail_without_alarms" {
  command = plan
  variables {
    alarm_emails = ["ops@example.com"]
  }
  expect_failures = [var.alarm_emails]
}

run "mail_to_a_topic_of_ones_own" {
  command = plan
  variables {
    alarms          = {}
    alarm_topic_arn = "arn:aws:sns:eu-west-1:123456789012:ops"
    alarm_emails    = ["ops@example.com"]
  }
  expect_failures = [var.alarm_emails]
}

run "a_role_with_too_long_a_name" {
  command = plan
  variables {
    name = "a-name-that-is-as-long-as-it-may-be-but-not-for-the-role"
  }
  expect_failures = [aws_iam_role.delivery]
}

run "some_alarms_only" {
  command = plan
  variables {
    traffic_type   = "REJECT"
    log_group_name = "/network/flow"
    retention_days = 0
    metric_filters = ["nodata"]
    alarms = {
      silence          = null
      nodata           = null
      skipdata         = null
      rejects          = { threshold = 2.5, period = 3600, periods = 168, datapoints = 160 }
      rejected-ssh-rdp = { threshold = 20 }
    }
  }
  # What counts accepted traffic cannot be, and nobody asked for it by its name.
  assert {
    condition     = toset(concat(keys(aws_cloudwatch_metric_alarm.count), keys(aws_cloudwatch_metric_alarm.band), keys(aws_cloudwatch_metric_alarm.share))) == toset(["rejects", "rejected-ssh-rdp"]) && toset(keys(aws_cloudwatch_log_metric_filter.this)) == toset(["nodata", "rejects", "rejected-ssh-rdp"])
    error_message = jsonencode(keys(aws_cloudwatch_log_metric_filter.this))
  }
  assert {
    condition     = toset(keys(output.metric_filters_impossible)) == toset(["bytes-out", "exposed-port"]) && output.metric_filters_impossible["bytes-out"] == "needs traffic_type ALL or ACCEPT"
    error_message = jsonencode(output.metric_filters_impossible)
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.count["rejected-ssh-rdp"].threshold == 20 && aws_cloudwatch_metric_alarm.count["rejected-ssh-rdp"].period == 300 &&
      aws_cloudwatch_metric_alarm.band["rejects"].evaluation_periods == 168 && aws_cloudwatch_metric_alarm.band["rejects"].datapoints_to_alarm == 160 &&
      one([for q in aws_cloudwatch_metric_alarm.band["rejects"].metric_query : q.expression if q.id == "usual"]) == "ANOMALY_DETECTION_BAND(counted, 2.5)" &&
      one([for q in aws_cloudwatch_metric_alarm.band["rejects"].metric_query : q.metric[0].period if q.id == "counted"]) == 3600
    )
    error_message = "thresholds are not the caller's"
  }
  assert {
    condition     = aws_cloudwatch_log_group.logs[0].name == "/network/flow" && aws_cloudwatch_log_group.logs[0].retention_in_days == 0
    error_message = "the group is not the caller's"
  }
}
