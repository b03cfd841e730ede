"""Infrastructure of a run: terraform's stacks, the resources that exist by tag, and their removal."""
