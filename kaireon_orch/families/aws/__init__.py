"""What types of Amazon Web Services share: a session that knows explicit keys only, its way out, its errors."""
