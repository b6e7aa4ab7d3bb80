output "role_arn" {
  description = "The role."
  value       = aws_iam_role.program.arn
}

output "policy_json" {
  description = "What it may do."
  value       = data.aws_iam_policy_document.rights.json
}
