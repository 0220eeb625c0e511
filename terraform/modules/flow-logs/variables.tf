# What is logged. The keys of the maps are names of your own: they stay when an ID changes, and they are known at plan.

variable "vpcs" {
  description = "IDs of VPCs to log, by a name of your own: { main = aws_vpc.main.id }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.vpcs) : startswith(id, "vpc-")])
    error_message = "vpcs: each value is the ID of a VPC, such as vpc-0123456789abcdef0."
  }
}

variable "subnets" {
  description = "IDs of subnets to log, by a name of your own."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.subnets) : startswith(id, "subnet-")])
    error_message = "subnets: each value is the ID of a subnet, such as subnet-0123456789abcdef0."
  }
}

variable "interfaces" {
  description = "IDs of network interfaces to log, by a name of your own."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.interfaces) : startswith(id, "eni-")])
    error_message = "interfaces: each value is the ID of a network interface, such as eni-0123456789abcdef0."
  }
}

variable "transit_gateways" {
  description = "IDs of transit gateways to log, by a name of your own. Their records have fields of their own, so a call of the module has either these or VPCs, subnets and interfaces."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.transit_gateways) : startswith(id, "tgw-") && !startswith(id, "tgw-attach-")])
    error_message = "transit_gateways: each value is the ID of a transit gateway, such as tgw-0123456789abcdef0; attachments go into transit_gateway_attachments."
  }
  validation {
    condition     = length(var.transit_gateways) == 0 || !local.of_vpcs
    error_message = "transit_gateways: their records have other fields than those of VPCs, so they cannot share a table. Call the module twice, the second time with create_bucket = false and a prefix of its own."
  }
}

variable "transit_gateway_attachments" {
  description = "IDs of transit gateway attachments to log, by a name of your own."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.transit_gateway_attachments) : startswith(id, "tgw-attach-")])
    error_message = "transit_gateway_attachments: each value is the ID of an attachment, such as tgw-attach-0123456789abcdef0."
  }
  validation {
    condition     = length(var.transit_gateway_attachments) == 0 || !local.of_vpcs
    error_message = "transit_gateway_attachments: their records have other fields than those of VPCs, so they cannot share a table. Call the module twice, the second time with create_bucket = false and a prefix of its own."
  }
}

variable "traffic_type" {
  description = "ALL, ACCEPT or REJECT. With less than ALL, whether a service answered cannot be told. Transit gateways log all."
  type        = string
  default     = "ALL"
  nullable    = false

  validation {
    condition     = contains(["ALL", "ACCEPT", "REJECT"], var.traffic_type)
    error_message = "traffic_type: say ALL, ACCEPT or REJECT."
  }
}

variable "interval" {
  description = "Seconds over which packets are put together into one record: 60 or 600. Transit gateways always have 60, and so have interfaces of Nitro instances."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = contains([60, 600], var.interval)
    error_message = "interval: AWS knows 60 and 600 seconds."
  }
  validation {
    condition     = var.interval == 60 || !local.transit
    error_message = "interval: transit gateways have 60 seconds only."
  }
}

# What a record holds.

variable "format" {
  description = "Which fields a record has: v2 (AWS's default), standard (versions 2 to 5), security (what weir's questions need and would miss), all (but those that hold tags). For transit gateways security or all, and standard is all."
  type        = string
  default     = "security"
  nullable    = false

  validation {
    condition     = contains(keys(local.kind.presets), var.format)
    error_message = "format: say one of ${join(", ", keys(local.kind.presets))}; a list of your own goes into fields."
  }
}

variable "fields" {
  description = "The fields of a record in this order, by AWS's names, instead of format."
  type        = list(string)
  default     = null

  validation {
    condition     = var.fields == null ? true : length(var.fields) > 0
    error_message = "fields: name at least one, or leave it out."
  }
  validation {
    condition     = var.fields == null ? true : alltrue([for f in var.fields : contains(local.kind.fields[*].name, f)])
    error_message = "fields: AWS does not know ${join(", ", [for f in coalesce(var.fields, []) : f if !contains(local.kind.fields[*].name, f)])}. `weir fields` lists them all, with hyphens: log-status, not log_status."
  }
  validation {
    condition     = var.fields == null ? true : length(distinct(var.fields)) == length(var.fields)
    error_message = "fields: each may stand once."
  }
  validation {
    condition     = var.fields == null ? true : alltrue([for f in local.kind.fields : !(f.tag && contains(var.fields, f.name))])
    error_message = "fields: those that end with -tag or -tag-2 need the keys of tags, which this module cannot give: the argument is not in provider 5."
  }
}

