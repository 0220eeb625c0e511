terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

provider "aws" {
  region = var.region
}

provider "aws" {
  alias  = "other"
  region = var.other_region
}

variable "region" {
  description = "Region of the bucket, the table and the queue."
  type        = string
  default     = "eu-west-1"
}

variable "other_region" {
  description = "Another Region whose VPCs are logged."
  type        = string
  default     = "us-east-1"
}
