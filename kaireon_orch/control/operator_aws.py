"""The operator's own identity at AWS: what botocore finds in this process's environment, home or instance.

It is used in the parent alone, for the operator's secrets and to assume roles; no child and no tenant sees it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kaireon_orch.errors import Fault, FaultCode, Unavailable

if TYPE_CHECKING:
    from collections.abc import Generator

CONNECT_SECONDS = 3
ANSWER_SECONDS = 5
DEFAULT_REGION = "us-east-1"  # where the global endpoints are at home
BUSY_FROM = 500
BUSY_CODES = frozenset(
    {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
)
IDENTITY = (
    "This installation has no identity at AWS: give the process AWS credentials, or the machine a role."
)


class Refused(Exception):
    """AWS answered no; `code` is AWS's own word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def client(service: str, region: str | None = None) -> Any:  # noqa: ANN401  botocore makes its classes when it runs
    """A client of one service, as the operator. AWS_ENDPOINT_URL and its like are honoured.

    Raises `Fault` NOT_READY where botocore is not installed.
    """
    try:
        # An extra, and slow to load: only who refers to AWS pays for it.
        from botocore.config import Config  # noqa: PLC0415  see above
        from botocore.session import Session  # noqa: PLC0415  see above
    except ImportError:
        raise Fault(
            FaultCode.NOT_READY, "AWS needs the extra: pip install 'kaireon-orch[aws_secrets]'."
        ) from None
    session = Session()
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},
    )
    with answered():
        where = region or session.get_config_variable("region") or DEFAULT_REGION
        return session.create_client(service, region_name=where, config=config)


@contextmanager
def answered() -> Generator[None]:
    """Botocore's errors end here: `Refused`, `Unavailable`, and `Fault` NOT_READY without an identity of ours."""
    from botocore.exceptions import (  # noqa: PLC0415  see `client`
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
    )

    try:
        yield
    except ClientError as error:
        raise _refusal(error.response) from None
    except ParamValidationError:
        raise Refused("ValidationError") from None
    except (NoCredentialsError, PartialCredentialsError):
        raise Fault(FaultCode.NOT_READY, IDENTITY) from None
    except BotoCoreError:
        raise Unavailable(
            "AWS cannot be asked from here: it is out of reach, or this installation's identity has expired."
        ) from None


def _refusal(response: Any) -> Exception:  # noqa: ANN401  botocore's
    code = str(response.get("Error", {}).get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in BUSY_CODES or status >= BUSY_FROM:
        return Unavailable("AWS asks to wait; try again later.")
    return Refused(code)
