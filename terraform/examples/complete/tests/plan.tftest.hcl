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
  alias                       = "other"
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_data {
  target = module.flow_logs.data.aws_caller_identity.me
  values = { account_id = "123456789012" }
}

override_data {
  target = module.other_region.data.aws_caller_identity.me
  values = { account_id = "123456789012" }
}

override_data {
  target = module.flow_logs.data.aws_vpcs.tagged
  values = { ids = ["vpc-0aaaaaaaaaaaaaaa0"] }
}

override_data {
  target = module.other_region.data.aws_vpcs.tagged
  values = { ids = ["vpc-0bbbbbbbbbbbbbbb0", "vpc-0cccccccccccccccc"] }
}

variables {
  vpc_id      = "vpc-0123456789abcdef0"
  subnet_id   = "subnet-0123456789abcdef0"
  lake_bucket = "security-lake"
  analysts    = ["arn:aws:iam::123456789012:role/analysts"]
}

run "plan" {
  command = plan

  assert {
    condition     = output.source == "s3://weir-flow-logs-123456789012-eu-west-1/network/AWSLogs/" && output.athena_table == "flow_logs.vpc_flow_logs" && output.athena_view == "flow_logs.flows"
    error_message = "source, table or view are not what they should be"
  }
  assert {
    condition     = { for region, logs in output.flow_log_ids : region => length(logs) } == { eu-west-1 = 3, us-east-1 = 2 }
    error_message = "not every source has its flow log"
  }
  # Deliveries of both Regions are let in.
  assert {
    condition     = alltrue([for s in jsondecode(module.flow_logs.bucket_policy).Statement : toset(s.Condition.ArnLike["aws:SourceArn"]) == toset(["arn:aws:logs:eu-west-1:123456789012:*", "arn:aws:logs:us-east-1:123456789012:*"]) if s.Effect == "Allow"])
    error_message = module.flow_logs.bucket_policy
  }
  # The other Region's call makes flow logs alone, with the same records.
  assert {
    condition     = module.other_region.athena_table == null && module.other_region.workgroup == null && module.other_region.queue_arn == null && module.other_region.log_format == module.flow_logs.log_format && module.other_region.source == module.flow_logs.source
    error_message = "the second call makes more than flow logs, or others"
  }
}
