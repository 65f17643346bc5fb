"""Rows from a source into a target, all or nothing."""
