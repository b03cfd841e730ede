"""IAM enforced: who calls, what the call needs, and whether that principal's policies let it through."""
