"""Snowflake's front door for tests: it checks passwords and key pairs, which the emulator does not.

It also does what fakesnow does not for the driver's `write_pandas`: it tells the columns of an uploaded Parquet file
(`INFER_SCHEMA`), and words what it says of stages more plainly.
"""

from __future__ import annotations

import gzip
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import jwt
import pyarrow.parquet as pq

from kaireon_orch_tests.servers.passing_on import PassingHandler, PassingServer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

UPLOAD = re.compile(rb"PUT 'file://([^']+)'")
STAGE = re.compile(r"'(@[^']+)'")
TYPES = {"int64": "NUMBER(38, 0)", "double": "REAL"}
REFUSED = {
    "code": "390100",
    "message": "Incorrect username or password was specified.",
    "success": False,
    "data": {},
}


class Front(PassingServer):
    """Lets `user` in, with `password` or a token that `key` signed."""

    def __init__(self, behind: str, user: str, password: str | None, key: RSAPublicKey | None) -> None:
        super().__init__(behind, _Handler)
        self.user = user
        self.password = password
        self.key = key
        self.columns: list[list[str]] = []

    def admits(self, login: dict[str, Any]) -> bool:
        """Whether that is the user."""
        if login.get("LOGIN_NAME") != self.user:
            return False
        if login.get("AUTHENTICATOR") == "SNOWFLAKE_JWT":
            return self.key is not None and self._signed(login["TOKEN"], self.key)
        return self.password is not None and login.get("PASSWORD") == self.password

    def _signed(self, token: str, key: RSAPublicKey) -> bool:
        try:
            claims = jwt.decode(token, key, algorithms=["RS256"])
        except jwt.InvalidTokenError:
            return False
        return str(claims["sub"]).endswith(f".{self.user.upper()}")


class _Handler(PassingHandler):
    def handle_body(self, body: bytes) -> None:
        """Logins are checked, stages unquoted."""
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
            del self.headers["Content-Encoding"]
        if self.path.startswith("/session/v1/login-request") and not self.server.admits(
            json.loads(body)["data"]
        ):
            self.answer(200, REFUSED)
        elif b"infer_schema" in body:
            self.answer(200, _table(self.server.columns))
        else:
            if found := UPLOAD.search(body):
                self.server.columns = _columns(found[1].decode())
            self.pass_on(_simplified(body))


def _columns(path: str) -> list[list[str]]:
    schema = pq.read_schema(path)
    return [[field.name, TYPES.get(str(field.type), "VARCHAR")] for field in schema]


def _table(rows: list[list[str]]) -> dict[str, Any]:
    """Rows of text as Snowflake answers them."""
    names = ("COLUMN_NAME", "TYPE")
    text = {
        "type": "text",
        "nullable": True,
        "length": 100,
        "byteLength": 400,
        "precision": None,
        "scale": None,
    }
    kinds = [{"name": name, **text} for name in names]
    data = {"rowtype": kinds, "rowset": rows, "total": len(rows), "returned": len(rows)}
    answer = {**data, "queryId": "1", "queryResultFormat": "json", "parameters": [], "sqlState": None}
    return {"data": answer, "success": True, "code": None, "message": None}


def _simplified(body: bytes) -> bytes:
    """What the driver says in the form that fakesnow knows: names without quotes, and the plainest `COPY INTO`."""
    document = json.loads(body) if body.startswith(b"{") else {}
    sql, bindings = document.get("sqlText", ""), document.get("bindings", {})
    if "identifier(?)" in sql:
        bindings["1"]["value"] = bindings["1"]["value"].replace('"', "")
    if sql.startswith("COPY INTO"):
        named = STAGE.sub(lambda found: found[1].replace('"', ""), sql)
        document["sqlText"] = named.partition(" FILE_FORMAT=")[0] + " FILE_FORMAT=(TYPE=PARQUET)"
        document["bindings"] = {"1": bindings["1"]}
    return json.dumps(document).encode() if document else body


@contextmanager
def fronted(
    behind: str, user: str, *, password: str | None = None, key: RSAPublicKey | None = None
) -> Iterator[Front]:
    """A running front before the emulator at that URL."""
    front = Front(behind, user, password, key)
    with serving(front):
        yield front
