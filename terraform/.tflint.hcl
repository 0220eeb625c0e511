# What tflint looks at: scripts/test-terraform runs it on every folder.

plugin "terraform" {
  enabled = true
  preset  = "all"
}

# Files are named after what they are about, and a variable of an example stands above its use.
rule "terraform_standard_module_structure" {
  enabled = false
}
