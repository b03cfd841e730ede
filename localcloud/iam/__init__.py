"""IAM enforcement: identifies the caller, the permissions that the call needs, and evaluates the caller's policies."""
