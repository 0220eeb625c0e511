# Alarms, and who is told.

variable "alarms" {
  description = "Alarms of CloudWatch. Null makes none, {} all that the log group's format can answer, with their defaults. By name, threshold, period (seconds), periods and datapoints (of them, so many must be over) change one: { rejects = { threshold = 4 } }; null switches one off: { nodata = null }. exposed-port, rejected-ssh-rdp, rejects, bytes-out, nodata, skipdata and silence are about the log group; s3-silence and s3-refused about the bucket, and are made only if named."
  type = map(object({
    threshold  = optional(number)
    period     = optional(number)
    periods    = optional(number)
    datapoints = optional(number)
  }))
  default = null

  validation {
    condition     = length(setsubtract(keys(coalesce(var.alarms, {})), keys(local.alarm_table))) == 0
    error_message = "alarms: there is no alarm ${join(", ", setsubtract(keys(coalesce(var.alarms, {})), keys(local.alarm_table)))}; there are ${join(", ", keys(local.alarm_table))}."
  }
  validation {
    condition = var.alarms == null ? true : contains(var.destinations, "cloudwatch") || length([
      for name, a in var.alarms : name if a != null && try(local.alarm_table[name].asked, true)
    ]) > 0
    error_message = "alarms: all but s3-silence and s3-refused need a log group. Add cloudwatch to destinations, or name one of the two."
  }
  validation {
    condition     = contains(var.destinations, "cloudwatch") || alltrue([for name, a in coalesce(var.alarms, {}) : a == null || try(local.alarm_table[name].place, "s3") == "s3"])
    error_message = "alarms: all but s3-silence and s3-refused need a log group. Add cloudwatch to destinations, or leave the others out."
  }
  validation {
    condition     = (contains(var.destinations, "s3") && var.create_bucket) || alltrue([for name, a in coalesce(var.alarms, {}) : a == null || try(local.alarm_table[name].place, "") != "s3"])
    error_message = "alarms: s3-silence and s3-refused need a bucket that the module makes, to have its requests counted."
  }
  validation {
    condition     = alltrue([for name, a in coalesce(var.alarms, {}) : a == null || !contains(keys(local.alarms_impossible), name)])
    error_message = "alarms: ${join("; ", [for name, why in local.alarms_impossible : "${name} ${why}" if lookup(coalesce(var.alarms, {}), name, null) != null])}."
  }
  validation {
    condition     = alltrue([for a in values(coalesce(var.alarms, {})) : try(a.threshold, null) == null ? true : a.threshold > 0])
    error_message = "alarms: a threshold is above 0; null for the alarm switches it off."
  }
  validation {
    condition     = alltrue([for name, a in coalesce(var.alarms, {}) : try(a.threshold, null) == null || try(local.alarm_table[name].kind, "") != "share" ? true : a.threshold <= 100])
    error_message = "alarms: the threshold of nodata is a percentage, at most 100."
  }
  validation {
    condition     = alltrue([for a in values(coalesce(var.alarms, {})) : try(a.period, null) == null ? true : a.period >= 60 && a.period % 60 == 0])
    error_message = "alarms: a period is a multiple of 60 seconds. Metric filters and S3 count by the minute, so that the shorter ones that CloudWatch knows would mostly see nothing."
  }
  validation {
    condition = alltrue([
      for name, a in coalesce(var.alarms, {}) : a == null ? true : try(
        coalesce(a.periods, local.alarm_table[name].periods) >= 1 &&
        coalesce(a.periods, local.alarm_table[name].periods) == floor(coalesce(a.periods, local.alarm_table[name].periods)) &&
        coalesce(a.period, local.alarm_table[name].period) * coalesce(a.periods, local.alarm_table[name].periods) <= (coalesce(a.period, local.alarm_table[name].period) < 3600 ? 86400 : 604800),
      true)
    ])
    error_message = "alarms: periods is a whole number, at least 1, and period times periods at most 86400 seconds, or 604800 where a period has an hour or more."
  }
  validation {
    condition = alltrue([
      for name, a in coalesce(var.alarms, {}) : try(a.datapoints, null) == null ? true : try(
      a.datapoints >= 1 && a.datapoints == floor(a.datapoints) && a.datapoints <= coalesce(a.periods, local.alarm_table[name].periods), true)
    ])
    error_message = "alarms: datapoints is a whole number from 1 to periods."
  }
}

variable "alarm_topic_arn" {
  description = "The topic of SNS that alarms tell. Null makes one, if there are alarms. Its policy must let cloudwatch.amazonaws.com publish."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_topic_arn == null ? true : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.alarm_topic_arn))
    error_message = "alarm_topic_arn: the ARN of a topic, arn:aws:sns:REGION:ACCOUNT:NAME. Alarms cannot tell topics whose names end with .fifo."
  }
}

variable "alarm_emails" {
  description = "Addresses that get the alarms by mail. AWS writes to each first, and nothing arrives before its link is followed."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for e in var.alarm_emails : can(regex("^[^@\\s<>,;]+@[^@\\s<>,;]+\\.[^@\\s<>,;.]+$", e))])
    error_message = "alarm_emails: addresses such as ops@example.com, without a name."
  }
  validation {
    condition     = length(var.alarm_emails) == 0 || (var.alarms != null && var.alarm_topic_arn == null)
    error_message = "alarm_emails: they subscribe to the topic that the module makes: with alarms, and without alarm_topic_arn."
  }
}
