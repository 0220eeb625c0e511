# Bad values of the inputs about queue, roles and organization; good ones are in access.tftest.hcl. Mocks: see values.tftest.hcl.

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

run "reader_for_nobody" {
  command = plan
  variables {
    reader_role = {}
  }
  expect_failures = [var.reader_role]
}

run "reader_for_everybody" {
  command = plan
  variables {
    reader_role = { principals = ["*"] }
  }
  expect_failures = [var.reader_role]
}

run "reader_for_every_account" {
  command = plan
  variables {
    reader_role = { principals = ["arn:aws:iam::*:root"] }
  }
  expect_failures = [var.reader_role]
}

run "reader_for_a_service_of_others" {
  command = plan
  variables {
    reader_role = { services = ["ec2.example.com"] }
  }
  expect_failures = [var.reader_role]
}

run "reader_for_every_build" {
  command = plan
  variables {
    reader_role = { oidc = [{ provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", subjects = ["repo:*"] }] }
  }
  expect_failures = [var.reader_role]
}

run "reader_for_builds_whose_owner_begins_so" {
  command = plan
  variables {
    reader_role = { oidc = [{ provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", subjects = ["repo:our*"] }] }
  }
  expect_failures = [var.reader_role]
}

run "reader_for_every_pod" {
  command = plan
  variables {
    reader_role = { oidc = [{ provider_arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB", subjects = ["system:serviceaccount:*"] }] }
  }
  expect_failures = [var.reader_role]
}

run "reader_for_no_subject" {
  command = plan
  variables {
    reader_role = { oidc = [{ provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", subjects = [] }] }
  }
  expect_failures = [var.reader_role]
}

run "reader_by_an_address" {
  command = plan
  variables {
    reader_role = { oidc = [{ provider_arn = "https://token.actions.githubusercontent.com", subjects = ["repo:our-org/weir:*"] }] }
  }
  expect_failures = [var.reader_role]
}

run "reader_with_a_boundary_that_is_none" {
  command = plan
  variables {
    reader_role = { services = ["ec2.amazonaws.com"], permissions_boundary = "limit" }
  }
  expect_failures = [var.reader_role]
}

run "reader_with_an_external_id_of_one_letter" {
  command = plan
  variables {
    reader_role = { principals = ["arn:aws:iam::123456789012:root"], external_id = "x" }
  }
  expect_failures = [var.reader_role]
}

run "reader_with_a_long_name" {
  command = plan
  variables {
    name        = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
    reader_role = { services = ["ec2.amazonaws.com"] }
  }
  expect_failures = [var.reader_role]
}

run "weir_for_nobody" {
  command = plan
  variables {
    weir_role = {}
  }
  expect_failures = [var.weir_role]
}

run "weir_for_everybody" {
  command = plan
  variables {
    weir_role = { principals = ["*"] }
  }
  expect_failures = [var.weir_role]
}

run "weir_for_every_account" {
  command = plan
  variables {
    weir_role = { principals = ["arn:aws:iam::*:root"] }
  }
  expect_failures = [var.weir_role]
}

run "weir_for_a_service_of_others" {
  command = plan
  variables {
    weir_role = { services = ["ec2.example.com"] }
  }
  expect_failures = [var.weir_role]
}

run "weir_for_every_build" {
  command = plan
  variables {
    weir_role = { oidc = [{ provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", subjects = ["repo:*"] }] }
  }
  expect_failures = [var.weir_role]
}

run "weir_for_builds_whose_owner_begins_so" {
  command = plan
  variables {
    weir_role = { oidc = [{ provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", subjects = ["repo:our*"] }] }
  }
  expect_failures = [var.weir_role]
}

run "weir_for_every_pod" {
  command = plan
  variables {
    weir_role = { oidc = [{ provider_arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB", subjects = ["system:serviceaccount:*"] }] }
  }
  expect_failures = [var.weir_role]
}

run "weir_for_no_subject" {
  command = plan
  variables {
    weir_role = { oidc = [{ provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", subjects = [] }] }
  }
  expect_failures = [var.weir_role]
}

run "weir_by_an_address" {
  command = plan
  variables {
    weir_role = { oidc = [{ provider_arn = "https://token.actions.githubusercontent.com", subjects = ["repo:our-org/weir:*"] }] }
  }
  expect_failures = [var.weir_role]
}

run "weir_with_a_boundary_that_is_none" {
  command = plan
  variables {
    weir_role = { services = ["ec2.amazonaws.com"], permissions_boundary = "limit" }
  }
  expect_failures = [var.weir_role]
}

run "weir_with_an_external_id_of_one_letter" {
  command = plan
  variables {
    weir_role = { principals = ["arn:aws:iam::123456789012:root"], external_id = "x" }
  }
  expect_failures = [var.weir_role]
}

run "weir_with_a_long_name" {
  command = plan
  variables {
    name      = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
    weir_role = { services = ["ec2.amazonaws.com"] }
  }
  expect_failures = [var.weir_role]
}

run "lake_in_the_logs" {
  command = plan
  variables {
    bucket    = "logs-of-ours"
    weir_role = { services = ["ec2.amazonaws.com"], lake = { bucket = "logs-of-ours" } }
  }
  expect_failures = [var.weir_role]
}

run "lake_with_slashes" {
  command = plan
  variables {
    weir_role = { services = ["ec2.amazonaws.com"], lake = { bucket = "security-lake", prefix = "/flows/" } }
  }
  expect_failures = [var.weir_role]
}

run "lake_in_every_folder" {
  command = plan
  variables {
    weir_role = { services = ["ec2.amazonaws.com"], lake = { bucket = "security-lake", prefix = "*" } }
  }
  expect_failures = [var.weir_role]
}

run "lake_in_the_database_of_the_logs" {
  command = plan
  variables {
    weir_role = { services = ["ec2.amazonaws.com"], lake = { bucket = "security-lake", database = "flow_logs" } }
  }
  expect_failures = [var.weir_role]
}

run "lake_with_an_alias" {
  command = plan
  variables {
    weir_role = { services = ["ec2.amazonaws.com"], lake = { bucket = "security-lake", kms_key_arn = "alias/lake" } }
  }
  expect_failures = [var.weir_role]
}

run "every_topic" {
  command = plan
  variables {
    weir_role = { services = ["ec2.amazonaws.com"], topics = ["arn:aws:sns:eu-west-1:123456789012:*"] }
  }
  expect_failures = [var.weir_role]
}

run "every_key" {
  command = plan
  variables {
    weir_role = { services = ["ec2.amazonaws.com"], topic_keys = ["arn:aws:kms:eu-west-1:123456789012:key/*"] }
  }
  expect_failures = [var.weir_role]
}

run "hidden_for_too_long" {
  command = plan
  variables {
    queue = { visibility_timeout = 43201 }
  }
  expect_failures = [var.queue]
}

run "kept_for_too_long" {
  command = plan
  variables {
    queue = { retention_days = 15 }
  }
  expect_failures = [var.queue]
}

run "kept_for_parts_of_a_day" {
  command = plan
  variables {
    queue = { retention_days = 0.5 }
  }
  expect_failures = [var.queue]
}

run "failed_is_gone_first" {
  command = plan
  variables {
    queue = { retention_days = 7, dead_letter_days = 7 }
  }
  expect_failures = [var.queue]
}

run "never_received" {
  command = plan
  variables {
    queue = { max_receives = 0 }
  }
  expect_failures = [var.queue]
}

run "queue_unsaid_for_a_bucket_that_is_there" {
  command = plan
  variables {
    bucket        = "logs-of-ours"
    create_bucket = false
    queue         = {}
  }
  expect_failures = [var.queue]
}

run "queue_with_a_long_name" {
  command = plan
  variables {
    name  = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
    queue = {}
  }
  expect_failures = [var.queue]
}

run "organization_by_name" {
  command = plan
  variables {
    organization = "Our Company"
  }
  expect_failures = [var.organization]
}
