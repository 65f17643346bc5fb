"""What is no HTTP at all is refused in the contract's envelope too: uvicorn's protocol with that one answer exchanged."""

import json
import secrets
from typing import TYPE_CHECKING

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from api.problems import envelope

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as Protocol
else:
    Protocol = AutoHTTPProtocol


class EnvelopeProtocol(Protocol):
    """Answers a request that cannot be parsed; no route has seen it, so it has an id of its own."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's words are replaced
        request_id = f"req_{secrets.token_hex(12)}"
        body = json.dumps(
            envelope(request_id, 400, "BAD_REQUEST", "this is not HTTP/1.1 as we read it")
        ).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Request-Id: {request_id}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
