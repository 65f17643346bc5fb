"""What runs inside the guarded child, one file a job kind; started by name, imported by nobody outside.

A job kind is a module `kaireon_orch.worker.<kind>` with `work(job: Job) -> dict`.
"""
