"""Failures: their causes, the symptoms in logs that show them, and the failure report that an operator sees."""
