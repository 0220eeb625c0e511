# What `weir ingest`, `weir query --engine athena` and people in Athena's console need, and no more: docs/athena.md and
# docs/sources.md of weir say what each is for.

data "aws_iam_policy_document" "reader" {
  dynamic "statement" {
    for_each = local.s3 ? [
      { sid = "LogsList", actions = ["s3:ListBucket", "s3:GetBucketLocation"], resources = [local.bucket_arn] },
      { sid = "LogsRead", actions = ["s3:GetObject"], resources = [for t in local.tables : "arn:${local.partition}:s3:::${trimprefix(t.root, "s3://")}AWSLogs/*"] },
    ] : []

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }

  dynamic "statement" {
    for_each = local.cloudwatch ? [1] : []

    content {
      sid       = "LogGroup" # aws logs filter-log-events, whose output weir reads
      actions   = ["logs:FilterLogEvents", "logs:GetLogEvents", "logs:DescribeLogStreams"]
      resources = [local.log_group_arn, "${local.log_group_arn}:*"]
    }
  }

  dynamic "statement" {
    for_each = local.kms ? [local.key_arn] : []

    content {
      sid       = "Key"
      actions   = local.athena ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"] # results are written with it
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = local.athena ? [
      {
        sid       = "Queries"
        actions   = ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:StopQueryExecution", "athena:GetWorkGroup", "athena:ListNamedQueries", "athena:GetNamedQuery", "athena:BatchGetNamedQuery"]
        resources = ["arn:${local.partition}:athena:${local.region}:${local.account}:workgroup/${var.name}"]
      },
      {
        sid     = "Tables"
        actions = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"]
        resources = [
          "arn:${local.partition}:glue:${local.region}:${local.account}:catalog",
          "arn:${local.partition}:glue:${local.region}:${local.account}:database/${local.database}",
          "arn:${local.partition}:glue:${local.region}:${local.account}:table/${local.database}/*",
        ]
      },
      {
        sid       = "ResultsPlace"
        actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        resources = [local.results_arn]
      },
      {
        sid       = "Results"
        actions   = ["s3:GetObject", "s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
        resources = ["${local.results_arn}/results/*"]
      },
    ] : []

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}
