"""What the project measures, each against a peer or in parts, never by a timed test."""
