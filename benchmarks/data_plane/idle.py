"""A job that does nothing: what is left is the child's start, its filter and the worker's first imports."""


def work(job: object) -> dict[str, object]:
    """Nothing."""
    del job
    return {}
