"""Databases and APIs that a run reads: their addresses, the secrets that open them, and rows to fill them with."""
