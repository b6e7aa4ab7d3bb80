variable "prefix" {
  description = "What the buckets' names begin with."
  type        = string
}

variable "buckets" {
  description = "As `buckets` of the root module."
  type = map(object({
    infrequent_days = number
    delete_days     = number
    noncurrent_days = number
    versioning      = bool
  }))
}

variable "kms_key_arn" {
  description = "The key of the objects; null: S3's own."
  type        = string
}

variable "log_bucket" {
  description = "Where access logs go; null: none."
  type        = string
}

variable "force_destroy" {
  description = "Lets buckets be destroyed with what is in them."
  type        = bool
}

variable "tags" {
  description = "The buckets' tags."
  type        = map(string)
}
