output "source" {
  description = "weir ingest \"$(terraform output -raw source)\""
  value       = module.flow_logs.source
}

output "athena_table" {
  description = "weir query --engine athena --athena-table \"$(terraform output -raw athena_table)\" --since 1d @rejected"
  value       = module.flow_logs.athena_table
}

output "log_format" {
  description = "The fields of a record."
  value       = module.flow_logs.log_format
}
