variable "region" {
  description = "The region."
  type        = string
  default     = "eu-central-1"
}

variable "assume_role_arn" {
  description = "The role that Terraform runs as; null: who you are."
  type        = string
  default     = null
}

variable "cluster_name" {
  description = "An EKS cluster that is there."
  type        = string
}

variable "oidc_provider_exists" {
  description = "Whether the account already has the cluster's OpenID Connect provider."
  type        = bool
  default     = false
}

variable "vpc_id" {
  description = "The cluster's network."
  type        = string
}

variable "subnet_ids" {
  description = "Two or more private subnets in different zones, for the database."
  type        = list(string)
}

variable "client_security_groups" {
  description = "The security groups of the cluster's nodes."
  type        = list(string)
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
  description = "The user at the brokers, with SCRAM-SHA-512 over TLS. Null: brokers without authentication."
  type        = string
  default     = null
}

variable "kafka_password" {
  description = "Its password. It goes into a Secret of Kubernetes and, being ephemeral, into no state and no plan."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "kafka_password_revision" {
  description = "Raise it to write a new password."
  type        = number
  default     = 1
}

variable "image" {
  description = "The image, without its tag. It has the `aws` command and RDS' certificates, see docs/deploy-aws.md. Null: the repository that is made here."
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

variable "deploy" {
  description = "Whether to install the chart. False for the first apply: the image has to be pushed, and `bootstrap_sql` to be run."
  type        = bool
  default     = true
}

variable "protect" {
  description = "Refuses to destroy what holds data."
  type        = bool
  default     = true
}
