variable "project_id" {
  description = "The project."
  type        = string
}

variable "region" {
  description = "The region."
  type        = string
  default     = "europe-west1"
}

variable "impersonate_service_account" {
  description = "The account that Terraform runs as; null: who you are. The first apply makes one (output `deployer_email`) if `deployers` are named."
  type        = string
  default     = null
}

variable "deployers" {
  description = "Who may act as that account."
  type        = set(string)
  default     = []
}

variable "warehouse_password" {
  description = "The password with which BigQuery logs in to the database, 16 characters or more."
  type        = string
  sensitive   = true
}

variable "kafka_brokers" {
  description = "The brokers, `host:port,host:port`, as pods reach them."
  type        = string

  validation {
    condition     = can(regex("^[^,:]+:[0-9]+(,[^,:]+:[0-9]+)*$", var.kafka_brokers))
    error_message = "kafka_brokers is host:port, or several of these with commas between."
  }
}

variable "kafka_user" {
  description = "The user at the brokers, with SCRAM-SHA-512 over TLS; its password is the secret `kafka-password`. Null: brokers without authentication."
  type        = string
  default     = null
}

variable "image" {
  description = "The image, without its tag; null: the repository that is made here."
  type        = string
  default     = null
}

variable "image_tag" {
  description = "Its tag."
  type        = string
  default     = "0.1.0"
}

variable "chart" {
  description = "The chart's folder."
  type        = string
  default     = "../../../../helm/tributary"
}

variable "run_bootstrap" {
  description = "Whether to make tables and rights by `gcloud`, which must be there and logged in. Otherwise run the output `bootstrap_command` before the chart can start."
  type        = bool
  default     = true
}

variable "deploy" {
  description = "Whether to install the chart. False for the first apply if the image is to be pushed into the repository that it makes."
  type        = bool
  default     = true
}

variable "protect" {
  description = "Refuses to destroy what holds data."
  type        = bool
  default     = true
}
