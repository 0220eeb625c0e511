terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

# The account for logs.
provider "aws" {
  region = var.region
}

provider "aws" {
  alias  = "network"
  region = var.region

  assume_role {
    role_arn = "arn:aws:iam::${var.network_account}:role/${var.member_role}"
  }
}

provider "aws" {
  alias  = "network_other"
  region = var.other_region

  assume_role {
    role_arn = "arn:aws:iam::${var.network_account}:role/${var.member_role}"
  }
}

variable "network_account" {
  description = "The member account that has VPCs."
  type        = string
}

variable "member_role" {
  description = "Role that Terraform takes in member accounts."
  type        = string
  default     = "OrganizationAccountAccessRole"
}

variable "region" {
  description = "Region of the bucket and the table, and of VPCs."
  type        = string
  default     = "eu-west-1"
}

variable "other_region" {
  description = "Another Region that has VPCs."
  type        = string
  default     = "us-east-1"
}
