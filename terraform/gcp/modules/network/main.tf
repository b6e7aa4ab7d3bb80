resource "google_compute_network" "network" {
  project                 = var.project_id
  name                    = var.name
  auto_create_subnetworks = false
  routing_mode            = "REGIONAL"
}

resource "google_compute_subnetwork" "subnet" {
  project                  = var.project_id
  region                   = var.region
  name                     = var.name
  network                  = google_compute_network.network.id
  ip_cidr_range            = var.subnet_cidr
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = var.pods_cidr
  }

  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = var.services_cidr
  }

  dynamic "log_config" {
    for_each = var.flow_log_samples > 0 ? [var.flow_log_samples] : []

    content {
      flow_sampling        = log_config.value
      aggregation_interval = "INTERVAL_10_MIN"
      metadata             = "INCLUDE_ALL_METADATA"
    }
  }
}

# Private service access: the range in which Google puts the database.
resource "google_compute_global_address" "private" {
  project       = var.project_id
  name          = "${var.name}-private-services"
  network       = google_compute_network.network.id
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = var.private_prefix
}

# Google keeps the peering for days after the last database, so it is left behind; it goes with the network.
resource "google_service_networking_connection" "private" {
  network                 = google_compute_network.network.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.private.name]
  deletion_policy         = "ABANDON"
}

resource "google_compute_router" "router" {
  count = var.nat ? 1 : 0

  project = var.project_id
  region  = var.region
  name    = var.name
  network = google_compute_network.network.id
}

resource "google_compute_router_nat" "nat" {
  count = var.nat ? 1 : 0

  project                            = var.project_id
  region                             = var.region
  name                               = var.name
  router                             = google_compute_router.router[0].name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.subnet.id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
