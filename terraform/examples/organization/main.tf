# One bucket for an organization: it lies in an account for logs, where the table and the queries are, too, and every account and
# Region delivers to it. Here the member account "network" has VPCs in two Regions. For each more account or Region repeat a
# member's call, with a provider of its own; or put it into that account's own root module, with the bucket's name.

variable "organization" {
  description = "ID of the organization. Each of its accounts may deliver."
  type        = string
}

variable "accounts" {
  description = "Accounts that the table shows, the member \"network\" among them."
  type        = list(string)
}

locals {
  regions = [var.region, var.other_region]
  # What all calls must agree on, for one table to be of all.
  records = { format = "security", file_format = "parquet" }
}

module "central" {
  source = "../../modules/flow-logs"

  organization = var.organization
  accounts     = var.accounts
  regions      = local.regions
  format       = local.records.format
  file_format  = local.records.file_format
  encryption   = "kms"
}

module "network" {
  source    = "../../modules/flow-logs"
  providers = { aws = aws.network }

  vpc_tags      = { flow-logs = "on" }
  bucket        = module.central.bucket
  create_bucket = false
  athena        = false
  wait_for      = module.central.ready

  format      = local.records.format
  file_format = local.records.file_format
}

module "network_other" {
  source    = "../../modules/flow-logs"
  providers = { aws = aws.network_other }

  vpc_tags      = { flow-logs = "on" }
  bucket        = module.central.bucket
  create_bucket = false
  athena        = false
  wait_for      = module.central.ready

  format      = local.records.format
  file_format = local.records.file_format
}
