"""Use cases on connectors, pipelines, runs, keys and the audit log; free of web framework and Dagster."""
