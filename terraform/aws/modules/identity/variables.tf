variable "name" {
  description = "The role's name."
  type        = string
}

variable "cluster" {
  description = "As `cluster` of the root module."
  type = object({
    name                 = string
    oidc_provider_exists = bool
    namespace            = string
    service_account      = string
  })
}

variable "bucket_arns" {
  description = "Buckets to read and write."
  type        = list(string)
}

variable "table_arns" {
  description = "Tables to read and write."
  type        = list(string)
}

variable "secret_arns" {
  description = "Secrets to read."
  type        = list(string)
}

variable "database_users" {
  description = "Users of databases to log in as."
  type        = list(string)
}

variable "kms_key_arn" {
  description = "The key of all that; null: none of yours."
  type        = string
}

variable "tags" {
  description = "The role's tags."
  type        = map(string)
}
