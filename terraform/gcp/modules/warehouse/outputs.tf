output "silver_dataset" {
  description = "The dataset with the rows."
  value       = google_bigquery_dataset.silver.dataset_id
}

output "gold_dataset" {
  description = "The dataset with counts and sums."
  value       = google_bigquery_dataset.gold.dataset_id
}

output "export_names" {
  description = "The scheduled queries, by export."
  value       = { for key, config in google_bigquery_data_transfer_config.export : key => config.name }
}

output "scripts" {
  description = "What they run, by export."
  value       = local.scripts
}
