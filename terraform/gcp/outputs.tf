output "cluster_name" {
  description = "The cluster's name."
  value       = module.cluster.name
}

output "cluster_location" {
  description = "Where the cluster is."
  value       = module.cluster.location
}

output "cluster_endpoint" {
  description = "The address of the control plane, for the providers kubernetes and helm."
  value       = module.cluster.endpoint
}

output "cluster_ca_certificate" {
  description = "The certificate of the control plane's authority, as base64."
  value       = module.cluster.ca_certificate
}

output "service_account_email" {
  description = "What the pods run as: annotation `iam.gke.io/gcp-service-account` of the chart's service account."
  value       = module.identity.email
}

output "deployer_email" {
  description = "The account that Terraform can run as, if `deployers` are named."
  value       = module.identity.deployer_email
}

output "namespace" {
  description = "The namespace whose service account may act as `service_account_email`."
  value       = var.cluster.namespace
}

output "kubernetes_service_account" {
  description = "The name of that service account in Kubernetes."
  value       = var.cluster.service_account
}

output "database_connection_name" {
  description = "The instance, `PROJECT:REGION:INSTANCE`, as the Cloud SQL Auth Proxy wants it."
  value       = module.postgres.connection_name
}

output "database_private_address" {
  description = "The instance's private address."
  value       = module.postgres.private_address
}

output "database_user" {
  description = "The program's user in the database; it logs in with IAM."
  value       = module.postgres.program_user
}

output "database_url" {
  description = "The pipeline's `postgres.url`, through the Cloud SQL Auth Proxy in the same pod. There is no password in it."
  value       = "postgresql://${urlencode(module.postgres.program_user)}@127.0.0.1:5432/${var.database.name}"
}

output "bootstrap_sql" {
  description = "Tables and rights, to be run once by an administrator of the database."
  value       = local.bootstrap_sql
}

output "bootstrap_command" {
  description = "The command that lets Cloud SQL run `bootstrap_sql`, without a password; null without a bucket \"staging\"."
  value       = one([for o in google_storage_bucket_object.bootstrap : "gcloud sql import sql ${module.postgres.instance_name} gs://${o.bucket}/${o.name} --database=${var.database.name} --user=postgres --project=${var.project_id} --quiet"])
}

output "buckets" {
  description = "The buckets' names."
  value       = module.storage.names
}

output "secrets" {
  description = "The secrets' full names; their values are added with `gcloud secrets versions add`."
  value       = { for k, s in google_secret_manager_secret.secret : k => s.id }
}

output "registry" {
  description = "Where images go; null without one."
  value       = local.registry_of
}

output "firestore_database" {
  description = "The Firestore database's name; null without one."
  value       = one(google_firestore_database.documents[*].name)
}

output "silver_dataset" {
  description = "The dataset with the rows as they are in Postgres; null without a warehouse."
  value       = one(module.warehouse[*].silver_dataset)
}

output "gold_dataset" {
  description = "The dataset with counts and sums; null without a warehouse."
  value       = one(module.warehouse[*].gold_dataset)
}

output "export_names" {
  description = "The scheduled queries, by export."
  value       = length(module.warehouse) > 0 ? module.warehouse[0].export_names : {}
}
