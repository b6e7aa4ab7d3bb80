output "names" {
  description = "The buckets' names, by the last part."
  value       = { for key, bucket in aws_s3_bucket.bucket : key => bucket.id }
}

output "arns" {
  description = "Their ARNs."
  value       = { for key, bucket in aws_s3_bucket.bucket : key => bucket.arn }
}
