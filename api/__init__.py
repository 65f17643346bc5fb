"""The REST API: a thin web face of `kaireon_orch.control`."""
