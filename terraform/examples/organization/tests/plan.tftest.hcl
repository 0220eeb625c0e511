# The example plans, with the real provider and no AWS.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

provider "aws" {
  alias                       = "network"
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

provider "aws" {
  alias                       = "network_other"
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_data {
  target = module.central.data.aws_caller_identity.me
  values = { account_id = "123456789012" }
}

override_data {
  target = module.network.data.aws_caller_identity.me
  values = { account_id = "210987654321" }
}

override_data {
  target = module.network_other.data.aws_caller_identity.me
  values = { account_id = "210987654321" }
}

override_data {
  target = module.network.data.aws_vpcs.tagged
  values = { ids = ["vpc-0aaaaaaaaaaaaaaa0"] }
}

override_data {
  target = module.network_other.data.aws_vpcs.tagged
  values = { ids = ["vpc-0bbbbbbbbbbbbbbb0"] }
}

variables {
  organization    = "o-a1b2c3d4e5"
  accounts        = ["210987654321", "321098765432"]
  network_account = "210987654321"
}

run "plan" {
  command = plan

  assert {
    condition     = output.source == "s3://weir-flow-logs-123456789012-eu-west-1/AWSLogs/" && output.athena_table == "flow_logs.vpc_flow_logs"
    error_message = "source or table are not what they should be"
  }
  # Every account of the organization may deliver, from both Regions, and nobody else.
  assert {
    condition = alltrue([for s in jsondecode(module.central.bucket_policy).Statement :
      s.Principal == { Service = "delivery.logs.amazonaws.com" } && s.Condition.StringEquals["aws:SourceOrgID"] == "o-a1b2c3d4e5" && toset(s.Condition.ArnLike["aws:SourceArn"]) == toset(["arn:aws:logs:eu-west-1:*:*", "arn:aws:logs:us-east-1:*:*"])
    if s.Effect == "Allow"])
    error_message = module.central.bucket_policy
  }
  # Members deliver to the central bucket, and have nothing else.
  assert {
    condition     = alltrue([for m in [module.network, module.network_other] : m.source == output.source && m.log_format == output.log_format && m.athena_table == null && m.kms_key_arn == null && length(m.flow_log_ids) == 1]) && length(module.central.flow_log_ids) == 0
    error_message = "a member's call makes more than flow logs, or others"
  }
}
