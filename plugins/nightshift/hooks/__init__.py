"""Hooks: clients of AWS services, of terraform and of databases, for one run or one deployment."""
