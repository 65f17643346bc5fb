"""Bodies that the tests of this folder start from."""

from typing import Any

import httpx

PASSWORD = "first-secret-canary"
POSTGRES: dict[str, Any] = {
    "type": "postgresql",
    "config": {"host": "db.example.com", "port": 5432, "database": "shop"},
    "authMethod": "password",
    "authConfig": {"username": "reader", "password": PASSWORD},
}
MASK = "*" * 12


def refused(answer: httpx.Response, status: int, code: str) -> list[str]:
    """The fields that the envelope names, after a look at its form."""
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (status, code, status), answer.text
    assert error["requestId"] == answer.headers["x-request-id"]
    return [detail["field"] for detail in error["details"]]


def bad(answer: httpx.Response) -> list[str]:
    """`refused` by 400."""
    return refused(answer, 400, "BAD_REQUEST")
