# What is logged, by tag instead of by ID: see tagged.tf.

variable "vpc_tags" {
  description = "Log every VPC of the provider's Region and account that has all of these tags, now and at later applies: { flow-logs = \"on\" }. Empty selects none."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for k, v in var.vpc_tags : k != "" && v != null])
    error_message = "vpc_tags: each tag has a key and a value, such as { flow-logs = \"on\" }; \"*\" as a value takes any."
  }
}

variable "subnet_tags" {
  description = "Log every subnet that has all of these tags. Empty selects none."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for k, v in var.subnet_tags : k != "" && v != null])
    error_message = "subnet_tags: each tag has a key and a value, such as { flow-logs = \"on\" }; \"*\" as a value takes any."
  }
}

variable "interface_tags" {
  description = "Log every network interface that has all of these tags. Empty selects none."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for k, v in var.interface_tags : k != "" && v != null])
    error_message = "interface_tags: each tag has a key and a value, such as { flow-logs = \"on\" }; \"*\" as a value takes any."
  }
}

variable "transit_gateway_attachment_tags" {
  description = "Log every transit gateway attachment that has all of these tags. Empty selects none. Transit gateways themselves are named by ID: the provider cannot list them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for k, v in var.transit_gateway_attachment_tags : k != "" && v != null])
    error_message = "transit_gateway_attachment_tags: each tag has a key and a value, such as { flow-logs = \"on\" }; \"*\" as a value takes any."
  }
  validation {
    condition     = length(var.transit_gateway_attachment_tags) == 0 || !local.of_vpcs
    error_message = "transit_gateway_attachment_tags: their records have other fields than those of VPCs, so they cannot share a table. Call the module twice, the second time with create_bucket = false and a prefix of its own."
  }
}
