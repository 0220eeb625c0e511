# What is found by tag is read at plan, so a plan names each flow log that it would make or end: what got the tag since the last
# apply, and what lost it. Its key is the ID. Something that is made in the same run is not found before the next one, and
# where the module itself has to wait for something (depends_on), nothing can be known at plan: name such things by ID.

data "aws_vpcs" "tagged" {
  count = length(var.vpc_tags) > 0 ? 1 : 0
  tags  = var.vpc_tags

  lifecycle {
    postcondition {
      condition     = length(setintersection(self.ids, values(var.vpcs))) == 0
      error_message = "vpc_tags: ${join(", ", setintersection(self.ids, values(var.vpcs)))} is in vpcs, too, and AWS refuses a second flow log of the same kind. Leave it out of vpcs, or take the tag away."
    }
  }
}

data "aws_subnets" "tagged" {
  count = length(var.subnet_tags) > 0 ? 1 : 0
  tags  = var.subnet_tags

  lifecycle {
    postcondition {
      condition     = length(setintersection(self.ids, values(var.subnets))) == 0
      error_message = "subnet_tags: ${join(", ", setintersection(self.ids, values(var.subnets)))} is in subnets, too, and AWS refuses a second flow log of the same kind. Leave it out of subnets, or take the tag away."
    }
  }
}

data "aws_network_interfaces" "tagged" {
  count = length(var.interface_tags) > 0 ? 1 : 0
  tags  = var.interface_tags

  lifecycle {
    postcondition {
      condition     = length(setintersection(self.ids, values(var.interfaces))) == 0
      error_message = "interface_tags: ${join(", ", setintersection(self.ids, values(var.interfaces)))} is in interfaces, too, and AWS refuses a second flow log of the same kind. Leave it out of interfaces, or take the tag away."
    }
  }
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

  lifecycle {
    postcondition {
      condition     = length(setintersection(self.ids, values(var.transit_gateway_attachments))) == 0
      error_message = "transit_gateway_attachment_tags: ${join(", ", setintersection(self.ids, values(var.transit_gateway_attachments)))} is in transit_gateway_attachments, too, and AWS refuses a second flow log of the same kind. Leave it out of them, or take the tag away."
    }
  }
}

locals {
  # Whether records of VPCs are wanted, and of transit gateways: by the inputs alone, so that no tag has to be looked up for it.
  of_vpcs = length(var.vpcs) + length(var.subnets) + length(var.interfaces) + length(var.vpc_tags) + length(var.subnet_tags) + length(var.interface_tags) > 0
  transit = length(var.transit_gateways) + length(var.transit_gateway_attachments) + length(var.transit_gateway_attachment_tags) > 0

  tagged_sources = merge(
    { for id in flatten(data.aws_vpcs.tagged[*].ids) : "vpc/${id}" => { vpc = id } },
    { for id in flatten(data.aws_subnets.tagged[*].ids) : "subnet/${id}" => { subnet = id } },
    { for id in flatten(data.aws_network_interfaces.tagged[*].ids) : "interface/${id}" => { eni = id } },
    { for id in flatten(data.aws_ec2_transit_gateway_attachments.tagged[*].ids) : "tgw-attachment/${id}" => { attachment = id } },
  )
}
