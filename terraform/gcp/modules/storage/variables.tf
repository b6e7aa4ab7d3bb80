variable "project_id" {
  description = "The project, and the beginning of the buckets' names, which are unique in the world."
  type        = string
}

variable "location" {
  description = "Where the buckets are."
  type        = string
}

variable "name" {
  description = "The middle of the buckets' names."
  type        = string
}

variable "labels" {
  description = "The buckets' labels."
  type        = map(string)
}

variable "buckets" {
  description = "As `buckets` of the root module."
  type = map(object({
    nearline_days   = number
    coldline_days   = number
    delete_days     = number
    noncurrent_days = number
  }))
}

variable "writer" {
  description = "Who may read and write objects."
  type        = string
}

variable "force_destroy" {
  description = "Lets buckets be destroyed with what is in them."
  type        = bool
}
