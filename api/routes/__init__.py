"""One module a resource; each has a `router`."""

PREFIX = "/api/v1"
