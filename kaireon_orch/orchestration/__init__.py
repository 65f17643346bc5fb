"""Dagster's side: pipelines as assets, runs as ops, connectors as resources. No credential is in any definition."""
