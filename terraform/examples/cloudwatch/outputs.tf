output "log_group_name" {
  description = "aws logs filter-log-events --log-group-name \"$(terraform output -raw log_group_name)\" --start-time $(date -d '1 hour ago' +%s000) | weir ingest - --log-format \"$(terraform output -raw log_format)\""
  value       = module.flow_logs.log_group_name
}

output "log_format" {
  description = "The fields of a record."
  value       = module.flow_logs.log_format
}

output "metric_filters" {
  description = "The patterns of the metric filters, by name."
  value       = module.flow_logs.metric_filters
}

output "alarm_arns" {
  description = "The alarms, by name."
  value       = module.flow_logs.alarm_arns
}

output "alarm_topic_arn" {
  description = "The topic that alarms tell."
  value       = module.flow_logs.alarm_topic_arn
}
