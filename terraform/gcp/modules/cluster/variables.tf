variable "project_id" {
  description = "The project."
  type        = string
}

variable "location" {
  description = "The region, or of an existing cluster also the zone."
  type        = string
}

variable "name" {
  description = "The name of a new cluster."
  type        = string
}

variable "labels" {
  description = "The cluster's labels."
  type        = map(string)
}

variable "existing" {
  description = "A cluster that is there, in place of a new one; null: a new one."
  type        = string
}

variable "network_id" {
  description = "The network."
  type        = string
}

variable "subnet_id" {
  description = "The subnet."
  type        = string
}

variable "pods_range" {
  description = "The name of the subnet's range for pods; null: GKE makes one."
  type        = string
}

variable "services_range" {
  description = "The same for services."
  type        = string
}

variable "release_channel" {
  description = "How soon new versions come."
  type        = string
}

variable "authorized_networks" {
  description = "Who reaches the control plane, by name; empty: everybody."
  type        = map(string)
}

variable "control_plane_cidr" {
  description = "The range of the control plane."
  type        = string
}

variable "deletion_protection" {
  description = "Refuses to destroy the cluster."
  type        = bool
}
