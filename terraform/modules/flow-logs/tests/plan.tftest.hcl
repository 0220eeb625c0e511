# The real provider, with no AWS: it checks what it checks at plan, and writes the policies. They are read as JSON.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_data {
  target = data.aws_caller_identity.me
  values = { account_id = "123456789012" }
}

variables {
  vpcs = { main = "vpc-0123456789abcdef0" }
}

run "defaults" {
  command = plan

  assert {
    condition = alltrue([for s in jsondecode(data.aws_iam_policy_document.bucket.json).Statement : s.Effect == "Deny" || try(
      s.Principal == { Service = "delivery.logs.amazonaws.com" } &&
      s.Condition.StringEquals["aws:SourceAccount"] == "123456789012" &&
      s.Condition.ArnLike["aws:SourceArn"] == "arn:aws:logs:eu-west-1:123456789012:*",
    false)])
    error_message = "somebody besides our own deliveries is let in: ${data.aws_iam_policy_document.bucket.json}"
  }
  assert {
    condition = alltrue([for p in [data.aws_iam_policy_document.bucket.json, data.aws_iam_policy_document.results.json] : anytrue([
      for s in jsondecode(p).Statement : s.Effect == "Deny" && s.Principal == "*" && s.Action == "s3:*" && s.Condition == { Bool = { "aws:SecureTransport" = "false" } } && length(s.Resource) == 2
    ])])
    error_message = "a bucket takes requests without TLS"
  }
  assert {
    condition = one([for s in jsondecode(data.aws_iam_policy_document.bucket.json).Statement : s.Resource if s.Sid == "AWSLogDeliveryWrite"]
    ) == "arn:aws:s3:::weir-flow-logs-123456789012-eu-west-1/AWSLogs/123456789012/*"
    error_message = data.aws_iam_policy_document.bucket.json
  }
  assert {
    condition     = alltrue([for s in jsondecode(output.reader_policy).Statement : s.Resource != "*" && !strcontains(jsonencode(s.Action), "*") && !strcontains(jsonencode(s.Action), "Delete")])
    error_message = output.reader_policy
  }
  assert {
    condition     = alltrue([for b in [aws_s3_bucket_public_access_block.logs[0], aws_s3_bucket_public_access_block.results[0]] : b.block_public_acls && b.block_public_policy && b.ignore_public_acls && b.restrict_public_buckets])
    error_message = "a bucket could be made public"
  }
  # The format and the table: one list.
  assert {
    condition     = join(" ", [for c in aws_glue_catalog_table.logs["vpc_flow_logs"].storage_descriptor[0].columns : "$${${replace(c.name, "_", "-")}}"]) == aws_flow_log.this["vpc/main"].log_format
    error_message = "format and columns disagree: ${aws_flow_log.this["vpc/main"].log_format}"
  }
  assert {
    condition = aws_glue_catalog_table.logs["vpc_flow_logs"].parameters == tomap({
      EXTERNAL                           = "TRUE"
      "projection.enabled"               = "true"
      "projection.aws_account_id.type"   = "enum"
      "projection.aws_account_id.values" = "123456789012"
      "projection.aws_region.type"       = "enum"
      "projection.aws_region.values"     = "eu-west-1"
      "projection.day.type"              = "date"
      "projection.day.format"            = "yyyy/MM/dd"
      "projection.day.range"             = "2026/01/01,NOW"
      "projection.day.interval"          = "1"
      "projection.day.interval.unit"     = "DAYS"
      "storage.location.template"        = "s3://weir-flow-logs-123456789012-eu-west-1/AWSLogs/$${aws_account_id}/vpcflowlogs/$${aws_region}/$${day}/"
    })
    error_message = jsonencode(aws_glue_catalog_table.logs["vpc_flow_logs"].parameters)
  }
  assert {
    condition     = toset(keys(aws_athena_named_query.saved)) == toset(local.kinds.flows.suggested_queries) && strcontains(aws_athena_named_query.saved["exposed-port"].query, "FROM \"flow_logs\".\"vpc_flow_logs\" WHERE \"day\" >= date_format(current_date - INTERVAL '7' DAY, '%Y/%m/%d')")
    error_message = jsonencode(keys(aws_athena_named_query.saved))
  }
  assert {
    condition     = aws_athena_workgroup.logs[0].configuration[0].enforce_workgroup_configuration && aws_athena_workgroup.logs[0].configuration[0].bytes_scanned_cutoff_per_query == 107374182400
    error_message = "the workgroup has no limit"
  }
}

