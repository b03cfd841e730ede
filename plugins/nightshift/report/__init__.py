"""What a night tells: its record and its message."""
