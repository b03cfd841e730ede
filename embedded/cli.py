"""The ./nightshift command line: its parser, and errors as one sentence."""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

from embedded.cloud import settings
from embedded.commands import (
    advise,
    backfill,
    cloud,
    contract,
    costs,
    diagnose,
    drift,
    new,
    night,
    open_page,
    prices,
    reap,
    replay,
    repro,
    run,
    runs,
    seed_source,
    trigger,
    ui,
)
from embedded.commands import list as listing
from embedded.words import Parser
from nightshift.failures.errors import NightshiftError
from nightshift.failures.shown import plain
from tools.errors import CommandError, InputRefused

DESCRIPTION = """\
Nightshift: every midnight a cluster comes up, works, proves what it did, and leaves nothing behind.

Here it works against a simulated AWS on this machine (localcloud): no account, no cost. A command starts one and stops
it again, unless one is running (./nightshift cloud up) or AWS_ENDPOINT_URL names another AWS."""
EPILOG = """\
`make run` is `./nightshift night`. Records, pages, step logs and gold of every run are kept in .nightshift/runs/, the
output of Airflow and terraform in .nightshift/logs/. ./nightshift COMMAND --help describes each command."""
COMMANDS: dict[str, ModuleType] = {
    "run": run,
    "night": night,
    "ui": ui,
    "trigger": trigger,
    "list": listing,
    "runs": runs,
    "open": open_page,
    "diagnose": diagnose,
    "repro": repro,
    "backfill": backfill,
    "replay": replay,
    "new": new,
    "contract": contract,
    "seed-source": seed_source,
    "reap": reap,
    "drift": drift,
    "costs": costs,
    "advise": advise,
    "prices": prices,
}
FAILED, REFUSED, INTERRUPTED = 1, 2, 130
FULL = {errno.ENOSPC, errno.EDQUOT}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status: 0 done, 1 failed, 2 refused before anything began, 130 interrupted."""
    given = sys.argv[1:] if arguments is None else [*arguments]
    try:
        if given[:1] == ["cloud"]:  # its options are localcloud's, not ours to parse
            return cloud.run(given[1:])
        options = parser().parse_args(given)
        settings.check()
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except CommandError as error:
        print(f"nightshift: {plain(str(error))}", file=sys.stderr)
        return REFUSED if isinstance(error, InputRefused) else FAILED
    except NightshiftError as wrong:  # of a package or the price file; what its text advises next is for a run
        print(f"nightshift: {plain(str(wrong.args[0]))}", file=sys.stderr)
        return REFUSED
    except OSError as refused:
        if refused.errno not in FULL:
            raise
        print(
            f"nightshift: {refused.strerror}: free disk space (df -h; /tmp and this tree), then run it again.",
            file=sys.stderr,
        )
        return FAILED
    except KeyboardInterrupt:
        print("nightshift: interrupted; what was started has been stopped.", file=sys.stderr)
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    raw = argparse.RawDescriptionHelpFormatter
    top = Parser("nightshift", description=DESCRIPTION, epilog=EPILOG, formatter_class=raw)
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        command = commands.add_parser(
            name, help=module.HELP, description=module.DESCRIPTION, epilog=module.EPILOG, formatter_class=raw
        )
        module.add(command)
        command.set_defaults(command=module.run)
    commands.add_parser("cloud", help=cloud.HELP, add_help=False)
    return top
