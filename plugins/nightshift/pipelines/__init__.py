"""The pipelines, each in a module of its own."""
