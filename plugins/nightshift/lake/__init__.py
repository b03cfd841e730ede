"""The lake: storage, catalog, the quality gate before gold, gaps and freshness of gold."""
