# What is found by tag is read at plan, so a plan names each flow log that it would make or end: what got the tag since the last
# apply, and what lost it. Its key is the ID. Something that is made in the same run is not found before the next one, and
# where the module itself has to wait for something (depends_on), nothing can be known at plan: name such things by ID.

data "aws_vpcs" "tagged" {
  count = length(var.vpc_tags) > 0 ? 1 : 0
  tags  = var.vpc_tags
}

data "aws_subnets" "tagged" {
  count = length(var.subnet_tags) > 0 ? 1 : 0
  tags  = var.subnet_tags
}

data "aws_network_interfaces" "tagged" {
  count = length(var.interface_tags) > 0 ? 1 : 0
  tags  = var.interface_tags
}

data "aws_ec2_transit_gateway_attachments" "tagged" {
  count = length(var.transit_gateway_attachment_tags) > 0 ? 1 : 0

  dynamic "filter" {
    for_each = var.transit_gateway_attachment_tags

    content {
      name   = "tag:${filter.key}"
      values = [filter.value]
    }
  }
}

locals {
  # Whether records of VPCs are wanted, and of transit gateways: by the inputs alone, so that no tag has to be looked up for it.
  of_vpcs = length(var.vpcs) + length(var.subnets) + length(var.interfaces) + length(var.vpc_tags) + length(var.subnet_tags) + length(var.interface_tags) > 0
  transit = length(var.transit_gateways) + length(var.transit_gateway_attachments) + length(var.transit_gateway_attachment_tags) > 0

  tagged_vpcs        = flatten(data.aws_vpcs.tagged[*].ids)
  tagged_subnets     = flatten(data.aws_subnets.tagged[*].ids)
  tagged_interfaces  = flatten(data.aws_network_interfaces.tagged[*].ids)
  tagged_attachments = flatten(data.aws_ec2_transit_gateway_attachments.tagged[*].ids)

  tagged_sources = merge(
    { for id in local.tagged_vpcs : "vpc/${id}" => { vpc = id } },
    { for id in local.tagged_subnets : "subnet/${id}" => { subnet = id } },
    { for id in local.tagged_interfaces : "interface/${id}" => { eni = id } },
    { for id in local.tagged_attachments : "tgw-attachment/${id}" => { attachment = id } },
  )

  # What would have two flow logs, for whom AWS has no second. Checked at an output: a condition of the data itself would make its
  # IDs unknown at plan where one of the named things is yet to be made, and then no flow log has a key.
  twice = concat(
    tolist(setintersection(local.tagged_vpcs, values(var.vpcs))),
    tolist(setintersection(local.tagged_subnets, values(var.subnets))),
    tolist(setintersection(local.tagged_interfaces, values(var.interfaces))),
    tolist(setintersection(local.tagged_attachments, values(var.transit_gateway_attachments))),
  )
}
