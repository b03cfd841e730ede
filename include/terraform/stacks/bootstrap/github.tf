# GitHub Actions' way in, one role a name; none by default.

module "github" {
  source = "../../modules/github"

  name            = var.name
  region          = var.region
  deploy_subjects = var.github_deploy_subjects
  plan_subjects   = var.github_plan_subjects
  provider_arn    = var.github_provider_arn
}
