# For a test: the module beside a VPC that is made in the same run.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

resource "aws_vpc" "main" {
  # checkov:skip=CKV2_AWS_12:It is planned by a test, and never made.
  cidr_block = "10.0.0.0/16"
}

module "flow_logs" {
  source = "../.."

  vpcs     = { main = aws_vpc.main.id }
  vpc_tags = { flow-logs = "on" }
}

output "names" {
  description = "Which flow logs there are."
  value       = keys(module.flow_logs.flow_log_ids)
}
