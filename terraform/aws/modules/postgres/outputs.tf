output "host" {
  description = "The instance's host."
  value       = aws_db_instance.instance.address
}

output "port" {
  description = "Its port."
  value       = aws_db_instance.instance.port
}

output "resource_id" {
  description = "Its id in policies for IAM authentication."
  value       = aws_db_instance.instance.resource_id
}

output "admin_secret_arn" {
  description = "Where the administrator's password is."
  value       = aws_db_instance.instance.master_user_secret[0].secret_arn
}
