"""Kinds of fields that many types' forms share: each with its bounds, title and description.

A spec uses them as `host: Host | None = None` and overrides what differs with its own `Field(...)`. Bounds keep out
what no system takes; whether an address may be reached is the guard's to judge, so spellings are not narrowed here.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr

PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*$"
HTTP_URL: Final = r"^[Hh][Tt][Tt][Pp][Ss]?:[^\x00-\x1f\x7f]+$"

Text = Annotated[str, Field(max_length=1024, pattern=PRINTABLE)]
"""One line of text."""

Name = Annotated[str, Field(max_length=255, pattern=PRINTABLE)]
"""A name inside the system: a database, a bucket, a queue."""

Names = Annotated[tuple[Name, ...], Field(max_length=1000, strict=False)]
"""A JSON list of names."""

Query = Annotated[str, Field(max_length=100_000)]
"""A statement in the system's own language; line breaks allowed."""

Secret = Annotated[SecretStr, Field(max_length=16_384)]
"""A credential: masked in `repr`, `writeOnly` in the schema."""

Pem = Annotated[str, Field(max_length=65_536)]
"""PEM text that is no secret: a certificate, or several in a row."""

Host = Annotated[
    str,
    Field(
        title="Host",
        description="Name or address of the server, without scheme and port.",
        max_length=253,
        pattern=PRINTABLE,
        examples=["db.example.com"],
    ),
]
Port = Annotated[int, Field(title="Port", description="TCP port of the server.", ge=1, le=65_535)]
Servers = Annotated[
    str,
    Field(
        title="Servers",
        description="Comma-separated host:port pairs.",
        max_length=4096,
        pattern=PRINTABLE,
    ),
]
Url = Annotated[
    str,
    Field(
        title="URL",
        description="Address with http:// or https://. Credentials belong into the credentials, not here.",
        max_length=2048,
        pattern=HTTP_URL,
    ),
]
Endpoint = Annotated[
    str,
    Field(
        title="Endpoint",
        description=(
            "Base URL to use instead of the vendor's own: a private endpoint, a gateway or an emulator. Token and "
            "identity calls go there too. Plain http only to addresses that the operator allowed."
        ),
        max_length=2048,
        pattern=HTTP_URL,
    ),
]
Region = Annotated[
    str,
    Field(
        title="Region",
        description="AWS region code.",
        max_length=64,
        pattern=r"^[a-z0-9-]*$",
        examples=["eu-central-1"],
    ),
]
Project = Annotated[
    str,
    Field(
        title="Project",
        description="Google Cloud project id (not its display name).",
        max_length=64,
        pattern=r"^([a-z0-9.-]+:)?[a-z0-9-]*$",
        examples=["acme-analytics"],
    ),
]
SslMode = Annotated[
    Literal["disable", "prefer", "require", "verify-ca", "verify-full"],
    Field(
        title="TLS mode",
        description=(
            "How the connection is encrypted and the server's certificate checked. Not given: `prefer` to a private "
            "address that the operator allowed, `verify-full` everywhere else."
        ),
    ),
]
Database = Annotated[Name, Field(title="Database", description="Database to connect to.", examples=["shop"])]
Schema = Annotated[
    Name,
    Field(
        title="Schema",
        description="Schema for tables that are named without one, and the one that discovery lists.",
        examples=["public"],
    ),
]
SourceTable = Annotated[
    str,
    Field(
        title="Source table",
        description=(
            "Table or view to read: one to three dot-separated names, case as written. Double quotes hold names with "
            "dots. A pipeline's own `source` goes before it."
        ),
        max_length=800,
        pattern=PRINTABLE,
        examples=["public.orders"],
    ),
]
FilePath = Annotated[
    str,
    Field(
        title="Path",
        description="Path on the server that runs Kaireon Orch, below a directory that its operator allowed.",
        max_length=4096,
        pattern=r"^[^\x00]*$",
    ),
]
Pattern = Annotated[
    str,
    Field(
        title="Pattern",
        description="Which files to read, as a glob: `*` within a folder, `**` across folders.",
        max_length=1024,
        pattern=PRINTABLE,
        examples=["orders/**/*.csv"],
    ),
]
Prefix = Annotated[
    str,
    Field(
        title="Prefix",
        description="Only objects whose key begins with this are looked at.",
        max_length=1024,
        pattern=PRINTABLE,
        examples=["exports/"],
    ),
]
StoragePath = Annotated[
    str,
    Field(
        title="Folder",
        description="Folder on the server below which files are looked for. Not given: where the login lands.",
        max_length=4096,
        pattern=PRINTABLE,
        examples=["/exports"],
    ),
]
StorageAccount = Annotated[
    str,
    Field(
        title="Storage account",
        description="Name of the Azure storage account, without the domain.",
        pattern=r"^([a-z0-9]{3,24})?$",
        examples=["acmeexports"],
    ),
]
ApiVersion = Annotated[
    str,
    Field(
        title="API version",
        description="Version to ask for. Not given: the one that this connector was written for.",
        max_length=32,
        pattern=r"^[A-Za-z0-9.-]*$",
    ),
]
RowLimit = Annotated[
    int,
    Field(
        title="Row limit",
        description=(
            "At most so many rows a run, asked of the source in its own query; 0 means no cap. A pipeline's and a "
            "run's own limit go before it."
        ),
        ge=0,
        le=2**63 - 1,
        examples=[100_000],
    ),
]
MaxConcurrentRuns = Annotated[
    int,
    Field(
        title="Runs at a time",
        description="At most so many runs of pipelines read from it at the same time; others wait.",
        ge=1,
        le=1000,
        examples=[2],
    ),
]
MaxMessages = Annotated[
    int,
    Field(title="Messages a run", description="At most so many messages in one run.", ge=1, le=10_000_000),
]
WaitTimeout = Annotated[
    float,
    Field(
        title="Wait (seconds)",
        description="How long one run waits for messages before it ends with what it has.",
        gt=0,
        le=3600,
    ),
]
