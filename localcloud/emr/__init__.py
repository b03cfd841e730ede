"""localcloud's own EMR: cluster life cycles, steps that really run, and the JSON 1.1 API for both."""
