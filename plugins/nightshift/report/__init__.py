"""Run reports: outcome, run record and SNS message."""
