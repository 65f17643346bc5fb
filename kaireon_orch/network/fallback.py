"""The guard for systems without the kernel's: what Python code connects to is judged, native code is not.

Two nets: `socket.getaddrinfo` gives judged answers alone, and an audit hook refuses every connect of a Python socket
to a name (which C would resolve again) or to an address that the policy does not admit.
"""

from __future__ import annotations

import os
import socket
import sys
from errno import EACCES
from typing import TYPE_CHECKING, Any

from kaireon_orch.network.addresses import parse_address
from kaireon_orch.network.lookup import resolvers, system_getaddrinfo

if TYPE_CHECKING:
    from kaireon_orch.network.guard import Policy
    from kaireon_orch.network.refusals import Refusals

_CALLS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


def install(policy: Policy, refusals: Refusals) -> None:
    """Guard this process for the rest of its life; there is no way back."""
    asked = resolvers()

    def permits(address: object, port: object) -> bool:
        literal = parse_address(address) if isinstance(address, str) else None
        if literal is None or not isinstance(port, int):
            return False
        if policy.admits(literal, port) or (str(literal), port) in asked:
            return True
        refusals.add(str(literal))
        return False

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if (
            event in _CALLS
            and args[1] is not None
            and not (isinstance(args[1], tuple) and permits(*args[1][:2]))
        ):
            raise _refused()

    def getaddrinfo(*args: Any, **kwargs: Any) -> list[Any]:  # noqa: ANN401  the replaced function's own signature
        found = system_getaddrinfo(*args, **kwargs)
        # Without a port there is nothing to judge yet: the connect to the answer is judged.
        if not all(sockaddr[1] == 0 or permits(sockaddr[0], sockaddr[1]) for *_, sockaddr in found):
            raise _refused()
        return found

    socket.getaddrinfo = getaddrinfo
    sys.addaudithook(hook)


def _refused() -> PermissionError:
    return PermissionError(EACCES, os.strerror(EACCES))
