# Much of what the module can: VPCs by ID and by tag, a subnet, two Regions, a key, storage classes, a queue that hears of new
# objects, and roles for people and for weir. One bucket, one table and one view have it all.

variable "vpc_id" {
  description = "A VPC to log, whatever its tags."
  type        = string
}

variable "subnet_id" {
  description = "A subnet to log, of another VPC: one of a VPC that is logged is logged twice."
  type        = string
}

variable "lake_bucket" {
  description = "Name of the bucket in which weir keeps its lake."
  type        = string
}

variable "analysts" {
  description = "ARNs of the roles that may take the reader's role."
  type        = list(string)
}

locals {
  regions = [var.region, var.other_region]
  # What both calls must agree on, for one table to be of both.
  records = { format = "security", file_format = "parquet", per_hour = true, prefix = "network" }
  tags    = { purpose = "flow-logs" }
}

module "flow_logs" {
  source = "../../modules/flow-logs"

  vpcs     = { main = var.vpc_id }
  vpc_tags = { flow-logs = "on" }
  subnets  = { database = var.subnet_id }
  regions  = local.regions

  format      = local.records.format
  file_format = local.records.file_format
  per_hour    = local.records.per_hour
  prefix      = local.records.prefix

  encryption  = "kms"
  transitions = [{ days = 30, storage_class = "STANDARD_IA" }, { days = 90, storage_class = "GLACIER_IR" }]
  expire_days = 730

  queue       = {}
  reader_role = { principals = var.analysts }
  weir_role = {
    services = ["ec2.amazonaws.com"]
    lake     = { bucket = var.lake_bucket, prefix = "flows", database = "weir" }
  }

  first_day = "2026/11/01"
  queries   = ["*"]
  tags      = local.tags
}

# Each other Region has a call of its own, with its provider. It makes flow logs, and nothing else.
module "other_region" {
  source    = "../../modules/flow-logs"
  providers = { aws = aws.other }

  vpc_tags      = { flow-logs = "on" }
  bucket        = module.flow_logs.bucket
  create_bucket = false
  athena        = false
  wait_for      = module.flow_logs.ready

  format      = local.records.format
  file_format = local.records.file_format
  per_hour    = local.records.per_hour
  prefix      = local.records.prefix
  tags        = local.tags
}
