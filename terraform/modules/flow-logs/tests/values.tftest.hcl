# Good and bad values of every variable. Mocks: no plan check of the provider runs here, only ours; see plan.tftest.hcl.

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
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/made", key_id = "made" }
  }
}

variables {
  vpcs = { main = "vpc-0123456789abcdef0" }
}

run "ids_of_another_kind" {
  command = plan
  variables {
    vpcs       = { main = "subnet-0123456789abcdef0" }
    subnets    = { a = "vpc-0123456789abcdef0" }
    interfaces = { a = "i-0123456789abcdef0" }
  }
  expect_failures = [var.vpcs, var.subnets, var.interfaces]
}

run "transit_ids_of_another_kind" {
  command = plan
  variables {
    vpcs                        = {}
    transit_gateways            = { hub = "tgw-attach-0123456789abcdef0" }
    transit_gateway_attachments = { a = "tgw-0123456789abcdef0" }
  }
  expect_failures = [var.transit_gateways, var.transit_gateway_attachments]
}

run "two_kinds_of_records" {
  command = plan
  variables {
    transit_gateways            = { hub = "tgw-0123456789abcdef0" }
    transit_gateway_attachments = { a = "tgw-attach-0123456789abcdef0" }
  }
  expect_failures = [var.transit_gateways, var.transit_gateway_attachments]
}

run "what_transit_gateways_cannot" {
  command = plan
  variables {
    vpcs             = {}
    transit_gateways = { hub = "tgw-0123456789abcdef0" }
    interval         = 600
    hive_compatible  = true
    format           = "v2"
  }
  expect_failures = [var.interval, var.hive_compatible, var.format]
}

run "words_nobody_knows" {
  command = plan
  variables {
    traffic_type = "all"
    interval     = 300
    format       = "v5"
    file_format  = "orc"
    encryption   = "aes"
    name         = "Flow_Logs"
    prefix       = "/logs/"
    first_day    = "2026-01-01"
    accounts     = ["12345"]
    regions      = ["Ireland"]
    tags         = {}
  }
  expect_failures = [var.traffic_type, var.interval, var.format, var.file_format, var.encryption, var.name, var.prefix, var.first_day, var.accounts, var.regions]
}

run "numbers_out_of_range" {
  command = plan
  variables {
    expire_days     = -1
    noncurrent_days = 0
    scan_limit      = 1000000
    results_days    = 0
    query_days      = 0.5
    kms_key_arn     = "alias/logs"
    bucket          = "Bad_Bucket..Name"
  }
  expect_failures = [var.expire_days, var.noncurrent_days, var.scan_limit, var.results_days, var.query_days, var.kms_key_arn, var.bucket]
}

run "folder_of_awss_own" {
  command = plan
  variables {
    prefix    = "logs/AWSLogs"
    first_day = "2026/02/30"
    fields    = []
  }
  expect_failures = [var.prefix, var.first_day, var.fields]
}

run "a_query_that_is_not_there" {
  command = plan
  variables {
    queries = ["no-such-query"]
  }
  expect_failures = [var.queries]
}

run "a_column_is_no_field" {
  command = plan
  variables {
    fields = ["srcaddr", "log_status"]
  }
  expect_failures = [var.fields]
}

run "a_field_twice" {
  command = plan
  variables {
    fields = ["srcaddr", "srcaddr"]
  }
  expect_failures = [var.fields]
}

run "a_field_of_tags" {
  command = plan
  variables {
    fields = ["srcaddr", "instance-tag"]
  }
  expect_failures = [var.fields]
}

run "a_query_that_the_format_cannot_answer" {
  command = plan
  variables {
    format  = "v2"
    queries = ["exposed-port"]
  }
  expect_failures = [var.queries]
}

run "moved_too_early" {
  command = plan
  variables {
    transitions = [{ days = 10, storage_class = "STANDARD_IA" }]
  }
  expect_failures = [var.transitions]
}

run "expired_before_it_moves" {
  command = plan
  variables {
    expire_days = 30
    transitions = [{ days = 30, storage_class = "GLACIER_IR" }]
  }
  expect_failures = [var.transitions]
}

run "no_bucket_at_all" {
  command = plan
  variables {
    create_bucket = false
  }
  expect_failures = [var.bucket]
}

run "no_room_for_the_results" {
  command = plan
  variables {
    bucket = "a-bucket-whose-name-is-as-long-as-s3-lets-a-name-of-a-bucket-be"
  }
  expect_failures = [aws_s3_bucket.results]
}

run "least" {
  command = plan
  variables {
    bucket        = "logs-of-ours"
    create_bucket = false
    athena        = false
  }
  assert {
    condition     = length(aws_flow_log.this) == 1 && length(aws_s3_bucket.logs) + length(aws_s3_bucket.results) + length(aws_kms_key.logs) + length(aws_glue_catalog_database.logs) + length(aws_athena_workgroup.logs) + length(aws_athena_named_query.saved) == 0
    error_message = "something was made that nobody wanted"
  }
  assert {
    condition     = output.athena_table == null && output.workgroup == null && output.kms_key_arn == null && output.source == "s3://logs-of-ours/AWSLogs/"
    error_message = "outputs name what is not there"
  }
}

run "much" {
  command = plan
  variables {
    vpcs            = { a = "vpc-01", b = "vpc-02" }
    subnets         = { a = "subnet-01" }
    interfaces      = { a = "eni-01" }
    format          = "all"
    file_format     = "plain-text"
    hive_compatible = true
    per_hour        = true
    interval        = 600
    prefix          = "net/flow"
    accounts        = ["123456789012", "210987654321"]
    regions         = ["eu-west-1", "us-gov-west-1"]
    encryption      = "kms"
    transitions     = [{ days = 30, storage_class = "STANDARD_IA" }, { days = 90, storage_class = "GLACIER_IR" }]
    expire_days     = 0
    scan_limit      = null
    queries         = ["*"]
    tags            = { owner = "security" }
  }
  assert {
    condition     = length(aws_flow_log.this) == 4 && aws_flow_log.this["subnet/a"].subnet_id == "subnet-01" && aws_flow_log.this["vpc/b"].max_aggregation_interval == 600
    error_message = "not every source has its flow log"
  }
  assert {
    condition     = length(aws_athena_named_query.saved) > 60 && alltrue([for q in aws_athena_named_query.saved : !strcontains(q.query, "{") && length(q.query) < 262144])
    error_message = "${length(aws_athena_named_query.saved)} queries"
  }
  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.logs[0].rule[0].transition) == 2 && length(aws_s3_bucket_lifecycle_configuration.logs[0].rule[0].expiration) == 0
    error_message = "lifecycle"
  }
  assert {
    condition     = aws_s3_bucket.logs[0].tags.owner == "security" && aws_kms_key.logs[0].tags.owner == "security" && aws_athena_workgroup.logs[0].tags.owner == "security" && aws_flow_log.this["vpc/a"].tags.owner == "security"
    error_message = "tags are not everywhere"
  }
}
