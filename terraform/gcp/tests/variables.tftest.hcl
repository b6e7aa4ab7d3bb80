# Every rule of every variable refuses what it is for, and takes what is right.

mock_provider "google" {}

variables {
  project_id         = "my-project-1"
  warehouse_password = "a-long-password-0"
}

run "refuses_a_project_number" {
  command = plan

  variables {
    project_id = "123456789012"
  }

  expect_failures = [var.project_id]
}

run "refuses_a_zone" {
  command = plan

  variables {
    region = "europe-west1-b"
  }

  expect_failures = [var.region]
}

run "refuses_a_long_name" {
  command = plan

  variables {
    name = "tributary-of-the-large-company"
  }

  expect_failures = [var.name]
}

run "refuses_labels_with_capitals" {
  command = plan

  variables {
    labels = { Team = "data" }
  }

  expect_failures = [var.labels]
}

run "refuses_an_address_for_a_range" {
  command = plan

  variables {
    network = { subnet_cidr = "10.0.0" }
  }

  expect_failures = [var.network]
}

run "refuses_a_tiny_range" {
  command = plan

  variables {
    network = { private_prefix = 28 }
  }

  expect_failures = [var.network]
}

run "refuses_more_samples_than_all" {
  command = plan

  variables {
    network = { flow_log_samples = 2 }
  }

  expect_failures = [var.network]
}

run "refuses_a_network_without_its_subnet" {
  command = plan

  variables {
    network = { existing = "projects/p/global/networks/n" }
  }

  expect_failures = [var.network]
}

run "refuses_an_old_postgres" {
  command = plan

  variables {
    database = { version = "POSTGRES_13" }
  }

  expect_failures = [var.database]
}

run "refuses_an_unknown_edition" {
  command = plan

  variables {
    database = { edition = "STANDARD" }
  }

  expect_failures = [var.database]
}

run "refuses_a_machine_type_for_a_tier" {
  command = plan

  variables {
    database = { tier = "n1-standard-1" }
  }

  expect_failures = [var.database]
}

run "refuses_a_limit_below_the_disk" {
  command = plan

  variables {
    database = { disk_gb = 100, disk_limit_gb = 50 }
  }

  expect_failures = [var.database]
}

run "refuses_the_servers_own_database" {
  command = plan

  variables {
    database = { name = "postgres" }
  }

  expect_failures = [var.database]
}

run "refuses_hour_24" {
  command = plan

  variables {
    database = { backup_hour = 24 }
  }

  expect_failures = [var.database]
}

run "refuses_day_0" {
  command = plan

  variables {
    database = { maintenance_day = 0 }
  }

  expect_failures = [var.database]
}

run "refuses_logs_of_a_month" {
  command = plan

  variables {
    database = { log_days = 30 }
  }

  expect_failures = [var.database]
}

run "refuses_an_unknown_channel" {
  command = plan

  variables {
    cluster = { release_channel = "NIGHTLY" }
  }

  expect_failures = [var.cluster]
}

run "refuses_a_name_for_a_network" {
  command = plan

  variables {
    cluster = { authorized_networks = { office = "office" } }
  }

  expect_failures = [var.cluster]
}

run "refuses_a_large_control_plane" {
  command = plan

  variables {
    cluster = { control_plane_cidr = "172.16.0.0/24" }
  }

  expect_failures = [var.cluster]
}

run "refuses_a_namespace_with_underscores" {
  command = plan

  variables {
    cluster = { namespace = "my_apps" }
  }

  expect_failures = [var.cluster]
}

run "refuses_a_bucket_with_dots" {
  command = plan

  variables {
    buckets = { "a.b.c" = {} }
  }

  expect_failures = [var.buckets]
}

run "refuses_negative_days" {
  command = plan

  variables {
    buckets = { landing = { nearline_days = -1 } }
  }

  expect_failures = [var.buckets]
}

run "refuses_deleted_before_it_is_moved" {
  command = plan

  variables {
    buckets = { landing = { nearline_days = 30, delete_days = 10 } }
  }

  expect_failures = [var.buckets]
}

