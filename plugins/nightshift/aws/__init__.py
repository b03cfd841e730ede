"""Thin AWS clients: sessions, S3's clock and the topic."""
