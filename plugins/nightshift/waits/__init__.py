"""Waits: probes that look at a service, and the trigger that runs them."""
