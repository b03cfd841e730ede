"""The entry point of the Flink WordCount: `flink run … -pym flink_wordcount.main` with the arguments below."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date

from pyflink.java_gateway import get_gateway

from flink_wordcount.counting import count
from flink_wordcount.files import HdfsFiles
from flink_wordcount.job import run
from flink_wordcount.order import PIPELINE, Order
from medallion.errors import JobError, last_lines

FOLDERS = {
    "input": "where the texts came from",
    "copy": "where they are in HDFS",
    "lake": "root URI of the lake",
    "out": "folder in HDFS that is laid out as the lake",
    "scratch": "scratch folder in HDFS",
    "staging": "URI for staged gold",
    "manifests": "URI for the manifests",
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job; a JobError ends the process with status 1 and two lines that say why, in both logs."""
    order = parse(argv)
    try:
        for manifest in run(order, HdfsFiles(), count):
            sys.stdout.writelines(manifest.log_lines())
    except JobError as error:
        why = last_lines(PIPELINE, order.business_date, error)
        # flink run joins Python's stderr to its stdout (PythonDriver); the step's stderr is the JVM's own.
        get_gateway().jvm.java.lang.System.err.println(why)
        sys.exit(why)


def parse(argv: Sequence[str] | None = None) -> Order:
    """The step's arguments, checked; argparse ends the process with status 2 on a wrong one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--business-date", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
    for name, about in FOLDERS.items():
        parser.add_argument(f"--{name}", type=_folder, required=True, help=about)
    parser.add_argument("--encoding", default="utf-8", help="of the text files")
    return Order(**vars(parser.parse_args(argv)))


def _folder(uri: str) -> str:
    return uri.rstrip("/")


if __name__ == "__main__":
    main()
