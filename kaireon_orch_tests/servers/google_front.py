"""Google's front door for tests: gives out tokens for a service account, and lets only these through to an emulator.

The emulators check no credentials. This checks a token request as Google does (RFC 7523: the account's own signature,
the audience, the expiry) and answers 401 to whatever comes without a token of its own.
"""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kaireon_orch_tests.servers.passing_on import PassingHandler, PassingServer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

AUDIENCE = "https://oauth2.googleapis.com/token"
"""What Google's library writes into its requests, wherever it sends them."""
PARQUET = b"content-type: application/octet-stream"
"""What bqemulator wants to hear of an uploaded file; the library says `*/*`."""
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Account:
    """A service account; `key` is the JSON text that Google gives out once."""

    email: str
    key: str = field(repr=False)
    public: RSAPublicKey = field(repr=False)

    @classmethod
    def new(cls, **more: str) -> Account:
        """A fresh one, whose key holds `more` as well."""
        private = rsa.generate_private_key(65537, 2048)
        email = "reader@acme-analytics.iam.gserviceaccount.com"
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        fields = {"type": "service_account", "project_id": "acme-analytics", "private_key_id": "k1"}
        key = json.dumps({**fields, "client_email": email, "private_key": pem.decode(), **more})
        return cls(email, key, private.public_key())


class Front(PassingServer):
    """Before the emulator at `behind`; `tokens` are those that it gave out."""

    def __init__(self, behind: str, account: Account) -> None:
        super().__init__(behind, _Handler)
        self.account = account
        self.tokens: list[str] = []

    def token(self, assertion: str) -> str | None:
        """A token for who signed that; None for anybody else."""
        try:
            jwt.decode(
                assertion,
                self.account.public,
                algorithms=["RS256"],
                audience=AUDIENCE,
                issuer=self.account.email,
                options={"require": ["exp", "scope"]},
            )
        except jwt.InvalidTokenError:
            return None
        self.tokens.append(secrets.token_urlsafe(16))
        return self.tokens[-1]


class _Handler(PassingHandler):
    def handle_body(self, body: bytes) -> None:
        """Tokens are given out here; with one, the emulator answers."""
        if self.path == "/token":
            self._answer_token({name: values[0] for name, values in parse_qs(body.decode()).items()})
        elif self.headers.get("Authorization", "").removeprefix("Bearer ") in self.server.tokens:
            self.pass_on(body.replace(b"content-type: */*", PARQUET) if "/upload/" in self.path else body)
        else:
            self.answer(401, {"error": {"code": 401, "message": "Invalid Credentials", "errors": []}})

    def _answer_token(self, form: dict[str, str]) -> None:
        token = self.server.token(form["assertion"]) if form.get("grant_type") == GRANT else None
        if token is None:
            self.answer(400, {"error": "invalid_grant"})
        else:
            self.answer(200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer"})


@contextmanager
def fronted(behind: str, account: Account) -> Iterator[Front]:
    """A running front before the emulator at that URL."""
    front = Front(behind, account)
    with serving(front):
        yield front
