output "log_group_name" {
  description = "Name of the log group. Null without CloudWatch Logs."
  value       = one(aws_cloudwatch_log_group.logs[*].name)
}

output "log_group_arn" {
  description = "ARN of the log group. Null without CloudWatch Logs."
  value       = local.cloudwatch ? local.log_group_arn : null
}

output "cloudwatch_flow_log_ids" {
  description = "IDs of the flow logs to CloudWatch Logs, by kind and name: vpc/main."
  value       = { for name, f in aws_flow_log.cloudwatch : name => f.id }
}

output "delivery_role_arn" {
  description = "The role by which AWS writes to the log group. Null without CloudWatch Logs."
  value       = one(aws_iam_role.delivery[*].arn)
}

output "metric_filters" {
  description = "The metric filters' patterns, by name."
  value       = { for name, f in aws_cloudwatch_log_metric_filter.this : name => f.pattern }
}

output "metric_filters_impossible" {
  description = "Which metric filters the format or the traffic type rules out, and why."
  value       = local.impossible
}

output "metric_namespace" {
  description = "Namespace of the metrics. Null without CloudWatch Logs."
  value       = local.cloudwatch ? local.namespace : null
}

output "alarm_arns" {
  description = "ARNs of the alarms, by name."
  value       = { for name, a in merge(aws_cloudwatch_metric_alarm.count, aws_cloudwatch_metric_alarm.band, aws_cloudwatch_metric_alarm.share) : name => a.arn }
}

output "alarm_topic_arn" {
  description = "The topic that alarms tell. Null without alarms."
  value       = length(local.alarms_wanted) > 0 ? one(local.tell) : null
}
