terraform {
  required_version = ">= 1.9" # validations look at other variables

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # Nothing here is of provider 6 only: no region argument on resources, no *-tag fields.
      version = ">= 5.100, < 7"
    }
  }
}
