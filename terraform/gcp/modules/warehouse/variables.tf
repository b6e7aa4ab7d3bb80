variable "project_id" {
  description = "The project."
  type        = string
}

variable "location" {
  description = "Where datasets, connection and queries are: the database's region, or a multi-region that holds it."
  type        = string
}

variable "name" {
  description = "What names begin with."
  type        = string
}

variable "labels" {
  description = "The datasets' labels."
  type        = map(string)
}

variable "silver" {
  description = "The dataset with the rows as they are in Postgres."
  type        = string
}

variable "gold" {
  description = "The dataset with counts and sums."
  type        = string
}

variable "exports" {
  description = "Which tables are brought over: checkouts, applications."
  type        = set(string)
}

variable "schedule" {
  description = "How often."
  type        = string
}

variable "repair_hours" {
  description = "How far each run goes back behind the last row that it has."
  type        = number
}

variable "readers" {
  description = "Who may query gold."
  type        = set(string)
}

variable "connection" {
  description = "A connection to the database that is there; null: a new one."
  type        = string
}

variable "instance" {
  description = "The database's instance, `PROJECT:REGION:INSTANCE`."
  type        = string
}

variable "database" {
  description = "The database."
  type        = string
}

variable "user" {
  description = "The user of a new connection."
  type        = string
}

variable "password" {
  description = "Its password."
  type        = string
  sensitive   = true
}

variable "deletion_protection" {
  description = "Refuses to destroy tables."
  type        = bool
}

variable "force_destroy" {
  description = "Lets the datasets be destroyed with what is in them."
  type        = bool
}
