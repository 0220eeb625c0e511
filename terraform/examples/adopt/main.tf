# A bucket with logs and the flow log that fills it were made by hand, and are to be looked after by the module, with nothing
# of either lost. The import blocks name what is there: the plan then shows what the module would change of it. Nothing may be
# replaced or destroyed; if something is, it differs in an argument that cannot change, and the call of the module has to say
# what is there.

variable "bucket" {
  description = "Name of the bucket."
  type        = string
}

variable "vpc_id" {
  description = "The VPC that is logged."
  type        = string
}

variable "flow_log_id" {
  description = "The flow log, fl-…, as `aws ec2 describe-flow-logs` says it."
  type        = string
}

module "flow_logs" {
  source = "../../modules/flow-logs"

  vpcs   = { main = var.vpc_id }
  bucket = var.bucket

  # As the flow log was made: AWS's defaults are the format v2, text, and 600 seconds.
  format      = "v2"
  file_format = "plain-text"
  interval    = 600

  # The module expires logs after a year, and would begin with what is there.
  expire_days = 0

  # The table shows what is there already.
  first_day = "2024/01/01"
}

# Without this one the plan would make a second flow log, and each record would be delivered and billed twice.
import {
  to = module.flow_logs.aws_flow_log.this["vpc/main"]
  id = var.flow_log_id
}

import {
  to = module.flow_logs.aws_s3_bucket.logs[0]
  id = var.bucket
}

# Settings of the bucket. S3 has one of each, so that making one overwrites what is there, unseen: imported, the plan shows it.
# Terraform cannot import what is not there. Every bucket has the first three; take out the blocks of others that yours lacks.

import {
  to = module.flow_logs.aws_s3_bucket_public_access_block.logs[0]
  id = var.bucket
}

import {
  to = module.flow_logs.aws_s3_bucket_ownership_controls.logs[0]
  id = var.bucket
}

import {
  to = module.flow_logs.aws_s3_bucket_server_side_encryption_configuration.logs[0]
  id = var.bucket
}

import {
  to = module.flow_logs.aws_s3_bucket_policy.logs[0]
  id = var.bucket
}

import {
  to = module.flow_logs.aws_s3_bucket_versioning.logs[0]
  id = var.bucket
}

import {
  to = module.flow_logs.aws_s3_bucket_lifecycle_configuration.logs[0]
  id = var.bucket
}
