"""What brings the nights to other places than a checkout."""
