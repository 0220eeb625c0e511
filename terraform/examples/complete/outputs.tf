output "source" {
  description = "weir ingest \"$(terraform output -raw source)\""
  value       = module.flow_logs.source
}

output "athena_table" {
  description = "weir query --engine athena --athena-table \"$(terraform output -raw athena_table)\" --since 1d @rejected"
  value       = module.flow_logs.athena_table
}

output "athena_view" {
  description = "For SQL of your own in Athena's console."
  value       = module.flow_logs.athena_view
}

output "log_format" {
  description = "The fields of a record."
  value       = module.flow_logs.log_format
}

output "flow_log_ids" {
  description = "The flow logs, by Region."
  value       = { (var.region) = module.flow_logs.flow_log_ids, (var.other_region) = module.other_region.flow_log_ids }
}

output "queue_url" {
  description = "The queue that hears of new objects."
  value       = module.flow_logs.queue_url
}

output "roles" {
  description = "Roles for people and for weir."
  value       = { reader = module.flow_logs.reader_role_arn, weir = module.flow_logs.weir_role_arn }
}
