# prod's foundation beyond prod.env. Nights compare the foundation with this very file, and stop where it differs.
azs                 = 3
nat                 = true # MWAA's way to AWS's services, a night's terraform to IAM, a cluster's to EMR at its time limit
interface_endpoints = []
lifecycle_rules     = true
force_destroy       = false
prevent_destroy     = true
