"""How Spark is given the jars of this machine."""

import re
from pathlib import Path

NO_URI = re.compile(r'[\s%#?"<>\\^`{|}\[\]]')


def here(jar: Path) -> str:
    """The URI of a jar that Spark reads from its place: the jar of a plain path its driver would serve to anybody.

    A path with a character that a URI escapes stays plain, since Spark 3.5 has no form for it that both the driver
    (SparkSubmit.addJarToClasspath) and the executor (Executor.updateDependencies) can read.
    """
    return str(jar) if NO_URI.search(str(jar)) else f"local:{jar}"
