"""Nightshift on one machine: set-up, tools, and the ./nightshift command."""
