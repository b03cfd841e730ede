"""One file a pipeline: what each of its tables promises. The jobs, Glue, the audit and the documentation follow it."""