variable "file_format" {
  description = "parquet or plain-text. Parquet is read by name, so that a later change of format keeps older objects readable, and cheaper to ask in Athena; AWS bills its making."
  type        = string
  default     = "parquet"
  nullable    = false

  validation {
    condition     = contains(["parquet", "plain-text"], var.file_format)
    error_message = "file_format: say parquet or plain-text."
  }
}

variable "hive_compatible" {
  description = "Keys with names, such as year=2026/month=11/day=24."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.hive_compatible || !local.transit
    error_message = "hive_compatible: AWS's manual gives two spellings for the keys of transit gateways, so no table can be promised to fit. Leave it false."
  }
}

variable "per_hour" {
  description = "A folder for each hour, beside the one for each day."
  type        = bool
  default     = false
  nullable    = false
}

# Where it goes.

variable "bucket" {
  description = "Name of the bucket. Made up of account and Region if null."
  type        = string
  default     = null

  validation {
    condition     = var.bucket == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket)) && !can(regex("\\.\\.|\\.-|-\\.", var.bucket))
    error_message = "bucket: 3 to 63 lower-case letters, digits, hyphens and dots; the name, not an ARN or a URI."
  }
  validation {
    condition     = var.bucket != null || var.create_bucket
    error_message = "bucket: with create_bucket = false, name the bucket that is there."
  }
}

variable "create_bucket" {
  description = "false uses a bucket that is there. Nothing of it is changed: see the output bucket_policy for what its policy must allow."
  type        = bool
  default     = true
  nullable    = false
}

variable "wait_for" {
  description = "With create_bucket = false, anything that must be there before a flow log is made: the resource of the bucket's policy."
  type        = any
  default     = null
}

variable "prefix" {
  description = "Folder of the bucket before AWSLogs/, without slashes at its ends. Empty for none."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*)?$", var.prefix))
    error_message = "prefix: letters, digits and ! _ . * ' ( ) -, with single slashes between and none at the ends."
  }
  validation {
    condition     = !contains(split("/", var.prefix), "AWSLogs")
    error_message = "prefix: AWS adds AWSLogs/ itself, and refuses a folder of that name."
  }
}

variable "accounts" {
  description = "Accounts whose flow logs may be delivered to the bucket, and which the table shows. Null is the account of the provider."
  type        = list(string)
  default     = null

  validation {
    condition     = var.accounts == null ? true : length(var.accounts) > 0 && alltrue([for a in var.accounts : can(regex("^[0-9]{12}$", a))])
    error_message = "accounts: IDs of 12 digits, in quotes."
  }
}

variable "regions" {
  description = "Regions whose flow logs may be delivered to the bucket, and which the table shows. Null is the Region of the provider."
  type        = list(string)
  default     = null

  validation {
    condition     = var.regions == null ? true : length(var.regions) > 0 && alltrue([for r in var.regions : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", r))])
    error_message = "regions: names such as eu-west-1."
  }
}

variable "force_destroy" {
  description = "true lets destroy delete the logs with their bucket. Otherwise a bucket that holds objects stops it."
  type        = bool
  default     = false
  nullable    = false
}

variable "encryption" {
  description = "sse-s3 or kms."
  type        = string
  default     = "sse-s3"
  nullable    = false

  validation {
    condition     = contains(["sse-s3", "kms"], var.encryption)
    error_message = "encryption: say sse-s3 or kms."
  }
}

variable "kms_key_arn" {
  description = "With encryption = kms, a key that is there; its policy must have the statements of the output key_policy. Null makes one."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn: the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID. Flow logs are not delivered under an alias or an ID."
  }
  validation {
    condition     = var.kms_key_arn == null || var.encryption == "kms"
    error_message = "kms_key_arn: it is used with encryption = \"kms\" only."
  }
}

variable "transitions" {
  description = "To which storage class objects go, and after how many days: [{ days = 30, storage_class = \"STANDARD_IA\" }]. Neither Athena nor weir reads GLACIER and DEEP_ARCHIVE."
  type        = list(object({ days = number, storage_class = string }))
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for t in var.transitions : contains(["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"], t.storage_class)])
    error_message = "transitions: storage_class is STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, GLACIER_IR, GLACIER or DEEP_ARCHIVE."
  }
  validation {
    condition     = alltrue([for t in var.transitions : t.days == floor(t.days) && t.days >= (endswith(t.storage_class, "_IA") ? 30 : 1)])
    error_message = "transitions: days is a whole number, at least 1, and at least 30 for STANDARD_IA and ONEZONE_IA."
  }
  validation {
    condition     = var.expire_days == 0 || alltrue([for t in var.transitions : t.days < var.expire_days])
    error_message = "transitions: an object must not move on the day that it expires, or later."
  }
}

