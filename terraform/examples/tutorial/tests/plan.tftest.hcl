# The example plans, with the real provider and no AWS.

provider "aws" {
  region                      = "eu-west-1"
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

variables {
  vpc_id = "vpc-0123456789abcdef0"
}

run "plan" {
  command = plan

  assert {
    condition     = output.source == "s3://weir-flow-logs-123456789012-eu-west-1/AWSLogs/" && output.athena_table == "flow_logs.vpc_flow_logs"
    error_message = "source, table or policy are not what they should be"
  }
}
