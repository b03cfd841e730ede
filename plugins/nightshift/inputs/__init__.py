"""Inputs: what was delivered to the raw bucket or stands in a source database, before a job reads it."""
