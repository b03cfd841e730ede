"""The ingestion program: an API's snapshots, a database's tables into the raw bucket. Runs alone, on any host."""