variable "expire_days" {
  description = "Days after which logs are deleted. 0 keeps them for ever."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.expire_days >= 0 && floor(var.expire_days) == var.expire_days
    error_message = "expire_days: a whole number of days, or 0 for never."
  }
}

variable "noncurrent_days" {
  description = "Days for which a deleted or overwritten object can be brought back: the bucket is versioned."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_days >= 1 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days: a whole number of days, at least 1."
  }
}

# How it is asked.

variable "athena" {
  description = "Make a table in Glue, and a workgroup with saved queries in Athena."
  type        = bool
  default     = true
  nullable    = false
}

variable "name" {
  description = "Name of workgroup and key alias; with _ for - that of the database."
  type        = string
  default     = "flow-logs"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,62}$", var.name))
    error_message = "name: up to 63 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "first_day" {
  description = "The first day that the table shows, YYYY/MM/DD. Earlier days give no rows and no error."
  type        = string
  default     = "2026/01/01"
  nullable    = false

  validation {
    condition     = can(regex("^20[0-9]{2}/[0-9]{2}/[0-9]{2}$", var.first_day)) && can(timeadd("${replace(var.first_day, "/", "-")}T00:00:00Z", "0s"))
    error_message = "first_day: a day such as 2026/01/31."
  }
}

variable "scan_limit" {
  description = "Bytes after which Athena ends a query; what it had scanned is billed. At least 10485760. Null sets no limit."
  type        = number
  default     = 107374182400 # 100 GiB

  validation {
    condition     = var.scan_limit == null ? true : var.scan_limit >= 10485760
    error_message = "scan_limit: Athena knows no limit below 10485760 bytes; null is none."
  }
}

variable "results_days" {
  description = "Days for which results of queries are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.results_days >= 1 && floor(var.results_days) == var.results_days
    error_message = "results_days: a whole number of days, at least 1."
  }
}

variable "queries" {
  description = "Names of weir's saved queries to put into the workgroup; [\"*\"] is all that the format can answer, [] none. Null is a dozen, as far as the format can answer them."
  type        = list(string)
  default     = null

  validation {
    condition     = var.queries == null ? true : alltrue([for q in var.queries : q == "*" || contains(local.kind.queries[*].name, q)])
    error_message = "queries: there is no query ${join(", ", [for q in coalesce(var.queries, []) : q if q != "*" && !contains(local.kind.queries[*].name, q)])}. `weir queries` lists them; those whose default is an age cannot be saved in Athena."
  }
  validation {
    condition     = var.queries == null ? true : alltrue([for q in local.kind.queries : length(setsubtract(q.needs, local.fields)) == 0 if contains(var.queries, q.name)])
    error_message = "queries: the format lacks ${join("; ", [for q in local.kind.queries : "${join(", ", setsubtract(q.needs, local.fields))} for ${q.name}" if contains(coalesce(var.queries, []), q.name) && length(setsubtract(q.needs, local.fields)) > 0])}."
  }
}

variable "query_days" {
  description = "How many days of deliveries the saved queries read."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.query_days >= 1 && floor(var.query_days) == var.query_days
    error_message = "query_days: a whole number of days, at least 1."
  }
}

variable "tags" {
  description = "Tags of everything that is made."
  type        = map(string)
  default     = {}
  nullable    = false
}
