locals {
  # Each step of each bucket that has it: what happens after how many days.
  steps = {
    for name, b in var.buckets : name => concat(
      b.nearline_days > 0 ? [{ type = "SetStorageClass", class = "NEARLINE", days = b.nearline_days }] : [],
      b.coldline_days > 0 ? [{ type = "SetStorageClass", class = "COLDLINE", days = b.coldline_days }] : [],
      b.delete_days > 0 ? [{ type = "Delete", class = null, days = b.delete_days }] : [],
    )
  }
}

resource "google_storage_bucket" "bucket" {
  for_each = var.buckets

  project                     = var.project_id
  location                    = var.location
  name                        = "${var.project_id}-${var.name}-${each.key}"
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.force_destroy
  labels                      = merge(var.labels, { layer = each.key })

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  dynamic "lifecycle_rule" {
    for_each = local.steps[each.key]

    content {
      action {
        type          = lifecycle_rule.value.type
        storage_class = lifecycle_rule.value.class
      }

      condition {
        age        = lifecycle_rule.value.days
        with_state = "LIVE"
      }
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = each.value.noncurrent_days
      with_state                 = "ARCHIVED"
    }
  }

  # What was begun and never finished.
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 7
    }
  }
}

resource "google_storage_bucket_iam_member" "writer" {
  for_each = google_storage_bucket.bucket

  bucket = each.value.name
  role   = "roles/storage.objectUser"
  member = var.writer
}
