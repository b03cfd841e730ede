"""Card movements: a cooperative bank's movements, each with its card, account and member, as one flat product."""

from nightshift.contracts import contract
from nightshift.contracts.pipeline import Inputs, Option, Pipeline, Step

SOURCES, GOLD = contract.beside(__file__)

PIPELINE = Pipeline(
    name="card_movements",
    title="Card movements",
    inputs=Inputs(prefix=""),
    steps=(Step("movements", ("bronze", "silver", "gold")),),
    gold=GOLD,
    sources=SOURCES,
    takes="a bank's MySQL, MariaDB or PostgreSQL",
    gives="one CSV, and the same rows typed",
    options=(
        Option(
            "output",
            "Folder of the CSV",
            "Where movimento_flat.csv goes, in a bucket that Airflow's role may write. Empty: the lake's exports/.",
            default="",
            pattern=r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_=+@-][A-Za-z0-9._=+@-]*)+/?)?$(?!\n)",
            shown="nothing, or a folder like s3://bucket/exports",
        ),
        Option(
            "delimiter", "Delimiter", "The character between the CSV's columns.", ",", choices=(",", ";", "|", "tab")
        ),
        Option("header", "Header", "Whether the CSV begins with the column names.", default=True),
        Option(
            "guard",
            "Guard formulas",
            "Whether a cell of the CSV that a spreadsheet would run as a formula (= + - @ tab CR first, and no number)"
            " gets an apostrophe before it. Off: unchanged from the source, for programs.",
            default=True,
        ),
        Option(
            "full_reload",
            "Full reload",
            "Read all movements again; one that differs from what was published is restated in its partition.",
            default=False,
        ),
        Option(
            "source_moved",
            "The source has moved",
            "The database is the one already in the lake, at a new address. Set it once, after a move.",
            default=False,
        ),
    ),
    database="cards",
    new_owner="source_moved",
    exports=("movimento_flat.csv",),
    incremental=True,
)
