output "buckets" {
  description = "The buckets' names, by the last part."
  value       = module.storage.names
}

output "cards_table" {
  description = "The table of cards; null without one."
  value       = one(aws_dynamodb_table.cards[*].name)
}

output "role_arn" {
  description = "What the pods run as: annotation `eks.amazonaws.com/role-arn` of the chart's service account; null without a cluster."
  value       = one(module.identity[*].role_arn)
}

output "policy_json" {
  description = "What the role may do; null without a cluster."
  value       = one(module.identity[*].policy_json)
}

output "secrets" {
  description = "The secrets' ARNs; their values are added with `aws secretsmanager put-secret-value`."
  value       = { for k, s in aws_secretsmanager_secret.secret : k => s.arn }
}

output "registry" {
  description = "Where images go; null without a registry."
  value       = one(aws_ecr_repository.images[*].repository_url)
}

output "database_host" {
  description = "The database's host; null without one."
  value       = one(module.postgres[*].host)
}

output "database_url" {
  description = "The pipeline's `postgres.url`; the password is a token. Null without a database."
  value       = one([for db in module.postgres : "postgresql://${var.database.user}@${db.host}:${db.port}/${var.database.name}?sslmode=verify-full"])
}

output "database_admin_secret" {
  description = "Where RDS keeps the administrator's password, which it made itself; null without a database."
  value       = one(module.postgres[*].admin_secret_arn)
}

output "bootstrap_sql" {
  description = "Tables and rights, to be run once by an administrator of the database; null without one."
  value       = local.bootstrap_sql
}
