output "id" {
  description = "The program's account, `projects/…/serviceAccounts/…`."
  value       = google_service_account.program.name
}

output "email" {
  description = "The program's account."
  value       = google_service_account.program.email
}

output "member" {
  description = "The same, as policies name it."
  value       = google_service_account.program.member
}

output "deployer_email" {
  description = "The account for Terraform; null without deployers."
  value       = one(google_service_account.deployer[*].email)
}
