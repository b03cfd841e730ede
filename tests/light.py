"""What Spark does without where a test is of logic."""

# What a cluster has on and a dozen rows never earn back: generated code, plans that change as they run.
LIGHT = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}
