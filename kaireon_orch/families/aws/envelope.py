"""The error code of an answer in the older protocols' XML, to a request of a JSON service.

Gateways and emulators refuse a signature before they know which protocol the service speaks; botocore's JSON parser
then sees no code at all, and a wrong key would look like a missing right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.client import BaseClient
    from botocore.model import OperationModel

# One field of a fixed shape: no reason to let a parser loose on what a stranger's endpoint sends.
_CODE: Final = re.compile(rb"<Code>([A-Za-z.]{1,80})</Code>")
_XML: Final = frozenset({"ec2", "query", "rest-xml"})
_LOOKED_AT: Final = 4096
_ERRORS_FROM: Final = 300


def understand(client: BaseClient) -> None:
    """Let the client find such codes."""
    client.meta.events.register("before-parse", _read)


def _read(
    operation_model: OperationModel,
    response_dict: Mapping[str, Any],
    customized_response_dict: dict[str, Any],
    **_: object,
) -> None:
    if response_dict["status_code"] < _ERRORS_FROM or operation_model.service_model.resolved_protocol in _XML:
        return
    found = _CODE.search(response_dict["body"][:_LOOKED_AT])
    if found is not None:
        customized_response_dict["Error"] = {"Code": found[1].decode("ascii"), "Message": ""}
