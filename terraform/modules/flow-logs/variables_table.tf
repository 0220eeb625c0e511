# What the table shows beside what is delivered now, and how.

variable "keep_fields" {
  description = "Parquet only: fields that older objects under the same prefix have, and the format has no longer. The table keeps their columns; newer objects have NULL there."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for f in var.keep_fields : contains(local.kind.fields[*].name, f)])
    error_message = "keep_fields: AWS does not know ${join(", ", [for f in var.keep_fields : f if !contains(local.kind.fields[*].name, f)])}. `weir fields` lists them all, with hyphens."
  }
  validation {
    condition     = length(distinct(var.keep_fields)) == length(var.keep_fields)
    error_message = "keep_fields: each may stand once."
  }
  validation {
    condition     = length(var.keep_fields) == 0 || var.file_format == "parquet"
    error_message = "keep_fields: a text table tells columns by their position, so one table cannot show two formats. Give the new format a prefix of its own, and name the old one in former."
  }
}

variable "former" {
  description = <<-EOT
    What was delivered before, under another prefix of the bucket: a table each, beside the one of today, and the view and the saved queries read them all. By a name of your own, which ends the table's name: { text = { prefix = "", file_format = "plain-text", fields = ["version", "account-id"] } }.
    fields: all that the old format had, in its order. prefix, file_format, hive_compatible, per_hour: as they were.
  EOT
  type = map(object({
    fields          = list(string)
    prefix          = optional(string, "")
    file_format     = optional(string, "parquet")
    hive_compatible = optional(bool, false)
    per_hour        = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name, t in var.former : can(regex("^[a-z0-9_]{1,60}$", name))])
    error_message = "former: names have up to 60 lower-case letters, digits and _: they are parts of names of tables."
  }
  validation {
    condition     = alltrue([for t in var.former : length(t.fields) > 0 && length(distinct(t.fields)) == length(t.fields) && alltrue([for f in t.fields : contains(local.kind.fields[*].name, f)])])
    error_message = "former: fields are those of AWS, each once: ${join(", ", flatten([for t in var.former : [for f in t.fields : f if !contains(local.kind.fields[*].name, f)]]))}. `weir fields` lists them all, with hyphens."
  }
  validation {
    condition     = alltrue([for t in var.former : contains(["parquet", "plain-text"], t.file_format)])
    error_message = "former: file_format is parquet or plain-text."
  }
  validation {
    condition     = alltrue([for t in var.former : can(regex("^([A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*)?$", t.prefix)) && !contains(split("/", t.prefix), "AWSLogs")])
    error_message = "former: prefix has no slashes at its ends, and no AWSLogs: AWS adds that itself."
  }
  validation {
    condition     = length(distinct(concat([var.prefix], [for t in var.former : t.prefix]))) == length(var.former) + 1
    error_message = "former: each has a prefix of its own, and none that of today: a table reads all that lies under its prefix, whatever its format. For Parquet under the same prefix use keep_fields."
  }
  validation {
    condition     = length(var.former) == 0 || var.athena
    error_message = "former: it is about tables, and athena = false makes none."
  }
}

variable "view" {
  description = "With athena, make a view of weir's name (flows, or tgw_flows) over the tables: weir's columns, NULL for what the format lacks, - as NULL, times as timestamps in UTC."
  type        = bool
  default     = true
  nullable    = false
}
