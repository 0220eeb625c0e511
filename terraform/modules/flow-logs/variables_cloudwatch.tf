# Delivery to CloudWatch Logs.

variable "destinations" {
  description = "Where flow logs go: [\"s3\"], [\"cloudwatch\"], or both. Each is a flow log of its own, and AWS bills each."
  type        = set(string)
  default     = ["s3"]
  nullable    = false

  validation {
    condition     = length(var.destinations) > 0 && length(setsubtract(var.destinations, ["s3", "cloudwatch"])) == 0
    error_message = "destinations: name s3, cloudwatch or both."
  }
}

variable "log_group_name" {
  description = "Name of the log group. Null is /flow-logs/ and name."
  type        = string
  default     = null

  validation {
    condition     = var.log_group_name == null ? true : can(regex("^[A-Za-z0-9._/#-]{1,512}$", var.log_group_name)) && !startswith(var.log_group_name, "aws/")
    error_message = "log_group_name: up to 512 letters, digits and . _ / # -, and not aws/ at the beginning, which AWS keeps for itself."
  }
}

variable "retention_days" {
  description = "Days for which CloudWatch Logs keeps records, by AWS's list. 0 keeps them for ever."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.retention_days)
    error_message = "retention_days: AWS knows 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653; 0 is for ever."
  }
}

variable "metric_filters" {
  description = "Metric filters of the log group, each a metric that AWS bills: records, nodata, skipdata, rejects, rejected-ssh-rdp, exposed-port, bytes-out. [\"*\"] is all that the format can answer. Those that alarms need are made without being named."
  type        = set(string)
  default     = null

  validation {
    condition     = var.metric_filters == null ? true : length(setsubtract(var.metric_filters, concat(["*"], local.filter_names))) == 0
    error_message = "metric_filters: there is no filter ${join(", ", setsubtract(coalesce(var.metric_filters, []), concat(["*"], local.filter_names)))}; there are ${join(", ", local.filter_names)}."
  }
  validation {
    condition     = var.metric_filters == null ? true : length(setintersection(var.metric_filters, keys(local.impossible))) == 0
    error_message = "metric_filters: ${join("; ", [for f, why in local.impossible : "${f} ${why}" if contains(coalesce(var.metric_filters, []), f)])}."
  }
  validation {
    condition     = var.metric_filters == null ? true : length(var.metric_filters) == 0 || contains(var.destinations, "cloudwatch")
    error_message = "metric_filters: they belong to a log group. Add cloudwatch to destinations."
  }
}

variable "sensitive_ports" {
  description = "Ports of TCP that the internet should not reach, for the filter exposed-port. Null is what weir's rules about exposed services look at: administration, databases, control planes of containers, Windows."
  type        = set(number)
  default     = null

  validation {
    condition     = var.sensitive_ports == null ? true : length(var.sensitive_ports) > 0 && alltrue([for p in var.sensitive_ports : p == floor(p) && p >= 1 && p <= 65535])
    error_message = "sensitive_ports: at least one, each from 1 to 65535."
  }
  validation {
    condition     = var.sensitive_ports == null ? true : length(var.sensitive_ports) <= 140
    error_message = "sensitive_ports: at most 140. A log group takes five filters with regular expressions, and fewer ports say more."
  }
}
