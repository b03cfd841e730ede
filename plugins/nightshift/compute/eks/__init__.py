"""Amazon EMR on EKS: one virtual cluster a run, in a namespace of a cluster that the settings name."""
