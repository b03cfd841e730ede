"""How Spark is given the jars of this machine."""

from pathlib import Path


def here(jar: Path) -> str:
    """The URI of a jar that Spark reads from its place, where its driver would serve the jar of a path to anybody."""
    return f"local:{jar}"
