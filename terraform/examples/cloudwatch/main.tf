# The flow logs of one VPC in CloudWatch Logs, counted by metric filters, with alarms that write mails. Nothing of S3.

variable "vpc_id" {
  description = "The VPC to log."
  type        = string
}

variable "emails" {
  description = "Who gets the alarms. AWS asks each of them first."
  type        = list(string)
  default     = []
}

module "flow_logs" {
  source = "../../modules/flow-logs"

  vpcs           = { main = var.vpc_id }
  destinations   = ["cloudwatch"]
  retention_days = 30

  # A key for the log group and the topic, too.
  encryption = "kms"

  # All of them, two with thresholds of our own. This VPC is idle at night, so that NODATA says nothing.
  alarms = {
    rejected-ssh-rdp = { threshold = 500 }
    bytes-out        = { threshold = 4, periods = 6, datapoints = 4 }
    nodata           = null
  }
  alarm_emails = var.emails

  tags = { purpose = "flow-logs" }
}
