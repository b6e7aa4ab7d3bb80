output "registry" {
  description = "Where to push the image."
  value       = module.tributary.registry
}

output "buckets" {
  description = "The buckets' names."
  value       = module.tributary.buckets
}

output "role_arn" {
  description = "What the pods run as."
  value       = module.tributary.role_arn
}

output "database_host" {
  description = "The database's host."
  value       = module.tributary.database_host
}

output "database_admin_secret" {
  description = "Where the administrator's password is."
  value       = module.tributary.database_admin_secret
}

output "bootstrap_sql" {
  description = "What the administrator runs once."
  value       = module.tributary.bootstrap_sql
}

output "values" {
  description = "The chart's values."
  value       = local.values
}
