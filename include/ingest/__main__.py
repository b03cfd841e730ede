"""The command `python -m ingest`: one business date's snapshot out of the API into the raw bucket, resumed if begun."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from ingest.api import Patience, SearchApi
from ingest.errors import IngestError
from ingest.landing import Landing, Progress


def main(argv: Sequence[str] | None = None) -> int:
    """Ingest what the arguments name; gives the exit status: 1, with a line on stderr, if it could not be finished."""
    args = _parser().parse_args(argv)
    api = SearchApi(args.url, args.page_size, Patience(tries=args.tries, first=args.first_wait))
    landing = Landing(boto3.client("s3"), args.bucket, args.prefix.strip("/"), args.business_date)
    try:
        done = ingest(api, landing)
    except (IngestError, ClientError, BotoCoreError) as error:
        sys.stderr.write(f"ingesting {args.business_date}: {error}. What has landed stays; run it again to go on.\n")
        return 1
    missed = f"; {done.missed} came too late for it" if done.missed else ""
    sys.stdout.write(f"{done.rows} documents in {done.pages} pages are in s3://{args.bucket}{missed}\n")
    return 0


def ingest(api: SearchApi, landing: Landing) -> Progress:
    """Land every page that has not landed yet. Raises an IngestError or what the bucket's client raises; the same call
    then goes on behind the last page that landed."""
    progress = landing.progress(api.url, api.page_size)
    if progress.done:
        return progress
    for page in api.pages(progress.after):
        progress = landing.land(page, progress)
    return landing.finish(progress)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingest", description=__doc__)
    parser.add_argument("--url", required=True, help="the index's search, as in https://host/leito_ocupacao/_search")
    parser.add_argument("--bucket", required=True, help="the raw bucket")
    parser.add_argument("--prefix", default="covid", help="folder in it (covid)")
    parser.add_argument("--business-date", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--page-size", type=int, default=1000)
    parser.add_argument("--tries", type=int, default=Patience.tries, help="of each page")
    parser.add_argument("--first-wait", type=float, default=Patience.first, metavar="SECONDS", help="doubled each time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
