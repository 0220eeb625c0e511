# The flow logs of a transit gateway: fields, table and queries of their own.

variable "transit_gateway_id" {
  description = "The transit gateway to log."
  type        = string
}

module "flow_logs" {
  source = "../../modules/flow-logs"

  transit_gateways = { hub = var.transit_gateway_id }
  name             = "transit-flow-logs"

  tags = { purpose = "flow-logs" }
}
