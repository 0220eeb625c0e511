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
  emails = ["ops@example.com"]
}

run "plan" {
  command = plan

  assert {
    condition     = output.log_group_name == "/flow-logs/flow-logs" && output.alarm_topic_arn == "arn:aws:sns:eu-west-1:123456789012:flow-logs-alarms"
    error_message = "group or topic are not what they should be"
  }
  assert {
    condition     = toset(keys(output.alarm_arns)) == toset(["bytes-out", "exposed-port", "rejected-ssh-rdp", "rejects", "silence", "skipdata"])
    error_message = jsonencode(keys(output.alarm_arns))
  }
  assert {
    condition     = alltrue([for p in output.metric_filters : length(split(", ", p)) == length(split(" ", output.log_format))])
    error_message = "a pattern has more or fewer columns than the format"
  }
}
