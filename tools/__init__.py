"""What the laptop, the deployment and the tests share: programs, child processes, databases, paths, errors."""
