"""The covid_hospitals pipeline: reads bed snapshots, cases, deaths and outcomes; writes five comparisons of places."""
