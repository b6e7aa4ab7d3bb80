variable "project_id" {
  description = "The project."
  type        = string
}

variable "name" {
  description = "The service account's name, and the beginning of the other's."
  type        = string
}

variable "namespace" {
  description = "The namespace in Kubernetes, for the account's description."
  type        = string
}

variable "service_account" {
  description = "The service account in Kubernetes, for the same."
  type        = string
}

variable "deployers" {
  description = "Who may act as the account for Terraform; empty: it is not made."
  type        = set(string)
}
