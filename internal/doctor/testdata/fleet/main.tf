# What the text does not tell and a plan does: values behind variables without a default, copies of a module and of a
# resource, policies that AWS completes later, secrets.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "AKIAPLANNEDSECRET"
  secret_key                  = "hunter2hunter2"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variable "traffic" {}

variable "columns" {
  type = list(string)
}

variable "password" {
  sensitive = true
}

module "bucket" {
  source   = "./bucket"
  for_each = toset(["good.one", "bad"])
  name     = "logs-${replace(each.key, ".", "-")}"
  tls      = each.key != "bad"
}

resource "aws_flow_log" "each" {
  for_each             = toset(["good.one", "bad"])
  vpc_id               = "vpc-1"
  traffic_type         = var.traffic
  log_destination_type = "s3"
  log_destination      = module.bucket[each.key].arn
  log_format           = "$${version} $${interface-id} $${srcaddr} $${dstaddr} $${srcport} $${dstport} $${protocol} $${bytes} $${start} $${action} $${log-status}"
  tags                 = { password = var.password }
}

resource "aws_glue_catalog_table" "flows" {
  count         = 1
  name          = "flows"
  database_name = "flows"
  parameters = {
    "skip.header.line.count" = "1"
    secret                   = var.password
  }

  storage_descriptor {
    location = "s3://logs-bad/AWSLogs/"

    dynamic "columns" {
      for_each = var.columns

      content {
        name = columns.value
        type = "string"
      }
    }
  }
}

resource "aws_iam_role" "delivery" {
  name               = var.password
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}

resource "aws_cloudwatch_log_group" "flows" {
  name              = "flows"
  retention_in_days = 0
}

resource "aws_flow_log" "group" {
  subnet_id       = "subnet-1"
  traffic_type    = "ALL"
  log_destination = aws_cloudwatch_log_group.flows.arn
  iam_role_arn    = aws_iam_role.delivery.arn
}

resource "terraform_data" "other" {
  input = var.password
}
