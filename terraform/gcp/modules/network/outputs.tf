output "network_id" {
  description = "The network, known once private service access is set up."
  value       = google_compute_network.network.id

  depends_on = [google_service_networking_connection.private]
}

output "subnet_id" {
  description = "The subnet."
  value       = google_compute_subnetwork.subnet.id
}

output "pods_range" {
  description = "The name of the pods' range."
  value       = google_compute_subnetwork.subnet.secondary_ip_range[0].range_name
}

output "services_range" {
  description = "The name of the services' range."
  value       = google_compute_subnetwork.subnet.secondary_ip_range[1].range_name
}
