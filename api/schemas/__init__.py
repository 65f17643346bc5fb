"""What the API says that the use cases' own views do not: envelopes, and the shapes of request bodies."""
