"""Nightshift: every midnight a cluster comes up, works, proves what it did, and leaves nothing behind."""
