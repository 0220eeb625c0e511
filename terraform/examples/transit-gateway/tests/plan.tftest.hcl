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
  transit_gateway_id = "tgw-0123456789abcdef0"
}

run "plan" {
  command = plan

  assert {
    condition     = output.athena_table == "transit_flow_logs.tgw_flow_logs" && strcontains(output.log_format, "$${tgw-id}")
    error_message = "source, table or policy are not what they should be"
  }
}
