# What a change of the format does, apply after apply. Mocks: see values.tftest.hcl.

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
}

variables {
  vpcs        = { main = "vpc-0123456789abcdef0" }
  queries     = []
  file_format = "plain-text"
  format      = "v2"
}

run "text" {
  command = apply
}

run "nothing_changed" {
  command = plan

  assert {
    condition     = terraform_data.shape[""].output == "plain-text plain daily version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
    error_message = terraform_data.shape[""].output
  }
}

run "columns_that_old_objects_do_not_have" {
  command = plan
  variables {
    format = "standard"
  }
  expect_failures = [aws_glue_catalog_table.logs]
}

run "parquet_among_text" {
  command = plan
  variables {
    file_format = "parquet"
  }
  expect_failures = [aws_glue_catalog_table.logs]
}

run "other_folders" {
  command = plan
  variables {
    per_hour = true
  }
  expect_failures = [aws_glue_catalog_table.logs]
}

run "parquet_beside_text" {
  command = apply
  variables {
    file_format = "parquet"
    format      = "standard"
    prefix      = "parquet"
    former      = { text = { file_format = "plain-text", fields = ["version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end", "action", "log-status"] } }
  }
  assert {
    condition     = join(",", keys(aws_glue_catalog_table.logs)) == "vpc_flow_logs,vpc_flow_logs_text" && join(",", keys(terraform_data.shape)) == "parquet/"
    error_message = "old objects have no table"
  }
}

# Parquet is told by name.
run "other_columns_of_parquet" {
  command = plan
  variables {
    file_format = "parquet"
    format      = "security"
    prefix      = "parquet"
    keep_fields = ["type"]
  }
  assert {
    condition     = contains(aws_glue_catalog_table.logs["vpc_flow_logs"].storage_descriptor[0].columns[*].name, "type") && !strcontains(aws_flow_log.this["vpc/main"].log_format, "{type}")
    error_message = "a column of older objects is gone"
  }
}
