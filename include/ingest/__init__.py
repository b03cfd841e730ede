"""The ingestion program: copies an API's snapshots or a database's tables to the raw bucket. Runs alone, on any
host."""
