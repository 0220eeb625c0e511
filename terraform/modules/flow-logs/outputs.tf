output "source" {
  description = "For `weir ingest`: where the logs are."
  value       = "${local.root}AWSLogs/"
}

output "bucket" {
  description = "Name of the bucket."
  value       = local.bucket
}

output "log_format" {
  description = "The format of the flow logs, as AWS writes it."
  value       = local.log_format
}

output "flow_log_ids" {
  description = "IDs of the flow logs, by kind and name: vpc/main."
  value       = { for name, f in aws_flow_log.this : name => f.id }
}

output "athena_table" {
  description = "For `weir query --engine athena --athena-table`: database.table. Null without Athena."
  value       = var.athena ? "${local.database}.${local.table}" : null
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
  description = "The bucket's policy. With create_bucket = false, put its statements into the policy that the bucket has."
  value       = data.aws_iam_policy_document.bucket.json
}

output "key_policy" {
  description = "What the policy of a KMS key must have, in statement AWSLogDelivery."
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
