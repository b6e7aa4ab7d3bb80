variable "project_id" {
  description = "The project."
  type        = string
}

variable "region" {
  description = "The instance's region."
  type        = string
}

variable "name" {
  description = "The instance's name. One that was destroyed cannot be used again for a week."
  type        = string
}

variable "labels" {
  description = "The instance's labels."
  type        = map(string)
}

variable "network_id" {
  description = "The network, with private service access."
  type        = string
}

variable "settings" {
  description = "As `database` of the root module."
  type = object({
    version            = string
    edition            = string
    tier               = string
    high_availability  = bool
    disk_gb            = number
    disk_limit_gb      = number
    name               = string
    flags              = map(string)
    backup_hour        = number
    backups            = number
    log_days           = number
    maintenance_day    = number
    maintenance_hour   = number
    require_client_tls = bool
  })
}

variable "program_email" {
  description = "The service account that logs in with IAM."
  type        = string
}

variable "reader" {
  description = "The user that BigQuery connects as; null: none."
  type        = string
}

variable "reader_password" {
  description = "Its password."
  type        = string
  sensitive   = true
}

variable "deletion_protection" {
  description = "Refuses to destroy the instance."
  type        = bool
}
