# What is logged, by tag; what the table and the view show. Mocks: see values.tftest.hcl.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { endpoint = "ec2.eu-west-1.amazonaws.com" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_vpcs" {
    defaults = { ids = ["vpc-0a", "vpc-0b"] }
  }
  mock_data "aws_subnets" {
    defaults = { ids = ["subnet-0a"] }
  }
  mock_data "aws_network_interfaces" {
    defaults = { ids = ["eni-0a"] }
  }
  mock_data "aws_ec2_transit_gateway_attachments" {
    defaults = { ids = ["tgw-attach-0a", "tgw-attach-0b"] }
  }
}

run "by_tag_and_by_id" {
  command = plan
  variables {
    vpcs           = { main = "vpc-0123456789abcdef0" }
    vpc_tags       = { flow-logs = "on" }
    subnet_tags    = { flow-logs = "on" }
    interface_tags = { flow-logs = "*" }
  }
  assert {
    condition = { for name, f in aws_flow_log.this : name => coalesce(f.vpc_id, f.subnet_id, f.eni_id) } == {
      "vpc/main"         = "vpc-0123456789abcdef0"
      "vpc/vpc-0a"       = "vpc-0a"
      "vpc/vpc-0b"       = "vpc-0b"
      "subnet/subnet-0a" = "subnet-0a"
      "interface/eni-0a" = "eni-0a"
    }
    error_message = jsonencode(keys(aws_flow_log.this))
  }
  assert {
    condition     = data.aws_vpcs.tagged[0].tags == tomap({ flow-logs = "on" }) && length(data.aws_ec2_transit_gateway_attachments.tagged) == 0
    error_message = "other tags were asked for"
  }
}

run "attachments_by_tag" {
  command = plan
  variables {
    transit_gateway_attachment_tags = { flow-logs = "on", stage = "production" }
  }
  assert {
    condition     = toset(keys(aws_flow_log.this)) == toset(["tgw-attachment/tgw-attach-0a", "tgw-attachment/tgw-attach-0b"]) && keys(aws_glue_catalog_table.logs) == ["tgw_flow_logs"] && output.athena_view == "flow_logs.tgw_flows"
    error_message = jsonencode(keys(aws_flow_log.this))
  }
  assert {
    condition     = toset([for f in data.aws_ec2_transit_gateway_attachments.tagged[0].filter : f.name]) == toset(["tag:flow-logs", "tag:stage"])
    error_message = "other tags were asked for"
  }
}

run "vpc_by_tag_that_is_named" {
  command = plan
  variables {
    vpcs     = { main = "vpc-0b" }
    vpc_tags = { flow-logs = "on" }
  }
  expect_failures = [output.flow_log_ids]
}

run "subnet_by_tag_that_is_named" {
  command = plan
  variables {
    subnets     = { a = "subnet-0a" }
    subnet_tags = { flow-logs = "on" }
  }
  expect_failures = [output.flow_log_ids]
}

run "interface_by_tag_that_is_named" {
  command = plan
  variables {
    interfaces     = { a = "eni-0a" }
    interface_tags = { flow-logs = "on" }
  }
  expect_failures = [output.flow_log_ids]
}

run "attachment_by_tag_that_is_named" {
  command = plan
  variables {
    transit_gateway_attachments     = { a = "tgw-attach-0a" }
    transit_gateway_attachment_tags = { flow-logs = "on" }
  }
  expect_failures = [output.flow_log_ids]
}

run "tags_without_keys" {
  command = plan
  variables {
    vpc_tags       = { "" = "on" }
    subnet_tags    = { flow-logs = null }
    interface_tags = { "" = "" }
  }
  expect_failures = [var.vpc_tags, var.subnet_tags, var.interface_tags]
}

run "attachments_beside_vpcs" {
  command = plan
  variables {
    vpc_tags                        = { flow-logs = "on" }
    transit_gateway_attachment_tags = { "" = "on" }
  }
  expect_failures = [var.transit_gateway_attachment_tags]
}

run "view" {
  command = plan
  variables {
    vpcs   = { main = "vpc-0123456789abcdef0" }
    format = "v2"
  }
  assert {
    condition = alltrue([
      aws_glue_catalog_table.view[0].table_type == "VIRTUAL_VIEW",
      aws_glue_catalog_table.view[0].name == "flows",
      output.athena_view == "flow_logs.flows",
      startswith(aws_glue_catalog_table.view[0].view_original_text, "/* Presto View: "),
      endswith(aws_glue_catalog_table.view[0].view_original_text, " */"),
    ])
    error_message = "the view is not in the form that Athena reads"
  }
  assert {
    condition = alltrue([for v in [jsondecode(base64decode(trimsuffix(trimprefix(aws_glue_catalog_table.view[0].view_original_text, "/* Presto View: "), " */")))] :
      v.catalog == "awsdatacatalog" && v.schema == "flow_logs" &&
      join(",", v.columns[*].name) == join(",", aws_glue_catalog_table.view[0].storage_descriptor[0].columns[*].name) &&
      startswith(v.originalSql, "SELECT \"version\", ") && endswith(v.originalSql, "FROM \"flow_logs\".\"vpc_flow_logs\")") &&
      strcontains(v.originalSql, "CAST(NULL AS varchar) AS \"vpc_id\"") && strcontains(v.originalSql, "nullif(\"srcaddr\", '-') AS \"srcaddr\"")
    ])
    error_message = "the view is not what Athena reads, or not of the table"
  }
}

