"""AWS Glue: one job a run, of which one run at a time may be alive."""
