"""The process's log on stderr, as text or as one JSON object a line.

A request's line has its method, path without the query, status, time, request id and tenant; no body, query or header is
ever logged. An exception is its class and the places it passed: its words may quote a secret.
"""

import json
import logging
import logging.config
import traceback
from types import TracebackType
from typing import Any, Literal

from kaireon_orch.control.clock import iso

FIELDS = ("requestId", "tenant", "method", "path", "route", "status", "durationMs")

_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class TextLines(logging.Formatter):
    """`<time> <LEVEL> <logger>: <message> key=value …`."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_at(record)} {record.levelname} {record.name}: {record.getMessage()}"
        line += "".join(f" {name}={value}" for name, value in _extras(record).items())
        return line if not record.exc_info else f"{line}\n{self.formatException(record.exc_info)}"

    def formatException(self, ei: _Raised) -> str:  # noqa: N802  logging's own name
        return _raised(ei)


class JsonLines(logging.Formatter):
    """One object a line: `at`, `level`, `logger`, `message`, and the fields of a request."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extras(record),
        }
        if record.exc_info:
            told["exception"] = _raised(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def configure(form: Literal["text", "json"], level: str) -> None:
    """Send every logger of this process to stderr in one form; uvicorn's own handlers go."""
    formatter = JsonLines if form == "json" else TextLines
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"lines": {"()": formatter}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
            "loggers": {name: {"handlers": [], "propagate": True} for name in ("uvicorn", "uvicorn.error")},
        }
    )


def _at(record: logging.LogRecord) -> str:
    return iso(int(record.created * 1000))


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name in FIELDS if (value := getattr(record, name, None)) is not None}


def _raised(raised: _Raised) -> str:
    kind, _, places = raised
    return "".join([*traceback.format_tb(places), kind.__qualname__ if kind else ""])