run "no_view" {
  command = plan
  variables {
    vpcs = { main = "vpc-0123456789abcdef0" }
    view = false
  }
  assert {
    condition     = length(aws_glue_catalog_table.view) == 0 && output.athena_view == null && length(aws_glue_catalog_table.logs) == 1
    error_message = "a view was made that nobody wanted"
  }
}

# Parquet is read by name: one table shows objects of both formats.
run "another_format_in_parquet" {
  command = plan
  variables {
    vpcs        = { main = "vpc-0123456789abcdef0" }
    fields      = ["srcaddr", "dstaddr", "start"]
    keep_fields = ["vpc-id", "srcaddr"]
  }
  assert {
    condition     = aws_glue_catalog_table.logs["vpc_flow_logs"].storage_descriptor[0].columns[*].name == tolist(["srcaddr", "dstaddr", "start", "vpc_id"]) && aws_flow_log.this["vpc/main"].log_format == "$${srcaddr} $${dstaddr} $${start}"
    error_message = jsonencode(aws_glue_catalog_table.logs["vpc_flow_logs"].storage_descriptor[0].columns[*].name)
  }
}

# Text is read by position: a table for each format, and the saved queries read both.
run "another_format_in_text" {
  command = plan
  variables {
    vpcs        = { main = "vpc-0123456789abcdef0" }
    file_format = "plain-text"
    prefix      = "2026-12"
    former      = { v2 = { file_format = "plain-text", hive_compatible = true, fields = ["version", "srcaddr", "start"] } }
    queries     = ["top-talkers"]
  }
  assert {
    condition     = { for name, t in aws_glue_catalog_table.logs : name => t.storage_descriptor[0].location } == { vpc_flow_logs = "s3://weir-flow-logs-123456789012-eu-west-1/2026-12/AWSLogs/", vpc_flow_logs_v2 = "s3://weir-flow-logs-123456789012-eu-west-1/AWSLogs/" }
    error_message = jsonencode(keys(aws_glue_catalog_table.logs))
  }
  assert {
    condition     = aws_glue_catalog_table.logs["vpc_flow_logs_v2"].storage_descriptor[0].columns[*].name == tolist(["version", "srcaddr", "start"]) && aws_glue_catalog_table.logs["vpc_flow_logs_v2"].partition_keys[*].name == tolist(["aws_account_id", "aws_region", "year", "month", "day"])
    error_message = "the old table has not the old columns"
  }
  assert {
    condition = alltrue([for q in [aws_athena_named_query.saved["top-talkers"].query, jsondecode(base64decode(trimsuffix(trimprefix(aws_glue_catalog_table.view[0].view_original_text, "/* Presto View: "), " */"))).originalSql] :
      strcontains(q, "FROM \"flow_logs\".\"vpc_flow_logs\"") && strcontains(q, " UNION ALL SELECT \"version\"") && strcontains(q, "FROM \"flow_logs\".\"vpc_flow_logs_v2\"")
    ])
    error_message = "queries or the view do not read both tables"
  }
}

run "two_formats_where_one_can_be" {
  command = plan
  variables {
    vpcs        = { main = "vpc-0123456789abcdef0" }
    file_format = "plain-text"
    keep_fields = ["vpc-id"]
    former      = { same = { fields = ["srcaddr"] } }
  }
  expect_failures = [var.keep_fields, var.former]
}

run "former_of_nothing" {
  command = plan
  variables {
    vpcs        = { main = "vpc-0123456789abcdef0" }
    keep_fields = ["vpc_id"]
    former      = { old = { prefix = "old", fields = ["srcaddr", "vpc_id"] } }
  }
  expect_failures = [var.keep_fields, var.former]
}

run "former_with_words_nobody_knows" {
  command = plan
  variables {
    vpcs        = { main = "vpc-0123456789abcdef0" }
    keep_fields = ["vpc-id", "vpc-id"]
    former      = { Old-1 = { prefix = "/old/", file_format = "orc", fields = [] } }
  }
  expect_failures = [var.keep_fields, var.former]
}

run "former_without_tables" {
  command = plan
  variables {
    vpcs   = { main = "vpc-0123456789abcdef0" }
    athena = false
    former = { old = { prefix = "old", fields = ["srcaddr"] } }
  }
  expect_failures = [var.former]
}
