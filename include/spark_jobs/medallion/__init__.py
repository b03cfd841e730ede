"""What every pipeline's jobs share: the lake's layout, the conservation law, the manifest of a layer."""
