"""Kubernetes: a SparkApplication a job, of the Kubeflow operator, on a cluster that the settings name."""
