variable "queue" {
  description = <<-EOT
    A queue in SQS that hears of every new object, and a second one for messages that could not be handled. {} takes the defaults, null makes none.
    visibility_timeout: seconds for which a message that was received is hidden from others; longer than handling one takes.
    retention_days: days for which a message waits. dead_letter_days: days for which a message that failed is kept, counted from its first sending.
    max_receives: how often a message is received before it counts as failed.
    notification: whether the bucket sends to the queue. A bucket has one list of receivers, so true with create_bucket = false replaces those that it had.
  EOT
  type = object({
    visibility_timeout = optional(number, 900)
    retention_days     = optional(number, 4)
    dead_letter_days   = optional(number, 14)
    max_receives       = optional(number, 5)
    notification       = optional(bool)
  })
  default = null

  validation {
    condition     = var.queue == null || contains(var.destinations, "s3")
    error_message = "queue: it hears of objects in S3. Add s3 to destinations, or leave it out."
  }
  validation {
    condition     = var.queue == null ? true : var.queue.visibility_timeout >= 0 && var.queue.visibility_timeout <= 43200 && floor(var.queue.visibility_timeout) == var.queue.visibility_timeout
    error_message = "queue: visibility_timeout is 0 to 43200 whole seconds, which are 12 hours."
  }
  validation {
    condition     = var.queue == null ? true : alltrue([for d in [var.queue.retention_days, var.queue.dead_letter_days] : d >= 1 && d <= 14 && floor(d) == d])
    error_message = "queue: retention_days and dead_letter_days are 1 to 14 whole days."
  }
  validation {
    condition     = var.queue == null ? true : var.queue.dead_letter_days > var.queue.retention_days
    error_message = "queue: dead_letter_days counts from the first sending, so it must be more than retention_days, or messages are gone before anybody looks at them."
  }
  validation {
    condition     = var.queue == null ? true : var.queue.max_receives >= 1 && var.queue.max_receives <= 1000 && floor(var.queue.max_receives) == var.queue.max_receives
    error_message = "queue: max_receives is 1 to 1000."
  }
  validation {
    condition     = var.queue == null ? true : var.create_bucket || var.queue.notification != null
    error_message = "queue: with create_bucket = false say notification = true, which replaces all notifications that the bucket has, or notification = false and add the queue (output queue_arn) to those that it has."
  }
  validation {
    condition     = var.queue == null ? true : length(var.name) <= 60
    error_message = "name: with a queue, at most 60 characters: those of its queues have up to 80."
  }
}
