"""Every type that is built: no connection of it goes anywhere but through the door and past the judge."""

from __future__ import annotations

import ast
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr, ValidationError

import kaireon_orch
from kaireon_orch import catalogue
from kaireon_orch.network.guard import Policy, parse_rules
from kaireon_orch_tests.attacks.attempts import discover, preview, probe, tried
from kaireon_orch_tests.network.conftest import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaireon_orch.contract.spec import AuthMethod, ConnectorSpec
    from kaireon_orch_tests.attacks.conftest import Tally

BUILT = [type_ for type_ in catalogue.types() if catalogue.built(type_)]
STEERED = [type_ for type_ in BUILT if catalogue.spec(type_).steers]
SPELLINGS = (
    *(
        "127.0.0.1",
        "localhost",
        "LocalHost",
        "localhost.",
        "foo.localhost",
        "ip6-localhost",
        "127.1",
        "127.0.1",
    ),
    *("2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "017700000001", "127.00.00.01", "0", "0.0.0.0"),  # noqa: S104
    *("①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "ⓛocalhost", "127.0.0.1.", "127.127.127.127"),  # noqa: RUF001  spellings
    *(
        "::1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "::ffff:127.0.0.1",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:1]",
    ),
    *("[::7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::ffff:0:7f00:1]", "[::1%25lo]", "::1%lo"),
    *("u@127.0.0.1", "public.example@127.0.0.1", "127.0.0.1#public.example", "127.0.0.1%00.public.example"),
    *("public.example\\@127.0.0.1", "127.0.0.1\\.public.example", "127.0.0.1 ", " 127.0.0.1", "127.0.0.1/"),
    *(
        "public.example,127.0.0.1",
        "127.0.0.1;public.example",
        "127.0.0.1\u2028",
        "127.0.0.1\u00ad",
        "127\u200b.0.0.1",
    ),
)
EVERY = (
    25  # each way of using a connector is tried on every so many spellings, the test of a connection on all
)
FORMS = ("{host}", "{host}:{port}", "http://{host}:{port}/x", "https://{host}:{port}/x", "//{host}:{port}/x")


@pytest.fixture
def anyone() -> Iterator[Listener]:
    """A server that everybody reaches on this machine, by IPv4 or IPv6, and that notes who did."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        listener = Listener(server)
        thread = threading.Thread(target=listener.serve, daemon=True)
        thread.start()
        yield listener
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def aimed(spec: ConnectorSpec, name: str, value: str, port: int) -> dict[str, Any] | None:
    """The type's example with one field changed; None where the type does not take such a value."""
    instead = {other for entry in spec.required if name in entry.split("|") for other in entry.split("|")}
    config = {key: part for key, part in spec.example.items() if key not in {*spec.steers, *instead}}
    config |= {"region": "eu-central-1"} if "region" in spec.steers and name != "region" else {}
    config[name] = value
    if "port" in spec.steers:
        config["port"] = port
    try:
        spec.config.model_validate(config)
    except ValidationError:
        return None
    return config


def attempts(type_: str, hosts: tuple[str, ...], port: int) -> Iterator[dict[str, Any]]:
    spec = catalogue.spec(type_)
    method = next((one for one in spec.auth if one.required), spec.auth[0])
    for name in spec.steers:
        values = dict.fromkeys(form.format(host=host, port=port) for host in hosts for form in FORMS)
        configs = [aimed(spec, name, value, port) for value in values] if name != "port" else []
        for number, config in enumerate(filter(None, configs)):
            of = {"type": type_, "config": config, "authMethod": method.name, "auth": credentials(method)}
            yield probe(of)
            if number % EVERY == 0:
                yield from (preview(of), discover(of), probe(of | {"auth": None}))


def credentials(method: AuthMethod) -> dict[str, str]:
    """Something for every secret and required field."""
    fields = method.model.model_fields
    named = {field.alias or name: field.annotation for name, field in fields.items()}
    secret = {name: "planted-canary" for name, kind in named.items() if SecretStr.__name__ in str(kind)}
    return secret | {name: "planted" for entry in method.required for name in entry.split("|")[:1]}


@pytest.mark.parametrize("type_", STEERED)
def test_a_blocked_address_is_reached_by_no_spelling(type_: str, anyone: Listener, tally: Tally) -> None:
    tries = list(attempts(type_, SPELLINGS, anyone.port))
    told = tried(*tries, policy=Policy(), deadline=80)
    tally(len(tries))
    assert len(tries) > len(SPELLINGS)
    assert anyone.visitors == []
    for attempt, one in zip(tries, told, strict=True):
        assert one.code != "OK", attempt
        assert "planted-canary" not in one.text


ON_DISK = {"delta_lake"}
"""Types whose address may name a store on the network by its form, but whose reader takes folders alone."""


@pytest.mark.parametrize("type_", STEERED)
def test_an_allowed_address_is_reached(type_: str, anyone: Listener) -> None:
    """What the test above would see if the door stood open."""
    tries = list(attempts(type_, ("127.0.0.1",), anyone.port))
    tried(*tries, policy=Policy(rules=parse_rules([f"127.0.0.1:{anyone.port}"])))
    assert bool(anyone.visitors) is (type_ not in ON_DISK)


SENDING = {
    "socket",
    "ssl",
    "httpx",
    "requests",
    "urllib3",
    "aiohttp",
    "ftplib",
    "smtplib",
    "telnetlib",
    "xmlrpc",
}
SENDING |= {
    "http.client",
    "urllib.request",
    "asyncio",
    "subprocess",
    "multiprocessing",
    "ctypes",
    "socketserver",
}
ROOT = Path(next(iter(kaireon_orch.__path__)))
# What guards connections, makes judged ones, or speaks with the operator's own services.
MAY_SEND: tuple[str, ...] = (
    "network",
    "worker/__main__.py",
    "worker/template.py",
    "families/http/transport.py",
    "families/http/client.py",
    "launch",
)
MAY_SEND += (
    "control/references",
    "control/operator",
    "control/readiness.py",
    "cli",
    "orchestration",
    "store",
)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offences(folder: Path) -> dict[str, set[str]]:
    found = {}
    for path in folder.rglob("*.py"):
        place = path.relative_to(ROOT).as_posix()
        names = {
            name for name in imported(path) if name in SENDING or name.partition(".")[0] in SENDING - {"http"}
        }
        if names and not place.startswith(MAY_SEND):
            found[place] = names
    return found


def typing_only(path: str, name: str) -> bool:
    """Whether a module imports a name for its annotations alone."""
    tree = ast.parse((ROOT / path).read_text())
    guarded = [
        node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
    ]
    inside = {
        alias.name
        for part in guarded
        for node in ast.walk(part)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    return name in inside


def made_sockets(path: Path) -> set[str]:
    """The calls of `socket` by which a module makes a connection, or a look-up, of its own; not one that is there."""
    made = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    calls = (call.func for call in made if "fileno" not in {given.arg for given in call.keywords})
    attributes = (
        call for call in calls if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name)
    )
    return {call.attr for call in attributes if ast.unparse(call.value) == "socket"} - {"gethostname"}


# What families may import: they set up TLS on the door's sockets, know exceptions and options, rename files, and give
# clients sessions whose every connection is made by the door.
KNOWN = {
    "families/azure/account.py": {"requests"},
    "families/files/exchange.py": {"ctypes"},
    "families/http/author.py": {"httpx"},
    "families/http/sessions.py": {"requests", "requests.adapters", "requests.adapters.HTTPAdapter"},
    "control/liveness.py": {"socket"},
}


def test_no_room_has_a_way_out_of_its_own() -> None:
    """Whoever must connect takes a socket from the door, or is judged by it: nobody else imports what could."""
    found = {
        place: {name for name in names if not typing_only(place, name)}
        for place, names in offences(ROOT).items()
    }
    for place, names in found.items():
        allowed = KNOWN.get(place, {"ssl", "socket"} if place.startswith("families/") else set())
        assert names <= allowed, place
        assert made_sockets(ROOT / place) == set(), place


def test_the_check_of_imports_sees_them(tmp_path: Path) -> None:
    (tmp_path / "room.py").write_text(
        "import urllib.request\nfrom http import client\nfrom urllib.parse import quote\n"
    )
    assert {"urllib.request", "http.client"} <= set(imported(tmp_path / "room.py"))
    (tmp_path / "room.py").write_text(
        "import socket\nsocket.socket(fileno=3)\nsocket.create_connection(('a', 1))\nsocket.gethostname()\n"
    )
    assert made_sockets(tmp_path / "room.py") == {"create_connection"}
