"""Amazon EMR Serverless: one application a run, which has no queue and costs nothing while no job runs."""
