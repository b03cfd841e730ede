"""WordCount: how often each word occurs in a set of text files, by Spark or by Flink."""

from nightshift.config import CONTRACTS
from nightshift.contracts import contract
from nightshift.contracts.pipeline import Inputs, Option, Pipeline, Step

SOURCES, GOLD = contract.read(CONTRACTS, "wordcount")

ENGINE = Option(
    "engine",
    "Engine",
    "What counts the words: Spark, or Flink over HDFS. The result is the same.",
    default="spark",
    choices=("spark", "flink"),
)

WORDCOUNT = Pipeline(
    name="wordcount",
    title="WordCount",
    inputs=Inputs(prefix="wordcount/%Y/%m/%d/"),
    steps=(Step("wordcount", ("bronze", "silver", "gold")),),
    gold=GOLD,
    sources=SOURCES,
    encodings=True,
    options=(ENGINE,),
)
