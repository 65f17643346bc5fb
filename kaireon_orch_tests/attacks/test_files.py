"""Files: what lies outside the allowed folders is read by no type that reads files, whatever leads there."""

from __future__ import annotations

import gzip
import io
import os
import sqlite3
import struct
import threading
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from kaireon_orch import settings
from kaireon_orch.control.policies import policy_for
from kaireon_orch.control.registry import Registry
from kaireon_orch.errors import Fault, FaultCode
from kaireon_orch.families.files import open as unpacking
from kaireon_orch.families.files.identity import has_opened, open_files
from kaireon_orch.network.guard import Policy
from kaireon_orch.store.database import Database
from kaireon_orch_tests.attacks.attempts import of_type, preview, probe, tried

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kaireon_orch_tests.attacks.conftest import Tally

CANARY = "planted-canary"
TYPES = {"csv": ".csv", "sqlite": ".sqlite", "duckdb": ".duckdb"}
REFUSED = {"FILE_NOT_ALLOWED", "OBJECT_MISSING"}


def make(path: Path, value: str) -> None:
    """A file of the type that its ending says, whose table or text holds `value`."""
    match path.suffix:
        case ".sqlite":
            with closing(sqlite3.connect(path)) as made:
                made.execute("CREATE TABLE t AS SELECT ? AS a", (value,))
                made.commit()
        case ".duckdb":
            with duckdb.connect(str(path)) as made:
                made.execute(f"CREATE TABLE t AS SELECT '{value}' AS a")
        case _:
            path.write_text(f"a\n{value}\n")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`files` is allowed; its neighbours are not, and links of every kind lead to them."""
    place = tmp_path_factory.mktemp("place")
    files = place / "files"
    (files / "inner" / "deep").mkdir(parents=True)
    (place / "files-evil").mkdir()
    for ending in TYPES.values():
        make(files / f"own{ending}", "own")
        make(files / "inner" / "deep" / f"own{ending}", "own")
        make(place / f"secret{ending}", CANARY)
        make(place / "files-evil" / f"twin{ending}", CANARY)
        (files / f"link{ending}").symlink_to(place / f"secret{ending}")
        (files / f"relative{ending}").symlink_to(f"../secret{ending}")
        (files / f"chain{ending}").symlink_to(f"link{ending}")
        (files / f"loop{ending}").symlink_to(f"loop{ending}")
        os.mkfifo(files / f"fifo{ending}")
        (files / f"folder{ending}").mkdir()
        os.mknod(files / f"null{ending}", 0o20666, os.makedev(1, 3))
        os.mknod(files / f"zero{ending}", 0o20666, os.makedev(1, 5))
    (files / "up").symlink_to(place)
    (files / "inner" / "up").symlink_to("../..")
    (files / "root").symlink_to("/")
    (files / "proc").symlink_to("/proc/self")
    return place


PATHS = (
    *(
        "../secret{e}",
        "inner/../../secret{e}",
        "./../secret{e}",
        "{place}/secret{e}",
        "{place}/files/../secret{e}",
    ),
    *(
        "{place}/files-evil/twin{e}",
        "../files-evil/twin{e}",
        "//{place}/secret{e}",
        "{place}//secret{e}",
        "..//secret{e}",
    ),
    *(
        "link{e}",
        "relative{e}",
        "chain{e}",
        "loop{e}",
        "up/secret{e}",
        "inner/up/secret{e}",
        "inner/deep/../../../secret{e}",
    ),
    *(
        "root{place}/secret{e}",
        "{place}/files/link{e}",
        "{place}/files/up/secret{e}",
        "fifo{e}",
        "folder{e}",
        "null{e}",
    ),
    *(
        "zero{e}",
        "proc/environ",
        "/proc/self/environ",
        "/proc/1/environ",
        "/dev/stdin",
        "/dev/fd/0",
        "/etc/passwd",
        ".",
    ),
    *(
        "",
        "/",
        "~/secret{e}",
        "file://{place}/secret{e}",
        "file:../secret{e}",
        "FILE://{place}/secret{e}",
        "..\\secret{e}",
    ),
    *("own{e}/../../secret{e}", "own{e}\x00.csv", "..%2fsecret{e}", "%2e%2e/secret{e}", ".. /secret{e}"),
    *(
        "../secret{e}?mode=ro",
        "own{e}?immutable=1",
        "own{e}#x",
        ":memory:",
        "file::memory:?cache=shared",
        "zip://own{e}",
    ),
    *(
        "simplecache::file://{place}/secret{e}",
        "http://127.0.0.1/own{e}",
        "s3://own{e}",
        "|cat ../secret{e}",
        "{place}/files",
    ),
    *("․․/secret{e}", "．．/secret{e}", "own{e}\n../secret{e}", "a" * 5000, "/".join(["inner"] * 500)),  # noqa: RUF001  spellings
)


@pytest.mark.parametrize("type_", TYPES)
def test_no_path_leads_out(place: Path, type_: str, tally: Tally) -> None:
    ending = TYPES[type_]
    paths = [path.replace("{e}", ending).replace("{place}", str(place)) for path in PATHS]
    source = {} if type_ == "csv" else {"table": "t"}
    tries = [preview(of_type(type_, path=path), **source) for path in paths]
    if type_ == "csv":
        tries += [preview(of_type(type_, path="own.csv"), pattern=path) for path in paths]
    else:
        tries += [probe(of_type(type_, path=path)) for path in paths]
    controls = [
        preview(of_type(type_, path=f"{folder}own{ending}"), **source) for folder in ("", "inner/deep/")
    ]
    *told, here, below = tried(*tries, *controls, policy=Policy(files=(str(place / "files"),)))
    tally(len(tries))
    assert here.rows == below.rows == [{"a": "own"}]
    for attempt, one in zip(tries, told, strict=True):
        assert CANARY not in one.text, attempt
        assert one.code in REFUSED | {"MISSING_FIELDS", "NOT_SUPPORTED"} or attempt.get("source") == {
            "pattern": ""
        }, (
            attempt,
            one,
        )


@pytest.mark.parametrize("type_", TYPES)
def test_a_file_that_is_swapped_for_a_link_is_not_followed(tmp_path: Path, type_: str, tally: Tally) -> None:
    """While one side swaps the name between the file and a link out, the other reads what it can get."""
    files = tmp_path / "files"
    files.mkdir()
    ending = TYPES[type_]
    make(files / f"kept{ending}", "own")
    make(tmp_path / f"secret{ending}", CANARY)
    name, over = files / f"x{ending}", threading.Event()

    def swap() -> None:
        while not over.is_set():
            for target in (tmp_path / f"secret{ending}", None):
                fresh = files / "fresh"
                if target is None:
                    os.link(files / f"kept{ending}", fresh)
                else:
                    fresh.symlink_to(target)
                fresh.rename(name)
                name.stat()

    os.link(files / f"kept{ending}", name)
    thread = threading.Thread(target=swap, daemon=True)
    thread.start()
    try:
        of = of_type(type_, path=f"x{ending}")
        source = {} if type_ == "csv" else {"table": "t"}
        told = tried(*[preview(of, **source)] * 60, policy=Policy(files=(str(files),)))
    finally:
        over.set()
        thread.join(5)
    tally(len(told))
    assert CANARY not in str([one.text for one in told])
    codes = {"OK", "FILE_NOT_ALLOWED", "OBJECT_MISSING", "BAD_DATA", "BUSY", "NOT_PERMITTED"}
    assert [one for one in told if one.code not in codes] == []


def test_a_library_that_got_another_file_is_noticed(tmp_path: Path) -> None:
    """The race above can be lost by luck: here the name leads elsewhere for certain."""
    for name in ("own", "other"):
        (tmp_path / name).write_text(name)
    with (tmp_path / "own").open("rb"), (tmp_path / "own").open("rb") as judged:
        before = open_files()
        assert not has_opened(judged, before)
        with (tmp_path / "other").open("rb"):
            assert not has_opened(judged, before)
        with (tmp_path / "own").open("rb"):
            assert has_opened(judged, before)
            with (tmp_path / "other").open("rb"):
                assert not has_opened(judged, before)


@pytest.fixture
def wide(tmp_path: Path) -> Iterator[Policy]:
    """The policy of an operator whose one root lies above the home."""
    loaded = settings.load(tmp_path / "home", file_roots=str(tmp_path))
    for made in ("files", "keys", "logs"):
        (loaded.home / made).mkdir(exist_ok=True)
    database = Database(loaded.registry_url)
    database.migrate()
    database.close()
    registry = Registry.open(loaded)
    assert loaded.encryption_keys
    (loaded.home / "admin.key").write_text(f"a\n{CANARY}\n")
    make(tmp_path / "own.csv", "own")
    with duckdb.connect(str(loaded.home / "warehouse.duckdb")) as warehouse:
        warehouse.execute("CREATE TABLE t AS SELECT 1 AS a")
    yield policy_for(registry, [])
    registry.close()


def test_the_home_stays_shut_below_a_wider_root(wide: Policy, tmp_path: Path, tally: Tally) -> None:
    home = tmp_path / "home"
    (tmp_path / "alias").symlink_to(home)
    names = (
        "registry.db",
        "keys/encryption.keys",
        "admin.key",
        "warehouse.duckdb",
        "warehouse.duckdb.wal",
        "logs/x",
    )
    paths = [
        f"{base}/{name}" for name in names for base in ("home", str(home), f"{tmp_path}/./home", "alias")
    ]
    tries = [preview(of_type("csv", path=path)) for path in paths]
    tries += [
        preview(of_type(type_, path=path), table="t") for path in paths for type_ in ("sqlite", "duckdb")
    ]
    *told, control = tried(*tries, preview(of_type("csv", path="own.csv")), policy=wide)
    tally(len(tries))
    assert {one.code for one in told} <= REFUSED
    assert [one.code for one in told].count("OBJECT_MISSING") == 0
    assert control.rows == [{"a": "own"}]


def test_a_root_inside_the_home_is_open_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "home" / "files").mkdir(parents=True)
    make(tmp_path / "home" / "files" / "own.csv", "own")
    make(tmp_path / "home" / "x.csv", CANARY)
    policy = Policy(files=(str(tmp_path / "home" / "files"), str(tmp_path)), closed=(str(tmp_path / "home"),))
    paths = ("own.csv", str(tmp_path / "home" / "files" / "own.csv"), "home/files/own.csv", "home/x.csv")
    told = tried(*(preview(of_type("csv", path=path)) for path in paths), policy=policy)
    assert [one.code for one in told] == ["OK", "OK", "OK", "FILE_NOT_ALLOWED"]


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


def crowded(count: int) -> bytes:
    """An archive with one file and a directory that says `count` times that it is there."""
    whole = zipped(("a.csv", b"a\n1\n"))
    end = whole.rindex(b"PK\x05\x06")
    start = whole.index(b"PK\x01\x02")
    entry = whole[start:end]
    listed = entry * count
    footer = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count % 65536, count % 65536, len(listed), start, 0)
    return whole[:start] + listed + footer


def bombs() -> dict[str, bytes]:
    swollen = bytes(64 << 20)
    return {
        "gzip.csv": gzip.compress(swollen, 9),
        "zip.csv": zipped(("a.csv", swollen)),
        "nested.csv": gzip.compress(gzip.compress(swollen)),
        "cut.csv": gzip.compress(b"a\n" + b"1\n" * 100_000)[:-20],
        "crc.csv": gzip.compress(b"a\n1\n")[:-8] + bytes(8),
        "empty.zip.csv": b"PK\x05\x06" + bytes(18),
        "torn.zip.csv": zipped(("a.csv", b"a\n1\n"))[:-30],
        "climbing.zip.csv": zipped(("../../evil.csv", b"a\nclimbed\n")),
        "twice.zip.csv": zipped(("a.csv", b"a\n1\n"), ("b.csv", b"a\n2\n")),
        "xz.csv": b"\xfd7zXZ\x00" + bytes(64),
        "bz2.csv": b"BZh9" + bytes(64),
        "zstd.csv": b"\x28\xb5\x2f\xfd" + b"\xff" * 64,
        "crowded.zip.csv": crowded(1_500_000),
    }


def test_bombs_have_caps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally) -> None:
    made = bombs()
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    told = tried(
        *(preview(of_type("csv", path=name)) for name in made), policy=Policy(files=(str(tmp_path),))
    )
    tally(len(made))
    codes = {name: one.code for name, one in zip(made, told, strict=True)}
    assert codes.pop("climbing.zip.csv") == "OK"  # a member is read and never written, whatever its name
    assert not (tmp_path.parent / "evil.csv").exists()
    assert set(codes.values()) <= {"BAD_DATA", "OBJECT_MISSING"}, codes
    assert codes["crowded.zip.csv"] == "BAD_DATA"


def test_what_swells_beyond_its_ratio_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(bytes(64 << 20), 9)
    monkeypatch.setattr(unpacking, "FREE_BYTES", 1 << 20)  # the real allowance is a gibibyte
    with unpacking.unpacked(io.BytesIO(packed)) as stream, pytest.raises(Fault) as caught:
        stream.read()
    assert caught.value.fault is FaultCode.BAD_DATA


def test_a_database_of_a_strangers_making_runs_nothing(tmp_path: Path, tally: Tally) -> None:
    """Views, triggers and virtual tables that somebody wrote into the file are no program of ours."""
    path = tmp_path / "evil.sqlite"
    schema: tuple[Any, ...] = (
        "CREATE VIEW reading AS SELECT readfile('/etc/passwd') AS a",
        "CREATE VIEW loading AS SELECT load_extension('x') AS a",
        "CREATE VIEW attached AS SELECT * FROM other.t",
        "CREATE VIEW looping AS SELECT * FROM looping",
    )
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA writable_schema = ON")
        for statement in schema:
            name = statement.split()[2]
            made.execute("INSERT INTO sqlite_schema VALUES ('view', ?, ?, 0, ?)", (name, name, statement))
        made.commit()
    views = [statement.split()[2] for statement in schema]
    told = tried(
        *(preview(of_type("sqlite", path="evil.sqlite"), table=view) for view in views),
        policy=Policy(files=(str(tmp_path),)),
    )
    tally(len(views))
    assert {one.code for one in told} <= {"OBJECT_MISSING", "BUSY", "BAD_DATA"}
    assert "root:" not in str(told)
