"""Compute: clusters, steps and ingestion hosts, what they are asked for, what they say and what they cost."""
