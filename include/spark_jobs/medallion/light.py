"""How Spark plans what is small; docs/performance.md has the figures."""

BYTES = 4 * 1024 * 1024  # an input below this is small
# What a small input never earns back: code generated and compiled for each stage, plans that change as they run.
LIGHT = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}
