# The flow logs of one VPC in a bucket of their own, with a table and saved queries in Athena.

variable "vpc_id" {
  description = "The VPC to log."
  type        = string
}

module "flow_logs" {
  source = "../../modules/flow-logs"

  vpcs = { main = var.vpc_id }

  transitions = [{ days = 90, storage_class = "GLACIER_IR" }]
  expire_days = 365

  tags = { purpose = "flow-logs" }
}
