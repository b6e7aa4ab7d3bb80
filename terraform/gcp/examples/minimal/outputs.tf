output "bootstrap_command" {
  description = "Run this once: it makes the tables and gives the rights."
  value       = module.tributary.bootstrap_command
}

output "service_account_email" {
  description = "For the chart's service account."
  value       = module.tributary.service_account_email
}

output "database_url" {
  description = "For the pipeline."
  value       = module.tributary.database_url
}
