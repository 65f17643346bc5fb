"""Vendors' own clients and Dagster's own resources, filled from the registry when a run starts."""
