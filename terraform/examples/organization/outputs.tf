output "source" {
  description = "weir ingest \"$(terraform output -raw source)\""
  value       = module.central.source
}

output "athena_table" {
  description = "weir query --engine athena --athena-table \"$(terraform output -raw athena_table)\" --since 1d @rejected"
  value       = module.central.athena_table
}

output "bucket" {
  description = "For the calls in other root modules."
  value       = module.central.bucket
}

output "log_format" {
  description = "The fields of a record."
  value       = module.central.log_format
}
