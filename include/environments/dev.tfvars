# dev's foundation beyond dev.env. Nights apply this very file too, so what is changed here stays changed.
azs                 = 2
nat                 = true # MWAA's way to AWS's services, a night's terraform to IAM
interface_endpoints = []
lifecycle_rules     = true
force_destroy       = false
prevent_destroy     = true
