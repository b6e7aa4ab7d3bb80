variable "project_id" {
  description = "The project."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
  default     = "europe-west1"
}

variable "warehouse_password" {
  description = "The password with which BigQuery logs in to the database, 16 characters or more."
  type        = string
  sensitive   = true
}
