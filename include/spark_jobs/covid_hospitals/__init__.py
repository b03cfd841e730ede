"""The covid_hospitals pipeline: bed snapshots, cases, deaths and outcomes in, five comparisons of places out."""
