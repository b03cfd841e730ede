"""Code shared by every pipeline's jobs: the lake's layout, the row-count invariant, the manifest of a layer."""
