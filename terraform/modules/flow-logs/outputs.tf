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

output "fields" {
  description = "The fields of a record, in order: for former or keep_fields, before a change of the format."
  value       = local.fields
}

output "flow_log_ids" {
  description = "IDs of the flow logs to S3, by kind and name: vpc/main."
  value       = { for name, f in aws_flow_log.this : name => f.id }

  precondition {
    condition     = length(local.twice) == 0
    error_message = "${join(", ", local.twice)}: found by tag, and named by ID, too. AWS refuses a second flow log of the same kind: leave it out of the map of names, or take the tag away."
  }
}

output "athena_table" {
  description = "For `weir query --engine athena --athena-table`: database.table. Null without Athena."
  value       = local.athena ? "${local.database}.${local.table}" : null
}

output "athena_view" {
  description = "The view for SQL of your own in Athena: database.view. Null without it."
  value       = local.athena && var.view ? "${local.database}.${local.view_name}" : null
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

output "queue_url" {
  description = "URL of the queue that hears of new objects, or null."
  value       = one(aws_sqs_queue.objects[*].id)
}

output "queue_arn" {
  description = "ARN of the queue that hears of new objects, or null."
  value       = var.queue == null ? null : local.queue_arn
}

output "failed_queue_url" {
  description = "URL of the queue of messages that could not be handled, or null. Its name is that of the metrics."
  value       = one(aws_sqs_queue.failed[*].id)
}

output "queue_policy" {
  description = "The policy of the queue, or null: only the bucket sends."
  value       = var.queue == null ? null : data.aws_iam_policy_document.queue.json
}

output "reader_role_arn" {
  description = "ARN of the role of reader_role, or null. For `weir --s3-assume-role`."
  value       = one([for name, r in aws_iam_role.this : r.arn if name == "reader"])
}

output "weir_role_arn" {
  description = "ARN of the role of weir_role, or null."
  value       = one([for name, r in aws_iam_role.this : r.arn if name == "weir"])
}

output "weir_policy" {
  description = "What weir needs, as weir_role has it: without that input, what the reader needs and the queue."
  value       = data.aws_iam_policy_document.weir.json
}

output "instance_profiles" {
  description = "Names of the instance profiles, by role: reader, weir. For roles that ec2.amazonaws.com may take."
  value       = { for name, p in aws_iam_instance_profile.this : name => p.name }
}

output "ready" {
  description = "For wait_for of a call in another Region or account: known when the bucket takes deliveries."
  value       = local.make_bucket ? one(aws_s3_bucket_policy.logs[*].id) : local.bucket
}
