output "instance_name" {
  description = "The instance."
  value       = google_sql_database_instance.instance.name
}

output "instance_email" {
  description = "The service account of the instance, which imports files."
  value       = google_sql_database_instance.instance.service_account_email_address
}

output "connection_name" {
  description = "The instance as `PROJECT:REGION:INSTANCE`."
  value       = google_sql_database_instance.instance.connection_name
}

output "private_address" {
  description = "Its private address."
  value       = google_sql_database_instance.instance.private_ip_address
}

output "database" {
  description = "The database."
  value       = google_sql_database.database.name
}

output "program_user" {
  description = "The program's user."
  value       = google_sql_user.program.name
}
