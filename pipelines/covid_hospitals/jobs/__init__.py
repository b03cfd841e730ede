"""The covid_hospitals pipeline: reads bed snapshots, cases, deaths and outcomes; compares places."""