run "refuses_a_location_with_blanks" {
  command = plan

  variables {
    bucket_location = "the EU"
  }

  expect_failures = [var.bucket_location]
}

run "refuses_a_firestore_with_capitals" {
  command = plan

  variables {
    firestore = { name = "MyDocs" }
  }

  expect_failures = [var.firestore]
}

run "refuses_a_secret_with_slashes" {
  command = plan

  variables {
    secrets = ["a/b"]
  }

  expect_failures = [var.secrets]
}

run "refuses_a_deployer_without_a_kind" {
  command = plan

  variables {
    deployers = ["ann@example.org"]
  }

  expect_failures = [var.deployers]
}

run "refuses_an_unknown_export" {
  command = plan

  variables {
    warehouse = { exports = ["pins"] }
  }

  expect_failures = [var.warehouse]
}

run "refuses_one_dataset_for_two" {
  command = plan

  variables {
    warehouse = { silver = "attribution", gold = "attribution" }
  }

  expect_failures = [var.warehouse]
}

run "refuses_a_dataset_with_hyphens" {
  command = plan

  variables {
    warehouse = { silver = "my-silver" }
  }

  expect_failures = [var.warehouse]
}

run "refuses_no_repair_window" {
  command = plan

  variables {
    warehouse = { repair_hours = 0 }
  }

  expect_failures = [var.warehouse]
}

run "refuses_a_cron_schedule" {
  command = plan

  variables {
    warehouse = { schedule = "0 * * * *" }
  }

  expect_failures = [var.warehouse]
}

run "refuses_a_short_connection" {
  command = plan

  variables {
    warehouse = { connection = "my-connection" }
  }

  expect_failures = [var.warehouse]
}

run "refuses_a_reader_of_no_kind" {
  command = plan

  variables {
    warehouse = { readers = ["ann@example.org"] }
  }

  expect_failures = [var.warehouse]
}

run "refuses_the_administrator_as_reader" {
  command = plan

  variables {
    warehouse = { reader = "postgres" }
  }

  expect_failures = [var.warehouse]
}

run "refuses_a_short_password" {
  command = plan

  variables {
    warehouse_password = "secret"
  }

  expect_failures = [var.warehouse_password]
}

run "refuses_an_export_without_a_password" {
  command = plan

  variables {
    warehouse_password = null
  }

  expect_failures = [var.warehouse_password]
}

run "takes_a_project_of_a_domain" {
  command = plan

  variables {
    project_id = "example.org:my-project"
  }
}

run "takes_everything_at_its_limit" {
  command = plan

  variables {
    name            = "t12345678901234567-9"
    network         = { private_prefix = 16, flow_log_samples = 0, nat = false }
    database        = { version = "POSTGRES_17", edition = "ENTERPRISE_PLUS", tier = "db-perf-optimized-n-2", log_days = 35, backups = 365 }
    buckets         = { staging = { nearline_days = 0, coldline_days = 0, delete_days = 1, noncurrent_days = 1 } }
    bucket_location = "EU"
    firestore       = { name = "(default)", location = "eur3", keep = false }
    deployers       = ["group:data@example.org"]
    warehouse       = { location = "EU", exports = ["checkouts", "applications"], schedule = "every day 03:15", repair_hours = 8760, readers = ["group:data@example.org"] }
  }
}

run "takes_only_datasets_without_a_password" {
  command = plan

  variables {
    warehouse_password = null
    warehouse          = { exports = [] }
  }
}

run "takes_no_warehouse_without_a_password" {
  command = plan

  variables {
    warehouse_password = null
    warehouse          = { create = false }
  }
}

run "takes_a_connection_without_a_password" {
  command = plan

  variables {
    warehouse_password = null
    warehouse          = { connection = "projects/my-project-1/locations/europe-west1/connections/mine" }
  }
}

run "takes_what_is_there_already" {
  command = plan

  variables {
    network       = { existing = "projects/p/global/networks/n", existing_subnet = "projects/p/regions/r/subnetworks/s" }
    cluster       = { existing = "mine", location = "europe-west1-b" }
    activate_apis = false
    registry      = false
    secrets       = []
    firestore     = { create = false }
  }
}
