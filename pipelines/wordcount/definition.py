"""WordCount: how often each word occurs in a set of text files, by Spark or by Flink."""

from nightshift.contracts import contract
from nightshift.contracts.pipeline import Inputs, Pipeline, Step, engine_option

SOURCES, GOLD = contract.beside(__file__)

PIPELINE = Pipeline(
    name="wordcount",
    title="WordCount",
    inputs=Inputs(prefix="wordcount/%Y/%m/%d/"),
    steps=(Step("wordcount", ("bronze", "silver", "gold")),),
    gold=GOLD,
    sources=SOURCES,
    takes="text files; on Spark, or on Flink over HDFS",
    gives="how often each word occurs",
    encodings=True,
    options=(engine_option("flink"),),
)
