# Flow logs in a bucket that is there. The module changes nothing of the bucket; its policy, which must let AWS deliver, is
# written here, because a bucket has one policy only: add what it held before to source_policy_documents.

variable "bucket" {
  description = "Name of the bucket."
  type        = string
}

variable "vpc_id" {
  description = "The VPC to log."
  type        = string
}

module "flow_logs" {
  source = "../../modules/flow-logs"

  vpcs          = { main = var.vpc_id }
  bucket        = var.bucket
  create_bucket = false
  prefix        = "network"
  file_format   = "plain-text"
  format        = "standard"

  # AWS refuses a flow log whose bucket does not let it deliver.
  wait_for = aws_s3_bucket_policy.logs.id

  tags = { purpose = "flow-logs" }
}

data "aws_iam_policy_document" "bucket" {
  source_policy_documents = [module.flow_logs.bucket_policy]
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = var.bucket
  policy = data.aws_iam_policy_document.bucket.json
}
