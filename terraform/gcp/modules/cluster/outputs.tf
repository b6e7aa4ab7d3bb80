locals {
  cluster = var.existing != null ? data.google_container_cluster.existing[0] : google_container_cluster.cluster[0]
}

output "name" {
  description = "The cluster."
  value       = local.cluster.name
}

output "location" {
  description = "Where it is."
  value       = local.cluster.location
}

output "endpoint" {
  description = "The address of the control plane."
  value       = local.cluster.endpoint
}

output "ca_certificate" {
  description = "The certificate of its authority, as base64."
  value       = one(local.cluster.master_auth[*].cluster_ca_certificate)
}

output "node_email" {
  description = "The nodes' account; null of an existing cluster."
  value       = one(google_service_account.nodes[*].email)
}
