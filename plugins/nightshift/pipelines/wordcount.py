"""WordCount: how often each word occurs in any number of text files."""

from nightshift.pipeline import GoldTable, Inputs, Pipeline, Step

WORDCOUNT = Pipeline(
    name="wordcount",
    title="WordCount",
    inputs=Inputs(prefix="wordcount/%Y/%m/%d/"),
    steps=(Step("wordcount", ("bronze", "silver", "gold")),),
    gold=(GoldTable("word_counts", {"word": "string", "occurrences": "bigint"}, keys=("word",)),),
    encodings=True,
)
