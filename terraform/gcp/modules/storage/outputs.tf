output "names" {
  description = "The buckets' names, by the last part."
  value       = { for key, bucket in google_storage_bucket.bucket : key => bucket.name }
}
