output "source" {
  description = "For `weir ingest`: where the logs are. Null without S3."
  value       = local.s3 ? "${local.root}AWSLogs/" : null
}

output "bucket" {
  description = "Name of the bucket. Null without S3."
  value       = local.s3 ? local.bucket : null
}

output "log_format" {
  description = "The format of the flow logs, as AWS writes it."
  value       = local.log_format
}

output "flow_log_ids" {
  description = "IDs of the flow logs to S3, by kind and name: vpc/main."
  value       = { for name, f in aws_flow_log.this : name => f.id }
}

output "athena_table" {
  description = "For `weir query --engine athena --athena-table`: database.table. Null without Athena."
  value       = local.athena ? "${local.database}.${local.table}" : null
}

output "workgroup" {
  description = "For `weir query --engine athena`, athena.workgroup. Null without Athena."
  value       = one(aws_athena_workgroup.logs[*].name)
}

output "named_queries" {
  description = "IDs of the saved queries in Athena, by weir's names."
  value       = { for name, q in aws_athena_named_query.saved : name => q.id }
}

output "bucket_policy" {
  description = "The bucket's policy. With create_bucket = false, put its statements into the policy that the bucket has. Null without S3."
  value       = local.s3 ? data.aws_iam_policy_document.bucket.json : null
}

output "key_policy" {
  description = "What the policy of a KMS key must have, in the statements AWSLogDelivery, CloudWatchLogs and Alarms."
  value       = data.aws_iam_policy_document.key.json
}

output "kms_key_arn" {
  description = "The key that encrypts, or null."
  value       = local.key_arn
}

output "reader_policy" {
  description = "What somebody who reads needs: weir, or people in Athena. Attach it to a role."
  value       = data.aws_iam_policy_document.reader.json
}
