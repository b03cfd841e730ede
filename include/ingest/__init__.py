"""The ingestion program: bed notifications out of an HTTP API into the raw bucket. Runs alone, on any host."""
