"""An EMR of our own: clusters with their life, steps that really run, and the JSON 1.1 API over both."""
