# prod's foundation beyond prod.env. Nights apply this very file too, so what is changed here stays changed.
azs                 = 3
nat                 = false
interface_endpoints = ["elasticmapreduce"] # by which a cluster asks EMR to end it at its time limit
lifecycle_rules     = true
force_destroy       = false
