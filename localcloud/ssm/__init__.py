"""Systems Manager's Run Command for EC2 instances: a shell command sent to a host really runs here."""
