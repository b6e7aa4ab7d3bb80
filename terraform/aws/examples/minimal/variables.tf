variable "region" {
  description = "The region."
  type        = string
  default     = "eu-central-1"
}
