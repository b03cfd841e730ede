"""PySpark's daemon without zips on its path: before every task a worker reads each of their tables of contents anew."""

import sys

# Spark's own jar is one of them, 2,300 entries long. The installed packages hold the same modules, compiled.
sys.path[:] = [entry for entry in sys.path if not entry.endswith((".zip", ".jar"))]
for entry in set(sys.path_importer_cache).difference(sys.path):
    del sys.path_importer_cache[entry]

from pyspark.daemon import manager  # noqa: E402

if __name__ == "__main__":
    manager()
