"""A run: its context (identity, parameters, names, keys), its links and the process that owns it."""
