"""Configuration as files: connectors and pipelines in YAML, a plan first, secrets as references."""
