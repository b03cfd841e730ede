"""WordCount: how often each word occurs in any number of text files."""

from nightshift import contract
from nightshift.config import CONTRACTS
from nightshift.pipeline import Inputs, Pipeline, Step

SOURCES, GOLD = contract.read(CONTRACTS, "wordcount")

WORDCOUNT = Pipeline(
    name="wordcount",
    title="WordCount",
    inputs=Inputs(prefix="wordcount/%Y/%m/%d/"),
    steps=(Step("wordcount", ("bronze", "silver", "gold")),),
    gold=GOLD,
    sources=SOURCES,
    encodings=True,
)
