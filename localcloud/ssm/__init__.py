"""Systems Manager's Run Command on EC2 instances: a shell command that is sent to a host really runs here."""
