"""The limit in dollars of a running night: the words and the error of a run that has reached it. Pure."""

from __future__ import annotations

from nightshift.failures.errors import ComputeError

TAG = "nightshift:max_usd"  # of a place whose time limit is that of its dollars
REACHED = "it reached its limit in dollars"


def dollars(usd: float) -> str:
    """An amount with cents, a smaller one with the digits that it has: 0.50, 0.0001."""
    return f"{usd:.2f}" if usd >= 0.01 or not usd else f"{usd:.2g}"


def raise_it(usd: float) -> str:
    """What a person does about a limit of `usd`, in the words that failures.causes.advice fits to the place."""
    more = dollars(2 * usd)
    return (
        f"Trigger the date again with max_usd {more} (on the command line --max-usd {more}), or with fewer or smaller"
        " machines; without it NIGHTSHIFT_MAX_USD_PER_NIGHT counts."
    )


def words(usd: str, minutes: float) -> str:
    """Why a place or job ended, for a reason that its service does not know."""
    return f"{REACHED}, max_usd ${usd}, after {minutes:.0f} minutes, and ended itself"


def used_up(run: str, usd: float, spent: float) -> ComputeError:
    """The error of a run that would start more than its dollars pay for."""
    return ComputeError(
        f"{run} may cost ${dollars(usd)} and has used ${spent:.2f}: what is left pays for no further start.",
        raise_it(usd),
        kind="dollars",
    )
