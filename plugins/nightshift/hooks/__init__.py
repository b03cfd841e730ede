"""Hooks: clients of AWS services, terraform and databases."""
