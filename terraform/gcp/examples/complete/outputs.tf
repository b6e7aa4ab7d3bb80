output "deployer_email" {
  description = "For `impersonate_service_account`; null without deployers."
  value       = module.tributary.deployer_email
}

output "registry" {
  description = "Where to push the image."
  value       = module.tributary.registry
}

output "bootstrap_command" {
  description = "What `run_bootstrap` runs."
  value       = module.tributary.bootstrap_command
}

output "credentials_command" {
  description = "Lets `kubectl` reach the cluster."
  value       = "gcloud container clusters get-credentials ${module.tributary.cluster_name} --location=${module.tributary.cluster_location} --project=${var.project_id}"
}

output "values" {
  description = "The chart's values."
  value       = local.values
}

output "gold_dataset" {
  description = "The dataset for dashboards."
  value       = module.tributary.gold_dataset
}
