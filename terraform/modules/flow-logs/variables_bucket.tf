variable "organization" {
  description = "ID of an organization in AWS Organizations, such as o-a1b2c3d4e5: each of its accounts may deliver to the bucket, by aws:SourceOrgID instead of a list. accounts are then only those that the table shows. Null lets accounts deliver alone."
  type        = string
  default     = null

  validation {
    condition     = var.organization == null ? true : can(regex("^o-[a-z0-9]{10,32}$", var.organization))
    error_message = "organization: the ID, such as o-a1b2c3d4e5; `aws organizations describe-organization` tells it."
  }
}
