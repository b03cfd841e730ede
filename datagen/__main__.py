"""The command `python -m datagen`: made-up input for the pipelines, with its truth in a file of its own."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from datagen.covid import Epidemic, generate_covid
from datagen.mrhealth import Shape, generate_mrhealth
from datagen.seasons import Seasons, generate_seasons, with_incidents
from datagen.text import LANGUAGES, generate_text


def main(argv: Sequence[str] | None = None) -> None:
    """Generate what the arguments request; invalid arguments end the process with status 2."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        args.run(args)
    except ValueError as error:
        parser.error(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m datagen", description=__doc__)
    kinds = parser.add_subparsers(required=True, metavar="mrhealth | seasons | covid | text")
    _mrhealth_arguments(kinds.add_parser("mrhealth", help="daily deliveries of a chain of units, and its tables"))
    _seasons_arguments(kinds.add_parser("seasons", help="months of a chain with a pattern, a trend and incidents"))
    _covid_arguments(kinds.add_parser("covid", help="snapshots and series of an epidemic, one delivery a day"))
    _text_arguments(kinds.add_parser("text", help="a text file, made up"))
    return parser


def _mrhealth_arguments(parser: argparse.ArgumentParser) -> None:
    usual = Shape()
    parser.add_argument("--out", type=Path, required=True, help="folder for csv_sales/ and reference_data/")
    parser.add_argument("--truth", type=Path, required=True, help="JSON file for the expected counts and totals")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--units", type=int, default=usual.units)
    parser.add_argument("--first-day", type=date.fromisoformat, default=usual.first_day, metavar="YYYY-MM-DD")
    parser.add_argument("--days", type=int, default=usual.days)
    parser.add_argument("--orders", type=int, default=usual.orders, help="orders of each unit and day")
    parser.add_argument("--clean", action="store_true", help="no faulty, missing, late or repeated rows or files")
    parser.set_defaults(run=_mrhealth)


def _covid_arguments(parser: argparse.ArgumentParser) -> None:
    usual = Epidemic()
    parser.add_argument("--out", type=Path, required=True, help="folder for YYYY/MM/DD/")
    parser.add_argument("--truth", type=Path, required=True, help="JSON file for the expected counts and figures")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--hospitals", type=int, default=usual.hospitals)
    parser.add_argument("--first-day", type=date.fromisoformat, default=usual.first_day, metavar="YYYY-MM-DD")
    parser.add_argument("--days", type=int, default=usual.days)
    parser.add_argument("--clean", action="store_true", help="no faulty rows or files")
    parser.set_defaults(run=_covid)


def _seasons_arguments(parser: argparse.ArgumentParser) -> None:
    usual = Seasons()
    parser.add_argument("--out", type=Path, required=True, help="folder for csv_sales/ and reference_data/")
    parser.add_argument("--truth", type=Path, required=True, help="JSON file for the incidents")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--units", type=int, default=usual.units)
    parser.add_argument("--first-day", type=date.fromisoformat, default=usual.first_day, metavar="YYYY-MM-DD")
    parser.add_argument("--days", type=int, default=usual.days)
    parser.add_argument("--orders", type=int, default=usual.orders, help="orders of a unit on a usual day")
    parser.add_argument("--clean", action="store_true", help="without incidents")
    parser.set_defaults(run=_seasons)


def _text_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="the text file")
    parser.add_argument("--truth", type=Path, required=True, help="JSON file for the expected counts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bytes", type=int, default=400_000, help="at least this many")
    parser.add_argument("--language", choices=sorted(LANGUAGES), default="pt")
    parser.set_defaults(run=_text)


def _mrhealth(args: argparse.Namespace) -> None:
    shape = Shape(args.seed, args.units, args.first_day, args.days, args.orders, not args.clean)
    generate_mrhealth(args.out, args.truth, shape)
    print(f"{args.out}: days: {shape.days}, units: {shape.units}; the truth about them: {args.truth}")


def _covid(args: argparse.Namespace) -> None:
    shape = Epidemic(args.seed, args.hospitals, args.first_day, args.days, not args.clean)
    generate_covid(args.out, args.truth, shape)
    print(f"{args.out}: days: {shape.days}, hospitals: {shape.hospitals}; the truth about them: {args.truth}")


def _seasons(args: argparse.Namespace) -> None:
    seasons = Seasons(args.seed, args.units, first_day=args.first_day, days=args.days, orders=args.orders)
    generate_seasons(args.out, args.truth, seasons if args.clean else with_incidents(seasons))
    print(f"{args.out}: days: {seasons.days}, units: {seasons.units}; what happened in them: {args.truth}")


def _text(args: argparse.Namespace) -> None:
    truth = generate_text(args.out, args.bytes, args.language, args.seed)
    truth.write(args.truth)
    print(f"{args.out}: bytes: {truth.size}, words: {truth.counts.total()}; the counts of its words: {args.truth}")


if __name__ == "__main__":
    main()
