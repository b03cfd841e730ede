"""How the package is brought to where it runs."""