run "several_accounts_hive_hourly_text_kms" {
  command = plan
  variables {
    accounts        = ["123456789012", "210987654321"]
    regions         = ["eu-west-1", "us-east-1"]
    prefix          = "net"
    hive_compatible = true
    per_hour        = true
    file_format     = "plain-text"
    encryption      = "kms"
    kms_key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/0d1c"
  }
  assert {
    condition = toset(one([for s in jsondecode(data.aws_iam_policy_document.bucket.json).Statement : s.Resource if s.Sid == "AWSLogDeliveryWrite"])) == toset([
      "arn:aws:s3:::weir-flow-logs-123456789012-eu-west-1/net/AWSLogs/aws-account-id=123456789012/*",
      "arn:aws:s3:::weir-flow-logs-123456789012-eu-west-1/net/AWSLogs/aws-account-id=210987654321/*",
    ])
    error_message = data.aws_iam_policy_document.bucket.json
  }
  assert {
    condition = alltrue([for s in concat(jsondecode(data.aws_iam_policy_document.bucket.json).Statement, jsondecode(data.aws_iam_policy_document.key.json).Statement) :
      length(s.Condition.ArnLike["aws:SourceArn"]) == 4 && length(s.Condition.StringEquals["aws:SourceAccount"]) == 2
    if try(s.Principal.Service, "") == "delivery.logs.amazonaws.com"])
    error_message = data.aws_iam_policy_document.key.json
  }
  assert {
    condition     = alltrue([for s in jsondecode(data.aws_iam_policy_document.key.json).Statement : !strcontains(jsonencode(s.Principal), "\"*\"")])
    error_message = data.aws_iam_policy_document.key.json
  }
  assert {
    condition     = aws_glue_catalog_table.logs["vpc_flow_logs"].parameters["storage.location.template"] == "s3://weir-flow-logs-123456789012-eu-west-1/net/AWSLogs/aws-account-id=$${aws_account_id}/aws-service=vpcflowlogs/aws-region=$${aws_region}/year=$${year}/month=$${month}/day=$${day}/hour=$${hour}/"
    error_message = aws_glue_catalog_table.logs["vpc_flow_logs"].parameters["storage.location.template"]
  }
  assert {
    condition     = aws_glue_catalog_table.logs["vpc_flow_logs"].parameters["skip.header.line.count"] == "1" && aws_glue_catalog_table.logs["vpc_flow_logs"].parameters["projection.year.range"] == "2026,2046" && aws_glue_catalog_table.logs["vpc_flow_logs"].storage_descriptor[0].ser_de_info[0].parameters["field.delim"] == " "
    error_message = jsonencode(aws_glue_catalog_table.logs["vpc_flow_logs"].parameters)
  }
  assert {
    condition     = aws_flow_log.this["vpc/main"].log_destination == "arn:aws:s3:::weir-flow-logs-123456789012-eu-west-1/net" && length(aws_kms_key.logs) == 0 && output.kms_key_arn == var.kms_key_arn
    error_message = aws_flow_log.this["vpc/main"].log_destination
  }
  assert {
    condition     = one([for s in jsondecode(output.reader_policy).Statement : s.Resource if s.Sid == "Key"]) == var.kms_key_arn
    error_message = output.reader_policy
  }
}

# A VPC of the same run has no ID yet: that must not hide what is found by tag.
run "by_tag_beside_what_is_to_be_made" {
  command = plan
  module {
    source = "./tests/made"
  }
  override_data {
    target = module.flow_logs.data.aws_caller_identity.me
    values = { account_id = "123456789012" }
  }
  override_data {
    target = module.flow_logs.data.aws_vpcs.tagged
    values = { ids = ["vpc-0a", "vpc-0b"] }
  }
  assert {
    condition     = toset(output.names) == toset(["vpc/main", "vpc/vpc-0a", "vpc/vpc-0b"])
    error_message = jsonencode(output.names)
  }
}
