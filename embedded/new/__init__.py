"""A new pipeline from a sample of its input: what is read, the contract proposed, the package written."""
