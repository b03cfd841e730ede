# dev's foundation beyond dev.env. Nights compare the foundation with this very file, and stop where it differs.
azs                 = 2
nat                 = true # MWAA's way to AWS's services, a night's terraform to IAM
interface_endpoints = []
lifecycle_rules     = true
force_destroy       = false
prevent_destroy     = true
