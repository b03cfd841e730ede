"""The command `python -m ingest`: what an API or a database has, into the raw bucket."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from urllib.parse import urlsplit, urlunsplit

import boto3
import requests
from botocore.exceptions import BotoCoreError, ClientError
from requests.utils import get_auth_from_url

from ingest import secret
from ingest.api import Patience, SearchApi
from ingest.errors import IngestError
from ingest.landing import Landing, Progress
from ingest.relation import Relation

SPOOLED = 64 * 1024 * 1024  # bytes of a table kept in memory; beyond that a temporary file is used


def main(argv: Sequence[str] | None = None) -> int:
    """Ingest what the arguments name; returns the exit status: 1, with a line on stderr, if it could not be
    finished."""
    args = _parser().parse_args(argv)
    try:
        summary: str = args.run(args)
    except (IngestError, ClientError, BotoCoreError) as error:
        sys.stderr.write(f"ingesting: {error}. Files that are already in S3 stay; run it again to continue.\n")
        return 1
    sys.stdout.write(f"{summary}\n")
    return 0


def _api(args: argparse.Namespace) -> str:
    api = _search_api(args)
    landing = Landing(boto3.client("s3"), args.bucket, args.prefix.strip("/"), args.business_date)
    done = ingest(api, landing)
    missed = f"; {done.missed} were added too late for it" if done.missed else ""
    return f"{done.rows} documents from {done.pages} pages are in s3://{args.bucket}/{landing.snapshot_key}{missed}"


def _search_api(args: argparse.Namespace) -> SearchApi:
    """The API at the given address, or at the one in the secret, with the secret's user if it names one. A user in the
    address itself is removed from it, because the address is written into the progress and into messages."""
    source = secret.api(boto3.client("secretsmanager"), args.secret) if args.secret else {"url": args.url}
    session, address = requests.Session(), urlsplit(source["url"])
    session.auth = get_auth_from_url(source["url"]) if "@" in address.netloc else None
    if "username" in source:
        session.auth = (source["username"], source.get("password", ""))
    url = urlunsplit(address._replace(netloc=address.netloc.rpartition("@")[2]))
    return SearchApi(url, args.page_size, _patience(args), session)


def ingest(api: SearchApi, landing: Landing) -> Progress:
    """Land every page that has not landed yet, then the whole. Raises an IngestError or what the bucket's client
    raises; calling it again continues after the last page that landed."""
    progress = landing.progress(api.url, api.page_size)
    if progress.done:
        return progress
    for page in api.pages(progress.after):
        progress = landing.land(page, progress)
    return landing.finish(progress)


def _table(args: argparse.Namespace) -> str:
    """Copy the whole table to one object: the object is replaced whole, or unchanged."""
    address = secret.database(boto3.client("secretsmanager"), args.secret)
    relation = Relation(address, args.table, _patience(args))
    folder = f"{args.business_date:%Y/%m/%d}/table" if args.business_date else "reference_data"
    key = f"{args.prefix.strip('/')}/{folder}/{args.name or args.table}.csv.gz"
    with tempfile.SpooledTemporaryFile(SPOOLED) as file:
        rows = relation.write(file)
        file.seek(0)
        boto3.client("s3").upload_fileobj(file, args.bucket, key)
    return f"{rows} rows of {args.table} are in s3://{args.bucket}/{key}"


def _patience(args: argparse.Namespace) -> Patience:
    return Patience(tries=args.tries, first=args.first_wait)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingest", description=__doc__)
    kinds = parser.add_subparsers(required=True, metavar="api | table")
    api = _shared(kinds.add_parser("api", help="a business date's snapshot out of a search API; resumed if begun"))
    place = api.add_mutually_exclusive_group(required=True)
    place.add_argument("--url", help="the index's search, as in https://host/leito_ocupacao/_search")
    place.add_argument("--secret", help="name of the secret with that address, and a user if it requires one")
    api.add_argument("--business-date", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
    api.add_argument("--page-size", type=int, default=1000)
    api.set_defaults(run=_api)
    table = _shared(kinds.add_parser("table", help="a table of a PostgreSQL database, whole"))
    table.add_argument("--secret", required=True, help="name of the secret with the database's address")
    table.add_argument("--table", required=True, help="table or schema.table")
    table.add_argument("--name", help="of the file, such as populacao-por-municipio-2020 (default: the table's)")
    table.add_argument(
        "--business-date", type=date.fromisoformat, metavar="YYYY-MM-DD", help="(default: for every date)"
    )
    table.set_defaults(run=_table)
    return parser


def _shared(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--bucket", required=True, help="the raw bucket")
    parser.add_argument("--prefix", default="covid", help="folder in it (covid)")
    parser.add_argument("--tries", type=int, default=Patience.tries, help="of each page or table")
    parser.add_argument("--first-wait", type=float, default=Patience.first, metavar="SECONDS", help="doubled each time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
