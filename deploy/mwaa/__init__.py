"""Amazon MWAA: the bundle that an environment takes, terraform for its workers, and the preflight of both."""
