"""The one entry point of the Spark jobs: a step's arguments in, the layers they name run in order."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import import_module
from importlib.util import find_spec

from pyspark.sql import SparkSession

from medallion.errors import JobError, last_lines
from medallion.lake import Lake
from medallion.manifest import Manifest
from medallion.packing import BOUNDS, Bounds
from medallion.page import refusals_of_failure
from medallion.run import Run
from medallion.usage import Meter

LAYERS = ("bronze", "silver", "gold")  # functions of a pipeline's module jobs.job: Run -> Manifest
# An argument that carries the whole command line as JSON: AWS Glue's are a map, and Glue adds its own to them.
ARGV = "--nightshift-argv"


def main(argv: Sequence[str] | None = None) -> None:
    """Run the layers; a JobError ends the process with status 1 and two lines that say why, in both logs."""
    args = parse(command_line(sys.argv[1:] if argv is None else argv))
    spark = SparkSession.builder.appName(f"{args.pipeline}-{'-'.join(args.layers)}").getOrCreate()
    try:
        for manifest in run_layers(spark, args):
            sys.stdout.writelines(manifest.log_lines())
    except JobError as error:
        why = last_lines(args.pipeline, args.business_date, error)
        # spark-submit joins Python's stderr to its stdout (PythonRunner); the step's stderr is the JVM's own.
        spark.sparkContext._jvm.java.lang.System.err.println(why)
        sys.exit(why)
    finally:
        spark.stop()


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The step's arguments, checked; argparse ends the process with status 2 on a wrong one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipeline", type=pipeline, required=True)
    parser.add_argument("--layers", type=layers, required=True, help="bronze, silver, gold, comma-separated")
    parser.add_argument("--business-date", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--input", type=folder, required=True, help="URI of the delivery (bronze reads it)")
    parser.add_argument("--reference", type=folder, help="URI of the reference data")
    parser.add_argument("--lake", type=folder, required=True, help="root URI of the lake")
    parser.add_argument("--staging", type=folder, required=True, help="URI for staged gold")
    parser.add_argument("--manifests", type=folder, help="URI for the manifests (default: below --staging)")
    parser.add_argument("--encoding", default="utf-8", help="of text files")
    parser.add_argument("--source-secret", help="name of the secret that opens the pipeline's database")
    parser.add_argument("--option", type=option, action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--most-refused", type=float, default=1.0, help="share of a table's rows that may be lost (1)")
    parser.add_argument(
        "--most-refused-of-unit", type=float, default=1.0, help="share of a unit's above which an alert is raised (1)"
    )
    parser.add_argument("--most-bytes", type=int, default=BOUNDS.most_bytes, help="of one file's text")
    parser.add_argument("--most-ratio", type=int, default=BOUNDS.most_ratio, help="of a file's text to its gzip")
    parser.add_argument("--longest-line", type=int, default=BOUNDS.longest_line, help="bytes of a line")
    parser.add_argument(
        "--one-of-many", action="store_true", help="a day of a backfill: other days have steps of their own"
    )
    parser.add_argument("--timezone", default="America/Sao_Paulo", help="where the business's days begin")
    parser.add_argument("--replay", action="store_true", help="validate again the rows that bronze quarantined")
    return parser.parse_args(argv)


def command_line(argv: Sequence[str]) -> Sequence[str]:
    """The arguments, or those that ARGV carries beside arguments that are none of ours."""
    return json.loads(argv[argv.index(ARGV) + 1]) if ARGV in argv else argv


def pipeline(name: str) -> str:
    """The name of a pipeline whose jobs are in the zip."""
    if not name.isidentifier() or not find_spec(name) or not find_spec(f"{name}.jobs"):
        raise argparse.ArgumentTypeError(f"there are no jobs of a pipeline {name!r}")
    return name


def layers(text: str) -> list[str]:
    """The layers of a comma-separated list, in the order given."""
    named = [name.strip() for name in text.split(",")]
    if unknown := [name for name in named if name not in LAYERS]:
        raise argparse.ArgumentTypeError(f"unknown layer {unknown[0]!r}; expected bronze, silver or gold")
    return named


def option(text: str) -> tuple[str, str]:
    """An option's name and value."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def folder(uri: str) -> str:
    """A URI without trailing slashes."""
    return uri.rstrip("/")


def run_layers(spark: SparkSession, args: argparse.Namespace) -> list[Manifest]:
    """Run the named layers in order; each publishes its manifest before the next begins."""
    run = Run(
        spark=spark,
        pipeline=args.pipeline,
        business_date=args.business_date,
        input=args.input,
        reference=args.reference,
        lake=args.lake,
        staging=args.staging,
        manifests=args.manifests or f"{args.staging}/manifests",
        encoding=args.encoding,
        source_secret=args.source_secret,
        options=dict(args.option),
        replay=args.replay,
        most_refused=args.most_refused,
        most_refused_of_unit=args.most_refused_of_unit,
        one_of_many=args.one_of_many,
        timezone=args.timezone,
        bounds=Bounds(args.most_bytes, args.most_ratio, args.longest_line),
        started_at=datetime.now(UTC),
    )
    done, job = [], import_module(f"{args.pipeline}.jobs.job")
    for layer in args.layers:
        meter = Meter(spark)
        with refusals_of_failure(run, layer):
            manifest: Manifest = getattr(job, layer)(run)
        manifest = replace(manifest, spark=meter.read())
        Lake(run).publish(manifest)
        done.append(manifest)
    return done


if __name__ == "__main__":
    main()
