variable "name" {
  description = "The instance's name."
  type        = string
}

variable "settings" {
  description = "As `database` of the root module."
  type = object({
    vpc_id                 = string
    subnet_ids             = list(string)
    client_security_groups = list(string)
    engine_version         = string
    instance_class         = string
    storage_gb             = number
    storage_limit_gb       = number
    multi_az               = bool
    name                   = string
    user                   = string
    parameters             = map(string)
    backup_days            = number
    backup_window          = string
    maintenance_window     = string
  })
}

variable "kms_key_arn" {
  description = "The key of the data; null: RDS' own."
  type        = string
}

variable "deletion_protection" {
  description = "Refuses to destroy the instance, and keeps a last snapshot."
  type        = bool
}

variable "tags" {
  description = "Tags."
  type        = map(string)
}
