"""One file a pipeline, with the schema and rules of its tables; the jobs, Glue, the quality gate and the docs use
it."""
